import {
  abortionOf,
  activeRules,
  DEFAULT_LIFECYCLE,
  expirationOf,
  type LifecycleAction,
  type LifecycleRule,
  nextAction,
} from '../../../src/core/lifecycle.ts'
import type { LifecycleDue } from '../../../src/core/object.ts'
import type { BucketSettings } from '../../../src/core/settings.ts'
import { preparedSetting } from '../../common/settings.ts'
import type { Context } from '../context.ts'
import type { ObjectRow, UploadRow } from '../rows.ts'
import { objectLockedUntil } from './locks.ts'

// Applies the bucket's current rules to a row. The rules are parsed once and cached, since every write uses them.

const rulesOf = (rules: BucketSettings['lifecycle'] | null) => activeRules(rules ?? DEFAULT_LIFECYCLE)

/** The rules that have an effect. */
export const activeLifecycle = (sql: SqlStorage): readonly LifecycleRule[] => preparedSetting(sql, 'lifecycle', rulesOf)

type DatedObject = Pick<ObjectRow, 'key' | 'uploaded_ms' | 'storage_class'>
type DatedUpload = Pick<UploadRow, 'key' | 'created_ms'>

/** When an object is deleted, as the header `x-amz-expiration` reports it. */
export const objectExpiration = (sql: SqlStorage, { key, uploaded_ms: uploadedMs }: DatedObject): LifecycleDue | undefined =>
  expirationOf(activeLifecycle(sql), { key, uploadedMs })

/** When an open upload is aborted. */
export const uploadAbortion = (sql: SqlStorage, { key, created_ms: createdMs }: DatedUpload): LifecycleDue | undefined =>
  abortionOf(activeLifecycle(sql), { key, createdMs })

/** The next action of the lifecycle rules for an object. A lock postpones a deletion. */
export function objectAction(context: Context, row: DatedObject): LifecycleAction | undefined {
  const { key, uploaded_ms: uploadedMs, storage_class: storageClass } = row
  return nextAction(activeLifecycle(context.sql), { key, uploadedMs, storageClass }, () => objectLockedUntil(context, row))
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
export function saveObjectDue(context: Context, row: Pick<ObjectRow, 'key' | 'uploaded_ms' | 'storage_class' | 'due_ms'>): void {
  const dueMs = objectDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE objects SET due_ms = ? WHERE key = ?', dueMs, row.key)
}

/** Like {@link saveObjectDue}, for an open upload. */
export function saveUploadDue(context: Context, row: Pick<UploadRow, 'key' | 'created_ms' | 'id' | 'due_ms'>): void {
  const dueMs = uploadDueMs(context, row)
  if (dueMs !== row.due_ms) context.sql.exec('UPDATE uploads SET due_ms = ? WHERE id = ?', dueMs, row.id)
}
