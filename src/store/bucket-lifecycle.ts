import type { Actor } from '../core/audit.ts'
import { checkLifecycleRules, DEFAULT_LIFECYCLE, type LifecycleRule } from '../core/lifecycle.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * The lifecycle rules of a bucket: the default one if they were never set.
 * @throws StoreError NoSuchBucket
 */
export async function getBucketLifecycle(ports: Ports, bucket: BucketRef): Promise<readonly LifecycleRule[]> {
  return unwrap(await ports.bucket(bucket).getSetting('lifecycle')) ?? DEFAULT_LIFECYCLE
}

/**
 * Replaces all lifecycle rules of a bucket, the default one included; none at all are possible. What is in the bucket already is
 * governed by them within a short while.
 * @throws StoreError InvalidArgument for rules that cannot be kept, NoSuchBucket
 */
export async function putBucketLifecycle(ports: Ports, bucket: BucketRef, rules: readonly LifecycleRule[], by?: Actor): Promise<void> {
  checkLifecycleRules(rules)
  unwrap(await ports.bucket(bucket).putSetting('lifecycle', rules, by))
}
