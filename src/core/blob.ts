import { risingId } from './ids.ts'
import type { ByteSpan } from './object.ts'
import type { BlobLayout } from './read-plan.ts'

/** Where a blob's sealed bytes are: in a row of the Bucket, in the n-th D1 database, or in KV. */
export type TierName = 'inline' | 'kv' | `d1:${number}`

/** Everything about a blob that is decided before its first byte arrives. It is enough to journal the blob and to delete it later. */
export interface BlobPlan extends BlobLayout {
  /** 32 lowercase hex digits, made by {@link newBlobId}. */
  readonly id: string
  readonly tier: TierName
}

/** A stored blob, as plain values that can cross RPC. The Bucket stores this record. */
export interface BlobRecord extends BlobPlan {
  /** The blob's data key, wrapped by the key that `keyId` names. */
  readonly wrappedKey: Uint8Array
  /** A master key's id, or `ssec` for a customer's key. */
  readonly keyId: string
  /** The sealed bytes, in the inline tier only. */
  readonly inline?: Uint8Array
}

/**
 * A new blob id. It is unguessable and was never used before, so no location of KV can have cached its absence. Ids rise with time, so
 * that objects written one after the other lie in the same database pages: deleting 1,000 of them changes a few hundred pages, not 1,000.
 */
export const newBlobId = (): string => risingId()

/** How many segments the sweeper has to delete. An inline blob has none; an empty blob in any other tier has one. */
export const storedSegments = ({ tier, size, segmentBytes }: BlobPlan): number =>
  tier === 'inline' ? 0 : Math.max(1, Math.ceil(size / segmentBytes))

/** The piece of a stored blob that one read wants. */
export interface BlobSlice {
  readonly blob: BlobRecord
  readonly span: ByteSpan
}
