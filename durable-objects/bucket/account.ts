import { auditStatements } from '../../src/control/audit.ts'
import { indexStatements, unindexStatements } from '../../src/control/buckets.ts'
import type { BucketInfo } from '../../src/core/bucket.ts'
import type { BucketRef } from '../../src/core/object.ts'
import type { Chore } from '../keyspace/chores/chore.ts'
import type { Context } from '../keyspace/context.ts'
import { hasSchema } from '../keyspace/schema.ts'
import { readSetting, writeSetting } from '../keyspace/settings.ts'
import { type Change, dropEntries, hasEntries, noteChange, pendingEntries } from './audit-outbox.ts'
import type { AccountNotes } from './context.ts'

/** When the alarm tries again to bring the account up to date. */
const RETRY_MS = 10_000
/** How many pages of entries go to the audit log at once; what is left then is for the alarm. */
const PAGES = 20

/** Whether the account has not heard of everything yet. */
export const owesNews = (sql: SqlStorage): boolean => readSetting(sql, 'registry') !== null || hasEntries(sql)

interface AccountPorts {
  readonly context: Context
  readonly control: () => D1Database
  /** The account knows everything: an alarm for it alone is needed no more. */
  readonly told: (retryMs: number | null) => void
  /** Sets the alarm that was wished for. */
  readonly arm: () => void
}

/**
 * The bucket's dealings with its account: the row in the index of buckets, and the audit log. A change notes in its own transaction
 * that the account has to hear of it; {@link sync} tells it, and the alarm does so again if that fails.
 */
export class Account implements AccountNotes {
  readonly #ports: AccountPorts
  #writing: Promise<void> = Promise.resolve()
  #noted = false
  /** When the alarm was to tell the account. */
  #retryMs: number | null = null

  constructor(ports: AccountPorts) {
    this.#ports = ports
  }

  /** The alarm's own try. */
  get chore(): Chore {
    return {
      name: 'tell-account',
      dueMs: ({ sql, now }) => (owesNews(sql) ? now() + RETRY_MS : null),
      run: () => this.sync(),
    }
  }

  readonly indexChanged = ({ jurisdiction, name }: BucketRef): void => {
    writeSetting(this.#ports.context.sql, 'registry', { jurisdiction, name } satisfies BucketRef)
    this.#note()
  }

  readonly audit = (change: Change): void => {
    noteChange(this.#ports.context, change)
    this.#note()
  }

  /** Whether something was noted since this was last asked. */
  takeNoted(): boolean {
    const noted = this.#noted
    this.#noted = false
    return noted
  }

  /** Tells the account everything, one write after the other. Never throws: what fails is tried again by the alarm. */
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
    const { now, wakeAt } = this.#ports.context
    this.#retryMs = now() + RETRY_MS
    wakeAt(this.#retryMs)
  }

  async #write(): Promise<void> {
    const { sql } = this.#ports.context
    if (!hasSchema(sql) || !owesNews(sql)) return
    try {
      for (let page = 0; page < PAGES && owesNews(sql); page++) await this.#writePage(sql)
      if (owesNews(sql)) this.#wakeForNews()
      else this.#ports.told(this.#retryMs)
    } catch (error) {
      console.warn('The index of buckets could not be updated, trying again later:', error)
      this.#wakeForNews()
    }
    this.#ports.arm()
  }

  async #writePage(sql: SqlStorage): Promise<void> {
    const db = this.#ports.control()
    const stale = readSetting<BucketRef>(sql, 'registry')
    const info = readSetting<BucketInfo>(sql, 'info')
    const entries = pendingEntries(sql)
    const index = stale === null ? [] : info ? indexStatements(db, info) : unindexStatements(db, stale)
    await db.batch([...index, ...auditStatements(db, entries, this.#ports.context.config.auditMs)])
    dropEntries(sql, entries)
    // Unless the bucket changed meanwhile: then the next write in line brings that about.
    if (JSON.stringify(readSetting<BucketInfo>(sql, 'info')) === JSON.stringify(info)) writeSetting(sql, 'registry', null)
  }
}
