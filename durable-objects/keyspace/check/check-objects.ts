import type { Finding } from '../../../src/core/finding.ts'
import type { Context } from '../context.ts'
import type { ObjectRow } from '../rows.ts'
import { objectAction, saveObjectDue } from '../rules/lifecycle-due.ts'
import { isWalking } from '../rules/lifecycle-walk.ts'
import type { PageOptions, PhaseStep } from './check.ts'
import { countReferences } from './check-references.ts'

const ROWS = 1000

type Row = Pick<ObjectRow, 'key' | 'blob_id' | 'size' | 'storage_class' | 'metadata_bytes' | 'uploaded_ms' | 'due_ms' | 'tags'> & {
  blob_size: number | null
}

/**
 * Checks that every object has a body of its size, and the due date that the rules give it. Counts objects and the references that they
 * hold.
 */
export function checkObjects(context: Context, { after, repair }: PageOptions): PhaseStep {
  const { sql } = context
  const rows = sql
    .exec<Row>(
      `SELECT o.key, o.blob_id, o.size, o.storage_class, o.metadata_bytes, o.uploaded_ms, o.due_ms, o.tags, b.size AS blob_size
       FROM objects o LEFT JOIN blobs b ON b.id = o.blob_id WHERE o.key > ? ORDER BY o.key LIMIT ?`,
      after?.[0] ?? '',
      ROWS,
    )
    .toArray()
  countReferences(sql, rows)
  countObjects(sql, rows)
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  sql.exec('UPDATE check_walk SET upto = ?, through = ?', last?.key ?? '', last ? 0 : 1)
  // While the alarm still applies changed rules, due dates may be those of the rules before.
  const misdated = isWalking(sql) ? [] : rows.flatMap((row) => dateFindings(context, row, repair))
  return { report: { findings: [...rows.flatMap(findingsOf), ...misdated], checked: rows.length }, next: last && [last.key] }
}

/** Writes one row for each storage class, not for each object. */
function countObjects(sql: SqlStorage, rows: readonly Row[]): void {
  for (const [storageClass, own] of Map.groupBy(rows, (row) => row.storage_class)) {
    sql.exec(
      `UPDATE check_usage SET objects = objects + ?, payload_bytes = payload_bytes + ?, metadata_bytes = metadata_bytes + ?
       WHERE storage_class = ?`,
      own.length,
      own.reduce((sum, { size }) => sum + size, 0),
      own.reduce((sum, { metadata_bytes: bytes }) => sum + bytes, 0),
      storageClass,
    )
  }
}

function findingsOf({ key, blob_id: blobId, size, blob_size: blobSize }: Row): Finding[] {
  if (blobSize === null) return [{ problem: 'object-without-blob', at: { key, blobId }, repaired: false }]
  return blobSize === size ? [] : [{ problem: 'wrong-size', at: { key, recorded: size, stored: blobSize }, repaired: false }]
}

/**
 * Reports a wrong due date: the alarm would apply the rules too early, or never. Dates in the past are no problem, because the alarm
 * decides again.
 */
function dateFindings(context: Context, row: Row, repair: boolean): Finding[] {
  const dueMs = objectAction(context, row)?.dueMs ?? null
  const isPast = dueMs !== null && row.due_ms !== null && Math.max(dueMs, row.due_ms) <= context.now()
  if (dueMs === row.due_ms || isPast) return []
  if (repair) saveObjectDue(context, row)
  return [
    { problem: 'wrong-due-date', at: { key: row.key, recorded: row.due_ms ?? 'never', expected: dueMs ?? 'never' }, repaired: repair },
  ]
}
