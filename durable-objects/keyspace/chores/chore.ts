import type { Tiers } from '../../../src/segments/tier.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../events/delivery.ts'

/** The services that a chore may use besides the tables. While it waits for one of them, the Durable Object handles other requests. */
export interface Platform {
  readonly storage: DurableObjectStorage
  readonly tiers: () => Tiers
  readonly delivery: Delivery
  /** Runs `work` in a transaction, and sets the alarm that it requests. */
  readonly transaction: <T>(work: (context: Context) => T) => T
}

/** Work that the alarm does in bounded steps. A step can safely be repeated: after a crash it runs again. */
export interface Chore {
  readonly name: string
  /** When the next step is due, in milliseconds since the epoch; `null` when no work waits. */
  readonly dueMs: (context: Context) => number | null
  /** Does one bounded step of the work that is due, if there is any. */
  readonly run: (context: Context, platform: Platform) => void | Promise<void>
}

/** When the first of these chores is due, or now if it is overdue; `null` when no chore waits. */
export function nextDueMs(context: Context, chores: readonly Chore[]): number | null {
  const times = chores.map(({ dueMs }) => dueMs(context)).filter((time) => time !== null)
  return times.length === 0 ? null : Math.max(Math.min(...times), context.now())
}
