import { StoreError } from '../../../src/core/errors.ts'
import { activeLocks, lockedUntil } from '../../../src/core/locks.ts'
import type { BucketSettings } from '../../../src/core/settings.ts'
import { preparedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import type { ObjectRow } from '../rows.ts'

const locksOf = (rules: BucketSettings['locks'] | null) => activeLocks(rules ?? [])

/**
 * Until when the bucket's rules keep an object from being overwritten or deleted, whoever wants to, lifecycle rules included:
 * milliseconds since the epoch, `Infinity`, or `null` when it is free. Rules count as they are now, for old objects as for new ones.
 */
export function objectLockedUntil(
  { sql, now }: Context,
  { key, uploaded_ms: uploadedMs }: Pick<ObjectRow, 'key' | 'uploaded_ms'>,
): number | null {
  return lockedUntil(preparedSetting(sql, 'locks', locksOf), { key, uploadedMs }, now())
}

/**
 * Whether an object may be overwritten or deleted. Where there is none, rules do not matter: new keys can be written.
 * @throws StoreError ObjectLockedByBucketPolicy
 */
export function checkUnlocked(context: Context, row: ObjectRow | undefined): void {
  if (row && objectLockedUntil(context, row) !== null) throw new StoreError('ObjectLockedByBucketPolicy')
}
