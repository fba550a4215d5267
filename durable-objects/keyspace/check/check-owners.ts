import type { Finding } from '../../../src/core/finding.ts'
import { COMPOSITE } from '../blobs/blobs.ts'
import { discard } from '../blobs/garbage.ts'
import type { Context } from '../context.ts'
import { UPLOAD } from '../uploads/uploads.ts'
import type { PageOptions, PhaseStep } from './check.ts'
import { countReferences } from './check-references.ts'

const ROWS = 1000
/** How many uploads one page has: each may have 10,000 parts to add up. */
const UPLOADS = 20

type PartRow = { upload_id: string; part_number: number; blob_id: string; size: number; blob_size: number | null; state: string | null }
type ExtentRow = {
  owner_id: string
  start: number
  length: number
  blob_id: string
  blob_offset: number
  owner: string | null
  blob_size: number | null
}

/** Checks that every part has a body of its size, and an upload that is open or listed as garbage. */
export function checkParts(context: Context, { after, repair }: PageOptions): PhaseStep {
  const { sql } = context
  const [fromId, fromNumber] = after ?? ['', 0]
  const rows = sql
    .exec<PartRow>(
      `SELECT p.upload_id, p.part_number, p.blob_id, p.size, b.size AS blob_size, u.state
       FROM parts p LEFT JOIN blobs b ON b.id = p.blob_id LEFT JOIN uploads u ON u.id = p.upload_id
       WHERE (p.upload_id, p.part_number) > (?, ?) ORDER BY p.upload_id, p.part_number LIMIT ?`,
      fromId,
      fromNumber,
      ROWS,
    )
    .toArray()
  countReferences(sql, rows)
  const ownerless = rows.filter(({ state }) => state !== 'open').map((row) => row.upload_id)
  const findings = [
    ...rows.flatMap(partFindings),
    ...abandoned(context, { ids: ownerless.filter((id) => id !== fromId), kind: UPLOAD, repair }),
  ]
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  return { report: { findings, checked: rows.length }, next: last && [last.upload_id, last.part_number] }
}

function partFindings({ upload_id: uploadId, part_number: partNumber, blob_id: blobId, size, blob_size: stored }: PartRow): Finding[] {
  if (stored === null) return [{ problem: 'part-without-blob', at: { uploadId, partNumber, blobId }, repaired: false }]
  return stored === size ? [] : [{ problem: 'wrong-size', at: { uploadId, partNumber, recorded: size, stored }, repaired: false }]
}

/** Checks that every open upload counts the bytes of its parts. */
export function checkUploads({ sql }: Context, { after, repair }: PageOptions): PhaseStep {
  const rows = sql
    .exec<{ id: string; state: string; bytes: number; counted: number }>(
      `SELECT id, state, bytes, (SELECT coalesce(sum(size), 0) FROM parts WHERE upload_id = uploads.id) AS counted
       FROM uploads WHERE id > ? ORDER BY id LIMIT ?`,
      after?.[0] ?? '',
      UPLOADS,
    )
    .toArray()
  const wrong = rows.filter(({ state, bytes, counted }) => state === 'open' && bytes !== counted)
  if (repair) for (const { id, counted } of wrong) sql.exec('UPDATE uploads SET bytes = ? WHERE id = ?', counted, id)
  const findings = wrong.map(({ id, bytes, counted }): Finding => {
    return { problem: 'wrong-usage', at: { uploadId: id, recorded: bytes, counted }, repaired: repair }
  })
  const last = rows.length === UPLOADS ? rows.at(-1) : undefined
  return { report: { findings, checked: rows.length }, next: last && [last.id] }
}

/**
 * Checks that every extent lies within its blob and starts where the one before it ends, and that its composite exists or is listed as
 * garbage.
 */
