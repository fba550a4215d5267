/**
 * The platform accepts no alarm for the farthest dates that a rule can name. For a later date the alarm rings at this limit and is set
 * again.
 */
const FARTHEST_ALARM_MS = 365 * 86_400_000

/**
 * The alarm of a Durable Object. {@link wakeAt} keeps the requested time in memory until {@link arm} sets the alarm; `arm` runs outside
 * transactions, because these may roll back. It sets the alarm only if the requested time is earlier.
 */
export class AlarmClock {
  readonly #storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>
  readonly #now: () => number
  #setMs: number | null = null
  #wishedMs: number | null = null

  constructor(storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>, now: () => number) {
    this.#storage = storage
    this.#now = now
  }

  /** When the alarm rings, in milliseconds since the epoch; `null` when it is not set. */
  get setMs(): number | null {
    return this.#setMs
  }

  /** Reads the alarm that an earlier instance set. */
  async load(): Promise<void> {
    this.#setMs = await this.#storage.getAlarm()
  }

  /** Requests an alarm at this time or earlier. */
  wakeAt(dueMs: number): void {
    this.#wishedMs = Math.min(this.#wishedMs ?? dueMs, dueMs)
  }

  /** Sets the alarm if the requested time is earlier than the time it is set to. */
  arm(): void {
    if (this.#wishedMs === null) return
    const wakeMs = Math.min(this.#wishedMs, this.#now() + FARTHEST_ALARM_MS)
    this.#wishedMs = null
    if (this.#setMs !== null && this.#setMs <= wakeMs) return
    this.#setMs = wakeMs
    void this.#storage.setAlarm(wakeMs)
  }

  /** Records that the alarm rang, and so is set no longer. */
  rang(): void {
    this.#setMs = null
  }

  /** Moves the alarm to `dueMs`, to be set by the next {@link arm}; `null` deletes the alarm at once. */
  moveTo(dueMs: number | null): void {
    this.#setMs = null
    if (dueMs === null) void this.#storage.deleteAlarm()
    else this.wakeAt(dueMs)
  }
}
