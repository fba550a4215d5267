import type { BlobRecord } from '../../core/blob.ts'
import type { BucketInfo } from '../../core/bucket.ts'
import type { FsckReport, ImportReport } from '../../core/maintenance.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { RewrappedBlobKey } from '../../segments/rewrap.ts'

// The arguments and results of the calls that operators' tools make to a Bucket: plain values that cross RPC.

/** The position of a check of the metadata. The Bucket stores the rest of its state. */
export interface CheckRun {
  readonly id: string
  readonly step: number
}

/** Asks for one step of a check. Without `run`, a new check begins and any other check of the bucket ends. */
export interface CheckQuery {
  readonly run?: CheckRun
  readonly repair: boolean
}

/** The position of a walk through the blobs, by their ids. */
export interface BlobsCursor {
  /** Exclusive. */
  readonly after: string
  /** Inclusive. Default: the last blob now. With this limit a walk always ends, even if new blobs arrive faster than it reads them. */
  readonly upTo?: string
}

export interface BlobsQuery extends BlobsCursor {
  readonly limit: number
  /** Whether to include the bytes of inline blobs. */
  readonly inline?: boolean
}

/** A page of stored blobs by id. */
export interface BlobsPage {
  readonly blobs: readonly BlobRecord[]
  /** The last id of the whole walk. */
  readonly upTo: string
}

/**
 * The blobs that a Bucket knows, of those that the caller named. The value is how many segments the blob may have, or `null` for a blob that
 * the Bucket is sweeping or whose commit is still to come.
 */
export interface KnownBlobs {
  readonly segments: Readonly<Record<string, number | null>>
  /** Whether the Durable Object ever was a bucket. If it never was, it knows no blobs. */
  readonly exists: boolean
  /** The time of the Bucket's clock, which it uses for deadlines. */
  readonly nowMs: number
}

/** The position where an export continues: after a row of a table, or within the extents of the row's body. */
export interface ExportCursor {
  /** How many lines are written already. */
  readonly lines: number
  readonly walk: 'upload' | 'part' | 'object'
  readonly after: readonly (string | number)[]
  readonly body?: { readonly ownerId: string; readonly end: number; readonly size: number }
}

/** A time within the last 30 days, or the bookmark of such a time. */
export type RecoverTo = { readonly timeMs: number } | { readonly bookmark: string }

export interface KeysQuery {
  readonly blobIds: readonly string[]
  /** Exclusive. */
  readonly after: string
}

/** The calls of a Bucket that only operators' tools use. */
export interface MaintenanceApi {
  /** Runs one bounded step of a check of the metadata. */
  check(query: CheckQuery): Promise<Outcome<Step<CheckRun, FsckReport>>>
  /** Returns one page of stored blobs by id. */
  listBlobs(query: BlobsQuery): Promise<Outcome<Step<BlobsCursor, BlobsPage>>>
  /** Works for a deleted bucket, too: it still knows the blobs that it is sweeping. */
  knownBlobs(blobIds: readonly string[]): Promise<KnownBlobs>
  /** Runs one bounded step of a search for the objects that use some blobs. The next step continues after a key. */
  keysOf(query: KeysQuery): Promise<Outcome<Step<string, readonly string[]>>>
  /** Runs one bounded step of an export of the metadata. Returns whole lines of text. */
  exportPage(cursor?: ExportCursor): Promise<Outcome<Step<ExportCursor, string>>>
  /**
   * Runs one bounded step of an import into an empty bucket. Returns how many lines are imported; the next call sends the lines after them.
   * The import ends with the last line of the export.
   */
  importLines(text: string): Promise<Outcome<Step<number, ImportReport>>>
  /** Replaces wrapped data keys, except those that changed in the meantime. Returns how many it replaced. */
  rewrapKeys(keys: readonly RewrappedBlobKey[]): Promise<Outcome<number>>
  /** Restarts with the database of another time. Returns the bookmark that undoes this. Works on a deleted bucket, too. */
  recover(to: RecoverTo): Promise<Outcome<string>>
  /** Writes the bucket's row in the account's index again. */
  reindex(): Promise<Outcome<BucketInfo>>
}
