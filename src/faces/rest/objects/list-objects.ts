import type { ListPosition } from '../../../core/listing.ts'
import { type Answer, bucketOf, type Call } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { type ListObjectsQuery, type ObjectMeta, toObjectMeta } from './schemas.ts'

type ListCall = Call<{ params: 'bucket_name'; query: ListObjectsQuery; headers: JurisdictionHeader }>

/** How many pages without a single object one answer may fold together. */
const MAX_FOLDS = 20

/**
 * One page of objects. A client of this API stops at an empty page, whatever its cursor says, so that pages which hold
 * nothing but delimited prefixes are folded into one with the next.
 */
export async function listObjects(call: ListCall): Promise<Answer<ObjectMeta[]>> {
  const { query, store } = call
  const { prefix, delimiter = '', per_page: limit } = query
  let after = startOf(query)
  const delimited: string[] = []
  for (let fold = 1; ; fold++) {
    const page = await store.listObjects(bucketOf(call), { prefix, delimiter: delimiter || undefined, after, limit, includeMetadata: true })
    delimited.push(...page.delimitedPrefixes)
    after = page.last
    if (page.items.length === 0 && page.truncated && fold < MAX_FOLDS) continue
    const cursor = page.truncated && after ? writeCursor(after) : ''
    return {
      result: page.items.map(toObjectMeta),
      info: { cursor, is_truncated: page.truncated, per_page: limit, delimited },
    }
  }
}

/** A cursor was made by the page before and is never behind `start_after`. */
function startOf({ cursor, start_after }: ListObjectsQuery): ListPosition | undefined {
  if (cursor) return readCursor(cursor, isPosition)
  return start_after ? { key: start_after } : undefined
}

const isPosition = (value: unknown): value is ListPosition => {
  const { key, prefix } = (value ?? {}) as { key?: unknown; prefix?: unknown }
  return typeof key === 'string' || typeof prefix === 'string'
}
