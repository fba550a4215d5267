import type { ByteSource } from './byte-source.ts'
import { StoreError } from './errors.ts'

const EMPTY = new Uint8Array(0)

/** A source without bytes. */
const NOTHING: ByteSource = { read: async () => EMPTY, cancel: async () => {} }

/**
 * Wraps a stream, such as a request body, as a source. If the stream breaks off, for example because the client disconnects, a read throws
 * `IncompleteBody`. A stream from the network is read in pieces of the requested size; the default reader would return 4 KiB at a time.
 */
export function byteSource(stream: ReadableStream<Uint8Array> | null): ByteSource {
  if (stream === null) return NOTHING
  const reader = byobReader(stream)
  return reader ? new ByobSource(reader) : new ChunkSource(stream.getReader())
}

/** Returns `undefined` for a stream of values instead of bytes. Only an attempt shows which kind a stream is. */
function byobReader(stream: ReadableStream<Uint8Array>): ReadableStreamBYOBReader | undefined {
  try {
    return stream.getReader({ mode: 'byob' })
  } catch {
    return undefined
  }
}

class ByobSource implements ByteSource {
  readonly #reader: ReadableStreamBYOBReader

  constructor(reader: ReadableStreamBYOBReader) {
    this.#reader = reader
  }

  async read(size: number): Promise<Uint8Array> {
    // `readAtLeast` throws a TypeError for an empty view.
    if (size === 0) return EMPTY
    // It fills the view unless the stream ends first.
    const { value } = await unbroken(this.#reader.readAtLeast(size, new Uint8Array(size)))
    return value ?? EMPTY
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {})
  }
}

class ChunkSource implements ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #rest: Uint8Array = EMPTY

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader
  }

  async read(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size)
    let filled = 0
    while (filled < size && (await this.#fetch())) {
      const piece = this.#rest.subarray(0, size - filled)
      bytes.set(piece, filled)
      filled += piece.length
      this.#rest = this.#rest.subarray(piece.length)
    }
    return bytes.subarray(0, filled)
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {})
  }

  /** Fetches the next bytes if none are left; returns false at the end of the stream. */
  async #fetch(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await unbroken(this.#reader.read())
      if (done) return false
      this.#rest = value
    }
    return true
  }
}

async function unbroken<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError('IncompleteBody')
  }
}

/** A source of bytes in memory. The arrays that it returns are views of `bytes`. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  let at = 0
  return {
    async read(size) {
      const piece = bytes.subarray(at, at + size)
      at += piece.byteLength
      return piece
    },
    async cancel() {
      at = bytes.byteLength
    },
  }
}

/** Reads a source to its end, and passes on what each read returns. */
export async function readToEnd(source: ByteSource, readBytes: number, take: (bytes: Uint8Array) => void): Promise<void> {
  for (;;) {
    const bytes = await source.read(readBytes)
    if (bytes.length === 0) return
    take(bytes)
  }
}
