import type { Context } from './context.ts'
import { objectAction, objectDueMs, uploadDueMs } from './lifecycle-due.ts'
import { deleteObject } from './objects.ts'
import type { ObjectRow, UploadRow } from './rows.ts'
import { abortOpenUpload } from './uploads.ts'
import { count } from './usage.ts'

// What the alarm does for lifecycle rules. An index finds what is due; what is to be done is decided anew, since rules may have
// changed. So the cost follows what is due, not what is stored.

/** How much one alarm does: it re-arms for the rest, so that the bucket is never held up for long. */
const OBJECTS_PER_ALARM = 500
const UPLOADS_PER_ALARM = 200

/** Deletes objects that are due, or moves them to Infrequent Access. */
export function applyToObjects(context: Context): void {
  const due = context.sql
    .exec<ObjectRow>('SELECT * FROM objects WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', context.now(), OBJECTS_PER_ALARM)
    .toArray()
  for (const row of due) {
    const next = objectAction(context, row)
    if (!next || next.dueMs > context.now()) saveObjectDue(context, row)
    else if (next.action === 'delete') deleteObject(context, row, 'LifecycleDeletion')
    else moveToInfrequentAccess(context, row)
  }
}

/** The object stays the one it was: version, ETag and age do not change. */
function moveToInfrequentAccess(context: Context, row: ObjectRow): void {
  const { sql } = context
  const moved: ObjectRow = { ...row, storage_class: 'InfrequentAccess', moved_ms: context.now() }
  sql.exec(
    'UPDATE objects SET storage_class = ?, moved_ms = ?, due_ms = ? WHERE key = ?',
    moved.storage_class,
    moved.moved_ms,
    objectDueMs(context, moved),
    row.key,
  )
  const { size, metadata_bytes } = row
  count(sql, row.storage_class, { objects: -1, payloadBytes: -size, metadataBytes: -metadata_bytes })
  count(sql, moved.storage_class, { objects: 1, payloadBytes: size, metadataBytes: metadata_bytes })
}

/** Aborts open uploads that are due, and forgets finished ones. */
export function applyToUploads(context: Context): void {
  const due = context.sql
    .exec<UploadRow>('SELECT * FROM uploads WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', context.now(), UPLOADS_PER_ALARM)
    .toArray()
  for (const row of due) {
    const dueMs = row.state === 'open' ? uploadDueMs(context, row) : row.due_ms
    if (dueMs === null || dueMs > context.now()) {
      saveUploadDue(context, row)
      continue
    }
    if (row.state === 'open') abortOpenUpload(context, row)
    context.sql.exec('DELETE FROM uploads WHERE id = ?', row.id)
  }
}

/** Gives an object the date that rules, as they are now, say. */
export function saveObjectDue(context: Context, row: Pick<ObjectRow, 'key' | 'uploaded_ms' | 'storage_class' | 'due_ms'>): void {
  const dueMs = objectDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE objects SET due_ms = ? WHERE key = ?', dueMs, row.key)
}

/** Like {@link saveObjectDue}, for an open upload. */
export function saveUploadDue(context: Context, row: Pick<UploadRow, 'key' | 'created_ms' | 'id' | 'due_ms'>): void {
  const dueMs = uploadDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE uploads SET due_ms = ? WHERE id = ?', dueMs, row.id)
}
