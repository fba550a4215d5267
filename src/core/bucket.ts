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
  /** Bytes of Infrequent Access that were read or copied since the bucket was created. */
  readonly retrievedBytes: number
  /** The unused minimum duration of objects in Infrequent Access that were removed early, summed since the bucket was created. */
  readonly earlyDeletionByteDays: number
}
