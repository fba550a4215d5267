/** How long a database that refused a blob, or is nearly full, gets no new ones. */
const REST_MS = 60_000
/** From here on the log says that a database fills up, once in an hour of an isolate. */
const WARN_AT = 0.8
const WARN_EVERY_MS = 3_600_000
/** From here on new blobs go elsewhere: what is under way may still need the rest. */
const FULL_AT = 0.95

export interface DatabaseOptions {
  /** The largest size of a database, as the platform has it. */
  readonly maxBytes: number
  readonly now: () => number
}

/** What an isolate knows of the segment databases: which of them take blobs, and how full they are. */
export class Databases {
  readonly #options: DatabaseOptions
  readonly #restingUntilMs = new Map<number, number>()
  readonly #warnedMs = new Map<number, number>()

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /** Whether new blobs go elsewhere for the moment. What is stored is read and deleted as ever. */
  rests(index: number): boolean {
    return (this.#restingUntilMs.get(index) ?? 0) > this.#options.now()
  }

  /** Notes that a database did not take a blob. */
  refused(index: number, cause: unknown): void {
    if (!this.rests(index))
      console.warn(`The segment database d1:${index} takes no blobs for ${REST_MS / 1000} s; they go elsewhere:`, cause)
    this.#rest(index)
  }

  /** Notes the size of a database, which each answer of D1 tells. */
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
