import { randomId } from './ids.ts'
import type { TagSet } from './tags.ts'

/**
 * A jurisdiction is a separate namespace of buckets. These are R2's jurisdictions; every face and tool uses this list.
 * https://developers.cloudflare.com/r2/reference/data-location/
 */
export const JURISDICTIONS = ['default', 'eu', 'fedramp', 'us', 'fedramp-high'] as const
export type Jurisdiction = (typeof JURISDICTIONS)[number]

export const LOCATIONS = ['wnam', 'enam', 'weur', 'eeur', 'apac', 'oc'] as const
/** A location hint; `undefined` if the platform may choose. */
export type Location = (typeof LOCATIONS)[number]

export const STORAGE_CLASSES = ['Standard', 'InfrequentAccess'] as const
export type StorageClass = (typeof STORAGE_CLASSES)[number]

export interface BucketRef {
  readonly jurisdiction: Jurisdiction
  readonly name: string
}

/** The name of a bucket with its jurisdiction, which no other bucket of the account has. */
export const bucketPath = ({ jurisdiction, name }: BucketRef): string => `${jurisdiction}/${name}`

export interface ObjectRef {
  readonly bucket: BucketRef
  /** As the client wrote it; compared after NFC normalisation. */
  readonly key: string
}

/** System metadata, named as in the Workers binding. */
export interface HttpMetadata {
  readonly contentType?: string
  readonly contentLanguage?: string
  readonly contentDisposition?: string
  readonly contentEncoding?: string
  readonly cacheControl?: string
  /** `Expires`, in milliseconds since the epoch. */
  readonly cacheExpiryMs?: number
}

/** User metadata: lowercase names without `x-amz-meta-`, values as Unicode. */
export type CustomMetadata = Readonly<Record<string, string>>

/** The S3 checksums, in the order of AWS's error texts. */
export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'MD5',
  'SHA1',
  'SHA256',
  'SHA512',
  'XXHASH128',
  'XXHASH3',
  'XXHASH64',
] as const
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number]
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'

/** A stored S3 checksum. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  /** Base64, big-endian; a composite value ends in `-<parts>`. */
  readonly value: string
}

/** Digests that the Workers binding reports beside the S3 checksum, in lowercase hex. */
export interface BindingHashes {
  readonly md5?: string
  readonly sha1?: string
  readonly sha256?: string
  readonly sha384?: string
  readonly sha512?: string
}

/** Everything about an object except its bytes. */
export interface ObjectHead {
  /** As the last write spelled it. */
  readonly key: string
  /** 32 lowercase hex digits, random per write. */
  readonly version: string
  readonly size: number
  /** Without quotes: MD5 in hex, or `<md5 of md5s>-<parts>`. */
  readonly etag: string
  readonly uploadedMs: number
  readonly storageClass: StorageClass
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
  readonly hashes: BindingHashes
  readonly checksum?: Checksum
  /** Base64 MD5 of the customer's key, for SSE-C objects. */
  readonly ssecKeyMd5?: string
  /** Number of parts of a multipart object. */
  readonly partsCount?: number
  /** When a lifecycle rule deletes the object. Reads and writes of the object return it; listings do not. */
  readonly expiration?: LifecycleDue
  /** Absent when there are none. Reads and writes of the object return them; listings do not. */
  readonly tags?: TagSet
}

/** When a lifecycle rule acts, in milliseconds since the epoch, and the id of that rule. */
export interface LifecycleDue {
  readonly dueMs: number
  readonly ruleId: string
}

/** The properties of an object that S3 listings show. */
export type ObjectSummary = Pick<ObjectHead, 'key' | 'size' | 'etag' | 'uploadedMs' | 'storageClass'>

/** The version of an object that is about to be written. */
export const newVersion = (): string => randomId()

/** A customer's encryption key (SSE-C), checked to be 32 bytes whose MD5 is `keyMd5`. Never stored, never logged. */
export interface CustomerKey {
  readonly key: Uint8Array
  /** Base64. */
  readonly keyMd5: string
}

/** A piece of a byte string: offset and length. */
export interface ByteSpan {
  readonly offset: number
  readonly length: number
}

/** A requested range: `bytes=a-b`, `bytes=a-` or `bytes=-n`. */
export type RangeRequest = ({ readonly offset: number; readonly length?: number } | { readonly suffix: number }) & {
  /**
   * How to answer a range without a byte in the object, as the Workers binding does; otherwise it is refused. `empty` answers with no bytes
   * if the range has a length and starts right behind the last byte. `whole`, for a `Range` header, ignores the range.
   */
  readonly unsatisfiable?: 'empty' | 'whole'
}

/** Whose rules a call follows where S3's and those of the Workers binding differ. Absent: S3's. */
export type Dialect = 's3' | 'binding'

/** Conditional headers, already parsed. */
export interface Conditions {
  readonly ifMatch?: EtagList
  readonly ifNoneMatch?: EtagList
  /** Milliseconds since the epoch; whole seconds if it came from a header. */
  readonly ifModifiedSinceMs?: number
  readonly ifUnmodifiedSinceMs?: number
  /** Compare stored times truncated to whole seconds, as HTTP does. */
  readonly secondsGranularity?: boolean
  /** Further conditions, which must hold too. Each set has its own precedence between tags and dates. */
  readonly also?: Conditions
  /** Treat an object stored in exactly the second of `ifUnmodifiedSinceMs` as modified since, as the Workers binding does. */
  readonly strictlyBefore?: boolean
}

export type EtagList = '*' | readonly { readonly etag: string; readonly weak: boolean }[]
