import type { Context } from '../context.ts'
import { isBacklogged } from '../events/events.ts'
import { deleteObject } from '../objects/objects.ts'
import type { ObjectRow, UploadRow } from '../rows.ts'
import { abortOpenUpload } from '../uploads/uploads.ts'
import { Tally } from '../usage.ts'
import { objectAction, objectDueMs, uploadAbortion, uploadDueMs } from './lifecycle-due.ts'

// What the alarm does for lifecycle rules. An index finds what is due; what is to be done is decided anew, since rules may have
// changed. So the cost follows what is due, not what is stored.

/** How much one alarm does: it re-arms for the rest, so that the bucket is never held up for long. */
const OBJECTS_PER_ALARM = 500
const UPLOADS_PER_ALARM = 200

/** R2 deletes within a day. So long we wait while queues have more to be told than they take: no event is lost for a deletion. */
const PATIENCE_MS = 86_400_000

/** For how long what is due has to wait. */
export const patienceMs = (sql: SqlStorage): number => (isBacklogged(sql) ? PATIENCE_MS : 0)

/** Deletes objects that are due, or moves them to Infrequent Access. */
export function applyToObjects(context: Context): void {
  const { sql, now } = context
  const due = sql
    .exec<ObjectRow>('SELECT * FROM objects WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', now() - patienceMs(sql), OBJECTS_PER_ALARM)
    .toArray()
  const tally = new Tally()
  for (const row of due) {
    const next = objectAction(context, row)
    if (!next || next.dueMs > now()) saveObjectDue(context, row)
    else if (next.action === 'delete') deleteObject(context, row, { action: 'LifecycleDeletion', tally })
    else moveToInfrequentAccess(context, row, tally)
  }
  tally.write(sql)
}

/** The object stays the one it was: version, ETag and age do not change. */
function moveToInfrequentAccess(context: Context, row: ObjectRow, tally: Tally): void {
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
  tally.add(row.storage_class, { objects: -1, payloadBytes: -size, metadataBytes: -metadata_bytes })
  tally.add(moved.storage_class, { objects: 1, payloadBytes: size, metadataBytes: metadata_bytes })
}

/** Aborts open uploads that are due, and forgets finished ones. */
export function applyToUploads(context: Context): void {
  const { sql, now } = context
  const due = sql.exec<UploadRow>('SELECT * FROM uploads WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', now(), UPLOADS_PER_ALARM).toArray()
  for (const row of due) {
    const isOpen = row.state === 'open'
    const abortMs = isOpen ? uploadAbortion(sql, row)?.dueMs : undefined
    if (isOpen && (abortMs === undefined || abortMs > now())) {
      saveUploadDue(context, row)
      continue
    }
    if (isOpen) abortOpenUpload(context, row)
    sql.exec('DELETE FROM uploads WHERE id = ?', row.id)
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
