import { SIPPY_ACTIONS } from './datasets.ts'
import type { OperationSum } from './operation-counter.ts'

const MINUTES = { hour: 60, day: 1440 } as const
/** How far back figures go, as on R2. */
export const RETENTION_DAYS = 31
/** Minutes older than this are added up into quarter hours. */
const EXACT_MINUTES = 2 * MINUTES.day
const RETENTION_MINUTES = RETENTION_DAYS * MINUTES.day
/** How much of the tables' time one write compacts and prunes. A write does this at most once in a quarter hour, so that it catches up. */
const STEP_MINUTES = MINUTES.hour

const KEY = 'minute, bucket, action, status, storage_class, region'
const SUMS = 'requests, response_bytes, object_bytes'
const ADD = `requests = requests + excluded.requests, response_bytes = response_bytes + excluded.response_bytes,
  object_bytes = object_bytes + excluded.object_bytes`

/** The statements of one batch that adds sums to the tables. */
export function addStatements(db: D1Database, sums: readonly OperationSum[], region: string): D1PreparedStatement[] {
  const rows = JSON.stringify(
    sums.map((sum) => {
      const storageClass = sum.isInfrequent ? 'InfrequentAccess' : 'Standard'
      return [sum.minute, sum.bucket, sum.action, sum.status, storageClass, region, sum.requests, sum.responseBytes, sum.objectBytes]
    }),
  )
  const column = (index: number) => `value ->> ${index}`
  const columns = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(column).join(', ')
  // `WHERE true` keeps SQLite from reading ON CONFLICT as the condition of a join.
  return [
    db
      .prepare(
        `INSERT INTO operations (${KEY}, ${SUMS}) SELECT ${columns} FROM json_each(?) WHERE true ON CONFLICT (${KEY}) DO UPDATE SET ${ADD}`,
      )
      .bind(rows),
    db
      .prepare(
        `INSERT INTO operation_totals (bucket, action, status, ${SUMS}, minute)
         SELECT value ->> 1, value ->> 2, value ->> 3, sum(value ->> 6), sum(value ->> 7), sum(value ->> 8), max(value ->> 0)
         FROM json_each(?) WHERE value ->> 2 NOT IN ('${SIPPY_ACTIONS.served}', '${SIPPY_ACTIONS.copied}') GROUP BY 1, 2, 3
         ON CONFLICT (bucket, action, status) DO UPDATE SET ${ADD}, minute = excluded.minute`,
      )
      .bind(rows),
  ]
}

/** The first minute and the end of the hour that the next compaction adds up. */
const SPAN = `WITH span AS (SELECT start, min(start + ${STEP_MINUTES}, ?1) AS stop FROM (
  SELECT max(minute, (SELECT coalesce(min(minute), 0) FROM operations WHERE minute >= operations_compacted.minute)) AS start
  FROM operations_compacted))`
const IN_SPAN = 'minute >= (SELECT start FROM span) AND minute < (SELECT stop FROM span) AND minute % 15 <> 0'

/**
 * The statements that keep the tables small: each adds up or removes at most an hour. Several isolates may run them; each goes on where the
 * last one ended.
 */
export function maintenanceStatements(db: D1Database, nowMs: number): D1PreparedStatement[] {
  const minute = Math.floor(nowMs / 60_000)
  const exactFrom = minute - EXACT_MINUTES - ((minute - EXACT_MINUTES) % 15)
  const oldest = minute - RETENTION_MINUTES
  return [
    db
      .prepare(
        `INSERT INTO operations (${KEY}, ${SUMS}) ${SPAN}
         SELECT minute - minute % 15, bucket, action, status, storage_class, region, sum(requests), sum(response_bytes), sum(object_bytes)
         FROM operations WHERE ${IN_SPAN} GROUP BY 1, 2, 3, 4, 5, 6 ON CONFLICT (${KEY}) DO UPDATE SET ${ADD}`,
      )
      .bind(exactFrom),
    db.prepare(`${SPAN} DELETE FROM operations WHERE ${IN_SPAN}`).bind(exactFrom),
    db.prepare(`${SPAN} UPDATE operations_compacted SET minute = max(minute, (SELECT stop FROM span))`).bind(exactFrom),
    db.prepare(`DELETE FROM operations WHERE minute < min(?1, (SELECT min(minute) FROM operations) + ${STEP_MINUTES})`).bind(oldest),
    // Counters of a bucket that nobody has used for so long begin again.
    db
      .prepare(
        'DELETE FROM operation_totals WHERE (bucket, action, status) IN (SELECT bucket, action, status FROM operation_totals WHERE minute < ? LIMIT 500)',
      )
      .bind(oldest),
    db
      .prepare(
        `DELETE FROM storage_changes WHERE (bucket, minute, storage_class) IN
         (SELECT bucket, minute, storage_class FROM storage_changes WHERE minute < ? ORDER BY minute LIMIT 500)`,
      )
      .bind(oldest),
  ]
}
