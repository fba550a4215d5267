import type { BlobPlan, BlobRecord, BlobSlice, TierName } from '../core/blob.ts'
import type { ByteSource } from '../core/byte-source.ts'
import { LIMITS } from '../core/limits.ts'
import type { DatabaseUsage } from '../core/maintenance.ts'
import { type Hold, isolateMemory, type MemoryBudget } from '../core/memory-budget.ts'
import type { BucketRef } from '../core/object.ts'
import { checkSegmentConfig, DEFAULT_SEGMENT_CONFIG, planBlob, type SegmentConfig } from './config.ts'
import { Databases } from './databases.ts'
import type { KeyOwner, Keyring, WrappedBlobKey } from './keyring.ts'
import { labelOf } from './label.ts'
import { NotPlaced, unseal } from './not-placed.ts'
import { openBody, readAll, verify } from './reader.ts'
import { type Rewrapping, rewrapDataKeys } from './rewrap.ts'
import type { SegmentLabel, SegmentTier, Tiers } from './tier.ts'
import { D1Tier, type DatabaseWatch } from './tiers/d1-tier.ts'
import { KvTier, type Sleep } from './tiers/kv-tier.ts'
import { uploadBuffers, writeBlob } from './writer.ts'

export { checkSegmentConfig, DEFAULT_SEGMENT_CONFIG, type SegmentConfig }

export interface SegmentBindings {
  readonly kv: KVNamespace
  /** Databases are only appended to this list: a blob records its database's place in it. */
  readonly d1: readonly D1Database[]
}

export interface SegmentOptions {
  /** The deployment that owns the segments: 32 hex digits in the label of each. */
  readonly deployment?: string
  readonly config?: SegmentConfig
  readonly sleep?: Sleep
  /** How long KV may take to answer. */
  readonly timeoutMs?: number
  readonly now?: () => number
  /** The budget that the buffers of uploads and downloads count against. */
  readonly memory?: MemoryBudget
  /** Keeps a request alive until its body is closed, even if its client has disconnected. */
  readonly keepAlive?: (work: Promise<unknown>) => void
  /** How many KV operations the platform allows a request; absent for any number. */
  readonly kvOperations?: number
  /** The largest size of a database. New blobs go elsewhere shortly before it is reached. */
  readonly databaseBytes?: number
}

/** The parts of an upload besides its plan. */
export interface UploadBytes {
  readonly source: ByteSource
  readonly owner: KeyOwner
  /** Receives every plain byte, in order. */
  readonly digests: { update(bytes: Uint8Array): void }
  readonly deadlineMs?: number
  /** Its buffers are already claimed: see {@link BodyRequest.forUpload}. */
  readonly isClaimed?: boolean
}

/** The slices to read, in order, and the owner of their key. */
export interface BodyRequest {
  readonly slices: Iterable<BlobSlice> | AsyncIterable<BlobSlice>
  /** Sum of the slices' lengths. */
  readonly length: number
  readonly owner: KeyOwner
  /** The body is the source of an upload: the stream claims the buffers of both. */
  readonly forUpload?: boolean
}

/** A new blob, whose tier is to be chosen. */
export interface BlobToPlace {
  readonly id: string
  readonly size: number
  /** `false` when the Bucket has no room for inline blobs. */
  readonly inline?: boolean
  /** No database is to take it. */
  readonly inKv?: boolean
}

/** Stores and reads the bytes of blobs in all tiers. */
export interface Segments {
  /** Chooses tier and layout of a new blob. Pass `inline: false` if the Bucket has no room for inline blobs. */
  plan(blob: BlobToPlace): BlobPlan
  /**
   * Seals and stores an upload of exactly `plan.size` bytes. For every tier except `inline`, add the blob to the journal first.
   * @throws NotPlaced with the plain bytes if a database refuses the blob: plan it again, under another id
   */
  write(plan: BlobPlan, upload: UploadBytes): Promise<BlobRecord>
  /** Moves an inline blob to another tier, as one segment. Add it to the journal with that tier first. */
  moveOut(blob: BlobRecord, place: { readonly tier: TierName; readonly label: SegmentLabel }): Promise<BlobRecord>
  /** Resolves once the first chunk is authenticated. A response made of the stream has its length as Content-Length. */
  openBody(body: BodyRequest): Promise<ReadableStream<Uint8Array>>
  /** Does the same for a body that is small enough for memory, and returns its bytes. */
  readAll(body: BodyRequest): Promise<Uint8Array>
  /** Authenticates every byte of a body, for a check. It throws the same errors as a read. */
  verify(body: BodyRequest): Promise<void>
  /** Unwraps the data key of a stored blob, only to check it. It throws the same errors as a read. */
  checkKey(owner: KeyOwner, blob: WrappedBlobKey): Promise<void>
  /** Wraps the data keys of stored blobs with the present master key. */
  rewrapKeys<Blob extends WrappedBlobKey>(bucket: BucketRef, blobs: readonly Blob[]): Promise<Rewrapping<Blob>>
  /** The deployment in the labels of new segments; empty if labels name none. */
  readonly deployment: string
  /** The label of a segment of a bucket. */
  label(bucket: BucketRef, deadlineMs: number): SegmentLabel
  /** How many KV operations one request may make. */
  readonly kvOperations: number
  /** How full each database is. */
  usage(): Promise<DatabaseUsage[]>
  /** The tiers outside the Buckets, for a walk through all stored segments. */
  readonly tiers: ReadonlyMap<TierName, SegmentTier>
}

