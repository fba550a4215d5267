/** Alarms cannot be set to every date that a rule can name: before a later one the alarm rings once and looks again. */
const FARTHEST_ALARM_MS = 365 * 86_400_000

/**
 * The alarm of a Durable Object: set only when it has to ring earlier than it is set. A wish is kept until {@link arm}, which runs
 * outside transactions, since these may roll back.
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

  /** Wishes for an alarm at this time or before. */
  wakeAt(dueMs: number): void {
    this.#wishedMs = Math.min(this.#wishedMs ?? dueMs, dueMs)
  }

  /** Sets the alarm if something wishes it earlier than it is set. */
  arm(): void {
    if (this.#wishedMs === null) return
    const wakeMs = Math.min(this.#wishedMs, this.#now() + FARTHEST_ALARM_MS)
    this.#wishedMs = null
    if (this.#setMs !== null && this.#setMs <= wakeMs) return
    this.#setMs = wakeMs
    void this.#storage.setAlarm(wakeMs)
  }

  /** The alarm rings: it is set no more. */
  rang(): void {
    this.#setMs = null
  }

  /** Replaces the alarm by one at `dueMs`, or by none. */
  moveTo(dueMs: number | null): void {
    this.#setMs = null
    if (dueMs === null) void this.#storage.deleteAlarm()
    else this.wakeAt(dueMs)
  }
}
