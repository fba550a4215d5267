import { StoreError } from '../../../src/core/errors.ts'
import { tagsSize } from '../../../src/core/tags.ts'
import type { PutObjectTags, TaggedObject } from '../../../src/store/bucket-api.ts'
import type { Context } from '../context.ts'
import { forgetImport } from '../imported.ts'
import { type ObjectRow, tagsOf, toJson } from '../rows.ts'
import { objectDueMs } from '../rules/lifecycle-due.ts'
import { count } from '../usage.ts'
import { findObject } from './objects.ts'

/**
 * The tags of an object, and its version.
 * @throws StoreError NoSuchKey
 */
export function objectTags({ sql }: Context, { key }: { readonly key: string }): TaggedObject {
  const row = foundObject(sql, key)
  return { tags: tagsOf(row), version: row.version }
}

/**
 * Replaces the tags of an object. Version, ETag and date stay. Lifecycle rules may select the object by its tags, so its due date is computed
 * again. A locked object can be tagged: locks protect bytes, and they also postpone every deletion by a rule.
 * @throws StoreError NoSuchKey
 */
export function putObjectTags(context: Context, { key, tags }: PutObjectTags): TaggedObject {
  const { sql } = context
  const old = foundObject(sql, key)
  const grownBytes = tagsSize(tags) - tagsSize(tagsOf(old))
  const row: ObjectRow = { ...old, tags: toJson(tags), metadata_bytes: old.metadata_bytes + grownBytes }
  if (row.tags === old.tags) return { tags, version: row.version }
  forgetImport(context)
  const change = [row.tags, row.metadata_bytes, objectDueMs(context, row), row.key]
  sql.exec('UPDATE objects SET tags = ?, metadata_bytes = ?, due_ms = ? WHERE key = ?', ...change)
  if (grownBytes !== 0) count(sql, row.storage_class, { metadataBytes: grownBytes })
  return { tags, version: row.version }
}

function foundObject(sql: SqlStorage, key: string): ObjectRow {
  const row = findObject(sql, key)
  if (!row) throw new StoreError('NoSuchKey')
  return row
}