export function checkExtents(context: Context, { after, repair }: PageOptions): PhaseStep {
  const { sql } = context
  const [fromId, fromStart, fromEnd] = (after ?? ['', -1, 0]) as [string, number, number]
  const rows = sql
    .exec<ExtentRow>(
      `SELECT e.owner_id, e.start, e.length, e.blob_id, e.blob_offset, o.id AS owner, b.size AS blob_size
       FROM extents e LEFT JOIN blobs o ON o.id = e.owner_id LEFT JOIN blobs b ON b.id = e.blob_id
       WHERE (e.owner_id, e.start) > (?, ?) ORDER BY e.owner_id, e.start LIMIT ?`,
      fromId,
      fromStart,
      ROWS,
    )
    .toArray()
  countReferences(sql, rows)
  const findings: Finding[] = []
  let before = { id: fromId, end: fromEnd }
  for (const row of rows) {
    const expected = row.owner_id === before.id ? before.end : 0
    findings.push(...extentFindings(row, expected))
    before = { id: row.owner_id, end: row.start + row.length }
  }
  const ownerless = rows.filter(({ owner, owner_id }) => owner === null && owner_id !== fromId).map((row) => row.owner_id)
  findings.push(...abandoned(context, { ids: ownerless, kind: COMPOSITE, repair }))
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  return { report: { findings, checked: rows.length }, next: last && [last.owner_id, last.start, before.end] }
}

function extentFindings({ owner_id: ownerId, start, length, ...row }: ExtentRow, expected: number): Finding[] {
  const at = { ownerId, start, blobId: row.blob_id }
  const findings: Finding[] = []
  if (row.blob_size === null) findings.push({ problem: 'extent-without-blob', at, repaired: false })
  else if (row.blob_offset + length > row.blob_size) findings.push({ problem: 'extent-outside-blob', at, repaired: false })
  // The alarm deletes the extents of a dead composite from the front, so a gap there is no problem.
  if (row.owner !== null && start !== expected) findings.push({ problem: 'gap-in-composite', at: { ...at, expected }, repaired: false })
  return findings
}

/** Checks that nothing on the garbage list is in use. */
export function checkGarbage({ sql }: Context, { after, repair }: PageOptions): PhaseStep {
  const [fromMs, fromId] = after ?? [-1, '']
  const rows = sql
    .exec<{ due_ms: number; id: string; kind: string; used: number }>(
      `SELECT g.due_ms, g.id, g.tier AS kind, b.id IS NOT NULL OR u.state IS 'open' AS used
       FROM garbage g LEFT JOIN blobs b ON b.id = g.id LEFT JOIN uploads u ON u.id = g.id
       WHERE (g.due_ms, g.id) > (?, ?) ORDER BY g.due_ms, g.id LIMIT ?`,
      fromMs,
      fromId,
      ROWS,
    )
    .toArray()
  const used = rows.filter((row) => row.used)
  if (repair) for (const { due_ms, id } of used) sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', due_ms, id)
  const findings = used.map(({ id, kind }): Finding => ({ problem: 'garbage-in-use', at: { id, tier: kind }, repaired: repair }))
  const last = rows.length === ROWS ? rows.at(-1) : undefined
  return { report: { findings, checked: rows.length }, next: last && [last.due_ms, last.id] }
}

/** Reports rows whose owner neither exists nor is listed as garbage: the alarm would never delete them. A repair lists the owner. */
function abandoned(
  context: Context,
  { ids, kind, repair }: { ids: readonly string[]; kind: typeof COMPOSITE | typeof UPLOAD; repair: boolean },
): Finding[] {
  const owners = new Set(ids)
  if (owners.size === 0) return []
  const listed = context.sql.exec<{ id: string }>(
    'SELECT id FROM garbage WHERE id IN (SELECT value FROM json_each(?))',
    JSON.stringify([...owners]),
  )
  for (const { id } of listed) owners.delete(id)
  if (repair) for (const id of owners) discard(context, { id, kind, segments: 0 }, context.now())
  return [...owners].map(
    (id): Finding =>
      kind === COMPOSITE
        ? { problem: 'extents-without-owner', at: { ownerId: id }, repaired: repair }
        : { problem: 'parts-without-upload', at: { uploadId: id }, repaired: repair },
  )
}
