// The public types of `cairn/local`. This file imports nothing of ours, so that it can be published as it is.

import type { Agent } from 'node:http'

/** The permission of a token, as the R2 dashboard names them. The first two cannot be limited to buckets. */
export type Permission = 'admin-read-write' | 'admin-read' | 'object-read-write' | 'object-read'

/** https://developers.cloudflare.com/r2/reference/data-location/ */
export type Jurisdiction = 'default' | 'eu' | 'fedramp' | 'us' | 'fedramp-high'

export interface BucketOptions {
  readonly name: string
  /** Whether the bucket has its public URL: {@link Cairn.publicUrl}. */
  readonly public?: boolean
  readonly jurisdiction?: Jurisdiction
}

export interface TokenOptions {
  readonly permission: Permission
  /** The buckets of the jurisdiction `default` that an object token is limited to. Default: every bucket. */
  readonly buckets?: readonly string[]
}

export interface CairnOptions {
  /** Buckets to create. Those of a data folder that are there already stay as they are. */
  readonly buckets?: readonly (string | BucketOptions)[]
  /** Tokens to create, by a name of your choice: {@link Cairn.tokens}. */
  readonly tokens?: Readonly<Record<string, TokenOptions>>
  /** A folder to upload: each folder in it is a bucket, which is created if it is missing. The files below it are its objects. */
  readonly seed?: string
  /** Where data and secrets are kept between runs. Default: nowhere, the data is gone after `stop`. */
  readonly folder?: string
  /** Whether Cairn refuses everything that R2 refuses, like `R2_STRICT=true`. */
  readonly strict?: boolean
  /** The port. Default: a free one. */
  readonly port?: number
  /** The address to listen on. Default: 127.0.0.1. */
  readonly host?: string
  /** Further settings, such as `{ GARBAGE_GRACE_SECONDS: '60' }`: docs/reference/settings.md has all of them. */
  readonly settings?: Readonly<Record<string, string>>
}

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** The configuration of a client: `new S3Client(cairn.s3)`. */
export interface S3Config {
  readonly endpoint: string
  readonly region: 'auto'
  readonly forcePathStyle: true
  readonly credentials: Credentials
  /** The connections of a client for a jurisdiction. */
  readonly requestHandler?: { readonly httpAgent: Agent }
}

/** Everything that one token opens. */
export interface Access {
  readonly credentials: Credentials
  /** The token for the REST API, `Authorization: Bearer`. */
  readonly apiToken: string
  readonly s3: S3Config
  /** Environment variables for child processes: S3 clients, wrangler and the Cloudflare SDKs read them. */
  readonly env: Readonly<Record<string, string>>
}

/** A running Cairn. The access at its top is that of the root token, which may do everything. */
export interface Cairn extends Access {
  readonly endpoint: string
  readonly region: 'auto'
  readonly accountId: string
  /** The base URL of the REST API, as the Cloudflare SDKs take it. */
  readonly apiBaseUrl: string
  /** The tokens of the options, by their names. */
  readonly tokens: Readonly<Record<string, Access>>
  /** Returns the client configuration for buckets of a jurisdiction. */
  s3In(jurisdiction: Jurisdiction): S3Config
  /**
   * Returns the URL of a public bucket without a slash at its end.
   * @throws Error when the options do not name the bucket as public
   */
  publicUrl(bucket: string): string
  /**
   * Returns to the state right after the start: the buckets, tokens and seeded objects of the options are there, and nothing else. Wait for
   * your own requests first.
   * @throws Error when the data folder had data before the start
   */
  reset(): Promise<void>
  /** Ends the server. Requests in flight may end first. A second call does nothing. */
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
