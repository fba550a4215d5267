import type { CompleteUpload } from '../../durable-objects/bucket/api.ts'
import type { ObjectHead, ObjectRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * Makes the listed parts the object, in the order of their numbers. Moves no bytes. A failed condition ends the upload.
 * @throws StoreError NoSuchUpload, InvalidPart, EntityTooSmall, EntityTooLarge, BadDigest, PreconditionFailed
 */
export async function completeMultipartUpload(ports: Ports, at: ObjectRef, complete: Omit<CompleteUpload, 'key'>): Promise<ObjectHead> {
  return unwrap(await ports.bucket(at.bucket).completeUpload({ ...complete, key: at.key }))
}
