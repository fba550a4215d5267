import type { ByteSource } from '../core/byte-source.ts'
import { StoreError } from '../core/errors.ts'

/** Verifies the pieces of a signed body; each method throws where the signature is wrong. */
export interface ChunkVerifier {
  /** Whether trailers are signed too; where they are not, there may be none. */
  readonly trailer: boolean
  verifyChunk(data: Uint8Array, signature: string): void
  /** @param text the trailers, `name:value\n` each. */
  verifyTrailers(text: string, signature: string): void
}

export interface AwsChunkedOptions {
  /** Absent for an unsigned body. */
  readonly signatures?: ChunkVerifier
  /**
   * Names that `x-amz-trailer` promises. Their absence is an error, and so is any other value that is to be checked; where the list itself
   * is absent, the caller looks at the trailers.
   */
  readonly announced?: readonly string[]
}

/** Much larger than any SDK's chunk, which is 64 KiB to 1 MiB: a signed chunk is held whole until it is verified. */
export const MAX_SIGNED_CHUNK_BYTES = 16 * 1024 * 1024

const PIECE_BYTES = 512 * 1024
const MAX_LINE_BYTES = 4096
const MAX_TRAILER_BYTES = 16 * 1024
const LF = 10
const CRLF = '\r\n'
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'
const EMPTY = new Uint8Array(0)

/**
 * The data of an aws-chunked body: `<hex size>[;extensions]\r\n<data>\r\n` … `0\r\n`, trailers, `\r\n`.
 * Bytes of a signed chunk are handed out only after its signature is verified. The trailers are there once `read` came back short,
 * so a caller that knows the length still has to read past it.
 */
export class AwsChunkedSource implements ByteSource {
  readonly #inner: ByteSource
  readonly #signatures: ChunkVerifier | undefined
  readonly #announced: readonly string[] | undefined
  readonly #trailers = new Map<string, string>()
  /** Bytes from the wire; those before `#at` are used up. */
  #window: Uint8Array = EMPTY
  #at = 0
  /** Bytes of the current chunk that are not handed out yet. */
  #left = 0
  #phase: 'start' | 'chunks' | 'end' = 'start'
  /** A source that failed stays failed: what follows a bad chunk is never handed out. */
  #failure: { readonly error: unknown } | undefined

  constructor(inner: ByteSource, { signatures, announced }: AwsChunkedOptions = {}) {
    this.#inner = inner
    this.#signatures = signatures
    this.#announced = announced?.map((name) => name.toLowerCase())
  }

  /** Trailers by lowercase name, without the signature; empty before the end. */
  get trailers(): ReadonlyMap<string, string> {
    return this.#trailers
  }

