// The messages between the client and the entrypoint: plain values that cross RPC.
//
// The files of this folder import each other without an extension: other projects compile them, and not every tsconfig allows `.ts`.

/** An error loses its class over RPC, so it crosses as a value and the client throws it. */
export type WireOutcome<T> = { readonly ok: true; readonly value: T } | WireFailure

/** With a code, the client throws R2's `<method>: <message> (<code>)`; without one, a `TypeError` with this message. */
export interface WireFailure {
  readonly ok: false
  readonly message: string
  readonly code?: number
}

export interface WireHttpMetadata {
  contentType?: string
  contentLanguage?: string
  contentDisposition?: string
  contentEncoding?: string
  cacheControl?: string
  cacheExpiryMs?: number
}

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** Everything about an object except its bytes. */
export interface WireObject {
  readonly key: string
  readonly version: string
  readonly size: number
  readonly etag: string
  readonly uploadedMs: number
  readonly storageClass: string
  /** Absent in listings that did not request it. */
  readonly httpMetadata?: WireHttpMetadata
  readonly customMetadata?: Record<string, string>
  /** Lowercase hex. */
  readonly hashes: Partial<Record<HashName, string>>
  readonly ssecKeyMd5?: string
  /** The range that a read returned. */
  readonly range?: { readonly offset: number; readonly length: number }
}

export type WireEtags = '*' | { readonly etag: string; readonly weak: boolean }[]

export interface WireConditions {
  etagMatches?: WireEtags
  etagDoesNotMatch?: WireEtags
  uploadedBeforeMs?: number
  uploadedAfterMs?: number
  secondsGranularity?: boolean
}

/** Whole numbers, or the text of a `Range` header. */
export type WireRange = { readonly offset?: number; readonly length?: number; readonly suffix?: number } | { readonly header: string }

export interface WireGetOptions {
  readonly onlyIf?: WireConditions
  readonly range?: WireRange
  /** 64 lowercase hex digits, here and below. */
  readonly ssecKey?: string
}

/** `body` is absent if a condition failed. A short body comes as bytes, since a stream would cost more than the bytes themselves. */
export interface WireGot {
  readonly object: WireObject
  readonly body?: ReadableStream<Uint8Array> | Uint8Array
}

export interface WireCreateOptions {
  readonly httpMetadata?: WireHttpMetadata
  readonly customMetadata?: Record<string, string>
  readonly storageClass?: string
  readonly ssecKey?: string
}

export interface WirePutOptions extends WireCreateOptions {
  readonly onlyIf?: WireConditions
  readonly hashes?: Partial<Record<HashName, string>>
}

export interface WireListOptions {
  readonly limit?: number
  readonly prefix?: string
  readonly cursor?: string
  readonly delimiter?: string
  readonly startAfter?: string
  readonly include?: readonly string[]
}

export interface WireListed {
  readonly objects: readonly WireObject[]
  readonly delimitedPrefixes: readonly string[]
  /** Present if there are more objects. */
  readonly cursor?: string
}

export interface WirePart {
  readonly partNumber: number
  readonly etag: string
}

/** The purpose of an upload. It is sent as percent-encoded JSON in the header {@link UPLOAD_HEADER}. */
export type WireUpload =
  | { readonly op: 'put'; readonly key: string; readonly options: WirePutOptions }
  | {
      readonly op: 'uploadPart'
      readonly key: string
      readonly uploadId: string
      readonly partNumber: number
      readonly ssecKey?: string
    }

/** Uploads are HTTP requests, whose `Content-Length` passes on a stream's length. RPC would lose it. */
export const UPLOAD_HEADER = 'cairn-upload'

/** The calls of the entrypoint. */
export interface BindingApi {
  head(key: string): Promise<WireOutcome<WireObject | null>>
  get(key: string, options: WireGetOptions): Promise<WireOutcome<WireGot | null>>
  delete(keys: readonly string[]): Promise<WireOutcome<null>>
  list(options: WireListOptions): Promise<WireOutcome<WireListed>>
  createMultipartUpload(key: string, options: WireCreateOptions): Promise<WireOutcome<{ uploadId: string }>>
  completeMultipartUpload(key: string, uploadId: string, parts: readonly WirePart[]): Promise<WireOutcome<WireObject>>
  abortMultipartUpload(key: string, uploadId: string): Promise<WireOutcome<null>>
  /** Takes an upload. Answers with JSON: `WireOutcome<WireObject | null>` for a put, `WireOutcome<WirePart>` for a part. */
  fetch(request: Request): Promise<Response>
}