/** Binds only the tiers, for the sweeper, which needs no keys. */
export const createTiers = (bindings: SegmentBindings, sleep?: Sleep): Tiers => finderOf(allTiers(bindings, { sleep }))

function allTiers(
  { kv, d1 }: SegmentBindings,
  { sleep, timeoutMs, databases }: Pick<SegmentOptions, 'sleep' | 'timeoutMs'> & { databases?: Databases },
): ReadonlyMap<TierName, SegmentTier> {
  const watch = (index: number): DatabaseWatch => ({
    sized: (bytes) => databases?.sized(index, bytes),
    refused: (cause) => databases?.refused(index, cause),
  })
  const tiers: SegmentTier[] = [
    new KvTier(kv, sleep, timeoutMs),
    ...d1.map((db, index) => new D1Tier(db, index, { ...watch(index), timeoutMs })),
  ]
  return new Map(tiers.map((tier) => [tier.name, tier]))
}

function finderOf(tiers: ReadonlyMap<TierName, SegmentTier>): Tiers {
  return (name) => {
    const tier = tiers.get(name)
    if (!tier) throw new Error(`There is no segment tier ${name}: databases may be added to the list, but never removed`)
    return tier
  }
}

/**
 * Binds the segment store of a deployment.
 * @throws RangeError if the configuration exceeds a limit of the platform.
 */
export function createSegments(bindings: SegmentBindings, keyring: Keyring, options: SegmentOptions = {}): Segments {
  const config = checkSegmentConfig(options.config ?? DEFAULT_SEGMENT_CONFIG)
  const { databaseBytes = LIMITS.d1DatabaseBytes, now = Date.now } = options
  const databases = new Databases({ maxBytes: databaseBytes, now })
  const rests = (index: number) => databases.rests(index)
  const places = allTiers(bindings, { ...options, databases })
  const tiers = finderOf(places)
  const { deployment = '', memory = isolateMemory, keepAlive } = options
  const label: Segments['label'] = (bucket, deadlineMs) => ({ bucket: labelOf(bucket, deployment), deadlineMs })
  const plan: Segments['plan'] = ({ inKv, ...blob }) => planBlob({ ...blob, databases: inKv ? 0 : bindings.d1.length, rests }, config)
  const read = ({ slices, length, owner, forUpload }: BodyRequest) => ({
    slices,
    length,
    forUpload,
    tiers,
    memory,
    keepAlive,
    keyFor: (blob: BlobRecord) => keyring.openDataKey(owner, blob),
  })
  return {
    plan,
    deployment,
    label,
    kvOperations: options.kvOperations || Number.POSITIVE_INFINITY,
    async write(plan, { source, owner, digests, deadlineMs, isClaimed }) {
      const hold = isClaimed ? undefined : await memory.holdSoon(uploadBuffers(plan))
      try {
        const key = await keyring.newDataKey(owner, plan.id)
        const stamp = { label: label(owner.bucket, deadlineMs ?? 0), deadlineMs, now: options.now }
        const write = { plan, source, key, digests: hold ? touching(hold, digests) : digests, tiers, ...stamp }
        return await writeBlob(write).catch(async (error) => {
          if (error instanceof NotPlaced) error.plain = await unseal(key.key, plan, error.sealed)
          throw error
        })
      } finally {
        hold?.release()
      }
    },
    moveOut: (blob, { tier, label }) => moveOut(blob, tiers(tier), label),
    openBody: (body) => openBody(read(body)),
    readAll: (body) => readAll(read(body)),
    verify: (body) => verify(read(body)),
    checkKey: async (owner, blob) => {
      await keyring.openDataKey(owner, blob)
    },
    rewrapKeys: (bucket, blobs) => rewrapDataKeys(keyring, bucket, blobs),
    async usage() {
      const full = [...places.values()].filter((tier) => tier instanceof D1Tier)
      return Promise.all(full.map(async (tier) => ({ tier: tier.name, bytes: await tier.size(), maxBytes: databaseBytes })))
    },
    tiers: places,
  }
}

/** Each hashed chunk shows the memory budget that the upload is still running. */
const touching = (hold: Hold, digests: UploadBytes['digests']): UploadBytes['digests'] => ({
  update(bytes) {
    hold.touch()
    digests.update(bytes)
  },
})

/** A sealed chunk does not depend on the place where it is stored, so the bytes move unchanged. */
async function moveOut({ inline, ...blob }: BlobRecord, tier: SegmentTier, label: SegmentLabel): Promise<BlobRecord> {
  if (!inline) return blob
  const writer = tier.write(blob.id, label)
  try {
    await writer.begin(inline.byteLength)
    await writer.append(inline)
    await writer.finish()
  } catch (error) {
    await writer.abort(error)
    throw error
  }
  return { ...blob, tier: tier.name }
}
