import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'
import type { RecoverTo } from './maintenance-api.ts'

/**
 * Restores a bucket's metadata as of another time, with the platform's point-in-time recovery. It cannot restore bytes that were swept since
 * then. Returns the bookmark that undoes it.
 * @throws StoreError NotImplemented, InvalidArgument
 */
export async function recoverBucket(ports: Ports, ref: BucketRef, to: RecoverTo): Promise<string> {
  return unwrap(await ports.bucket(ref).recover(to))
}
