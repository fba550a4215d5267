import { storedSegments } from '../../../src/core/blob.ts'
import type { Step } from '../../../src/core/step.ts'
import type { RewrappedBlobKey } from '../../../src/segments/rewrap.ts'
import type { BlobsCursor, BlobsPage, BlobsQuery, KeysQuery, KnownBlobs } from '../../../src/store/maintenance/maintenance-api.ts'
import type { Context } from '../context.ts'
import { isImporting } from '../state.ts'
import { type BlobRow, COMPOSITE, toRecord } from './blobs.ts'

/** One page of stored blobs by id. */
export function listBlobs(
  sql: SqlStorage,
  { after, limit, inline = false, upTo = lastBlobId(sql) }: BlobsQuery,
): Step<BlobsCursor, BlobsPage> {
  const rows = sql
    .exec<BlobRow>(
      `SELECT id, refs, size, tier, chunk_bytes, segment_bytes, wrapped_key, key_id, ${inline ? 'bytes' : 'NULL AS bytes'}
       FROM blobs WHERE id > ? AND id <= ? AND tier <> ? ORDER BY id LIMIT ?`,
      after,
      upTo,
      COMPOSITE,
      limit + 1,
    )
    .toArray()
  const blobs = rows.slice(0, limit).map(toRecord)
  const last = rows.length > limit ? blobs.at(-1) : undefined
  return { report: { blobs, upTo }, next: last && { after: last.id, upTo } }
}

const lastBlobId = (sql: SqlStorage): string => sql.exec<{ id: string | null }>('SELECT max(id) AS id FROM blobs').one().id ?? ''

/** Returns which of these blobs are in use, journalled, or waiting for the sweep. */
export function knownBlobs({ sql, now }: Context, blobIds: readonly string[]): KnownBlobs {
  // During an import no blob is an orphan: a later line may refer to it.
  if (isImporting(sql)) return { segments: Object.fromEntries(blobIds.map((id) => [id, null])), exists: true, nowMs: now() }
  const asked = JSON.stringify(blobIds)
  const alive = sql.exec<BlobRow>(
    `SELECT id, refs, size, tier, chunk_bytes, segment_bytes, NULL AS wrapped_key, NULL AS key_id, NULL AS bytes
     FROM blobs WHERE id IN (SELECT value FROM json_each(?))`,
    asked,
  )
  const segments: Record<string, number | null> = {}
  for (const row of alive) segments[row.id] = row.tier === COMPOSITE ? 0 : storedSegments(toRecord(row))
  // The garbage list has no index by id, because only this query would use one.
  if (blobIds.some((id) => !(id in segments))) {
    const listed = sql.exec<{ id: string }>('SELECT id FROM garbage WHERE id IN (SELECT value FROM json_each(?))', asked)
    for (const { id } of listed) segments[id] ??= null
  }
  return { segments, exists: true, nowMs: now() }
}

/**
 * Replaces wrapped data keys by the same data keys under another master key. A key is replaced only if its row still has `oldKeyId`.
 * Returns how many were replaced.
 */
export function rewrapKeys(sql: SqlStorage, keys: readonly RewrappedBlobKey[]): number {
  let swapped = 0
  for (const { blobId, oldKeyId, wrappedKey, keyId } of keys) {
    const update = 'UPDATE blobs SET wrapped_key = ?, key_id = ? WHERE id = ? AND key_id = ? RETURNING 1'
    swapped += sql.exec(update, wrappedKey, keyId, blobId, oldKeyId).toArray().length
  }
  return swapped
}

/** How many objects one step reads: each may consist of thousands of extents. */
const OBJECTS_PER_STEP = 200

/** The keys of objects whose body is one of these blobs, or a composite that refers to one of them. */
export function keysOf(sql: SqlStorage, { blobIds, after }: KeysQuery): Step<string, readonly string[]> {
  const rows = sql
    .exec<{ key: string; used: number }>(
      `SELECT key, blob_id IN (SELECT value FROM json_each(?1)) OR EXISTS (
         SELECT 1 FROM extents WHERE owner_id = objects.blob_id AND extents.blob_id IN (SELECT value FROM json_each(?1))) AS used
       FROM objects WHERE key > ?2 ORDER BY key LIMIT ?3`,
      JSON.stringify(blobIds),
      after,
      OBJECTS_PER_STEP,
    )
    .toArray()
  const keys = rows.filter(({ used }) => used).map(({ key }) => key)
  return { report: keys, next: rows.length === OBJECTS_PER_STEP ? rows.at(-1)?.key : undefined }
}
