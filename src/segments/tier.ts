import type { TierName } from '../core/blob.ts'
import type { ByteSource } from '../core/byte-source.ts'
import type { SegmentSpan } from '../core/read-plan.ts'

/** A place for sealed segments. It sees only ciphertext and never rewrites a segment. */
export interface SegmentTier {
  readonly name: TierName
  /** Whether one call of {@link delete} deletes any number of segments. Otherwise each takes a call of the platform. */
  readonly batchesDeletes: boolean
  /** Begins to store a blob. The label is stored with each of its segments. */
  write(blobId: string, label?: SegmentLabel): SegmentWriter
  /** Returns a function that opens one of `spans`, which follow each other. The tier decides what it fetches, and when. */
  read(blobId: string, spans: readonly SegmentSpan[]): SegmentOpener
  /** Deletes segments of some blobs: with one call in D1, with one call per segment in KV. A segment that is already deleted is no failure. */
  delete(ranges: readonly BlobSegments[]): Promise<void>
  /** The stored lengths of the segments of a range; `null` for a missing one. It does not wait for a segment that is not visible yet. */
  lengths(blobId: string, range: SegmentRange): Promise<(number | null)[]>
  /** One page of all stored segments, in an order that the tier chooses; `after` is the `next` of the previous page. */
  list(after?: string): Promise<SegmentPage>
}

/**
 * Stored beside the bytes, so that a segment without a blob can be distinguished from one in use: the bucket that it was written for, in
 * the form that label.ts makes, and the deadline of its write.
 */
export interface SegmentLabel {
  readonly bucket: string
  readonly deadlineMs: number
}

export interface StoredSegment {
  readonly blobId: string
  readonly n: number
  /** Absent if something else stored it. */
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
export interface BlobSegments extends SegmentRange {
  readonly blobId: string
}

/**
 * Resolves once the sealed bytes of the span begin to arrive; they end where the span ends.
 * @throws StoreError `ServiceUnavailable` if the segment cannot be read now.
 */
export type SegmentOpener = (span: SegmentSpan) => Promise<ByteSource>

/** Writes one blob. Segments come in order; none counts as stored before `finish` resolves. */
export interface SegmentWriter {
  /** Begins the next segment, of exactly `length` sealed bytes. */
  begin(length: number): Promise<void>
  /** Writes bytes of the present segment. The caller must not change them afterwards. Resolves when there is room for more bytes. */
  append(sealed: Uint8Array): Promise<void>
  /** Resolves once every segment is stored. */
  finish(): Promise<void>
  /** Gives up the write. Resolves once all running calls have ended. Never throws. */
  abort(cause: unknown): Promise<void>
}

/** Finds the tier that a blob records. */
export type Tiers = (name: TierName) => SegmentTier
