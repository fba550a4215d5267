import { pointStatements } from '../../src/analytics/storage-tables.ts'
import { bucketLabel } from '../../src/core/bucket-label.ts'
import type { UsageByClass } from '../../src/core/usage.ts'
import { readSetting, writeSetting } from '../common/settings.ts'
import type { Chore } from '../keyspace/chores/chore.ts'
import type { Context } from '../keyspace/context.ts'
import { countWaiting } from '../keyspace/events/events.ts'
import { findBucketInfo } from '../keyspace/state.ts'
import { readUsage, takeUsageChanged } from '../keyspace/usage.ts'

/** The shortest time between two points of a bucket. */
const BETWEEN_MS = 15 * 60_000
/** How soon after its first change a bucket writes a point. */
const FIRST_MS = 10_000
/** How much later than planned an alarm may ring. */
const LATE_MS = 60_000
/** How much garbage is counted: an alarm costs the same however much there is. */
const MAX_GARBAGE = 10_000

/** The name of the setting that holds the last point. */
export const LAST_POINT = 'point'

/** The figures of a point. */
interface Figures {
  readonly usage: UsageByClass
  readonly garbage: number
  readonly backlog: number
}

/** The last point that the account has. */
interface LastPoint {
  readonly atMs: number
  readonly figures: Figures
}

/**
 * Writes the bucket's figures into the account's tables: soon after the first change, then once in a quarter hour while it changes, and
 * never while it does not. A point says until when the bucket may change without another one, so the account knows which Buckets to ask.
 */
export class StoragePoints {
  readonly #context: Context
  readonly #control: () => D1Database
  /** Whether this instance has requested an alarm for the changes so far. */
  #requested = false

  constructor(context: Context, control: () => D1Database) {
    this.#context = context
    this.#control = control
  }

  /** The chore that writes a point. */
  readonly chore: Chore = { name: 'storage-point', dueMs: () => this.dueMs(), run: () => this.#write() }

  /** Requests an alarm if the figures have changed. It costs nothing when they have not. */
  notice(): void {
    if (!takeUsageChanged(this.#context.sql) || this.#requested) return
    this.#requested = true
    const dueMs = this.dueMs()
    if (dueMs !== null) this.#context.wakeAt(Math.max(dueMs, this.#context.now() + FIRST_MS))
  }

  /** Whether the account has no point of this bucket, which an earlier version made. */
  isNew(): boolean {
    return this.#context.config.analyticsMs > 0 && readSetting(this.#context.sql, LAST_POINT) === null
  }

  /** When the next point is due; `null` when the account has the present figures, or when nobody collects them. */
  dueMs(): number | null {
    const { sql, config } = this.#context
    if (config.analyticsMs === 0) return null
    const info = findBucketInfo(sql)
    if (info === null) return null
    const last = readSetting<LastPoint>(sql, LAST_POINT)
    if (last === null) return info.createdMs + FIRST_MS
    return JSON.stringify(last.figures) === JSON.stringify(readFigures(sql)) ? null : last.atMs + BETWEEN_MS
  }

  async #write(): Promise<void> {
    const { sql, now } = this.#context
    this.#requested = false
    const dueMs = this.dueMs()
    const info = findBucketInfo(sql)
    if (dueMs === null || dueMs > now() || info === null) return
    const point: LastPoint = { atMs: now(), figures: readFigures(sql) }
    const times = { nowMs: point.atMs, untilMs: point.atMs + BETWEEN_MS + LATE_MS }
    const db = this.#control()
    const [first] = await db.batch(pointStatements(db, { bucket: bucketLabel(info), ...times, ...point.figures }))
    if (first!.meta.changes === 0) throw new Error('The bucket is not in the index of the account yet')
    // The bucket may have been removed meanwhile. Then it has no last point.
    if (findBucketInfo(sql) !== null) writeSetting(sql, LAST_POINT, point)
  }
}

const readFigures = (sql: SqlStorage): Figures => ({ usage: readUsage(sql), garbage: countGarbage(sql), backlog: countWaiting(sql) })

const countGarbage = (sql: SqlStorage): number =>
  sql.exec<{ n: number }>('SELECT count(*) AS n FROM (SELECT 1 FROM garbage LIMIT ?)', MAX_GARBAGE).one().n
