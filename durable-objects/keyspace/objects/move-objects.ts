import type { StorageClass } from '../../../src/core/object.ts'
import { unusedByteDays } from '../../../src/core/storage-class.ts'
import type { MovedObjects, MoveObjects } from '../../../src/store/bucket-api.ts'
import type { Context } from '../context.ts'
import { forgetImport } from '../imported.ts'
import type { ObjectRow } from '../rows.ts'
import { DATED_COLUMNS, type DatedObject, objectDueMs } from '../rules/lifecycle-due.ts'
import { Tally } from '../usage.ts'

type MovedRow = DatedObject & Pick<ObjectRow, 'metadata_bytes' | 'moved_ms'>

/**
 * Moves an object to another storage class. Its version, ETag and age do not change. The rest of the minimum storage duration of the
 * old class is counted. The caller writes the tally.
 */
export function moveObject(context: Context, row: MovedRow, to: StorageClass, tally: Tally): void {
  const { sql } = context
  const nowMs = context.now()
  const { size, metadata_bytes: metadataBytes, storage_class: storageClass } = row
  const moved = { ...row, storage_class: to, moved_ms: nowMs }
  sql.exec(
    'UPDATE objects SET storage_class = ?, moved_ms = ?, due_ms = ? WHERE key = ?',
    moved.storage_class,
    moved.moved_ms,
    objectDueMs(context, moved),
    row.key,
  )
  const earlyDeletionByteDays = unusedByteDays({ storageClass, size, sinceMs: row.moved_ms ?? row.uploaded_ms }, nowMs)
  tally.add(storageClass, { objects: -1, payloadBytes: -size, metadataBytes: -metadataBytes, earlyDeletionByteDays })
  tally.add(to, { objects: 1, payloadBytes: size, metadataBytes })
}

/**
 * Looks at the next objects in key order and moves those of one storage class to another. A locked object moves too, as by a lifecycle
 * rule: a lock protects it from being deleted or replaced. As with a copy, an object that leaves Infrequent Access counts as retrieved.
 */
export function moveObjects(context: Context, { from, to, after, writtenUntilMs, limit }: MoveObjects): MovedObjects {
  const { sql } = context
  // One row more than the step looks at shows whether another step is needed.
  const page = sql
    .exec<MovedRow>(
      `SELECT ${DATED_COLUMNS.join(', ')}, metadata_bytes, moved_ms FROM objects WHERE key ${after === undefined ? '>=' : '>'} ?
       ORDER BY key LIMIT ?`,
      after ?? '',
      limit + 1,
    )
    .toArray()
  const rows = page.slice(0, limit)
  const chosen = rows.filter((row) => row.storage_class === from && row.uploaded_ms <= writtenUntilMs)
  const tally = new Tally()
  for (const row of chosen) moveObject(context, row, to, tally)
  if (from === 'InfrequentAccess') tally.add(from, { retrievedBytes: chosen.reduce((sum, { size }) => sum + size, 0) })
  tally.write(sql)
  if (chosen.length > 0) forgetImport(context)
  return { moved: chosen.length, last: page.length > limit ? rows.at(-1)?.key : undefined }
}
