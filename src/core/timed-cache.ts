/** The limits of a {@link TimedCache}. */
export interface CacheLimits<V> {
  /** How long an entry is trusted. */
  readonly freshMs: number
  /** How much longer it is kept, for when its source cannot be asked. */
  readonly staleMs?: number
  readonly maxBytes: number
  /** About how many bytes a value takes in memory; 0 where it is not given. */
  readonly sizeOf?: (value: V) => number
}

interface Entry<V> {
  readonly value: V
  readonly bytes: number
  readonly freshUntilMs: number
  readonly keptUntilMs: number
}

/** What an entry takes in memory besides its key and its value. */
const ENTRY_BYTES = 100

/**
 * A cache in memory whose keys clients may choose: it is bounded in bytes, since keys and values have any length. The oldest entries make
 * room. Every entry has the same life, so the oldest ones are also the first to expire.
 */
export class TimedCache<V> {
  readonly #limits: CacheLimits<V>
  readonly #entries = new Map<string, Entry<V>>()
  #bytes = 0

  constructor(limits: CacheLimits<V>) {
    this.#limits = limits
  }

  /** About how much memory the entries take. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, if it can be trusted. */
  fresh(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs < entry.freshUntilMs ? entry.value : undefined
  }

  /** The value of a key, fresh or not, if it is still kept. */
  kept(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs < entry.keptUntilMs ? entry.value : undefined
  }

  /** Stores a value. One that is larger than the whole cache is not stored. */
  set(key: string, value: V, nowMs: number): void {
    const { freshMs, staleMs = 0, maxBytes, sizeOf = () => 0 } = this.#limits
    const bytes = ENTRY_BYTES + 2 * key.length + sizeOf(value)
    this.delete(key)
    if (bytes > maxBytes) return
    this.#entries.set(key, { value, bytes, freshUntilMs: nowMs + freshMs, keptUntilMs: nowMs + freshMs + staleMs })
    this.#bytes += bytes
    this.#makeRoom(nowMs)
  }

  /** Trusts an entry for `ms` from now, and keeps it no longer than it would have been kept. */
  trustFor(ms: number, key: string, nowMs: number): void {
    const entry = this.#entries.get(key)
    if (entry) this.#entries.set(key, { ...entry, freshUntilMs: Math.min(nowMs + ms, entry.keptUntilMs) })
  }

  /** Changes a value, if there is one, and leaves its life as it is. */
  update(key: string, change: (value: V) => V): void {
    const entry = this.#entries.get(key)
    if (entry) this.#entries.set(key, { ...entry, value: change(entry.value) })
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }

  deleteWhere(isMeant: (value: V) => boolean): void {
    for (const [key, { value }] of this.#entries) if (isMeant(value)) this.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#bytes = 0
  }

  #makeRoom(nowMs: number): void {
    for (const [key, { keptUntilMs }] of this.#entries) {
      if (nowMs < keptUntilMs && this.#bytes <= this.#limits.maxBytes) return
      this.delete(key)
    }
  }
}
