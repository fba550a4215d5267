/** How long a database gets no new blobs after it refused one, or while it is nearly full. */
const REST_MS = 60_000
/** From this share of the largest size on, each isolate logs once an hour that a database fills up. */
const WARN_AT = 0.8
const WARN_EVERY_MS = 3_600_000
/** From this share on, new blobs go elsewhere: writes that are under way may still need the rest. */
const FULL_AT = 0.95

export interface DatabaseOptions {
  /** The largest size of a database that the platform allows. */
  readonly maxBytes: number
  readonly now: () => number
}

/** An isolate's state of the segment databases: which of them accept blobs, and how full they are. */
export class Databases {
  readonly #options: DatabaseOptions
  readonly #restingUntilMs = new Map<number, number>()
  readonly #warnedMs = new Map<number, number>()

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /** Whether new blobs go elsewhere at present. Stored blobs are read and deleted as usual. */
  rests(index: number): boolean {
    return (this.#restingUntilMs.get(index) ?? 0) > this.#options.now()
  }

  /** Records that a database refused a blob. */
  refused(index: number, cause: unknown): void {
    if (!this.rests(index))
      console.warn(`The segment database d1:${index} gets no new blobs for ${REST_MS / 1000} s; they go elsewhere:`, cause)
    this.#rest(index)
  }

  /** Records the size of a database, which each answer of D1 includes. */
  sized(index: number, bytes: number): void {
    const { maxBytes, now } = this.#options
    if (bytes < WARN_AT * maxBytes) return
    if (bytes >= FULL_AT * maxBytes) this.#rest(index)
    if (now() - (this.#warnedMs.get(index) ?? -WARN_EVERY_MS) < WARN_EVERY_MS) return
    this.#warnedMs.set(index, now())
    console.warn(
      `The segment database d1:${index} is ${Math.floor((100 * bytes) / maxBytes)} % full: add another one, see docs/guides/operations.md.`,
    )
  }

  #rest(index: number): void {
    this.#restingUntilMs.set(index, this.#options.now() + REST_MS)
  }
}
