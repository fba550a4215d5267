import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from '../common/settings.ts'
import type { Context } from '../keyspace/context.ts'

/** So many changes of its configuration a bucket takes at once, and then one each so often: each is kept in the audit log for long. */
const BURST = 100
const ONE_EACH_MS = 30_000

/** How many more changes are taken, as of a moment. Stored: an object that starts anew would forget it. */
interface Allowance {
  readonly left: number
  readonly atMs: number
}

/**
 * Counts a change of the bucket's configuration, in the transaction of the change itself.
 * @throws StoreError TooManyRequests
 */
export function admitChange({ sql, now }: Context): void {
  const { left, atMs } = readSetting<Allowance>(sql, 'changes') ?? { left: BURST, atMs: now() }
  const earned = Math.max(Math.floor((now() - atMs) / ONE_EACH_MS), 0)
  const available = Math.min(left + earned, BURST)
  if (available === 0) {
    throw new StoreError('TooManyRequests', { message: "Reduce your rate of changes of this bucket's configuration." })
  }
  writeSetting(sql, 'changes', { left: available - 1, atMs: available === BURST ? now() : atMs + earned * ONE_EACH_MS } satisfies Allowance)
}
