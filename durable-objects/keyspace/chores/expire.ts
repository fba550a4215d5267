import type { Context } from '../context.ts'
import { isBacklogged } from '../events/events.ts'
import { moveObject } from '../objects/move-objects.ts'
import { deleteObject } from '../objects/objects.ts'
import type { ObjectRow, UploadRow } from '../rows.ts'
import { objectAction, saveObjectDue, saveUploadDue, uploadAbortion } from '../rules/lifecycle-due.ts'
import { isWalking, walkLifecycle } from '../rules/lifecycle-walk.ts'
import { isImporting } from '../state.ts'
import { abortOpenUpload } from '../uploads/uploads.ts'
import { Tally } from '../usage.ts'

// The work of the alarm for lifecycle rules. An index finds the rows that are due. The action is computed again from the current rules,
// since they may have changed. So the cost depends on how many rows are due, not on how many are stored.

/** How much one alarm does. The next alarm does the rest, so that the bucket is never blocked for long. */
const OBJECTS_PER_ALARM = 500
const UPLOADS_PER_ALARM = 200

/**
 * R2 deletes an object within a day after it is due. So a deletion waits a day while messages for a queue pile up: its own message could
 * push others out.
 */
const BACKLOG_DELAY_MS = 86_400_000

/** How long an object that is due has to wait for the queues. */
const backlogDelayMs = (sql: SqlStorage): number => (isBacklogged(sql) ? BACKLOG_DELAY_MS : 0)

/**
 * Applies the rules that are due, and deletes the rows of finished uploads. Does nothing during an import: an object that is still to be
 * imported may share its body with an object that is due.
 */
export function expire(context: Context): void {
  if (isImporting(context.sql)) return
  walkLifecycle(context)
  applyToUploads(context)
  applyToObjects(context)
}

/** When {@link expire} has something to do; `null` when nothing waits. */
export function nextExpiryMs({ sql, now }: Context): number | null {
  if (isImporting(sql)) return null
  if (isWalking(sql)) return now()
  const { upload, object } = sql
    .exec<Record<'upload' | 'object', number | null>>(
      `SELECT (SELECT min(due_ms) FROM uploads WHERE due_ms IS NOT NULL) AS upload,
              (SELECT min(due_ms) FROM objects WHERE due_ms IS NOT NULL) AS object`,
    )
    .one()
  const times = [upload, object && object + backlogDelayMs(sql)].filter((time) => time !== null)
  return times.length === 0 ? null : Math.min(...times)
}

/** Deletes objects that are due, or moves them to Infrequent Access. */
export function applyToObjects(context: Context): void {
  const { sql, now } = context
  const due = sql
    .exec<ObjectRow>('SELECT * FROM objects WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', now() - backlogDelayMs(sql), OBJECTS_PER_ALARM)
    .toArray()
  const tally = new Tally()
  for (const row of due) {
    const next = objectAction(context, row)
    if (!next || next.dueMs > now()) saveObjectDue(context, row)
    else if (next.action === 'delete') deleteObject(context, row, { action: 'LifecycleDeletion', tally })
    else moveObject(context, row, 'InfrequentAccess', tally)
  }
  tally.write(sql)
}

/** Aborts open uploads that are due, and deletes the rows of finished ones. */
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
