import {
  abortionOf,
  activeRules,
  DEFAULT_LIFECYCLE,
  expirationOf,
  type LifecycleAction,
  type LifecycleObject,
  type LifecycleRule,
  nextAction,
} from '../../../src/core/lifecycle.ts'
import type { LifecycleDue } from '../../../src/core/object.ts'
import type { BucketSettings } from '../../../src/core/settings.ts'
import { preparedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import { type ObjectRow, tagsOf, type UploadRow } from '../rows.ts'
import { objectLockedUntil } from './locks.ts'

// Applies the bucket's current rules to a row. The rules are parsed once and cached, since every write uses them.

const rulesOf = (rules: BucketSettings['lifecycle'] | null) => activeRules(rules ?? DEFAULT_LIFECYCLE)

/** The rules that have an effect. */
export const activeLifecycle = (sql: SqlStorage): readonly LifecycleRule[] => preparedSetting(sql, 'lifecycle', rulesOf)

/** The columns that lifecycle rules look at. */
export const DATED_COLUMNS = ['key', 'uploaded_ms', 'storage_class', 'size', 'tags'] as const
export type DatedObject = Pick<ObjectRow, (typeof DATED_COLUMNS)[number]>
type DatedUpload = Pick<UploadRow, 'key' | 'created_ms'>

/** When an object is deleted, as the header `x-amz-expiration` reports it. */
export const objectExpiration = (sql: SqlStorage, row: DatedObject): LifecycleDue | undefined =>
  expirationOf(activeLifecycle(sql), lifecycleObject(row))

const lifecycleObject = (row: DatedObject): LifecycleObject => ({
  key: row.key,
  uploadedMs: row.uploaded_ms,
  storageClass: row.storage_class,
  size: row.size,
  tags: tagsOf(row),
})

/** When an open upload is aborted. */
export const uploadAbortion = (sql: SqlStorage, { key, created_ms: createdMs }: DatedUpload): LifecycleDue | undefined =>
  abortionOf(activeLifecycle(sql), { key, createdMs })

/** The next action of the lifecycle rules for an object. A lock postpones a deletion. */
export function objectAction(context: Context, row: DatedObject): LifecycleAction | undefined {
  return nextAction(activeLifecycle(context.sql), lifecycleObject(row), () => objectLockedUntil(context, row))
}

/** Returns the value of `objects.due_ms`, and requests the alarm for that time. */
export function objectDueMs(context: Context, row: DatedObject): number | null {
  const dueMs = objectAction(context, row)?.dueMs ?? null
  if (dueMs !== null) context.wakeAt(dueMs)
  return dueMs
}

/** Returns the value of `uploads.due_ms` of an open upload, and requests the alarm for that time. */
export function uploadDueMs({ sql, wakeAt }: Context, row: DatedUpload): number | null {
  const dueMs = uploadAbortion(sql, row)?.dueMs ?? null
  if (dueMs !== null) wakeAt(dueMs)
  return dueMs
}

/** Gives an object the due date that the current rules say. */
export function saveObjectDue(context: Context, row: DatedObject & Pick<ObjectRow, 'due_ms'>): void {
  const dueMs = objectDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE objects SET due_ms = ? WHERE key = ?', dueMs, row.key)
}

/** Like {@link saveObjectDue}, for an open upload. */
export function saveUploadDue(context: Context, row: Pick<UploadRow, 'key' | 'created_ms' | 'id' | 'due_ms'>): void {
  const dueMs = uploadDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE uploads SET due_ms = ? WHERE id = ?', dueMs, row.id)
}
