import type { BlobSlice } from '../../../src/core/blob.ts'
import { type BlobPlan, type BlobRecord, storedSegments, type TierName } from '../../../src/core/blob.ts'
import { StoreError } from '../../../src/core/errors.ts'
import type { ByteSpan } from '../../../src/core/object.ts'
import type { BodyRest, BodySlices } from '../../../src/store/bucket-api.ts'
import type { Context } from '../context.ts'
import { discardAfterGrace } from './garbage.ts'
import { noticeKey } from './key-marker.ts'

/** The tier of a blob that consists of extents of other blobs. */
export const COMPOSITE = 'composite'

/**
 * How many slices one answer holds, and about how many bytes of inline blobs: an RPC message has a size limit, and memory is limited too.
 */
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
 * Inserts a stored blob with one reference.
 * @throws StoreError RequestTimeout when the blob exists already: its commit arrives a second time, another write has replaced its object
 * since, and something else still refers to its bytes
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

/** The tier that holds a blob's bytes. */
export function tierOf(sql: SqlStorage, blobId: string): string {
  const [row] = sql.exec<{ tier: string }>('SELECT tier FROM blobs WHERE id = ?', blobId).toArray()
  if (!row) throw new Error(`Blob ${blobId} is referred to but does not exist`)
  return row.tier
}

/**
 * Drops one reference, in the transaction of the change that ends it. A blob becomes garbage with its last reference. The cost does not
 * depend on its size: the alarm deletes the extents of a composite.
 */
export function dropReference(context: Context, blobId: string): void {
  const { sql } = context
  // One statement is enough in the usual case. A blob becomes garbage only once: a deleted row cannot be counted down again.
  const [row] = sql
    .exec<BlobRow>('DELETE FROM blobs WHERE id = ? AND refs <= 1 RETURNING id, size, tier, chunk_bytes, segment_bytes', blobId)
    .toArray()
  if (!row) {
    sql.exec('UPDATE blobs SET refs = refs - 1 WHERE id = ?', blobId)
    return
  }
  // The readers of an inline blob have received its bytes already: it needs no grace period.
  if (row.tier === 'inline') return
  discardAfterGrace(context, { id: row.id, kind: row.tier, segments: segmentsOf(row) })
}

/** The slices that make up `span` of a blob: the first {@link SLICES_PER_CALL} of them. Reads no row outside the span. */
export function slicesOf(sql: SqlStorage, blobId: string, span: ByteSpan): BodySlices {
  const [row] = sql.exec<BlobRow>('SELECT * FROM blobs WHERE id = ?', blobId)
  if (!row) throw new Error(`Blob ${blobId} is referred to but does not exist`)
  if (row.tier !== COMPOSITE) return { slices: [{ blob: toRecord(row), span }] }
  return compositeSlices(sql, { ownerId: blobId, span })
}

/** The next slices of a composite blob. It also works on a blob that is garbage, until the grace period ends. */
export function compositeSlices(sql: SqlStorage, { ownerId, span }: BodyRest): BodySlices {
  const end = span.offset + span.length
  const rows = sql.exec<BlobRow & { start: number; length: number; blob_offset: number }>(
    // Extents do not overlap, so one seek finds the row that holds the first byte: the last row that starts there or before.
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

/** How many parts an object was made of, and the number of the last part; `null` when that number is the count. */
interface PartCount {
  readonly parts: number
  readonly lastPart: number | null
}

/**
 * The span of a part in a body of several parts; `null` when no part has this number. Only the last part may be empty, and then it has no
 * extent. A part ends where the next one starts, so two seeks find its span: to add up the lengths of its extents, SQLite would read the
 * whole body.
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

interface PartsBehind {
  readonly after: number
  readonly limit: number
  readonly count: PartCount
  readonly size: number
}

/** Where parts with a greater number start in a body of several parts, in the order of their numbers. One seek finds each part. */
export function partStarts(
  sql: SqlStorage,
  blobId: string,
  { after, limit, count, size }: PartsBehind,
): { partNumber: number; start: number }[] {
  const found: { partNumber: number; start: number }[] = []
  for (let last = after; found.length < limit; ) {
    const [next] = sql
      .exec<{ partNumber: number; start: number }>(
        'SELECT part_number AS partNumber, start FROM extents WHERE owner_id = ? AND part_number > ? ORDER BY part_number, start LIMIT 1',
        blobId,
        last,
      )
      .toArray()
    if (!next) break
    found.push(next)
    last = next.partNumber
  }
  const empty = found.length < limit ? emptyPart(sql, blobId, count) : null
  if (empty !== null && empty > (found.at(-1)?.partNumber ?? after)) found.push({ partNumber: empty, start: size })
  return found
}

/**
 * The number that an empty last part would have; `null` when no part can be empty. Earlier versions did not store the last number of parts
 * whose numbers have gaps. For these objects the greatest number that has an extent decides: if it reaches the count of parts, no part is
 * taken for empty.
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

/** A blob in the form that crosses RPC. */
export function toRecord(row: BlobRow): BlobRecord {
  return {
    ...toPlan(row),
    wrappedKey: new Uint8Array(row.wrapped_key ?? []),
    keyId: row.key_id ?? '',
    ...(row.bytes && { inline: new Uint8Array(row.bytes) }),
  }
}
