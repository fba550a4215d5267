import { StoreError } from '../../../src/core/errors.ts'
import { normalizeKey } from '../../../src/core/key.ts'
import type { ObjectHead } from '../../../src/core/object.ts'
import type { RenameObject } from '../../../src/store/bucket-api.ts'
import { replaceRow } from '../../common/insert-row.ts'
import type { Context } from '../context.ts'
import { noteEvent } from '../events/events.ts'
import { forgetImport } from '../imported.ts'
import type { ObjectRow } from '../rows.ts'
import { objectDueMs } from '../rules/lifecycle-due.ts'
import { checkUnlocked } from '../rules/locks.ts'
import { endCopyOf } from '../sippy/copies.ts'
import { bucketInfo } from '../state.ts'
import { Tally } from '../usage.ts'
import { checkConditions, checkOverwrite, findObject, headOf, releaseObject } from './objects.ts'

/**
 * Moves the row of an object to another key; its body keeps its reference. A lock on either object refuses, since the one loses its key
 * and the other its contents. The date stays, so the age of rules and locks goes on, and the due date is that of the new key. The customer's
 * key is needless: no byte is read. If a call arrives twice, the second one finds the version that the first one gave.
 */
export function renameObject(context: Context, { key, source, conditions, version }: RenameObject): ObjectHead {
  const { sql } = context
  const old = findObject(sql, key)
  if (old?.version === version) return headOf(sql, old)
  const row = findObject(sql, source.key)
  if (!row) throw new StoreError('NoSuchKey')
  checkConditions(source.conditions, row)
  checkUnlocked(context, row)
  checkOverwrite(context, old, conditions)
  forgetImport(context)
  endCopyOf(context, normalizeKey(key))
  const tally = new Tally()
  if (old && old.key !== row.key) releaseObject(context, old, tally)
  tally.write(sql)
  sql.exec('DELETE FROM objects WHERE key = ?', row.key)
  const normal = normalizeKey(key)
  const moved: ObjectRow = { ...row, key: normal, spelled: key === normal ? null : key, version }
  replaceRow(sql, 'objects', { ...moved, due_ms: objectDueMs(context, moved) } satisfies ObjectRow)
  if (row.key !== normal) noteMove(context, row, { ...moved, key })
  return headOf(sql, moved)
}

/** R2 has no event for a rename: it is a copy, and then a deletion. */
function noteMove(context: Context, from: ObjectRow, { key, size, etag }: Pick<ObjectRow, 'key' | 'size' | 'etag'>): void {
  const object = from.spelled ?? from.key
  noteEvent(context, { action: 'CopyObject', key, size, etag, copySource: { bucket: bucketInfo(context.sql).name, object } })
  noteEvent(context, { action: 'DeleteObject', key: object })
}
