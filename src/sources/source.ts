import type { ByteSpan, CustomMetadata, HttpMetadata } from '../core/object.ts'

// A source is a bucket of another provider that objects are copied from. Each provider has its own folder; everybody else knows it by these
// types alone. A call never throws for an answer of the provider: it returns a failure, whose kind says what can be done about it.

/** A reason why a source did not give what it was asked for. */
export type FailureKind =
  /** The source says that it has no such object. */
  | 'absent'
  /** The source refuses the credentials, or what they may do. */
  | 'denied'
  /** The object is in an archive: it has to be restored before it can be read. */
  | 'archived'
  /** The source asks for a later attempt. */
  | 'throttled'
  /** The object is no longer the one that `ifMatch` names. */
  | 'changed'
  /** The range begins behind the last byte. */
  | 'unsatisfiable'
  /** The object can never be read in this way: its key cannot be sent in a URL, or it needs a key of the customer. */
  | 'unsupported'
  /** There is no such bucket. */
  | 'no-bucket'
  /** No answer, a broken one, or a fault of the source. A later attempt may succeed. */
  | 'unreachable'

export interface SourceFailure {
  readonly kind: FailureKind
  /** The provider's own code, such as `AccessDenied`; absent if it gave none. */
  readonly code?: string
  /** For logs. At most {@link MESSAGE_CHARACTERS} long, and free of secrets. */
  readonly message: string
  /** When a throttled source wants to be asked again. */
  readonly retryAfterMs?: number
  /** The size of the object, if an unsatisfiable range told it. */
  readonly size?: number
}

/** The answer of a source. */
export type Sourced<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: SourceFailure }

/** The code of a key that no URL can name. */
export const UNADDRESSABLE = 'UnaddressableKey'

/** The longest message of a failure. */
export const MESSAGE_CHARACTERS = 1024

/** An object of a source without its bytes. */
export interface SourceHead {
  readonly key: string
  /** Absent if the source does not say it. */
  readonly size?: number
  /** As the source gives it, without quotes. */
  readonly etag: string
  readonly modifiedMs: number
  /** The provider's name for its class, such as `GLACIER`; absent for the standard class. */
  readonly storageClass?: string
  /** Without `contentEncoding` if the bytes arrive decoded. */
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
  /** Lowercase hex, if the source gives the MD5 of the bytes. */
  readonly md5?: string
  /** Base64, if the source gives the CRC-32C of the bytes. */
  readonly crc32c?: string
}

/** The bytes of a read. */
export interface SourceBody {
  readonly head: SourceHead
  /** The first byte of the object that the stream has. */
  readonly offset: number
  /** How many bytes the stream has; absent if the source does not say it. A stream that has fewer or more is broken. */
  readonly length?: number
  /** Whether the bytes were decoded on their way, so that they differ from those that the source stores. */
  readonly decoded: boolean
  readonly stream: ReadableStream<Uint8Array>
}

/** A piece of an object to read: from an offset on, or the last bytes. */
export type SourceRange = { readonly offset: number; readonly length?: number } | { readonly suffix: number }

export interface GetFromSource {
  readonly range?: SourceRange
  /** Read the object only if it still has this ETag, in the form that the source gave. */
  readonly ifMatch?: string
}

export interface ListOfSource {
  readonly prefix?: string
  /** From the page before. It says everything that the next call needs. */
  readonly cursor?: string
  /** At most 1,000. */
  readonly limit?: number
}

/** An object as a listing gives it. */
export type SourceItem = Pick<SourceHead, 'key' | 'etag' | 'modifiedMs' | 'storageClass'> & { readonly size: number }

export interface SourcePage {
  readonly items: readonly SourceItem[]
  /** The cursor of the next page; absent on the last one. */
  readonly next?: string
}

/** A bucket of another provider. One object of this type serves one request or one step of a job, and is dropped with it. */
export interface Source {
  head(key: string): Promise<Sourced<SourceHead>>
  /** The caller reads the stream to its end, or cancels it. */
  get(key: string, options?: GetFromSource): Promise<Sourced<SourceBody>>
  list(query: ListOfSource): Promise<Sourced<SourcePage>>
}

export const sourced = <T>(value: T): Sourced<T> => ({ ok: true, value })

/** A failure as an answer. Cuts its message to the permitted length. */
export const failed = (kind: FailureKind, message: string, more: Omit<SourceFailure, 'kind' | 'message'> = {}): Sourced<never> => ({
  ok: false,
  failure: { kind, message: message.slice(0, MESSAGE_CHARACTERS), ...more },
})

/** The span of an object that a read of a known size covers; `undefined` if it begins behind the last byte. */
export function spanOf(range: SourceRange | undefined, size: number): ByteSpan | undefined {
  if (range === undefined) return { offset: 0, length: size }
  const offset = 'suffix' in range ? Math.max(size - range.suffix, 0) : range.offset
  const length = Math.min('suffix' in range ? range.suffix : (range.length ?? size), size - offset)
  return length > 0 ? { offset, length } : undefined
}
