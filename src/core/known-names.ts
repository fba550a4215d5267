import { unavailable } from './errors.ts'
import { type CacheLimits, TimedCache } from './timed-cache.ts'
import { TooLate, within } from './timeout.ts'

/** The limits of a client that asks for names. Each name that does not exist costs a look-up, so a stranger's number of them is limited. */
export interface Asker {
  /** Called before an unknown name is looked up. @throws StoreError TooManyRequests */
  admit(): void
  /** Called after a look-up that found something. */
  found(): void
  /** Called after a look-up that found nothing, or that failed. Never throws. */
  miss(): Promise<void>
}

/** An asker without a limit. */
export const TRUSTED: Asker = { admit: () => {}, found: () => {}, miss: async () => {} }

export interface KnownNamesOptions<V> extends CacheLimits<V> {
  /** Called when a stale value is used because its source failed. */
  readonly onOutage: (key: string, error: unknown) => void
}

/** Memory for names that do not exist: about 1,000 of them. */
const ABSENT_BYTES = 256 * 1024

/** How long a stale value is used before its source is asked again. */
const RETRY_MS = 5000

/** How long a source may take: for an unknown name, and for a name with a stale value that can be used instead. */
const ANSWER_MS = { unknown: 10_000, known: 2000 }

/**
 * An isolate's cache of names that clients choose: access key ids, hosts, buckets. Names that do not exist are cached apart, so that a
 * client that invents names takes no room from names that exist.
 */
export class KnownNames<V> {
  readonly #found: TimedCache<V>
  readonly #absent: TimedCache<true>
  readonly #onOutage: (key: string, error: unknown) => void
  #changes = 0

  constructor({ onOutage, ...limits }: KnownNamesOptions<V>) {
    this.#found = new TimedCache(limits)
    this.#absent = new TimedCache({ freshMs: limits.freshMs, maxBytes: ABSENT_BYTES })
    this.#onOutage = onOutage
  }

  /** The approximate memory of the cache, in bytes. */
  get bytes(): number {
    return this.#found.bytes + this.#absent.bytes
  }

  /**
   * Returns the value of a name, or `null` if the name does not exist. If the source fails, a stale value is used as long as it is kept.
   * @param lookUp asks the source; returns `null` if the name does not exist
   * @throws StoreError TooManyRequests from the asker; for an unknown name also each error of `lookUp`, and ServiceUnavailable if it takes
   * too long
   */
  async find(key: string, nowMs: number, lookUp: () => Promise<V | null>, asker = TRUSTED): Promise<V | null> {
    const fresh = this.#found.fresh(key, nowMs)
    if (fresh !== undefined) return fresh
    if (this.#absent.fresh(key, nowMs)) return null
    if (this.#found.kept(key, nowMs) === undefined) asker.admit()
    // If this isolate changes a name during the look-up, the result may be outdated: it is returned but not cached.
    const changes = this.#changes
    const value = await this.#ask(key, nowMs, lookUp, asker)
    if (value.isNew && changes === this.#changes) this.#store(key, value.found, nowMs)
    if (value.found === null) await asker.miss()
    else asker.found()
    return value.found
  }

  /** Whether a name is known to exist. */
  knows(key: string, nowMs: number): boolean {
    return this.#found.kept(key, nowMs) !== undefined
  }

  /** Changes the cached value of a name, if there is one. */
  update(key: string, change: (value: V) => V): void {
    this.#found.update(key, change)
  }

  /** Deletes one name from the cache. Call it after this isolate has changed the name. */
  forget(key: string): void {
    this.#changes++
    this.#found.delete(key)
    this.#absent.delete(key)
  }

  /** Deletes the names with such a value, and all names that did not exist. Call it after this isolate has made a change. */
  forgetWhere(isMeant: (value: V) => boolean): void {
    this.#changes++
    this.#found.deleteWhere(isMeant)
    this.#absent.clear()
  }

  async #ask(key: string, nowMs: number, lookUp: () => Promise<V | null>, asker: Asker): Promise<{ found: V | null; isNew: boolean }> {
    const kept = this.#found.kept(key, nowMs)
    try {
      const limitMs = kept === undefined ? ANSWER_MS.unknown : ANSWER_MS.known
      return { found: await within(limitMs, lookUp()), isNew: true }
    } catch (error) {
      if (kept === undefined) {
        await asker.miss()
        throw error instanceof TooLate ? unavailable(error) : error
      }
      this.#onOutage(key, error)
      this.#found.trustFor(RETRY_MS, key, nowMs)
      return { found: kept, isNew: false }
    }
  }

  #store(key: string, value: V | null, nowMs: number): void {
    if (value === null) {
      this.#found.delete(key)
      this.#absent.set(key, true, nowMs)
    } else this.#found.set(key, value, nowMs)
  }
}
