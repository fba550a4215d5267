import type { BlobRecord, BlobSlice } from '../core/blob.ts'
import type { ByteSource } from '../core/byte-source.ts'
import { bytesSource } from '../core/byte-sources.ts'
import type { Hold, MemoryBudget } from '../core/memory-budget.ts'
import { type ChunkSpan, planChunks, planSegments } from '../core/read-plan.ts'
import { ChunkCipher } from './chunk-cipher.ts'
import { handled } from './handled.ts'
import type { SegmentOpener, Tiers } from './tier.ts'

/** The next segment is requested when this many chunks of the present one are left, so that it is ready in time but never waits for long. */
const CHUNKS_AHEAD = 4

export interface BodyRead {
  /** In the order of the body. They are taken one by one, so that they can come in pages. */
  readonly slices: Iterable<BlobSlice> | AsyncIterable<BlobSlice>
  /** Sum of the slices' lengths. */
  readonly length: number
  readonly keyFor: (blob: BlobRecord) => Promise<CryptoKey>
  readonly tiers: Tiers
  /** The budget that a stream's buffers count against, until the stream ends or is cancelled. */
  readonly memory?: MemoryBudget
  /** The stream is the source of an upload: its hold also covers the buffers of that upload. */
  readonly forUpload?: boolean
  /** Keeps the request alive until the stream ends. */
  readonly keepAlive?: (work: Promise<unknown>) => void
}

/** The most bytes that a stream holds: the plain chunk that is being sent, the next plain chunk, and both of them sealed. */
const STREAM_BYTES = 2 * 1024 * 1024

/**
 * A copy claims the buffers of its source and of its upload in one call. Otherwise many copies could each hold the buffers of their source
 * and wait for the buffers of their upload, and all of them would wait for each other.
 */
const streamBytes = ({ length, forUpload }: BodyRead): number => (forUpload ? 2 : 1) * Math.min(STREAM_BYTES, 4 * length)

/**
 * Opens a body of exactly `length` bytes; a response made of it has this Content-Length.
 * Resolves when the first chunk is authenticated: an earlier failure throws, a later one aborts the stream.
 * @throws StoreError SlowDown if there is no memory for its buffers
 */
export async function openBody(read: BodyRead): Promise<ReadableStream<Uint8Array>> {
  const hold = await read.memory?.holdSoon(streamBytes(read))
  const body = new Body(read, hold)
  const chunks = body.chunks()
  try {
    const first = await chunks.next()
    const bytes = first.value ?? new Uint8Array(0)
    if (bytes.byteLength !== read.length) return stream(body, chunks, bytes, read)
    await body.close()
    return new Response(bytes).body!
  } catch (error) {
    await body.close()
    throw error
  }
}

/** Authenticates every byte of a body, and discards the bytes. */
export async function verify(read: BodyRead): Promise<void> {
  const body = new Body(read)
  try {
    for await (const _ of body.chunks());
  } finally {
    await body.close()
  }
}

/** Reads a small body into memory. The caller limits its length. */
export async function readAll(read: BodyRead): Promise<Uint8Array> {
  if (Array.isArray(read.slices) && read.slices.length === 1) {
    const [slice] = read.slices as [BlobSlice]
    if (slice.blob.inline && slice.span.length > 0) return readInline(slice, slice.blob.inline, read)
  }
  const body = new Body(read)
  try {
    let whole: Uint8Array | undefined
    let at = 0
    for await (const chunk of body.chunks()) {
      if (chunk.byteLength === read.length) return chunk
      whole ??= new Uint8Array(read.length)
      whole.set(chunk, at)
      at += chunk.byteLength
    }
    if (at !== read.length) throw new RangeError('The slices are not as long as the body')
    return whole ?? new Uint8Array(0)
  } finally {
    await body.close()
  }
}

