/** The limits of a {@link TimedCache}. */
export interface CacheLimits<V> {
  /** How long an entry is fresh. */
  readonly freshMs: number
  /** How much longer a stale entry is kept, to be used while its source fails. */
  readonly staleMs?: number
  readonly maxBytes: number
  /** The approximate size of a value in memory, in bytes; without it, 0. */
  readonly sizeOf?: (value: V) => number
}

interface Entry<V> {
  readonly value: V
  readonly bytes: number
  readonly freshUntilMs: number
  readonly keptUntilMs: number
}

/** The approximate memory of an entry without its key and its value. */
const ENTRY_BYTES = 100

/**
 * A cache in memory for keys that clients may choose. It is bounded in bytes, since keys and values can have any length; when it is full,
 * the oldest entries are deleted. Every entry has the same lifetime, so the oldest entries are also the first to expire.
 */
export class TimedCache<V> {
  readonly #limits: CacheLimits<V>
  readonly #entries = new Map<string, Entry<V>>()
  #bytes = 0

  constructor(limits: CacheLimits<V>) {
    this.#limits = limits
  }

  /** The approximate memory of all entries, in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, if it is fresh. */
  fresh(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs < entry.freshUntilMs ? entry.value : undefined
  }

  /** The value of a key, fresh or not, if it is still kept. */
  kept(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs < entry.keptUntilMs ? entry.value : undefined
  }

  /** Stores a value, unless it is larger than the whole cache. */
  set(key: string, value: V, nowMs: number): void {
    const { freshMs, staleMs = 0, maxBytes, sizeOf = () => 0 } = this.#limits
    const bytes = ENTRY_BYTES + 2 * key.length + sizeOf(value)
    this.delete(key)
    if (bytes > maxBytes) return
    this.#entries.set(key, { value, bytes, freshUntilMs: nowMs + freshMs, keptUntilMs: nowMs + freshMs + staleMs })
    this.#bytes += bytes
    this.#makeRoom(nowMs)
  }

  /** Makes an entry fresh for `ms` from now, but does not extend how long it is kept. */
  trustFor(ms: number, key: string, nowMs: number): void {
    const entry = this.#entries.get(key)
    if (entry) this.#entries.set(key, { ...entry, freshUntilMs: Math.min(nowMs + ms, entry.keptUntilMs) })
  }

  /** Changes the value of an entry, if there is one, and leaves its expiry as it is. */
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
