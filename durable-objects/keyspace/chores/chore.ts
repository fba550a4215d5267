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

/** How long the alarm waits before it runs a failed chore again. */
const RETRY_MS = 60_000

/**
 * Runs chores one after the other. A chore that fails is logged, and the others still run: otherwise one row that lifecycle rules fail on
 * would stop the sweep as well, and the platform drops an alarm that fails too often.
 * @returns the chores that failed
 */
export async function runChores(context: Context, platform: Platform, chores: readonly Chore[]): Promise<readonly Chore[]> {
  const failed: Chore[] = []
  for (const chore of chores) {
    try {
      await chore.run(context, platform)
    } catch (error) {
      console.error(`The chore ${chore.name} failed, trying again later:`, error)
      failed.push(chore)
    }
  }
  return failed
}

/** When the first of these chores is due: now if it is overdue, later if it has just failed; `null` when no chore waits. */
export function nextDueMs(context: Context, chores: readonly Chore[], failed: readonly Chore[] = []): number | null {
  const earliestMs = (chore: Chore) => context.now() + (failed.includes(chore) ? RETRY_MS : 0)
  const times = chores.flatMap((chore) => {
    const dueMs = chore.dueMs(context)
    return dueMs === null ? [] : [Math.max(dueMs, earliestMs(chore))]
  })
  return times.length === 0 ? null : Math.min(...times)
}