/** Reads an inline blob from memory, without opening, reading ahead and closing: for a small object these cost as much as all other work. */
async function readInline({ blob, span }: BlobSlice, bytes: Uint8Array, { keyFor, length }: BodyRead): Promise<Uint8Array> {
  const cipher = new ChunkCipher(await keyFor(blob), blob)
  const whole = new Uint8Array(length)
  let at = 0
  for (const segment of planSegments(blob, span)) {
    const { offset } = segment.sealed
    let from = offset
    for (const chunk of planChunks(blob, segment, span)) {
      const plain = await cipher.open(chunk.index, bytes.subarray(from, from + chunk.sealedBytes))
      const piece = plain.subarray(chunk.from, chunk.to)
      if (piece.byteLength === length) return piece
      whole.set(piece, at)
      from += chunk.sealedBytes
      at += piece.byteLength
    }
  }
  if (at !== length) throw new RangeError('The slices are not as long as the body')
  return whole
}

/** A segment that is being read. */
interface OpenSegment {
  readonly source: ByteSource
  readonly cipher: ChunkCipher
  readonly chunks: readonly ChunkSpan[]
}

/** One body that is being read. It records its open sources, so that all of them can be closed at once. */
class Body {
  readonly #segments: AsyncGenerator<() => Promise<OpenSegment>>
  readonly #open = new Set<ByteSource>()
  readonly #hold: Hold | undefined
  #closed = false

  constructor(read: BodyRead, hold?: Hold) {
    this.#segments = segmentsOf(read)
    this.#hold = hold
  }

  /** The plain bytes, chunk by chunk, each authenticated. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    let ahead: Promise<OpenSegment | undefined> | undefined
    for (let segment = await this.#next(); segment; segment = await (ahead ?? this.#next())) {
      ahead = undefined
      let left = segment.chunks.length
      for (const { index, sealedBytes, from, to } of segment.chunks) {
        if (left-- <= CHUNKS_AHEAD) ahead ??= handled(this.#next())
        const sealed = await segment.source.read(sealedBytes)
        const plain = await segment.cipher.open(index, sealed)
        this.#hold?.touch()
        yield plain.subarray(from, to)
      }
      this.#open.delete(segment.source)
      await segment.source.cancel()
    }
  }

  /** Closes all sources. A read that waits for one of them fails. */
  async close(): Promise<void> {
    this.#closed = true
    this.#hold?.release()
    this.#segments.return(undefined).catch(() => {})
    await Promise.all([...this.#open].map((source) => source.cancel()))
  }

  async #next(): Promise<OpenSegment | undefined> {
    const { value: open } = await this.#segments.next()
    const segment = await open?.()
    if (!segment) return undefined
    this.#open.add(segment.source)
    if (this.#closed) {
      await segment.source.cancel()
      throw new Error('The body was closed')
    }
    return segment
  }
}

/** The segments to open, in order. Nothing is fetched before it is requested. */
async function* segmentsOf({ slices, keyFor, tiers }: BodyRead): AsyncGenerator<() => Promise<OpenSegment>> {
  for await (const { blob, span } of slices) {
    const spans = planSegments(blob, span)
    if (spans.length === 0) continue
    // The key comes first: a wrong customer key then costs no read.
    const cipher = new ChunkCipher(await keyFor(blob), blob)
    const open = blob.inline ? inlineOpener(blob.inline) : tiers(blob.tier).read(blob.id, spans)
    for (const wanted of spans) {
      yield async () => ({ source: await open(wanted), cipher, chunks: planChunks(blob, wanted, span) })
    }
  }
}

const inlineOpener =
  (bytes: Uint8Array): SegmentOpener =>
  async ({ sealed: { offset, length } }) =>
    bytesSource(bytes.subarray(offset, offset + length))

function stream(
  body: Body,
  chunks: AsyncGenerator<Uint8Array>,
  first: Uint8Array,
  { length, keepAlive }: BodyRead,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(length)
  const writer = writable.getWriter()
  const ended = pump(chunks, first, writer)
    .catch((error) => writer.abort(error))
    .catch(() => {})
    .finally(() => body.close())
  // Without it, a client that disconnects ends the request at once, and open sources are never closed.
  keepAlive?.(ended)
  return readable
}

/** Reads and decrypts one chunk while the client takes the one before it. */
async function pump(chunks: AsyncGenerator<Uint8Array>, first: Uint8Array, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  let present = first
  for (;;) {
    const next = handled(chunks.next())
    await writer.write(present)
    const { done, value } = await next
    if (done) return writer.close()
    present = value
  }
}
