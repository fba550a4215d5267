import type { Actor } from '../core/audit.ts'
import { checkLockRules, type LockRule } from '../core/locks.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * The lock rules of a bucket, none if it never had any.
 * @throws StoreError NoSuchBucket
 */
export async function getBucketLocks(ports: Ports, bucket: BucketRef): Promise<readonly LockRule[]> {
  return unwrap(await ports.bucket(bucket).getSetting('locks')) ?? []
}

/**
 * Replaces the lock rules of a bucket, from now on and for every object that is there; without any, nothing is locked.
 * @throws StoreError MalformedJSON for rules that cannot be kept, NoSuchBucket
 */
export async function putBucketLocks(ports: Ports, bucket: BucketRef, rules: readonly LockRule[], by?: Actor): Promise<void> {
  checkLockRules(rules)
  unwrap(await ports.bucket(bucket).putSetting('locks', rules.length === 0 ? null : rules, by))
}
