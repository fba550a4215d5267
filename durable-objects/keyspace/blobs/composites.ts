import { newBlobId } from '../../../src/core/blob.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { ByteSpan } from '../../../src/core/object.ts'
import { addReference, COMPOSITE } from './blobs.ts'

// Composite blobs consist of extents of other blobs. Their rows are written one by one, so that a body of many extents is never in memory
// as a whole.

/** How many rows are read at a time. */
const PAGE = 1000

/** An extent of a composite blob that is about to be inserted. */
export interface Extent {
  readonly blobId: string
  readonly offset: number
  readonly length: number
  readonly partNumber: number
  /** Whether the extent adds a reference to its blob; otherwise it takes over one that is already counted. */
  readonly isShared: boolean
}

/** A span of a blob, which may be all of it. */
export interface BlobSpan {
  readonly blobId: string
  readonly tier: string
  readonly span: ByteSpan
}

/** Inserts a composite blob with one reference, and returns its id. Every extent has at least one byte. */
export function insertComposite(sql: SqlStorage, extents: Iterable<Extent>): string {
  const id = newBlobId()
  const added = new Map<string, number>()
  let start = 0
  for (const { blobId, offset, length, partNumber, isShared } of joined(extents)) {
    sql.exec(
      'INSERT INTO extents (owner_id, start, length, blob_id, blob_offset, part_number) VALUES (?, ?, ?, ?, ?, ?)',
      id,
      start,
      length,
      blobId,
      offset,
      partNumber,
    )
    start += length
    if (isShared) added.set(blobId, (added.get(blobId) ?? 0) + 1)
  }
  for (const [blobId, count] of added) addReference(sql, blobId, count)
  sql.exec('INSERT INTO blobs (id, refs, size, tier, chunk_bytes, segment_bytes) VALUES (?, 1, ?, ?, 0, 0)', id, start, COMPOSITE)
  return id
}

/**
 * Joins extents that follow each other in one blob and in one part. A copy that is made range by range cuts a blob into extents; a copy of
 * that copy joins them again, so that copies of copies do not grow.
 */
function* joined(extents: Iterable<Extent>): Generator<Extent> {
  let last: Extent | undefined
  for (const extent of extents) {
    const follows =
      last?.isShared &&
      extent.isShared &&
      last.blobId === extent.blobId &&
      last.partNumber === extent.partNumber &&
      last.offset + last.length === extent.offset
    if (last && follows) last = { ...last, length: last.length + extent.length }
    else {
      if (last) yield last
      last = extent
    }
  }
  if (last) yield last
}

/** The extents that cover a span of a blob, for a copy by reference. Reads no row outside that span. */
export function* extentsOf(sql: SqlStorage, { blobId, tier, span }: BlobSpan, partNumber: number): Generator<Extent> {
  const end = span.offset + span.length
  if (tier !== COMPOSITE) {
    if (span.length > 0) yield { blobId, ...span, partNumber, isShared: true }
    return
  }
  for (let at = span.offset; at < end; ) {
    // Read all rows of the page first: between two of them the caller inserts rows into the same table.
    const rows = rowsOf(sql, blobId, { offset: at, length: end - at }, PAGE)
    if (rows.length === 0) return
    for (const { start, length, blob_id, blob_offset } of rows) {
      const [from, to] = [Math.max(at - start, 0), Math.min(end - start, length)]
      yield { blobId: blob_id, offset: blob_offset + from, length: to - from, partNumber, isShared: true }
      at = start + to
    }
  }
}

/**
 * Refuses, before any row is written, a composite of more extents than a Bucket can handle in one transaction.
 * @throws StoreError InvalidRequest
 */
export function checkExtents(sql: SqlStorage, spans: Iterable<BlobSpan>): void {
  let left: number = LIMITS.extents
  for (const { blobId, tier, span } of spans) {
    left -= tier === COMPOSITE ? countExtents(sql, blobId, span, left + 1) : 1
    if (left >= 0) continue
    throw new StoreError('InvalidRequest', {
      message: `The copies that this is made of consist of more than ${LIMITS.extents} pieces: upload some of the bytes instead.`,
    })
  }
}

type ExtentRow = { start: number; length: number; blob_id: string; blob_offset: number }

// Extents do not overlap, so one seek finds the row that holds the first byte: the last row that starts there or before.
const WITHIN = `FROM extents WHERE owner_id = ?1 AND start < ?3 AND start >= coalesce(
  (SELECT max(start) FROM extents WHERE owner_id = ?1 AND start <= ?2), 0)`

const rowsOf = (sql: SqlStorage, ownerId: string, { offset, length }: ByteSpan, limit: number): ExtentRow[] =>
  sql
    .exec<ExtentRow>(
      `SELECT start, length, blob_id, blob_offset ${WITHIN} ORDER BY start LIMIT ?4`,
      ownerId,
      offset,
      offset + length,
      limit,
    )
    .toArray()

/** Whether a composite begins with bytes of this blob. */
export const isExtentOf = (sql: SqlStorage, blobId: string, ownerId: string): boolean =>
  sql.exec('SELECT 1 FROM extents WHERE owner_id = ? AND start = 0 AND blob_id = ?', ownerId, blobId).toArray().length > 0

/** How many extents cover a span; counting stops at `limit`. */
const countExtents = (sql: SqlStorage, ownerId: string, { offset, length }: ByteSpan, limit: number): number =>
  sql.exec<{ n: number }>(`SELECT count(*) AS n FROM (SELECT 1 ${WITHIN} LIMIT ?4)`, ownerId, offset, offset + length, limit).one().n
