import type { ByteSource } from './byte-source.ts'
import { StoreError } from './errors.ts'

const EMPTY = new Uint8Array(0)

/** A source without bytes. */
const NOTHING: ByteSource = { read: async () => EMPTY, cancel: async () => {} }

/**
 * The bytes of a stream, such as a request body. A stream that breaks off, as when the client goes away, is an `IncompleteBody`.
 * A stream from the network is read in pieces of the size asked for: the default reader would hand over 4 KiB at a time.
 */
export function byteSource(stream: ReadableStream<Uint8Array> | null): ByteSource {
  if (stream === null) return NOTHING
  const reader = byobReader(stream)
  return reader ? new ByobSource(reader) : new ChunkSource(stream.getReader())
}

/** Undefined for streams made of values instead of bytes; the only way to know is to ask. */
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
    // An empty view is a TypeError.
    if (size === 0) return EMPTY
    // readAtLeast fills the view unless the stream ends before.
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

  /** Makes sure that there are bytes left to hand out; false at the end. */
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

/** Bytes in memory as a source. The arrays that it returns are views of `bytes`. */
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
