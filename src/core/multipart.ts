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
 * Refuses to copy more bytes at once than one upload may have, whether the bytes are moved or shared. For a part this is S3's limit.
 * @throws StoreError InvalidRequest
 */
export function checkCopiedBytes(bytes: number): void {
  if (bytes <= LIMITS.uploadBytes) return
  throw new StoreError('InvalidRequest', {
    message: `The specified copy source is larger than the maximum allowable size for a copy source: ${LIMITS.uploadBytes}`,
  })
}
