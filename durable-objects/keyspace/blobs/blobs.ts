import type { BlobSlice } from '../../../src/core/blob.ts'
import { type BlobPlan, type BlobRecord, storedSegments, type TierName } from '../../../src/core/blob.ts'
import { StoreError } from '../../../src/core/errors.ts'
import type { ByteSpan } from '../../../src/core/object.ts'
import type { BodyRest, BodySlices } from '../../../src/store/bucket-api.ts'
import type { Context } from '../context.ts'
import { discardAfterGrace } from './garbage.ts'
import { noticeKey } from './key-marker.ts'

/** The tier of a blob that is made of slices of others. */
export const COMPOSITE = 'composite'

/** How many slices one answer carries, and how many bytes of inline blobs about: an RPC message has a limit, and memory, too. */
const SLICES_PER_CALL = 500
const INLINE_BYTES_PER_CALL = 8 * 1024 * 1024

export type BlobRow = {
  id: string
  refs: number
  size: number
  tier: string
  chunk_bytes: number
  segment_bytes: number
  wrapped_key: ArrayBuffer | null
  key_id: string | null
  bytes: ArrayBuffer | null
}

/**
 * Inserts a stored blob that one thing refers to.
 * @throws StoreError RequestTimeout for a commit that arrives again when its key has another object and its body another user
 */
export function insertBlob(context: Context, blob: BlobRecord): void {
  const { rowsWritten } = context.sql.exec(
    `INSERT OR IGNORE INTO blobs (id, refs, size, tier, chunk_bytes, segment_bytes, wrapped_key, key_id, bytes)
     VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?)`,
    blob.id,
    blob.size,
    blob.tier,
    blob.chunkBytes,
    blob.segmentBytes,
    blob.wrappedKey,
    blob.keyId,
    blob.inline ?? null,
  )
  if (rowsWritten === 0) throw new StoreError('RequestTimeout')
  noticeKey(context, blob.keyId)
}

export function addReference(sql: SqlStorage, blobId: string, count = 1): void {
  sql.exec('UPDATE blobs SET refs = refs + ? WHERE id = ?', count, blobId)
}

/** Where a blob's bytes are. */
export function tierOf(sql: SqlStorage, blobId: string): string {
  const [row] = sql.exec<{ tier: string }>('SELECT tier FROM blobs WHERE id = ?', blobId).toArray()
  if (!row) throw new Error(`Blob ${blobId} is referred to but does not exist`)
  return row.tier
}

/**
 * Drops one reference, inside the transaction of the change that no longer needs it. The last one makes the blob garbage:
 * at a cost that does not depend on its size, since the extents of a composite are left to the alarm.
 */
export function dropReference(context: Context, blobId: string): void {
  const { sql } = context
  // One statement for the usual case. A blob is never listed as garbage twice: what is gone has no row to count down either.
  const [row] = sql
    .exec<BlobRow>('DELETE FROM blobs WHERE id = ? AND refs <= 1 RETURNING id, size, tier, chunk_bytes, segment_bytes', blobId)
    .toArray()
  if (!row) {
    sql.exec('UPDATE blobs SET refs = refs - 1 WHERE id = ?', blobId)
    return
  }
  // Readers of an inline blob hold its bytes already.
  if (row.tier === 'inline') return
  discardAfterGrace(context, { id: row.id, tier: row.tier, segments: segmentsOf(row) })
}

/** The slices of `span` of a blob, the first {@link SLICES_PER_CALL} of them. Reads no row outside the span. */
export function slicesOf(sql: SqlStorage, blobId: string, span: ByteSpan): BodySlices {
  const [row] = sql.exec<BlobRow>('SELECT * FROM blobs WHERE id = ?', blobId)
  if (!row) throw new Error(`Blob ${blobId} is referred to but does not exist`)
  if (row.tier !== COMPOSITE) return { slices: [{ blob: toRecord(row), span }] }
  return compositeSlices(sql, { ownerId: blobId, span })
}

