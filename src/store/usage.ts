import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { UsageByClass } from '../core/usage.ts'
import type { Ports } from './ports.ts'

/**
 * Returns how much a bucket stores now.
 * @throws StoreError NoSuchBucket
 */
export async function bucketUsage(ports: Ports, bucket: BucketRef): Promise<UsageByClass> {
  return unwrap(await ports.bucket(bucket).usage())
}
