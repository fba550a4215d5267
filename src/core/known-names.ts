import { unavailable } from './errors.ts'
import { TooLate, within } from './patience.ts'
import { type CacheLimits, TimedCache } from './timed-cache.ts'

/** Who asks for a name. Names that nobody has cost a look-up each, so a stranger may not ask without end. */
export interface Asker {
  /** Called before a name that is not known is looked up. @throws StoreError TooManyRequests */
  admit(): void
  /** Called after a look-up that found nothing. Never throws. */
  miss(): Promise<void>
}

/** An asker without a limit. */
export const TRUSTED: Asker = { admit: () => {}, miss: async () => {} }

export interface KnownNamesOptions<V> extends CacheLimits<V> {
  /** Told when a value that is no longer fresh is used because its source failed. */
  readonly onOutage: (key: string, error: unknown) => void
}

/** Memory for the names that nobody has: some 1,000 of them. */
const ABSENT_BYTES = 256 * 1024

/** How long a stale value is used before its source is asked again. */
const RETRY_MS = 5000

/** How long a source may take for a name that is not known, and for one of which a stale value can be used. */
const ANSWER_MS = { unknown: 10_000, known: 2000 }

/**
 * What an isolate knows of names that clients choose: access key ids, hosts, buckets. Names that nobody has are kept apart, so that whoever
 * invents names takes no room from those that exist.
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

  /** About how much memory it takes. */
  get bytes(): number {
    return this.#found.bytes + this.#absent.bytes
  }

  /**
   * The value of a name; `null` when nobody has it. Where the source fails, the value that was known before is used for as long as it is
   * kept.
   * @param lookUp asks the source; `null` when nobody has the name
   * @throws StoreError TooManyRequests from the asker; for a name that was not known what `lookUp` throws, and ServiceUnavailable when it takes
   * too long
   */
  async find(key: string, nowMs: number, lookUp: () => Promise<V | null>, asker = TRUSTED): Promise<V | null> {
    const fresh = this.#found.fresh(key, nowMs)
    if (fresh !== undefined) return fresh
    if (this.#absent.fresh(key, nowMs)) return null
    if (this.#found.kept(key, nowMs) === undefined) asker.admit()
    // A change of this isolate during the look-up makes its result old: it is returned and not stored.
    const changes = this.#changes
    const value = await this.#ask(key, nowMs, lookUp, asker)
    if (value.isNew && changes === this.#changes) this.#store(key, value.found, nowMs)
    if (value.found === null) await asker.miss()
    return value.found
  }

  /** Whether a name is known to exist. */
  knows(key: string, nowMs: number): boolean {
    return this.#found.kept(key, nowMs) !== undefined
  }

  /** Changes what is known of a name, if anything is. */
  update(key: string, change: (value: V) => V): void {
    this.#found.update(key, change)
  }

  /** Forgets one name: after a change of this isolate. */
  forget(key: string): void {
    this.#changes++
    this.#found.delete(key)
    this.#absent.delete(key)
  }

  /** Forgets the names with such a value, and every name that nobody had: after a change of this isolate. */
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
