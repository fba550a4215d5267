/** How long KV may take to show a change at other locations, and how long a location caches a miss. */
export const MINUTE_MS = 60_000

interface Value {
  readonly bytes: Uint8Array
  readonly home: string
  /** When other locations see the value. */
  readonly shownMs: number
  /** When and where it was deleted: other locations see it for one minute more. */
  deleted?: { readonly home: string; readonly atMs: number }
}

/** The failures that a test causes. Each function gets a key and returns whether this call fails. */
export interface Mishaps {
  readonly putFails?: (key: string) => boolean
  readonly putHangs?: (key: string) => boolean
  readonly getFails?: (key: string) => boolean
  readonly getHangs?: (key: string) => boolean
  /** The value begins to arrive and stalls half way. */
  readonly bodyStalls?: (key: string) => boolean
}

const forever = <T>(): Promise<T> => new Promise<T>(() => {})

/**
 * KV at its worst within its documentation. A new value is invisible at other locations for up to a minute, and so is a deletion. A
 * location caches a miss for as long as its readers accept. Time passes only in `sleep`.
 */
export class EventualKv {
  nowMs = 0
  /** How long other locations do not see the values that are written from now on. */
  lagMs = 0
  mishaps: Mishaps = {}
  readonly values = new Map<string, Value>()
  readonly #absences = new Map<string, number>()

  readonly sleep = async (ms: number): Promise<void> => {
    this.nowMs += ms
  }

  /** The namespace as one location sees it. */
  at(location: string): KVNamespace {
    return {
      get: (key: string, options: { cacheTtl: number }) => this.#get(location, key, options.cacheTtl * 1000),
      put: (key: string, body: ReadableStream) => this.#put(location, key, body),
      delete: async (key: string) => {
        const value = this.values.get(key)
        if (value) value.deleted = { home: location, atMs: this.nowMs }
      },
    } as unknown as KVNamespace
  }

  /** Replaces stored bytes, which KV itself never does. */
  alter(key: string, change: (bytes: Uint8Array) => Uint8Array | null): void {
    const value = this.values.get(key)!
    const bytes = change(value.bytes.slice())
    if (bytes) this.values.set(key, { ...value, bytes })
    else this.values.delete(key)
  }

  async #put(home: string, key: string, body: ReadableStream): Promise<void> {
    if (this.mishaps.putHangs?.(key)) return forever()
    if (this.mishaps.putFails?.(key)) throw new Error('KV PUT failed: 500 Internal Server Error')
    const bytes = new Uint8Array(await new Response(body).arrayBuffer())
    this.values.set(key, { bytes, home, shownMs: this.nowMs + this.lagMs })
  }

  async #get(location: string, key: string, acceptedMs: number): Promise<ReadableStream | null> {
    if (this.mishaps.getHangs?.(key)) return forever()
    if (this.mishaps.getFails?.(key)) throw new Error('KV GET failed: 500 Internal Server Error')
    const place = `${location} ${key}`
    if (this.nowMs - (this.#absences.get(place) ?? Number.NEGATIVE_INFINITY) < acceptedMs) return null
    const value = this.values.get(key)
    if (!value || !this.#visible(value, location)) {
      this.#absences.set(place, this.nowMs)
      return null
    }
    return this.mishaps.bodyStalls?.(key) ? stalling(value.bytes) : new Response(value.bytes).body
  }

  #visible({ home, shownMs, deleted }: Value, location: string): boolean {
    if (deleted && (deleted.home === location || this.nowMs >= deleted.atMs + MINUTE_MS)) return false
    return home === location || this.nowMs >= shownMs
  }
}

/** Sends half of the bytes and then stalls. */
function stalling(bytes: Uint8Array): ReadableStream {
  const { readable, writable } = new FixedLengthStream(bytes.length)
  const writer = writable.getWriter()
  writer.write(bytes.subarray(0, bytes.length >> 1)).catch(() => {})
  return readable
}
