import type { ListPosition } from '../../../core/listing.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { readCursor, writeCursor } from '../cursor.ts'
import { type ListObjectsQuery, type ObjectMeta, toObjectMeta } from './schemas.ts'

type ListCall = RestCall<{ params: 'bucket_name'; query: ListObjectsQuery; headers: JurisdictionHeader }>

/** How many pages without objects one answer may skip. */
const MAX_FOLDS = 20

/**
 * Returns one page of objects. A client of this API stops at an empty page, even if the page has a cursor. So a page that has only
 * delimited prefixes is merged with the next one.
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

/** Returns where the page starts. A cursor comes first: the previous page made it, so it is never before `start_after`. */
function startOf({ cursor, start_after }: ListObjectsQuery): ListPosition | undefined {
  if (cursor) return readCursor(cursor, isPosition)
  return start_after ? { key: start_after } : undefined
}

const isPosition = (value: unknown): value is ListPosition => {
  const { key, prefix } = (value ?? {}) as { key?: unknown; prefix?: unknown }
  return typeof key === 'string' || typeof prefix === 'string'
}
