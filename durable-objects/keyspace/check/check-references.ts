import type { Finding } from '../../../src/core/finding.ts'
import { sealedSegmentBytes } from '../../../src/core/read-plan.ts'
import { COMPOSITE, dropReference } from '../blobs/blobs.ts'
import type { Context } from '../context.ts'
import type { PageOptions, PhaseStep } from './check.ts'

const ROWS = 1000

type Row = {
  id: string
  refs: number
  size: number
  tier: string
  chunk_bytes: number
  segment_bytes: number
  inline_bytes: number | null
  extents_end: number | null
  seen: string | null
  found: number | null
}

/**
 * Adds the references that these rows hold to the counts. A blob whose references changed during the check stays uncounted: its count is
 * NULL.
 */
export function countReferences(sql: SqlStorage, rows: readonly { blob_id: string }[]): void {
  sql.exec(
    `INSERT INTO check_references (blob_id, found) SELECT value, count(*) FROM json_each(?) WHERE true GROUP BY value
     ON CONFLICT (blob_id) DO UPDATE SET found = found + excluded.found`,
    JSON.stringify(rows.map((row) => row.blob_id)),
  )
}

/** Checks that every blob has as many references as its row says, and that composite and inline blobs are as long as their rows say. */
export function checkReferences(context: Context, { after, repair }: PageOptions): PhaseStep {
  const { sql } = context
  const from = String(after?.[0] ?? '')
  const rows = sql
    .exec<Row>(
      `SELECT b.id, b.refs, b.size, b.tier, b.chunk_bytes, b.segment_bytes, length(b.bytes) AS inline_bytes, c.blob_id AS seen, c.found,
         CASE b.tier WHEN 'composite' THEN (SELECT start + length FROM extents WHERE owner_id = b.id ORDER BY start DESC LIMIT 1) END AS extents_end
       FROM blobs b LEFT JOIN check_references c ON c.blob_id = b.id WHERE b.id > ? ORDER BY b.id LIMIT ?`,
      from,
      ROWS,
    )
    .toArray()
  const findings = rows.flatMap((row) => [...miscounted(context, row, repair), ...misshapen(row)])
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  sql.exec('DELETE FROM check_references WHERE blob_id > ? AND (blob_id <= ? OR ?)', from, last?.id ?? '', last ? 0 : 1)
  return { report: { findings, checked: rows.length }, next: last && [last.id] }
}

function miscounted(context: Context, { id: blobId, refs, seen, found }: Row, repair: boolean): Finding[] {
  if (seen !== null && found === null) return []
  const counted = found ?? 0
  if (counted === refs && refs > 0) return []
  if (repair) {
    // A blob without references is deleted like one that lost its last reference.
    context.sql.exec('UPDATE blobs SET refs = ? WHERE id = ?', Math.max(counted, 1), blobId)
    if (counted === 0) dropReference(context, blobId)
  }
  return [{ problem: 'wrong-references', at: { blobId, recorded: refs, counted }, repaired: repair }]
}

function misshapen(row: Row): Finding[] {
  const { id: blobId, size, tier } = row
  if (tier === COMPOSITE) {
    const stored = row.extents_end ?? 0
    return stored === size ? [] : [{ problem: 'wrong-size', at: { blobId, recorded: size, stored }, repaired: false }]
  }
  if (tier !== 'inline') return []
  const expected = sealedSegmentBytes({ size, chunkBytes: row.chunk_bytes, segmentBytes: row.segment_bytes }, 0)
  if (row.inline_bytes === expected) return []
  if (row.inline_bytes === null) return [{ problem: 'missing-segment', at: { blobId, tier }, repaired: false }]
  return [{ problem: 'wrong-segment-length', at: { blobId, tier, expected, stored: row.inline_bytes }, repaired: false }]
}
