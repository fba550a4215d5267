// What the client and the entrypoint say to each other: plain values that cross RPC.
//
// The files of this folder name each other without an extension: other projects compile them, and not every tsconfig allows `.ts`.

/** An error loses its class over RPC, so it crosses as a value and the client throws. */
export type WireOutcome<T> = { readonly ok: true; readonly value: T } | WireFailure

/** With a code it becomes R2's `<method>: <message> (<code>)`; without one it is a `TypeError` with this message. */
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

/** Everything about an object but its bytes. */
export interface WireObject {
  readonly key: string
  readonly version: string
  readonly size: number
  readonly etag: string
  readonly uploadedMs: number
  readonly storageClass: string
  /** Absent in listings that did not ask for it. */
  readonly httpMetadata?: WireHttpMetadata
  readonly customMetadata?: Record<string, string>
  /** Lowercase hex. */
  readonly hashes: Partial<Record<HashName, string>>
  readonly ssecKeyMd5?: string
  /** Of a read. */
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

/** `body` is absent when a condition failed; a short one comes as bytes, since a stream would cost more than they do. */
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
  /** Present when there is more. */
  readonly cursor?: string
}

export interface WirePart {
  readonly partNumber: number
  readonly etag: string
}

/** What an upload is for: the JSON, percent-encoded, of the header {@link UPLOAD_HEADER}. */
export type WireUpload =
  | { readonly op: 'put'; readonly key: string; readonly options: WirePutOptions }
  | {
      readonly op: 'uploadPart'
      readonly key: string
      readonly uploadId: string
      readonly partNumber: number
      readonly ssecKey?: string
    }

/** Uploads are requests: a stream's length crosses with those, as `Content-Length`, and is lost over RPC. */
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
  /** `WireOutcome<WireObject | null>` of a put, `WireOutcome<WirePart>` of a part, as JSON. */
  fetch(request: Request): Promise<Response>
}