  async read(size: number): Promise<Uint8Array> {
    if (this.#failure) throw this.#failure.error
    try {
      return await this.#readData(size)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  async cancel(): Promise<void> {
    await this.#inner.cancel()
  }

  async #readData(size: number): Promise<Uint8Array> {
    const data = new Uint8Array(size)
    let filled = 0
    while (filled < size) {
      if (this.#left === 0 && !(await this.#nextChunk())) break
      if (!(await this.#have(1))) throw incomplete()
      const piece = this.#take(Math.min(size - filled, this.#left, this.#window.length - this.#at))
      data.set(piece, filled)
      filled += piece.length
      this.#left -= piece.length
    }
    return data.subarray(0, filled)
  }

  /** Moves on to the data of the next chunk; false at the end of the body, trailers included. */
  async #nextChunk(): Promise<boolean> {
    if (this.#phase === 'end') return false
    if (this.#phase === 'chunks') await this.#skipChunkEnd()
    this.#phase = 'chunks'
    const { size, signature } = parseChunkHeader(await this.#line())
    if (this.#signatures) await this.#verifyChunk(this.#signatures, size, signature)
    this.#left = size
    if (size > 0) return true
    this.#phase = 'end'
    await this.#readTrailers()
    return false
  }

  async #verifyChunk(signatures: ChunkVerifier, size: number, signature: string): Promise<void> {
    if (size > MAX_SIGNED_CHUNK_BYTES) {
      throw new StoreError('InvalidRequest', { message: `A signed chunk may have at most ${MAX_SIGNED_CHUNK_BYTES} bytes` })
    }
    if (!(await this.#have(size))) throw incomplete()
    signatures.verifyChunk(this.#window.subarray(this.#at, this.#at + size), signature)
  }

  async #skipChunkEnd(): Promise<void> {
    if (!(await this.#have(CRLF.length)) || latin1(this.#take(CRLF.length)) !== CRLF) throw incomplete()
  }

  /** Blank lines are passed over, and the last one may be missing: clients disagree on how many there are. */
  async #readTrailers(): Promise<void> {
    let text = ''
    for (let line = await this.#line(); line !== undefined; line = await this.#line()) {
      text += line.replace(/\r?$/, '\n')
      if (text.length > MAX_TRAILER_BYTES) throw malformedTrailer()
    }
    const trailers = parseTrailers(text)
    if (this.#signatures) verifyTrailers(this.#signatures, trailers)
    else if (trailers.has(TRAILER_SIGNATURE)) throw malformedTrailer()
    trailers.delete(TRAILER_SIGNATURE)
    if (this.#announced) checkAnnounced(trailers, this.#announced)
    for (const [name, value] of trailers) this.#trailers.set(name, value)
  }

  /** The next line without its line feed; undefined at the end of the body. */
  async #line(): Promise<string | undefined> {
    let seen = 0
    for (;;) {
      const length = this.#window.subarray(this.#at + seen, this.#at + MAX_LINE_BYTES).indexOf(LF)
      if (length >= 0) return latin1(this.#take(seen + length + 1)).slice(0, -1)
      seen = this.#window.length - this.#at
      if (seen >= MAX_LINE_BYTES) throw incomplete()
      if (await this.#have(seen + 1)) continue
      if (seen > 0) throw incomplete()
      return undefined
    }
  }

  #take(count: number): Uint8Array {
    this.#at += count
    return this.#window.subarray(this.#at - count, this.#at)
  }

  /** Gets `count` bytes into the window; false where the body ends before. */
  async #have(count: number): Promise<boolean> {
    const rest = this.#window.subarray(this.#at)
    if (rest.length >= count) return true
    this.#window = await this.#extend(rest, Math.max(count, PIECE_BYTES))
    this.#at = 0
    return this.#window.length >= count
  }

  /** `head` and what follows it. Reads piece by piece, so that a large chunk is in memory about once. */
  async #extend(head: Uint8Array, size: number): Promise<Uint8Array> {
    if (head.length === 0 && size === PIECE_BYTES) return this.#inner.read(size)
    const bytes = new Uint8Array(size)
    bytes.set(head)
    let filled = head.length
    while (filled < size) {
      const piece = await this.#inner.read(Math.min(PIECE_BYTES, size - filled))
      if (piece.length === 0) break
      bytes.set(piece, filled)
      filled += piece.length
    }
    return bytes.subarray(0, filled)
  }
}

/** A size is bare hex digits: `parseInt` alone would take signs, spaces and whatever follows. */
function parseChunkHeader(line: string | undefined): { size: number; signature: string } {
  const match = /^([\dA-Fa-f]{1,16})(;.*)?\r$/.exec(line ?? '')
  const size = Number.parseInt(match?.[1] ?? '', 16)
  if (!Number.isSafeInteger(size)) throw incomplete()
  const signature = /;\s*chunk-signature=([^;\s]*)/.exec(match?.[2] ?? '')?.[1] ?? ''
  return { size, signature }
}

function parseTrailers(text: string): Map<string, string> {
  const trailers = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '') continue
    const match = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e]*)$/.exec(line)
    const name = match?.[1]?.toLowerCase()
    if (match === null || name === undefined || trailers.has(name)) throw malformedTrailer()
    trailers.set(name, match[2]?.trim() ?? '')
  }
  return trailers
}

function checkAnnounced(trailers: ReadonlyMap<string, string>, announced: readonly string[]): void {
  if (!announced.every((name) => trailers.has(name))) throw malformedTrailer()
  if ([...trailers.keys()].some((name) => isClaim(name) && !announced.includes(name))) throw malformedTrailer()
}

/** A trailer that says something of the bytes: it is compared or refused, never passed over. */
const isClaim = (name: string): boolean => name.startsWith('x-amz-checksum-') || name === 'content-md5'

function verifyTrailers(signatures: ChunkVerifier, trailers: ReadonlyMap<string, string>): void {
  if (!signatures.trailer) {
    if (trailers.size > 0) throw malformedTrailer()
    return
  }
  const signature = trailers.get(TRAILER_SIGNATURE)
  if (signature === undefined) throw malformedTrailer()
  const signed = [...trailers].filter(([name]) => name !== TRAILER_SIGNATURE)
  signatures.verifyTrailers(signed.map(([name, value]) => `${name}:${value}\n`).join(''), signature)
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

const incomplete = (): StoreError => new StoreError('IncompleteBody')

const malformedTrailer = (): StoreError => new StoreError('MalformedTrailerError')
