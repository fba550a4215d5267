import type { PageOptions, PhasePage } from './check.ts'
import { countReferences } from './check-references.ts'
import type { Context } from './context.ts'
import type { Finding } from './maintenance-api.ts'

const ROWS = 1000

type Row = {
  key: string
  blob_id: string
  size: number
  storage_class: string
  metadata_bytes: number
  blob_size: number | null
}

/** Every object has a body, of its size; counts objects and the references that they hold. */
export function checkObjects({ sql }: Context, { after }: PageOptions): PhasePage {
  const rows = sql
    .exec<Row>(
      `SELECT o.key, o.blob_id, o.size, o.storage_class, o.metadata_bytes, b.size AS blob_size
       FROM objects o LEFT JOIN blobs b ON b.id = o.blob_id WHERE o.key > ? ORDER BY o.key LIMIT ?`,
      after?.[0] ?? '',
      ROWS,
    )
    .toArray()
  countReferences(sql, rows)
  countObjects(sql, rows)
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  sql.exec('UPDATE check_walk SET upto = ?, through = ?', last?.key ?? '', last ? 0 : 1)
  return { findings: rows.flatMap(findingsOf), checked: rows.length, next: last && [last.key] }
}

/** One row written for each storage class, not for each object. */
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
