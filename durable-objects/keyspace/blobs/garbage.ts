import { StoreError } from '../../../src/core/errors.ts'
import type { Begun } from '../../../src/store/bucket-api.ts'
import type { Context } from '../context.ts'

/** Something to delete later: see the table `garbage`. */
export interface Garbage {
  readonly id: string
  readonly tier: string
  readonly segments: number
}

/** The slowest upload that we wait for: 64 KiB a second, and an hour on top. */
const SLOWEST_BYTES_PER_MS = 64 * 1.024
const PATIENCE_MS = 3_600_000
/** Between the last moment of a commit or a write and the sweep: clocks of two machines differ, and D1 may work for half a minute. */
const MARGIN_MS = 60_000

/** Puts something on the list of what the alarm deletes at `dueMs`. */
export function discard(context: Context, garbage: Garbage, dueMs: number): void {
  context.sql.exec(
    'INSERT OR REPLACE INTO garbage (due_ms, id, tier, segments) VALUES (?, ?, ?, ?)',
    dueMs,
    garbage.id,
    garbage.tier,
    garbage.segments,
  )
  context.wakeAt(dueMs)
}

/** Lists dead bytes after the grace period that lets reads in flight finish. */
export function discardAfterGrace(context: Context, garbage: Garbage): void {
  discard(context, garbage, context.now() + context.config.graceMs)
}

/** Journals a blob before its first byte: unless a commit takes the entry away, the alarm sweeps it. */
export function journal(context: Context, garbage: Garbage, size: number): Begun {
  const deadlineMs = context.now() + PATIENCE_MS + Math.ceil(size / SLOWEST_BYTES_PER_MS)
  discard(context, garbage, deadlineMs + MARGIN_MS)
  return { deadlineMs }
}

/**
 * Takes a journalled blob off the list, in the transaction that publishes it.
 * @throws StoreError RequestTimeout when the sweeper has or may have been there.
 */
export function redeem(context: Context, blobId: string, begun: Begun): void {
  const { rowsWritten } = context.sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', begun.deadlineMs + MARGIN_MS, blobId)
  if (rowsWritten === 0 || context.now() > begun.deadlineMs) throw new StoreError('RequestTimeout')
}

/**
 * The writer gave up: its blob is swept soon, but not at once, since a write that failed for us may still arrive. A blob that is
 * no longer on the list was committed after all, and stays, or was swept already: then it is swept again, since a segment that
 * took long to arrive may have come behind the sweep.
 */
export function abandon(context: Context, garbage: Garbage, begun: Begun): void {
  const { sql } = context
  const { rowsWritten } = sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', begun.deadlineMs + MARGIN_MS, garbage.id)
  if (rowsWritten > 0) discard(context, garbage, context.now() + MARGIN_MS)
  else if (sql.exec('SELECT 1 FROM blobs WHERE id = ?', garbage.id).toArray().length === 0) discardAfterGrace(context, garbage)
}
