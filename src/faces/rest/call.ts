import type { Analytics } from '../../analytics/analytics.ts'
import type { Identity } from '../../auth/authenticate.ts'
import { readBearer } from '../../auth/bearer.ts'
import type { Config } from '../../config.ts'
import type { Change, Control, Grant } from '../../control/control.ts'
import type { Actor } from '../../core/audit.ts'
import type { BucketRef, Jurisdiction } from '../../core/object.ts'
import type { Measure } from '../../core/operations.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { DeploymentQueues } from '../../queues/queues.ts'
import type { SourceSecrets } from '../../sources/secrets.ts'
import type { Store } from '../../store/store.ts'

/** Everything that the REST face depends on. */
export interface RestPorts {
  readonly store: Store
  readonly config: Config
  readonly accountId: string
  readonly control: Control
  readonly queues: DeploymentQueues
  readonly jobs: Jobs
  /** Seals the credentials of other providers, for one purpose. */
  readonly seal: (purpose: string, secrets: SourceSecrets) => Promise<string>
  readonly analytics: Analytics
  /** Throws when the databases belong to another deployment, are unfinished, or have the schema of a newer version. */
  readonly ready?: () => Promise<void>
}

/** The shape of a row's requests: the names in the path, and the parsed query, headers and body. */
export interface Shape {
  params?: string
  query?: unknown
  headers?: unknown
  body?: unknown
}

/** An authenticated, validated request, as an operation receives it. */
export interface RestCall<S extends Shape = Shape> extends RestPorts {
  readonly request: Request
  readonly url: URL
  readonly identity: Identity
  readonly nowMs: number
  readonly params: Readonly<Record<NonNullable<S['params']>, string>>
  readonly query: S['query']
  readonly headers: S['headers']
  readonly body: S['body']
  readonly measure: Measure
  /** Returns who sent the request, for the audit log. */
  readonly by: () => Actor
}

/** The answer of an operation: a result for the envelope, or a response without an envelope. */
export type Answer<R> = Enveloped<R> | Response

export interface Enveloped<R = unknown> {
  readonly result: R
  readonly info?: unknown
  /** Notes for the client, such as that the endpoint is deprecated. */
  readonly messages?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Returns the bucket that a request names. */
export const bucketOf = (call: {
  readonly params: { readonly bucket_name: string }
  readonly headers: { readonly 'cf-r2-jurisdiction': Jurisdiction }
}): BucketRef => ({ jurisdiction: call.headers['cf-r2-jurisdiction'], name: call.params.bucket_name })

type Asking = Pick<RestCall, 'request' | 'identity' | 'nowMs' | 'by'>

/** Returns who changes the configuration, and when. */
export const changeOf = ({ by, nowMs }: Asking): Change => ({ by: by(), nowMs })

/** Returns who grants rights, and when. */
export const grantOf = (call: Asking): Grant => ({
  ...changeOf(call),
  token: call.identity.token,
  bearer: readBearer(call.request.headers),
})
