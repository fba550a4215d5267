import type { ByteSource } from '../core/byte-source.ts'
import { StoreError } from '../core/errors.ts'
import type { SegmentSpan } from '../core/read-plan.ts'
import type { TierName } from './blob.ts'

/** A place for sealed segments. It sees ciphertext alone and never rewrites a segment. */
export interface SegmentTier {
  readonly name: TierName
  /** Begins to store a blob. */
  write(blobId: string): SegmentWriter
  /** Gives a function that opens one of `spans`, which follow each other: what it fetches, and when, is the tier's affair. */
  read(blobId: string, spans: readonly SegmentSpan[]): SegmentOpener
  /** Deletes the segments `from` up to and without `to`. What is gone already is no failure. */
  delete(blobId: string, range: SegmentRange): Promise<void>
}

export interface SegmentRange {
  readonly from: number
  readonly to: number
}

/**
 * Resolves once the sealed bytes of the span begin to arrive; they end where the span ends.
 * @throws StoreError `ServiceUnavailable` when the segment cannot be had now.
 */
export type SegmentOpener = (span: SegmentSpan) => Promise<ByteSource>

/** One blob on its way in. Segments come in order; none counts as stored before `finish` resolves. */
export interface SegmentWriter {
  /** Begins the next segment, of exactly `length` sealed bytes. */
  begin(length: number): Promise<void>
  /** Takes bytes of the present segment, which must not change any more; resolves when there is room for others. */
  append(sealed: Uint8Array): Promise<void>
  /** Resolves once every segment is stored. */
  finish(): Promise<void>
  /** Gives up; resolves once nothing is in flight. Never throws. */
  abort(cause: unknown): Promise<void>
}

/** Finds the tier that a blob records. */
export type Tiers = (name: TierName) => SegmentTier

/** A platform failure as the client sees it: try again. The cause is kept for the log. */
export function unavailable(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  const error = new StoreError('ServiceUnavailable')
  error.cause = cause
  return error
}
