import { StoreError } from '../../../src/core/errors.ts'
import { activeLocks, lockedUntil } from '../../../src/core/locks.ts'
import type { BucketSettings } from '../../../src/core/settings.ts'
import { preparedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import type { ObjectRow } from '../rows.ts'

const locksOf = (rules: BucketSettings['locks'] | null) => activeLocks(rules ?? [])

/**
 * Until when the bucket's rules forbid to overwrite or delete an object: milliseconds since the epoch, `Infinity`, or `null` when it is not
 * locked. They bind every client, and lifecycle rules as well. The current rules apply, to old objects as to new ones.
 */
export function objectLockedUntil(
  { sql, now }: Context,
  { key, uploaded_ms: uploadedMs }: Pick<ObjectRow, 'key' | 'uploaded_ms'>,
): number | null {
  return lockedUntil(preparedSetting(sql, 'locks', locksOf), { key, uploadedMs }, now())
}

/**
 * Checks that an object may be overwritten or deleted. If there is no object, the key can be written: rules lock only existing objects.
 * @throws StoreError ObjectLockedByBucketPolicy
 */
export function checkUnlocked(context: Context, row: ObjectRow | undefined): void {
  if (row && objectLockedUntil(context, row) !== null) throw new StoreError('ObjectLockedByBucketPolicy')
}
