import { auditStatements } from '../../src/control/audit.ts'
import { type Change, dropEntries, hasEntries, noteChange, pendingEntries } from './audit-outbox.ts'
import { hasSchema } from './schema.ts'
import { readSetting, writeSetting } from './settings.ts'

/** When the alarm tries again to bring the account up to date. */
const RETRY_MS = 10_000
/** How many pages of entries go to the audit log at once; the alarm sends the rest. */
const PAGES = 20
/** The row that notes what the account's index lacks. */
const STALE = 'registry'

/** Whether the account has not heard of everything yet. */
export const owesNews = (sql: SqlStorage): boolean => readSetting(sql, STALE) !== null || hasEntries(sql)

export interface NewsPorts {
  readonly sql: SqlStorage
  readonly now: () => number
  readonly wakeAt: (dueMs: number) => void
  /** Sets the alarm that was wished for. */
  readonly arm: () => void
  readonly control: () => D1Database
  readonly auditMs: number
  /** The value that the account's index shows of this object, as plain data; `null` when it shows nothing. */
  readonly indexed: () => unknown
  /** Statements that bring the index up to date; `stale` is the value that {@link AccountNews.indexChanged} was called with. */
  readonly indexStatements: (db: D1Database, stale: unknown) => D1PreparedStatement[]
  /** The account knows everything: an alarm that was set for it alone, at `retryMs`, is needed no more. */
  readonly told?: (retryMs: number | null) => void
}

/**
 * An object's news for its account: its row in an index, and entries of the audit log. A change notes its news in its own transaction;
 * {@link sync} tells the account, and the alarm does so again if that fails.
 */
export class AccountNews {
  readonly #ports: NewsPorts
  #writing: Promise<void> = Promise.resolve()
  #noted = false
  /** When the alarm was to tell the account. */
  #retryMs: number | null = null

  constructor(ports: NewsPorts) {
    this.#ports = ports
  }

  /** When the alarm tells the account; `null` when it knows everything. */
  nextMs(): number | null {
    return owesNews(this.#ports.sql) ? this.#ports.now() + RETRY_MS : null
  }

  /** Notes that the index has to follow this object. */
  readonly indexChanged = (stale: unknown): void => {
    writeSetting(this.#ports.sql, STALE, stale)
    this.#note()
  }

  /** Notes a change for the audit log. */
  readonly audit = (change: Change): void => {
    noteChange(this.#ports, change)
    this.#note()
  }

  /** Whether something was noted since this was last asked. */
  takeNoted(): boolean {
    const noted = this.#noted
    this.#noted = false
    return noted
  }

  /** Tells the account everything, one write after the other. Never throws: if it fails, the alarm tries again. */
  sync(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  #note(): void {
    this.#noted = true
    this.#wakeForNews()
  }

  /** If this instance is lost before the account has heard of a change, the alarm tells it. */
  #wakeForNews(): void {
    const { now, wakeAt } = this.#ports
    this.#retryMs = now() + RETRY_MS
    wakeAt(this.#retryMs)
  }

  async #write(): Promise<void> {
    const { sql, told, arm } = this.#ports
    if (!hasSchema(sql) || !owesNews(sql)) return
    try {
      for (let page = 0; page < PAGES && owesNews(sql); page++) await this.#writePage()
      if (owesNews(sql)) this.#wakeForNews()
      else told?.(this.#retryMs)
    } catch (error) {
      console.warn("The account's index could not be updated, trying again later:", error)
      this.#wakeForNews()
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
    // If the object changed meanwhile, the next write in line tells of that.
    if (JSON.stringify(indexed()) === before) writeSetting(sql, STALE, null)
  }
}
