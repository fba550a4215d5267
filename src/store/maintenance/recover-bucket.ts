import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'
import type { RecoverTo } from './maintenance-api.ts'

/**
 * Brings a bucket's metadata back to what it was, by the platform's point-in-time recovery. Bytes that were swept since then stay
 * gone. Answers the bookmark that undoes it.
 * @throws StoreError NotImplemented, InvalidArgument
 */
export async function recoverBucket(ports: Ports, ref: BucketRef, to: RecoverTo): Promise<string> {
  return unwrap(await ports.bucket(ref).recover(to))
}
