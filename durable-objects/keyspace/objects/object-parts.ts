import { StoreError } from '../../../src/core/errors.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { ObjectPart, ObjectParts, PartsOf } from '../../../src/store/bucket-api.ts'
import { partStarts } from '../blobs/blobs.ts'
import type { Context } from '../context.ts'
import type { ObjectRow } from '../rows.ts'
import { checkCustomerKey, findObject, headOf } from './objects.ts'

/**
 * The head of an object, and a page of the parts that it was made of. Reads one row a part.
 * @throws StoreError NoSuchKey, InvalidRequest, AccessDenied
 */
export function objectParts({ sql }: Context, { key, ssecKeyMd5, page }: PartsOf): ObjectParts {
  const row = findObject(sql, key)
  if (!row) throw new StoreError('NoSuchKey')
  checkCustomerKey(row, ssecKeyMd5)
  const head = headOf(sql, row)
  if (row.parts_count === null || !page) return { head }
  const list = partsBehind(sql, row, { after: page.after, limit: page.limit + 1 })
  return { head, parts: { list: list.slice(0, page.limit), truncated: list.length > page.limit } }
}

function partsBehind(sql: SqlStorage, row: ObjectRow, { after, limit }: NonNullable<PartsOf['page']>): ObjectPart[] {
  const { blob_id: blobId, size, parts_count: parts, last_part: lastPart } = row
  if (parts === 1) {
    const only = { partNumber: lastPart ?? LIMITS.partMin, size }
    return only.partNumber > after ? [only] : []
  }
  const starts = partStarts(sql, blobId, { after, limit: limit + 1, count: { parts: parts ?? 0, lastPart }, size })
  return starts.slice(0, limit).map(({ partNumber, start }, index) => ({ partNumber, size: (starts[index + 1]?.start ?? size) - start }))
}
