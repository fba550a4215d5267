import { createHash, type Hash } from 'node:crypto'
import type { ByteSource } from '../core/byte-source.ts'
import { StoreError } from '../core/errors.ts'

/** Verifies the signatures of a signed body. Each method throws when a signature is wrong. */
export interface ChunkVerifier {
  /** Whether trailers are signed, too. If they are not, the body must have none. */
  readonly trailer: boolean
  /** @param sha256 of the chunk's data, in lowercase hex. */
  verifyChunk(sha256: string, signature: string): void
  /** @param text the trailers as `name:value\n` lines. */
  verifyTrailers(text: string, signature: string): void
}

export interface AwsChunkedOptions {
  /** Absent for an unsigned body. */
  readonly signatures?: ChunkVerifier
  /**
   * The names in `x-amz-trailer`. Each of them must arrive, and a checksum trailer outside the list is an error. Without the list, the
   * caller checks the trailers.
   */
  readonly announced?: readonly string[]
}

const READ_BYTES = 512 * 1024
const MAX_LINE_BYTES = 4096
const MAX_TRAILER_BYTES = 16 * 1024
const LF = 10
const CRLF = '\r\n'
const TRAILER_SIGNATURE = 'x-amz-trailer-signature'
const EMPTY = new Uint8Array(0)

/**
 * The data of an aws-chunked body: `<hex size>[;extensions]\r\n<data>\r\n` … `0\r\n`, trailers, `\r\n`.
 * It returns the bytes of a chunk as they arrive, but can verify their signature only after the last byte of the chunk. So a caller must
 * not commit anything until `read` has returned less than it asked for. The trailers are complete from then on. A caller that knows the
 * length must read beyond it once, for the same reason.
 */
export class AwsChunkedSource implements ByteSource {
  readonly #inner: ByteSource
  readonly #signatures: ChunkVerifier | undefined
  readonly #announced: readonly string[] | undefined
  readonly #trailers = new Map<string, string>()
  /** Bytes from the wire. Those before `#at` are consumed. */
  #window: Uint8Array = EMPTY
  #at = 0
  /** Bytes of the current chunk that are not returned yet. */
  #left = 0
  /** Of a signed chunk: the hash of the bytes returned so far, and the signature to check it against. */
  #signed: { readonly hash: Hash; readonly signature: string } | undefined
  #phase: 'start' | 'chunks' | 'end' = 'start'
  /** A source that failed stays failed, so nothing after a bad chunk is ever returned. */
  #failure: { readonly error: unknown } | undefined

  constructor(inner: ByteSource, { signatures, announced }: AwsChunkedOptions = {}) {
    this.#inner = inner
    this.#signatures = signatures
    this.#announced = announced?.map((name) => name.toLowerCase())
  }

  /** The trailers by lowercase name, without the signature. Empty until the end of the body. */
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
      this.#signed?.hash.update(piece)
      filled += piece.length
      this.#left -= piece.length
    }
    return data.subarray(0, filled)
  }

  /** Advances to the data of the next chunk. Returns false at the end of the body, after reading the trailers. */
  async #nextChunk(): Promise<boolean> {
    if (this.#phase === 'end') return false
    if (this.#phase === 'chunks') await this.#endChunk()
    this.#phase = 'chunks'
    const { size, signature } = parseChunkHeader(await this.#line())
    if (this.#signatures) this.#signed = { hash: createHash('sha256'), signature }
    this.#left = size
    if (size > 0) return true
    this.#verifyChunk()
    this.#phase = 'end'
    await this.#readTrailers()
    return false
  }

  #verifyChunk(): void {
    if (this.#signed) this.#signatures?.verifyChunk(this.#signed.hash.digest('hex'), this.#signed.signature)
  }

  async #endChunk(): Promise<void> {
    this.#verifyChunk()
    if (!(await this.#have(CRLF.length)) || latin1(this.#take(CRLF.length)) !== CRLF) throw incomplete()
  }

  /** Skips blank lines. The last one may be missing: clients disagree on how many to send. */
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

  /** Returns the next line without its line feed, or undefined at the end of the body. */
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

  /** Reads until the window holds `count` bytes (at most one line). Returns false when the body ends earlier. */
  async #have(count: number): Promise<boolean> {
    const rest = this.#window.subarray(this.#at)
    if (rest.length >= count) return true
    const next = await this.#inner.read(READ_BYTES - rest.length)
    this.#window = rest.length === 0 ? next : joined(rest, next)
    this.#at = 0
    return this.#window.length >= count
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

/** A size must be bare hex digits: `parseInt` alone would accept signs, spaces and trailing text. */
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

/** Whether a trailer makes a claim about the bytes. Such a trailer is checked or refused, never ignored. */
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
