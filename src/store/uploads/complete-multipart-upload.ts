import { newVersion, type ObjectHead, type ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { CompleteUpload } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/** What a client says of an upload that it completes. */
export type UploadedParts = Omit<CompleteUpload, 'key' | 'version'>

/**
 * Makes the listed parts the object, in the order of their numbers. Moves no bytes. A failed condition ends the
 * upload, a lock does not.
 * @throws StoreError NoSuchUpload, InvalidPart, ObjectLockedByBucketPolicy, EntityTooSmall, EntityTooLarge, BadDigest, PreconditionFailed
 */
export async function completeMultipartUpload(ports: Ports, at: ObjectRef, complete: UploadedParts): Promise<ObjectHead> {
  return unwrap(await ports.bucket(at.bucket).completeUpload({ ...complete, key: at.key, version: newVersion() }))
}
