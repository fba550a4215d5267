import { StoreError } from '../core/errors.ts'
import type { Asker } from '../core/known-names.ts'
import { TimedCache } from '../core/timed-cache.ts'

/** How long an address that asked too often is refused, and the span over which an isolate counts. The platform's limiters count by the same. */
export const STRANGER_WINDOW_MS = 10_000

/** Look-ups of unknown names in an isolate within the window, from all addresses together. D1 answers some 10,000 queries in that time. */
export const STRANGER_MISSES = 1000

/** Memory for addresses that are refused: some 1,500 of them. */
const REFUSED_BYTES = 256 * 1024

/**
 * Limits what is looked up for strangers: a name that nobody has costs a query of CONTROL, which has about 1,000 a second for the whole
 * account. Only look-ups that find nothing are counted, so that clients with credentials never reach the limit by themselves.
 *
 * Addresses are counted by the platform's limiter, which all isolates of a location share; the isolate remembers whom it refused.
 */
export class Strangers {
  readonly #limiter: RateLimit | undefined
  readonly #refused = new TimedCache<true>({ freshMs: STRANGER_WINDOW_MS, maxBytes: REFUSED_BYTES })
  #windowEndsMs = 0
  #misses = 0

  /** @param limiter counts by address; without it only the isolate's own limit holds */
  constructor(limiter?: RateLimit) {
    this.#limiter = limiter
  }

  /**
   * Whoever sends requests from an address.
   * @param address of `clientNetwork`
   */
  from(address: string, nowMs: number): Asker {
    return { admit: () => this.#admit(address, nowMs), miss: () => this.#count(address, nowMs) }
  }

  #admit(address: string, nowMs: number): void {
    const isFull = nowMs < this.#windowEndsMs && this.#misses >= STRANGER_MISSES
    if (!isFull && !this.#refused.fresh(address, nowMs)) return
    throw new StoreError('TooManyRequests', { message: 'Too many requests for unknown names or credentials. Try again later.' })
  }

  async #count(address: string, nowMs: number): Promise<void> {
    if (nowMs >= this.#windowEndsMs) {
      this.#windowEndsMs = nowMs + STRANGER_WINDOW_MS
      this.#misses = 0
    }
    this.#misses++
    if (!(await this.#isWithinLimit(address))) this.#refused.set(address, true, nowMs)
  }

  /** A limiter that fails refuses nobody: the isolate's own limit still holds. */
  async #isWithinLimit(key: string): Promise<boolean> {
    try {
      return this.#limiter === undefined || (await this.#limiter.limit({ key })).success
    } catch (error) {
      console.error('The rate limiter failed:', error)
      return true
    }
  }
}
