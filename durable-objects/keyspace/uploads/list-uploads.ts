import { compareUtf8, normalizeKey } from '../../../src/core/key.ts'
import type { ListPage, ListUploadsQuery } from '../../../src/core/listing.ts'
import type { UploadHead } from '../../../src/core/multipart.ts'
import { inBatches, walk } from '../objects/listing.ts'
import { toUploadHead, type UploadRow } from '../rows.ts'
import { findUpload } from './uploads.ts'

/** One page of open uploads, by key and then by age. */
export function listUploads(sql: SqlStorage, query: ListUploadsQuery): ListPage<UploadHead> {
  const marker =
    query.after && 'key' in query.after && query.afterUploadId ? markedUpload(sql, query.after.key, query.afterUploadId) : undefined
  // The younger uploads of the marker's key come after it: so the scan starts at that key and skips the older ones.
  const after = marker ? undefined : query.after
  const page = walk<UploadRow>({
    ...query,
    after,
    scan: (from, end) =>
      inBatches<UploadRow>(query, (behind, limit) => {
        if (behind) return scanBehind(sql, { key: behind.key, createdMs: behind.created_ms, id: behind.id }, { end, limit })
        const skips = marker && from.inclusive && compareUtf8(from.key, marker.key) <= 0
        return skips ? scanBehind(sql, marker, { end, limit }) : scanUploads(sql, from, { end, limit })
      }),
  })
  return { ...page, items: page.items.map(toUploadHead) }
}

/** Where a scan ends. */
interface Ending {
  readonly end: string | null
  readonly limit: number
}

function scanUploads(sql: SqlStorage, from: { key: string; inclusive: boolean }, { end, limit }: Ending): UploadRow[] {
  return sql
    .exec<UploadRow>(
      `SELECT * FROM uploads WHERE state = 'open' AND key ${from.inclusive ? '>=' : '>'} ?1 ${end === null ? '' : 'AND key < ?2'}
     ORDER BY key, created_ms, id LIMIT ?`,
      ...(end === null ? [from.key, limit] : [from.key, end, limit]),
    )
    .toArray()
}

function scanBehind(sql: SqlStorage, marker: UploadMarker, { end, limit }: Ending): UploadRow[] {
  return sql
    .exec<UploadRow>(
      `SELECT * FROM uploads WHERE state = 'open' AND (key, created_ms, id) > (?1, ?2, ?3) ${end === null ? '' : 'AND key < ?4'}
     ORDER BY key, created_ms, id LIMIT ?`,
      ...[marker.key, marker.createdMs, marker.id],
      ...(end === null ? [limit] : [end, limit]),
    )
    .toArray()
}

interface UploadMarker {
  readonly key: string
  readonly createdMs: number
  readonly id: string
}

/** The position of a marker. If its upload does not exist, the position is behind all uploads of its key. */
function markedUpload(sql: SqlStorage, spelled: string, id: string): UploadMarker {
  const key = normalizeKey(spelled)
  const row = findUpload(sql, { key, uploadId: id })
  return { key, createdMs: row?.created_ms ?? Number.MAX_SAFE_INTEGER, id }
}
