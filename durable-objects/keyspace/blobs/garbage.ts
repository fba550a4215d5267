import { StoreError } from '../../../src/core/errors.ts'
import { SLOWEST_BYTES_PER_MS } from '../../../src/core/timeout.ts'
import type { Begun } from '../../../src/store/bucket-api.ts'
import { replaceRow } from '../../common/insert-row.ts'
import type { Context } from '../context.ts'

/** Something to delete later: see the table `garbage`. */
export interface Garbage {
  readonly id: string
  /** The tier of a stored blob, `COMPOSITE` or `UPLOAD`. The column has the name `tier` from before there were others. */
  readonly kind: string
  readonly segments: number
}

/** How long a write may take: as long as its bytes need at the slowest rate, plus one hour. */
const EXTRA_WRITE_MS = 3_600_000
/**
 * The time between the last moment of a commit or a write and the sweep: the clocks of two machines differ, and D1 may work on a statement
 * for half a minute.
 */
const MARGIN_MS = 60_000

/** Lists something that the alarm deletes at `dueMs`. */
export function discard(context: Context, garbage: Garbage, dueMs: number): void {
  const { id, kind, segments } = garbage
  replaceRow(context.sql, 'garbage', { due_ms: dueMs, id, tier: kind, segments })
  context.wakeAt(dueMs)
}

/** Lists bytes that nothing refers to any more. They are deleted after the grace period, in which reads that have begun can finish. */
export function discardAfterGrace(context: Context, garbage: Garbage): void {
  discard(context, garbage, context.now() + context.config.graceMs)
}

/** Journals a blob before its first byte is written: the alarm deletes its bytes unless a commit removes the entry. */
export function journal(context: Context, garbage: Garbage, size: number): Begun {
  const deadlineMs = context.now() + EXTRA_WRITE_MS + Math.ceil(size / SLOWEST_BYTES_PER_MS)
  discard(context, garbage, deadlineMs + MARGIN_MS)
  return { deadlineMs }
}

/**
 * Removes a journalled blob from the list, in the transaction that publishes it.
 * @throws StoreError RequestTimeout when the sweep has deleted its bytes, or may have done so
 */
export function redeem(context: Context, blobId: string, begun: Begun): void {
  const { rowsWritten } = context.sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', begun.deadlineMs + MARGIN_MS, blobId)
  if (rowsWritten === 0 || context.now() > begun.deadlineMs) throw new StoreError('RequestTimeout')
}

/**
 * Records that the writer gave up. Its blob is swept soon, after a margin: a write that seemed to fail may still arrive. If the blob is not
 * on the list any more, there are two cases. Its commit succeeded after all: then it stays. Or the sweep came first: then the blob is swept
 * again, because a slow segment may have arrived after that sweep.
 */
export function abandon(context: Context, garbage: Garbage, begun: Begun): void {
  const { sql } = context
  const { rowsWritten } = sql.exec('DELETE FROM garbage WHERE due_ms = ? AND id = ?', begun.deadlineMs + MARGIN_MS, garbage.id)
  if (rowsWritten > 0) discard(context, garbage, context.now() + MARGIN_MS)
  else if (sql.exec('SELECT 1 FROM blobs WHERE id = ?', garbage.id).toArray().length === 0) discardAfterGrace(context, garbage)
}
