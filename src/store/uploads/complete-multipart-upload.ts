import { completionVersion } from '../../core/multipart.ts'
import { newVersion, type ObjectHead, type ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { CompleteUpload } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/** The data that a client sends to complete an upload. */
export type UploadedParts = Omit<CompleteUpload, 'key' | 'version'> & {
  /** A completion that is sent again gets the same answer while its object is there. Absent: `NoSuchUpload`, as on R2. */
  readonly isRepeatable?: boolean
}

/**
 * Makes an object from the listed parts, in the order of their numbers. Moves no bytes. A failed condition ends the upload; after an error
 * because of a lock, the upload stays open.
 * @throws StoreError NoSuchUpload, InvalidPart, ObjectLockedByBucketPolicy, EntityTooSmall, EntityTooLarge, BadDigest, PreconditionFailed
 */
export async function completeMultipartUpload(
  ports: Ports,
  at: ObjectRef,
  { isRepeatable, ...complete }: UploadedParts,
): Promise<ObjectHead> {
  const version = isRepeatable ? completionVersion(complete.uploadId, complete.parts) : newVersion()
  return unwrap(await ports.bucket(at.bucket).completeUpload({ ...complete, key: at.key, version }))
}
