import type { BlobPlan, BlobRecord } from '../core/blob.ts'
import type { ByteSource } from '../core/byte-source.ts'
import { StoreError } from '../core/errors.ts'
import { chunkCount, chunkLength, sealedSegmentBytes } from '../core/read-plan.ts'
import { TooLate, within } from '../core/timeout.ts'
import { BufferWriter } from './buffer-writer.ts'
import { ChunkCipher } from './chunk-cipher.ts'
import { handled } from './handled.ts'
import type { DataKey } from './keyring.ts'
import type { SegmentLabel, SegmentWriter, Tiers } from './tier.ts'

export interface BlobWrite {
  readonly plan: BlobPlan
  readonly source: ByteSource
  readonly key: DataKey
  /** Receives every plain byte, in order. */
  readonly digests: { update(bytes: Uint8Array): void }
  readonly tiers: Tiers
  readonly label?: SegmentLabel
  /** After this time no byte is written, and the sweeper may treat the blob as abandoned. */
  readonly deadlineMs?: number
  readonly now?: () => number
  /** How long a client may take for a chunk. */
  readonly idleMs?: number
}

/** Even a slow connection sends a chunk of 512 KiB in this time. A client that stops sending must not hold an upload's memory forever. */
const IDLE_MS = 5 * 60_000
/** Shorter chunks are not worth a timer. */
const TIMED_BYTES = 128 * 1024

/** The most bytes that an upload holds while it is written: two plain and two sealed chunks. */
export const uploadBuffers = ({ size, chunkBytes }: BlobPlan): number => 4 * Math.min(size, chunkBytes)

/**
 * Seals and stores exactly `plan.size` bytes of the source.
 *
 * The next chunk is read while the present one is hashed, sealed and written: at most two plain and two sealed chunks are in memory.
 * @throws StoreError `IncompleteBody` if the source is shorter or longer, or the first failure of source or tier.
 */
export async function writeBlob(write: BlobWrite): Promise<BlobRecord> {
  const { plan, source, key, tiers, label } = write
  const buffer = plan.tier === 'inline' ? new BufferWriter() : undefined
  const out = buffer ?? tiers(plan.tier).write(plan.id, label)
  try {
    await writeChunks(write, out)
    await out.finish()
  } catch (error) {
    await Promise.all([source.cancel(), out.abort(error)])
    throw error
  }
  return { ...plan, wrappedKey: key.wrappedKey, keyId: key.keyId, ...(buffer && { inline: buffer.segments[0] }) }
}

async function writeChunks(write: BlobWrite, out: SegmentWriter): Promise<void> {
  const { plan, source, key, digests } = write
  const cipher = new ChunkCipher(key.key, plan)
  const count = chunkCount(plan)
  const perSegment = plan.segmentBytes / plan.chunkBytes
  let reading = handled(readChunk(write, chunkLength(plan, 0)))
  let appending: Promise<void> = Promise.resolve()
  for (let index = 0; index < count; index++) {
    const plain = await reading
    checkDeadline(write)
    reading = handled(index + 1 < count ? readChunk(write, chunkLength(plan, index + 1)) : readEnd(source))
    digests.update(plain)
    const sealed = await cipher.seal(index, plain)
    await appending
    if (index % perSegment === 0) await out.begin(sealedSegmentBytes(plan, index / perSegment))
    appending = handled(out.append(sealed))
  }
  await Promise.all([reading, appending])
}

async function readChunk({ source, idleMs = IDLE_MS }: BlobWrite, length: number): Promise<Uint8Array> {
  const reading = length === 0 ? Promise.resolve(new Uint8Array(0)) : source.read(length)
  const bytes = await (length < TIMED_BYTES ? reading : within(idleMs, reading).catch(tooSlow))
  if (bytes.byteLength !== length) throw new StoreError('IncompleteBody')
  return bytes
}

function tooSlow(error: unknown): never {
  throw error instanceof TooLate ? new StoreError('RequestTimeout') : error
}

/** Checks that the source has ended. The read also makes the source parse a trailer behind the last byte. */
async function readEnd(source: ByteSource): Promise<Uint8Array> {
  const rest = await source.read(1)
  if (rest.byteLength > 0) throw new StoreError('IncompleteBody')
  return rest
}

function checkDeadline({ deadlineMs, now = Date.now }: BlobWrite): void {
  if (deadlineMs !== undefined && now() > deadlineMs) throw new StoreError('RequestTimeout')
}
