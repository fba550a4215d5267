import type { Usage } from '../core/bucket.ts'
import { invalidArgument } from '../core/errors.ts'
import type { StorageClass } from '../core/object.ts'
import { mapUsage } from '../core/usage.ts'
import { USAGE_COLUMNS } from './storage-tables.ts'

/** The count of one kind of operation since the bucket was first used. */
export interface OperationTotal {
  readonly bucket: string
  readonly action: string
  readonly status: number
  readonly requests: number
  readonly responseBytes: number
  readonly objectBytes: number
}

/** The figures of a bucket's last point. */
export interface StoredTotal {
  readonly bucket: string
  readonly storageClass: StorageClass
  readonly usage: Usage
}

/** The work that waits in a bucket, as of its last point. */
export interface WaitingTotal {
  readonly bucket: string
  readonly garbage: number
  readonly backlog: number
}

export interface Totals {
  readonly operations: readonly OperationTotal[]
  readonly stored: readonly StoredTotal[]
  readonly waiting: readonly WaitingTotal[]
}

/** How many rows of each kind one answer has. */
const MAX_TOTALS = 20_000

/**
 * Reads the counters of all buckets, or of those that are named.
 * @throws StoreError InvalidArgument when there are too many for one answer
 */
export async function readTotals(db: D1Database, buckets: readonly string[]): Promise<Totals> {
  const where = buckets.length === 0 ? 'true OR ?1' : 'bucket IN (SELECT value FROM json_each(?1))'
  const select = (columns: string, table: string, order: string) =>
    db.prepare(`SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT ${MAX_TOTALS + 1}`).bind(JSON.stringify(buckets))
  const results = await db.batch<Record<string, string | number>>([
    select('*', 'operation_totals', 'bucket, action, status'),
    select('*', 'storage_now', 'bucket, storage_class'),
    select('bucket, garbage, backlog', 'storage_buckets', 'bucket'),
  ])
  if (results.some(({ results: rows }) => rows.length > MAX_TOTALS)) {
    throw invalidArgument(`There are more than ${MAX_TOTALS} counters. Name buckets with bucket_name=…, which may be repeated`)
  }
  const [operations, stored, waiting] = results.map((result) => result.results) as [Row[], Row[], Row[]]
  return {
    operations: operations.map((row) => ({
      ...{ bucket: String(row.bucket), action: String(row.action), status: Number(row.status) },
      ...{ requests: Number(row.requests), responseBytes: Number(row.response_bytes), objectBytes: Number(row.object_bytes) },
    })),
    stored: stored.map((row) => ({
      ...{ bucket: String(row.bucket), storageClass: row.storage_class as StorageClass },
      usage: mapUsage((name) => Number(row[USAGE_COLUMNS[name]])),
    })),
    waiting: waiting.map((row) => ({ bucket: String(row.bucket), garbage: Number(row.garbage), backlog: Number(row.backlog) })),
  }
}

type Row = Record<string, string | number>
