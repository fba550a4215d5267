import type { TierName } from '../../../src/core/blob.ts'
import type { Tiers } from '../../../src/segments/tier.ts'
import { COMPOSITE, dropReference } from '../blobs/blobs.ts'
import { discard, type Garbage } from '../blobs/garbage.ts'
import type { Context } from '../context.ts'
import { UPLOAD } from '../uploads/uploads.ts'

/** How much one alarm does. The next alarm does the rest, so that the bucket is never blocked for long. */
const ENTRIES_PER_ALARM = 200
const ROWS_PER_ALARM = 2000
const SEGMENTS_PER_ALARM = 200
const RETRY_MS = 60_000

type Due = Garbage & { due_ms: number }

/**
 * Deletes the garbage that is due: first the bytes, then the entry, so that after a crash in between the deletion is only repeated. A
 * commit cannot redeem an entry that is due, so that a sweep and a commit never meet.
 */
export async function sweep(context: Context, storage: DurableObjectStorage, tiers: Tiers): Promise<void> {
  const due = context.sql
    .exec<Due & Record<string, SqlStorageValue>>(
      'SELECT due_ms, id, tier AS kind, segments FROM garbage WHERE due_ms <= ? ORDER BY due_ms LIMIT ?',
      context.now(),
      ENTRIES_PER_ALARM,
    )
    .toArray()
  const budget = { rows: ROWS_PER_ALARM, segments: SEGMENTS_PER_ALARM }
  const batched: Due[] = []
  for (const entry of due) {
    if (budget.rows <= 0 || budget.segments <= 0) break
    if (!isListed(context, entry)) continue
    if (entry.kind === COMPOSITE || entry.kind === UPLOAD) {
      storage.transactionSync(() => {
        budget.rows -= releaseOwned(context, entry, budget.rows)
      })
    } else if (!batchesDeletes(tiers, entry)) budget.segments -= await deleteSegments(context, tiers, [entry], budget.segments)
    else {
      batched.push(entry)
      budget.segments -= Math.max(entry.segments, 1)
    }
  }
  // One call deletes all blobs of a database.
  for (const entries of Map.groupBy(batched, ({ kind }) => kind).values()) {
    const listed = entries.filter((entry) => isListed(context, entry))
    if (listed.length > 0) await deleteSegments(context, tiers, listed)
  }
}

/**
 * Whether the bytes of an entry are deleted together with those of others. Where each segment needs a call, blobs are deleted one by one,
 * and a call that fails delays only its own blob. A tier that is not there fails at the deletion, which is retried later.
 */
function batchesDeletes(tiers: Tiers, { kind }: Due): boolean {
  try {
    return tiers(kind as TierName).batchesDeletes
  } catch {
    return true
  }
}

/** Whether an entry is still listed: while the sweep waited for other deletions, an import may have brought the blob back. */
const isListed = ({ sql }: Context, { due_ms, id }: Due): boolean =>
  sql.exec('SELECT 1 FROM garbage WHERE due_ms = ? AND id = ?', due_ms, id).toArray().length > 0

/** When the first entry of the garbage list is due; `null` when the list is empty. */
export const nextGarbageMs = (sql: SqlStorage): number | null =>
  sql.exec<{ due_ms: number | null }>('SELECT min(due_ms) AS due_ms FROM garbage').one().due_ms

/**
 * Drops the references that the extents of a dead composite, or the parts of a finished upload, hold. Returns how many rows it read or
 * wrote.
 */
function releaseOwned(context: Context, { id, kind, due_ms }: Due, limit: number): number {
  const { sql } = context
  const [table, owner, member] = kind === COMPOSITE ? ['extents', 'owner_id', 'start'] : ['parts', 'upload_id', 'part_number']
  const rows = sql
    .exec<{ blob_id: string; member: number }>(
      `SELECT blob_id, ${member} AS member FROM ${table} WHERE ${owner} = ? ORDER BY ${member} LIMIT ?`,
      id,
      limit,
    )
    .toArray()
  for (const row of rows) dropReference(context, row.blob_id)
  const last = rows.at(-1)
  if (last) sql.exec(`DELETE FROM ${table} WHERE ${owner} = ? AND ${member} <= ?`, id, last.member)
  if (rows.length < limit) sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', due_ms, id)
  return rows.length + 1
}

/** Deletes segments of blobs of one tier: of each blob at most `limit`, from the last one down. Returns how many. */
async function deleteSegments(context: Context, tiers: Tiers, entries: readonly Due[], limit = Number.POSITIVE_INFINITY): Promise<number> {
  const ranges = entries.map(({ id, segments }) => ({ blobId: id, from: Math.max(segments - limit, 0), to: segments }))
  try {
    await tiers(entries[0]!.kind as TierName).delete(ranges)
    for (const [index, entry] of entries.entries()) shorten(context, entry, ranges[index]!.from)
  } catch (error) {
    console.warn(`Sweep: segments of ${entries.map(({ id }) => id).join(', ')} could not be deleted, trying again later:`, error)
    for (const entry of entries) postpone(context, entry, context.now() + RETRY_MS)
  }
  return ranges.reduce((sum, { from, to }) => sum + Math.max(to - from, 1), 0)
}

/** Records that a blob's segments from number `from` on are deleted. */
function shorten({ sql }: Context, { due_ms, id }: Due, from: number): void {
  if (from === 0) sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', due_ms, id)
  else sql.exec('UPDATE garbage SET segments = ? WHERE due_ms = ? AND id = ?', from, due_ms, id)
}

function postpone(context: Context, entry: Due, dueMs: number): void {
  context.sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', entry.due_ms, entry.id)
  discard(context, entry, dueMs)
}
