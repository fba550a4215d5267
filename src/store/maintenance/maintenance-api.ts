import type { BlobRecord } from '../../core/blob.ts'
import type { BucketInfo } from '../../core/bucket.ts'
import type { FsckReport, ImportReport } from '../../core/maintenance.ts'
import type { Outcome } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { RewrappedBlobKey } from '../../segments/rewrap.ts'

// What the engine and a Bucket say to each other when an operator looks after the bucket: plain values that cross RPC.

/** Where a check of the metadata stands: the Bucket itself remembers the rest. */
export interface CheckRun {
  readonly id: string
  readonly step: number
}

/** Asks for one step of a check; without `run` a new one begins, and any other ends. */
export interface CheckQuery {
  readonly run?: CheckRun
  readonly repair: boolean
}

/** Where a walk through the blobs is, by their ids. */
export interface BlobsCursor {
  /** Exclusive. */
  readonly after: string
  /** Inclusive. Absent: what is there now. A walk that keeps to it ends, however fast new blobs come in behind it. */
  readonly upTo?: string
}

export interface BlobsQuery extends BlobsCursor {
  readonly limit: number
  /** With the bytes of inline blobs. */
  readonly inline?: boolean
}

/** A page of stored blobs by id. */
export interface BlobsPage {
  readonly blobs: readonly BlobRecord[]
  /** The last id of the walk. */
  readonly upTo: string
}

/** Which of some blobs a Bucket knows, by id: how many segments each may have; `null` for those that it is sweeping or waits for. */
export interface KnownBlobs {
  readonly segments: Readonly<Record<string, number | null>>
  /** Whether the object ever was a bucket: one that never was knows nothing. */
  readonly exists: boolean
  /** The Bucket's clock, by which it sets deadlines. */
  readonly nowMs: number
}

/** Where an export goes on: behind a row of a table, or within the extents of its body. */
export interface ExportCursor {
  /** How many lines were written. */
  readonly lines: number
  readonly walk: 'upload' | 'part' | 'object'
  readonly after: readonly (string | number)[]
  readonly body?: { readonly ownerId: string; readonly end: number; readonly size: number }
}

/** A moment of the last 30 days, or the bookmark of one. */
export type RecoverTo = { readonly timeMs: number } | { readonly bookmark: string }

export interface KeysQuery {
  readonly blobIds: readonly string[]
  /** Exclusive. */
  readonly after: string
}

/** The calls of a Bucket that only operators' tools make. */
export interface MaintenanceApi {
  /** One bounded step of a check of the metadata. */
  check(query: CheckQuery): Promise<Outcome<Step<CheckRun, FsckReport>>>
  /** One page of stored blobs by id. */
  listBlobs(query: BlobsQuery): Promise<Outcome<Step<BlobsCursor, BlobsPage>>>
  /** Answers for a bucket that does not exist, too: what it still sweeps is known. */
  knownBlobs(blobIds: readonly string[]): Promise<KnownBlobs>
  /** One bounded step of a search for the objects that some blobs belong to; the next one goes on behind a key. */
  keysOf(query: KeysQuery): Promise<Outcome<Step<string, readonly string[]>>>
  /** One bounded step of an export of the metadata: whole lines of text. */
  exportPage(cursor?: ExportCursor): Promise<Outcome<Step<ExportCursor, string>>>
  /** One bounded step of an import into an empty bucket; the next one brings the lines behind so many, until the last line was there. */
  importLines(text: string): Promise<Outcome<Step<number, ImportReport>>>
  /** Swaps wrapped data keys; one that changed meanwhile stays. Answers how many. */
  rewrapKeys(keys: readonly RewrappedBlobKey[]): Promise<Outcome<number>>
  /** Starts again with the database of another moment; answers the bookmark that undoes it. Works on a bucket that was removed, too. */
  recover(to: RecoverTo): Promise<Outcome<string>>
  /** Writes the bucket's row in the account's index anew. */
  reindex(): Promise<Outcome<BucketInfo>>
}
