import type { ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'

/**
 * Aborts an upload. If the upload is aborted or completed already, it changes nothing.
 * @throws StoreError NoSuchBucket, NoSuchUpload
 */
export async function abortMultipartUpload(ports: Ports, at: ObjectRef, uploadId: string): Promise<void> {
  unwrap(await ports.bucket(at.bucket).abortUpload({ key: at.key, uploadId }))
}
