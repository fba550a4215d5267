import { createHash } from 'node:crypto'
import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { Checksum, ChecksumAlgorithm, ChecksumType, LifecycleDue, StorageClass } from './object.ts'

export interface UploadRef {
  readonly key: string
  readonly uploadId: string
}

export interface CreatedUpload {
  readonly uploadId: string
  readonly createdMs: number
  readonly abortion?: LifecycleDue
}

export interface Part {
  readonly partNumber: number
  readonly etag: string
  readonly size: number
  readonly uploadedMs: number
  readonly checksum?: Checksum
}

export interface CompletedPart {
  readonly partNumber: number
  /** Without quotes. */
  readonly etag: string
  /** Base64 values by algorithm, where the client sent them. */
  readonly checksums?: Partial<Record<ChecksumAlgorithm, string>>
}

export interface UploadHead {
  readonly uploadId: string
  readonly key: string
  readonly createdMs: number
  readonly storageClass: StorageClass
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly checksumType?: ChecksumType
}

/** An upload, and when a lifecycle rule aborts it. */
export interface OpenUpload extends UploadHead {
  readonly abortion?: LifecycleDue
}

export interface ListPartsQuery extends UploadRef {
  /** Lists the parts with a greater number. */
  readonly after: number
  readonly limit: number
}

export interface PartsPage {
  readonly upload: OpenUpload
  readonly parts: readonly Part[]
  readonly truncated: boolean
}

/**
 * The version of the object that a completion of this upload from these parts makes. It follows from them, so a Bucket recognises a
 * completion that is sent again by the object that is there: nothing is stored for it. Upload ids are unguessable, and so is the version.
 */
export function completionVersion(uploadId: string, parts: readonly CompletedPart[]): string {
  const listed = parts.map(({ partNumber, etag }) => [partNumber, etag] as const).sort(([a], [b]) => a - b)
  return createHash('sha256')
    .update(JSON.stringify(['completion', uploadId, listed]))
    .digest('hex')
    .slice(0, 32)
}

/**
 * Refuses to copy more bytes at once than one upload may have, whether the bytes are moved or shared. For a part this is S3's limit.
 * @throws StoreError InvalidRequest
 */
export function checkCopiedBytes(bytes: number): void {
  if (bytes <= LIMITS.uploadBytes) return
  throw new StoreError('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${LIMITS.uploadBytes}`,
  })
}
