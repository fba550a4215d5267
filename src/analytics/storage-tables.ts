import type { Usage } from '../core/bucket.ts'
import { invalidArgument } from '../core/errors.ts'
import type { StorageClass } from '../core/object.ts'
import { mapUsage, type UsageByClass } from '../core/usage.ts'
import { type Condition, compileComparison, compileFilter, dimensionsOf, type Filter, namedBuckets } from './filter.ts'

/** Figures of one bucket, or of all buckets if the label is empty, in one storage class. */
export interface StorageRow {
  readonly bucket: string
  readonly storageClass: StorageClass
  /** When the bucket was created; when it changed, if the row is a difference. */
  readonly minute: number
  readonly usage: Usage
}

/** The columns of the figures. */
export const USAGE_COLUMNS = {
  objects: 'objects',
  payloadBytes: 'payload_bytes',
  metadataBytes: 'metadata_bytes',
  uploads: 'uploads',
  uploadBytes: 'upload_bytes',
  retrievedBytes: 'retrieved_bytes',
  earlyDeletionByteDays: 'early_deletion_byte_days',
} as const satisfies Record<keyof Usage, string>

const NAMES = Object.keys(USAGE_COLUMNS) as (keyof Usage)[]
const COLUMNS = Object.values(USAGE_COLUMNS)

/** How many Buckets one question asks for their present figures. */
export const MAX_ASKED = 500
/** How many differences one question may read. A bucket has at most 96 a day. */
const MAX_CHANGES = 100_000

type Row = Record<string, number | string>

const rowOf = (row: Row): StorageRow => ({
  bucket: row.bucket as string,
  storageClass: row.storage_class as StorageClass,
  minute: row.minute as number,
  usage: mapUsage((name) => row[USAGE_COLUMNS[name]] as number),
})

/** The condition of a filter on buckets and storage classes. */
export const compileBuckets = (filter: Filter): Condition =>
  compileFilter(filter, (term) => compileComparison(term.dimension === 'bucketName' ? 'bucket' : 'storage_class', term))

export interface StorageQuestion {
  readonly filter: Filter
  /** Whether figures of buckets, of storage classes, are kept apart. */
  readonly byBucket: boolean
  readonly byClass: boolean
  /** From when on differences are wanted. */
  readonly sinceMinute: number
}

/** Reads the figures of the last points and the differences since a time. @throws StoreError InvalidArgument for too many differences */
export async function readStorage(db: D1Database, question: StorageQuestion): Promise<{ now: StorageRow[]; changes: StorageRow[] }> {
  const { filter, byBucket, byClass, sinceMinute } = question
  const where = compileBuckets(filter)
  const keys = [byBucket ? 'bucket' : "'' AS bucket", byClass ? 'storage_class' : "'' AS storage_class"]
  const group = [...(byBucket ? ['bucket'] : []), ...(byClass ? ['storage_class'] : [])]
  const sums = COLUMNS.map((column) => `sum(${column}) AS ${column}`).join(', ')
  // The account's sums answer for all buckets together, so that this costs the same for any number of buckets.
  const table = byBucket || dimensionsOf(filter).includes('bucketName') ? 'storage_now' : 'storage_account'
  const grouped = group.length === 0 ? '' : `GROUP BY ${group.join(', ')}`
  const [now, changes] = await db.batch<Row>([
    db
      .prepare(
        `SELECT ${keys.join(', ')}, min(created_minute) AS minute, ${sums} FROM ${table} WHERE ${where.sql} ${grouped} HAVING count(*) > 0`,
      )
      .bind(...where.bindings),
    db
      .prepare(
        `SELECT ${keys.join(', ')}, minute, ${sums} FROM storage_changes WHERE minute >= ? AND ${where.sql}
         GROUP BY ${['minute', ...group].join(', ')} ORDER BY minute LIMIT ${MAX_CHANGES + 1}`,
      )
      .bind(sinceMinute, ...where.bindings),
  ])
  if (changes!.results.length > MAX_CHANGES) throw invalidArgument('The question covers too many changes: name a bucket, or a shorter time')
  return { now: now!.results.map(rowOf), changes: changes!.results.map(rowOf) }
}

export interface UnsettledQuestion {
  readonly filter: Filter
  readonly nowMs: number
  /** Further buckets that may have changed. */
  readonly changed: readonly string[]
  /** Whether every bucket may have changed. */
  readonly all: boolean
}

/**
 * Reads the last points of the buckets that may have changed since then, and of all buckets that the filter names. Those without any point
 * come first.
 */
export async function readUnsettled(db: D1Database, { filter, nowMs, changed, all }: UnsettledQuestion): Promise<StorageRow[]> {
  const where = compileBuckets(filter)
  const names = namedBuckets(filter)
  const mayDiffer: Condition =
    names || all
      ? { sql: 'true', bindings: [] }
      : {
          sql: 'bucket IN (SELECT bucket FROM storage_buckets WHERE until_ms > ? UNION ALL SELECT value FROM json_each(?))',
          bindings: [nowMs, JSON.stringify(changed)],
        }
  const { results } = await db
    .prepare(
      `SELECT bucket, storage_class, created_minute AS minute, ${COLUMNS.join(', ')} FROM storage_buckets JOIN storage_now USING (bucket)
       WHERE ${mayDiffer.sql} AND ${where.sql} ORDER BY +until_ms DESC LIMIT ${2 * MAX_ASKED}`,
    )
    .bind(...mayDiffer.bindings, ...where.bindings)
    .all<Row>()
  return results.map(rowOf)
}

/** The statements that write a bucket's point. */
export function pointStatements(db: D1Database, { bucket, nowMs, untilMs, usage, garbage, backlog }: StoragePoint): D1PreparedStatement[] {
  const update = db.prepare(
    `UPDATE storage_now SET minute = ?, ${COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE bucket = ? AND storage_class = ?`,
  )
  const classes = Object.entries(usage) as [StorageClass, Usage][]
  return [
    ...classes.map(([storageClass, figures]) =>
      update.bind(Math.floor(nowMs / 60_000), ...NAMES.map((name) => figures[name]), bucket, storageClass),
    ),
    db
      .prepare('UPDATE storage_buckets SET until_ms = ?, garbage = ?, backlog = ? WHERE bucket = ?')
      .bind(untilMs, garbage, backlog, bucket),
  ]
}

/** The figures that a Bucket reports about itself. */
export interface StoragePoint {
  /** The bucket's label. */
  readonly bucket: string
  readonly nowMs: number
  /** Until when it will not report again, though it may change. */
  readonly untilMs: number
  readonly usage: UsageByClass
  /** Blobs that wait for their deletion. */
  readonly garbage: number
  /** Messages that wait for their queues. */
  readonly backlog: number
}
