import type { TierName } from '../core/blob.ts'
import type { ByteSource } from '../core/byte-source.ts'
import type { SegmentSpan } from '../core/read-plan.ts'

/** A place for sealed segments. It sees ciphertext alone and never rewrites a segment. */
export interface SegmentTier {
  readonly name: TierName
  /** Begins to store a blob, whose every segment is stored with its label. */
  write(blobId: string, label?: SegmentLabel): SegmentWriter
  /** Gives a function that opens one of `spans`, which follow each other: what it fetches, and when, is the tier's affair. */
  read(blobId: string, spans: readonly SegmentSpan[]): SegmentOpener
  /** Deletes segments of some blobs: with one call in D1, with one for each in KV. What is gone already is no failure. */
  delete(pieces: readonly SegmentPiece[]): Promise<void>
  /** The stored lengths of the segments of a range; `null` where there is none. Does not wait for one that is late. */
  lengths(blobId: string, range: SegmentRange): Promise<(number | null)[]>
  /** One page of everything that is stored, in an order of its own; `after` is the `next` of the page before. */
  list(after?: string): Promise<SegmentPage>
}

/**
 * Stored beside the bytes, so that a segment without a blob can be told from one in use: the bucket that was asked for it, as
 * `<jurisdiction>/<name>`, and until when its write may go on.
 */
export interface SegmentLabel {
  readonly bucket: string
  readonly deadlineMs: number
}

export interface StoredSegment {
  readonly blobId: string
  readonly n: number
  /** Absent when something else stored it. */
  readonly label?: SegmentLabel
}

export interface SegmentPage {
  readonly segments: readonly StoredSegment[]
  readonly next?: string
}

/** The segments `from` up to and without `to`. */
export interface SegmentRange {
  readonly from: number
  readonly to: number
}

/** Some segments of a blob. */
export interface SegmentPiece extends SegmentRange {
  readonly blobId: string
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
