import type { BucketRef, Location, StorageClass } from './object.ts'

export interface BucketInfo extends BucketRef {
  readonly createdMs: number
  readonly location?: Location
  readonly storageClass: StorageClass
}

export interface Usage {
  readonly objects: number
  readonly payloadBytes: number
  readonly metadataBytes: number
  readonly uploads: number
  readonly uploadBytes: number
  /** Of Infrequent Access, since the bucket was created: what was read or copied. */
  readonly retrievedBytes: number
  /** Of Infrequent Access, since the bucket was created: what objects that went early had left of their minimum duration. */
  readonly earlyDeletionByteDays: number
}
