import { StoreError } from '../../src/core/errors.ts'
import { readSetting, writeSetting } from './settings.ts'

/** A limit on changes that the audit log keeps for a long time: some at once, and after that one in each `oneEachMs`. */
export interface ChangeRate {
  /** The setting in which an object stores what is left. */
  readonly setting: string
  readonly burst: number
  readonly oneEachMs: number
  /** The message for a client that asks for more. */
  readonly message: string
}

/** How many more changes were allowed at a moment. It is stored, because a Durable Object that restarts loses its memory. */
interface Allowance {
  readonly left: number
  readonly atMs: number
}

/**
 * Counts a change against its rate, in the transaction of the change itself.
 * @throws StoreError TooManyRequests
 */
export function admit(
  { sql, now }: { readonly sql: SqlStorage; readonly now: () => number },
  { setting, burst, oneEachMs, message }: ChangeRate,
): void {
  const { left, atMs } = readSetting<Allowance>(sql, setting) ?? { left: burst, atMs: now() }
  const earned = Math.max(Math.floor((now() - atMs) / oneEachMs), 0)
  const available = Math.min(left + earned, burst)
  if (available === 0) throw new StoreError('TooManyRequests', { message })
  writeSetting(sql, setting, { left: available - 1, atMs: available === burst ? now() : atMs + earned * oneEachMs } satisfies Allowance)
}
