import { auditStatements } from '../../src/control/audit.ts'
import { type Change, dropEntries, hasEntries, noteChange, pendingEntries } from './audit-outbox.ts'
import { hasSchema } from './schema.ts'
import { readSetting, writeSetting } from './settings.ts'

/** How long the alarm waits before it tries again to update the account. */
const RETRY_MS = 10_000
/** How many pages of entries one call sends to the audit log; the alarm sends the rest. */
const PAGES = 20
/** The name of the setting that records that the account's index is out of date. */
const STALE = 'registry'

/** Whether the account's index is out of date or audit entries wait to be sent. */
export const hasUpdates = (sql: SqlStorage): boolean => readSetting(sql, STALE) !== null || hasEntries(sql)

export interface UpdatePorts {
  readonly sql: SqlStorage
  readonly now: () => number
  readonly wakeAt: (dueMs: number) => void
  /** Sets the alarm that `wakeAt` requested. */
  readonly arm: () => void
  readonly control: () => D1Database
  readonly auditMs: number
  /** The value that the account's index should show for this object, as plain data; `null` when it should show nothing. */
  readonly indexed: () => unknown
  /** Statements that bring the index up to date; `stale` is the value that {@link AccountUpdates.indexChanged} was called with. */
  readonly indexStatements: (db: D1Database, stale: unknown) => D1PreparedStatement[]
  /** Called when the account is up to date: an alarm that was set only for the account, at `retryMs`, is no longer needed. */
  readonly upToDate?: (retryMs: number | null) => void
}

/**
 * The updates that a Durable Object owes its account: its row in an index, and entries of the audit log. A change records them in its own
 * transaction; {@link sync} sends them, and the alarm sends them again if that fails.
 */
export class AccountUpdates {
  readonly #ports: UpdatePorts
  #writing: Promise<void> = Promise.resolve()
  #noted = false
  /** The time of the alarm that was last requested for the account. */
  #retryMs: number | null = null

  constructor(ports: UpdatePorts) {
    this.#ports = ports
  }

  /** When the alarm updates the account; `null` when the account is up to date. */
  nextMs(): number | null {
    return hasUpdates(this.#ports.sql) ? this.#ports.now() + RETRY_MS : null
  }

  /** Records that this object's row in the index is out of date. */
  readonly indexChanged = (stale: unknown): void => {
    writeSetting(this.#ports.sql, STALE, stale)
    this.#note()
  }

  /** Records a change for the audit log. */
  readonly audit = (change: Change): void => {
    noteChange(this.#ports, change)
    this.#note()
  }

  /** Returns whether anything was recorded since the last call. */
  takeNoted(): boolean {
    const noted = this.#noted
    this.#noted = false
    return noted
  }

  /** Sends all recorded updates to the account, one write after the other. Never throws: if a write fails, the alarm tries again. */
  sync(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  #note(): void {
    this.#noted = true
    this.#requestAlarm()
  }

  /** Requests an alarm that updates the account if this instance is lost before it has done so. */
  #requestAlarm(): void {
    const { now, wakeAt } = this.#ports
    this.#retryMs = now() + RETRY_MS
    wakeAt(this.#retryMs)
  }

  async #write(): Promise<void> {
    const { sql, upToDate, arm } = this.#ports
    if (!hasSchema(sql) || !hasUpdates(sql)) return
    try {
      for (let page = 0; page < PAGES && hasUpdates(sql); page++) await this.#writePage()
      if (hasUpdates(sql)) this.#requestAlarm()
      else upToDate?.(this.#retryMs)
    } catch (error) {
      console.warn("The account's index could not be updated, trying again later:", error)
      this.#requestAlarm()
    }
    arm()
  }

  async #writePage(): Promise<void> {
    const { sql, control, auditMs, indexed, indexStatements } = this.#ports
    const db = control()
    const stale = readSetting(sql, STALE)
    const before = JSON.stringify(indexed())
    const entries = pendingEntries(sql)
    const index = stale === null ? [] : indexStatements(db, stale)
    await db.batch([...index, ...auditStatements(db, entries, auditMs)])
    dropEntries(sql, entries)
    // If the object changed while the batch was written, the index is still out of date: the next write sends the newer state.
    if (JSON.stringify(indexed()) === before) writeSetting(sql, STALE, null)
  }
}
