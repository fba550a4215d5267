import type { BlobPlan, TierName } from '../core/blob.ts'
import { LIMITS } from '../core/limits.ts'
import { type BlobLayout, sealedSegmentBytes } from '../core/read-plan.ts'

const KIB = 1024
const MIB = 1024 * KIB

export interface SegmentConfig {
  /** Blobs up to this size are stored inline, in a row of the Bucket. */
  readonly inlineMaxBytes: number
  /** Larger ones up to this size go to D1. */
  readonly d1MaxBytes: number
  /** Plain bytes of one KV segment. */
  readonly segmentBytes: number
  /** Plain bytes of one sealed chunk, for tests. Otherwise the blob's size decides. */
  readonly chunkBytes?: number
}

export const DEFAULT_SEGMENT_CONFIG: SegmentConfig = { inlineMaxBytes: 64 * KIB, d1MaxBytes: 512 * KIB, segmentBytes: 24 * MIB }

/** Plain bytes of a D1 row: sealed and in base64 they take 1.4 MB. */
const D1_SEGMENT_BYTES = MIB
/** A blob in D1 is in memory as a whole while it is written or read. */
const D1_MOST_BYTES = 8 * MIB

/** The length of `bytes` bytes in base64. */
export const base64Length = (bytes: number): number => Math.ceil(bytes / 3) * 4

/**
 * Checks thresholds against limits that production enforces and a local server does not.
 * @throws RangeError, whose message names the setting.
 */
export function checkSegmentConfig(config: SegmentConfig): SegmentConfig {
  for (const [name, value] of Object.entries(config)) {
    if (!Number.isSafeInteger(value) || value < (name.endsWith('MaxBytes') ? 0 : 1))
      throw new RangeError(`${name} must be a whole number of bytes`)
  }
  const largest = (kind: Kind, size: number) => sealedSegmentBytes(layoutFor(kind, size, config), 0)
  // If its Bucket has no room for it, an inline blob moves to a D1 row as one segment.
  if (base64Length(largest('inline', config.inlineMaxBytes)) > LIMITS.sqliteValueBytes)
    throw new RangeError('inlineMaxBytes is more than a D1 row holds')
  if (config.d1MaxBytes > D1_MOST_BYTES) throw new RangeError(`d1MaxBytes is more than ${D1_MOST_BYTES}`)
  if (base64Length(largest('d1', config.d1MaxBytes)) > LIMITS.sqliteValueBytes)
    throw new RangeError('segmentBytes is more than a D1 row holds')
  if (largest('kv', LIMITS.uploadBytes) > LIMITS.kvValueBytes) throw new RangeError('segmentBytes is more than a KV value holds')
  return config
}

export interface Placement {
  readonly id: string
  readonly size: number
  /** The number of databases to choose from. */
  readonly databases: number
  /** Whether a database gets no new blobs at present. */
  readonly rests?: (index: number) => boolean
  /** `false` if the Bucket has no room for inline blobs. */
  readonly inline?: boolean
}

/** Chooses a blob's tier and cuts it into chunks and segments. */
export function planBlob({ id, size, databases, rests = () => false, inline = true }: Placement, config: SegmentConfig): BlobPlan {
  const { inlineMaxBytes, d1MaxBytes } = config
  if (inline && size <= inlineMaxBytes) return { id, tier: 'inline', ...layoutFor('inline', size, config) }
  const open = Array.from({ length: databases }, (_, index) => index).filter((index) => !rests(index))
  const small = size <= Math.max(inlineMaxBytes, d1MaxBytes) && open.length > 0
  return small ? { id, tier: d1For(id, open), ...layoutFor('d1', size, config) } : { id, tier: 'kv', ...layoutFor('kv', size, config) }
}

/** The database of a blob. An id ends in random digits, so blobs spread evenly. The choice is stored with the blob, so the list may grow. */
const d1For = (id: string, open: readonly number[]): TierName => `d1:${open[Number.parseInt(id.slice(-8), 16) % open.length]!}`

type Kind = 'inline' | 'd1' | 'kv'

function layoutFor(kind: Kind, size: number, config: SegmentConfig): BlobLayout {
  const chunkBytes = config.chunkBytes ?? chunkFor(kind, size)
  if (kind === 'inline') return { size, chunkBytes, segmentBytes: Math.max(1, Math.ceil(size / chunkBytes)) * chunkBytes }
  const most = kind === 'd1' ? Math.min(config.segmentBytes, D1_SEGMENT_BYTES) : config.segmentBytes
  const chunk = Math.min(chunkBytes, most)
  return { size, chunkBytes: chunk, segmentBytes: Math.floor(most / chunk) * chunk }
}

/**
 * Each chunk costs 0.1 to 0.2 ms in addition to its bytes, as much as 256 KiB of them, so a blob up to 1 MiB has a single chunk. Larger
 * blobs have smaller chunks, so that 16 uploads and 16 downloads at once fit into an isolate's memory: docs/design/bytes.md counts the buffers.
 */
function chunkFor(kind: Kind, size: number): number {
  if (kind === 'inline') return 64 * KIB
  return size <= MIB ? MIB : 512 * KIB
}
