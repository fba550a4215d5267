import type { ByteSpan } from './object.ts'

/** The bytes that sealing adds to a chunk: the GCM tag. */
export const SEAL_BYTES = 16

/** How a blob is cut: chunks are sealed one by one, and segments of whole chunks are stored one by one. */
export interface BlobLayout {
  readonly size: number
  readonly chunkBytes: number
  readonly segmentBytes: number
}

/** The part of one segment that a read fetches: whole sealed chunks. */
export interface SegmentSpan {
  /** Which segment of the blob, from 0. */
  readonly n: number
  /** Indexes of chunks in the blob, both inclusive. */
  readonly firstChunk: number
  readonly lastChunk: number
  /** Where the sealed bytes of these chunks are in the segment. */
  readonly sealed: ByteSpan
}

/** One sealed chunk to fetch and the part of its plain text that the read wants. */
export interface ChunkSpan {
  /** Index in the blob. */
  readonly index: number
  readonly sealedBytes: number
  readonly from: number
  readonly to: number
}

/** An empty blob has one chunk, so that it is authenticated like any other. */
export const chunkCount = ({ size, chunkBytes }: BlobLayout): number => Math.max(1, Math.ceil(size / chunkBytes))

/** Plain length of one chunk. */
export const chunkLength = ({ size, chunkBytes }: BlobLayout, index: number): number => Math.min(chunkBytes, size - index * chunkBytes)

/** Stored length of one segment. */
export function sealedSegmentBytes(layout: BlobLayout, n: number): number {
  const plain = Math.min(layout.segmentBytes, layout.size - n * layout.segmentBytes)
  return plain + SEAL_BYTES * Math.max(1, Math.ceil(plain / layout.chunkBytes))
}

/** The segments that hold `span` of a blob. An empty span needs none, except in an empty blob: its one chunk is fetched. */
export function planSegments(layout: BlobLayout, span: ByteSpan): SegmentSpan[] {
  if (span.length === 0 && layout.size > 0) return []
  const perSegment = layout.segmentBytes / layout.chunkBytes
  const first = Math.floor(span.offset / layout.chunkBytes)
  const last = Math.max(first, Math.ceil((span.offset + span.length) / layout.chunkBytes) - 1)
  const spans: SegmentSpan[] = []
  for (let n = Math.floor(first / perSegment); n * perSegment <= last; n++) {
    const firstChunk = Math.max(first, n * perSegment)
    const lastChunk = Math.min(last, (n + 1) * perSegment - 1)
    spans.push({ n, firstChunk, lastChunk, sealed: sealedSpan(layout, firstChunk - n * perSegment, firstChunk, lastChunk) })
  }
  return spans
}

/** The chunks of one segment that hold `span` of the blob. */
export function planChunks(layout: BlobLayout, { firstChunk, lastChunk }: SegmentSpan, span: ByteSpan): ChunkSpan[] {
  const chunks: ChunkSpan[] = []
  for (let index = firstChunk; index <= lastChunk; index++) {
    const start = index * layout.chunkBytes
    const length = chunkLength(layout, index)
    const from = Math.max(span.offset - start, 0)
    chunks.push({ index, sealedBytes: length + SEAL_BYTES, from, to: Math.min(span.offset + span.length - start, length) })
  }
  return chunks
}

function sealedSpan(layout: BlobLayout, place: number, firstChunk: number, lastChunk: number): ByteSpan {
  const sealedChunk = layout.chunkBytes + SEAL_BYTES
  const length = (lastChunk - firstChunk) * sealedChunk + chunkLength(layout, lastChunk) + SEAL_BYTES
  return { offset: place * sealedChunk, length }
}
