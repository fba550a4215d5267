import { risingId } from './ids.ts'
import type { ByteSpan } from './object.ts'
import type { BlobLayout } from './read-plan.ts'

/** Where a blob's sealed bytes are: in the Bucket's row, in the n-th database, or in KV. */
export type TierName = 'inline' | 'kv' | `d1:${number}`

/** Everything about a blob that is decided before its first byte arrives; enough to journal it and to sweep it. */
export interface BlobPlan extends BlobLayout {
  /** 32 lowercase hex digits, by {@link newBlobId}. */
  readonly id: string
  readonly tier: TierName
}

/** A stored blob, as plain values that cross a stub; the Bucket keeps it. */
export interface BlobRecord extends BlobPlan {
  /** The blob's data key, wrapped by the key that `keyId` names. */
  readonly wrappedKey: Uint8Array
  /** A master key's id, or `ssec` for a customer's key. */
  readonly keyId: string
  /** The sealed bytes, for the inline tier alone. */
  readonly inline?: Uint8Array
}

/**
 * A fresh blob id; unguessable, and never used before, so no location can have cached its absence. Rising, so that objects written
 * one after the other lie in the same pages: deleting a thousand of them touches a few hundred pages instead of a thousand.
 */
export const newBlobId = (): string => risingId()

/** How many segments the sweeper has to delete: none of an inline blob, one of an empty blob elsewhere. */
export const storedSegments = ({ tier, size, segmentBytes }: BlobPlan): number =>
  tier === 'inline' ? 0 : Math.max(1, Math.ceil(size / segmentBytes))

/** A piece of a stored blob. */
export interface BlobSlice {
  readonly blob: BlobRecord
  readonly span: ByteSpan
}
