import type { Tiers } from '../../../src/segments/tier.ts'
import type { Context } from '../context.ts'
import type { Delivery } from '../events/delivery.ts'

/** What a chore may use besides the tables: each call of it leaves the object, so that other requests come in between. */
export interface Platform {
  readonly storage: DurableObjectStorage
  readonly tiers: () => Tiers
  readonly delivery: Delivery
  /** Runs `work` in a transaction, and sets the alarm that it asks for. */
  readonly transaction: <T>(work: (context: Context) => T) => T
}

/** Work that the alarm does in bounded steps. Each step can be repeated: a crash in between does it again. */
export interface Chore {
  readonly name: string
  /** When the next step is due, in milliseconds since the epoch; `null` when there is nothing to wait for. */
  readonly dueMs: (context: Context) => number | null
  /** Does one bounded step of what is due, and nothing when nothing is. */
  readonly run: (context: Context, platform: Platform) => void | Promise<void>
}

/** When the first of some chores is due, now at the earliest; `null` when there is nothing to wait for. */
export function nextDueMs(context: Context, chores: readonly Chore[]): number | null {
  const times = chores.map(({ dueMs }) => dueMs(context)).filter((time) => time !== null)
  return times.length === 0 ? null : Math.max(Math.min(...times), context.now())
}
