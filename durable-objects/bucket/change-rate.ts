import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from '../common/settings.ts'
import type { Context } from '../keyspace/context.ts'

/**
 * A bucket accepts this many configuration changes at once, and after that one in each {@link ONE_EACH_MS}. The rate is limited because the
 * audit log keeps every change for a long time.
 */
const BURST = 100
const ONE_EACH_MS = 30_000

/** How many more changes were allowed at a moment. It is stored, because a Durable Object that restarts loses its memory. */
interface Allowance {
  readonly left: number
  readonly atMs: number
}

/**
 * Counts a change of the bucket's configuration against its rate, in the transaction of the change itself.
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
