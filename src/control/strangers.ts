import { StoreError } from '../core/errors.ts'
import type { Asker } from '../core/known-names.ts'
import { TimedCache } from '../core/timed-cache.ts'

/**
 * How long an address that asked too often is refused, and the period in which an isolate counts. The platform's limiters use the same
 * period.
 */
export const STRANGER_WINDOW_MS = 10_000

/**
 * The most look-ups of unknown names per period in one isolate, for all addresses together. D1 answers about 10,000 queries in that time.
 */
export const STRANGER_MISSES = 1000

/** Memory for refused addresses, enough for about 1,500 of them. */
const REFUSED_BYTES = 256 * 1024

/**
 * Limits look-ups for unauthenticated clients. An unknown name costs a query to CONTROL, which answers about 1,000 per second for the
 * whole account. Only look-ups that find nothing are counted, so clients with credentials never reach the limit by themselves.
 *
 * The platform's limiter counts per address, for all isolates of a location. Each isolate caches the addresses that it refused.
 */
export class Strangers {
  readonly #limiter: RateLimit | undefined
  readonly #refused = new TimedCache<true>({ freshMs: STRANGER_WINDOW_MS, maxBytes: REFUSED_BYTES })
  #windowEndsMs = 0
  #misses = 0

  /** @param limiter counts by address; without it only the isolate's own limit applies */
  constructor(limiter?: RateLimit) {
    this.#limiter = limiter
  }

  /**
   * Returns the asker for an address.
   * @param address from `clientNetwork`
   */
  from(address: string, nowMs: number): Asker {
    let admitted = 0
    return {
      admit: () => {
        this.#admit(address, nowMs)
        admitted++
      },
      found: () => {
        if (admitted-- > 0) this.#takeBack(nowMs)
      },
      miss: () => this.#count(address, nowMs),
    }
  }

  /** Counts a look-up before its result is known. A slow database would otherwise get any number of them at once. */
  #admit(address: string, nowMs: number): void {
    this.#beginWindow(nowMs)
    if (this.#misses >= STRANGER_MISSES || this.#refused.fresh(address, nowMs)) {
      throw new StoreError('TooManyRequests', { message: 'Too many requests for unknown names or credentials. Try again later.' })
    }
    this.#misses++
  }

  /** A look-up that never ends stays counted, for the rest of its window only. */
  #takeBack(nowMs: number): void {
    if (nowMs >= this.#windowEndsMs - STRANGER_WINDOW_MS && this.#misses > 0) this.#misses--
  }

  #beginWindow(nowMs: number): void {
    if (nowMs < this.#windowEndsMs) return
    this.#windowEndsMs = nowMs + STRANGER_WINDOW_MS
    this.#misses = 0
  }

  async #count(address: string, nowMs: number): Promise<void> {
    if (!(await this.#isWithinLimit(address))) this.#refused.set(address, true, nowMs)
  }

  /** A limiter that fails refuses nobody: the isolate's own limit still applies. */
  async #isWithinLimit(key: string): Promise<boolean> {
    try {
      return this.#limiter === undefined || (await this.#limiter.limit({ key })).success
    } catch (error) {
      console.error('The rate limiter failed:', error)
      return true
    }
  }
}