/** The next slices of a composite body. Works on one that is garbage already, as long as its grace lasts. */
export function compositeSlices(sql: SqlStorage, { ownerId, span }: BodyRest): BodySlices {
  const end = span.offset + span.length
  const rows = sql.exec<BlobRow & { start: number; length: number; blob_offset: number }>(
    // The row that holds the first byte starts at or before it: found by one seek, since rows do not overlap.
    `SELECT e.start, e.length, e.blob_offset, b.* FROM extents e JOIN blobs b ON b.id = e.blob_id
     WHERE e.owner_id = ?1 AND e.start < ?3 AND e.start >= coalesce(
       (SELECT max(start) FROM extents WHERE owner_id = ?1 AND start <= ?2), 0)
     ORDER BY e.start LIMIT ?4`,
    ownerId,
    span.offset,
    Math.max(end, span.offset + 1),
    SLICES_PER_CALL + 1,
  )
  const slices: BlobSlice[] = []
  let inlineBytes = 0
  for (const row of rows) {
    if (slices.length === SLICES_PER_CALL || inlineBytes >= INLINE_BYTES_PER_CALL) {
      return { slices, rest: { ownerId, span: { offset: row.start, length: end - row.start } } }
    }
    const from = Math.max(span.offset - row.start, 0)
    const to = Math.min(end - row.start, row.length)
    slices.push({ blob: toRecord(row), span: { offset: row.blob_offset + from, length: to - from } })
    inlineBytes += row.bytes?.byteLength ?? 0
  }
  return { slices }
}

/** How an object was put together: how many parts, and the number of the last one where that is another. */
interface PartCount {
  readonly parts: number
  readonly lastPart: number | null
}

/**
 * Where a part lies in a body of several parts; `null` when no part has this number. Only the last one may be empty, and then has
 * no extent. Two seeks, since parts follow each other: SQLite would walk the whole body to sum up the lengths of one part.
 */
export function partSpan(sql: SqlStorage, blobId: string, partNumber: number, count: PartCount): ByteSpan | null {
  const { start, next, size } = sql
    .exec<{ start: number | null; next: number | null; size: number }>(
      `SELECT size, (SELECT start FROM extents WHERE owner_id = ?1 AND part_number = ?2 ORDER BY start LIMIT 1) AS start,
              (SELECT start FROM extents WHERE owner_id = ?1 AND part_number > ?2 ORDER BY part_number, start LIMIT 1) AS next
       FROM blobs WHERE id = ?1`,
      blobId,
      partNumber,
    )
    .one()
  if (start !== null) return { offset: start, length: (next ?? size) - start }
  return partNumber === emptyPart(sql, blobId, count) ? { offset: size, length: 0 } : null
}

/**
 * The number that an empty last part would have. Objects of earlier versions did not note it where numbers have gaps: then a part
 * with a number beyond their count has an extent, and none is taken for empty.
 */
function emptyPart(sql: SqlStorage, blobId: string, { parts, lastPart }: PartCount): number | null {
  if (lastPart !== null) return lastPart
  const { greatest } = sql
    .exec<{ greatest: number | null }>('SELECT max(part_number) AS greatest FROM extents WHERE owner_id = ?', blobId)
    .one()
  return (greatest ?? 0) < parts ? parts : null
}

const segmentsOf = (row: BlobRow): number => (row.tier === COMPOSITE ? 0 : storedSegments(toPlan(row)))

const toPlan = (row: BlobRow): BlobPlan => ({
  id: row.id,
  size: row.size,
  tier: row.tier as TierName,
  chunkBytes: row.chunk_bytes,
  segmentBytes: row.segment_bytes,
})

/** A blob as it crosses a stub. */
export function toRecord(row: BlobRow): BlobRecord {
  return {
    ...toPlan(row),
    wrappedKey: new Uint8Array(row.wrapped_key ?? []),
    keyId: row.key_id ?? '',
    ...(row.bytes && { inline: new Uint8Array(row.bytes) }),
  }
}
