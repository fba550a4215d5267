// Parses HTTP/1.x answers from pieces of any size. This file is pure: the socket is in wire.ts.

export interface Incoming {
  readonly status: number
  /** The headers as they arrived, without the status line. */
  readonly head: string
  readonly bytes: number
  /** Only if it was requested, or if the answer is an error; empty otherwise. */
  readonly body: Buffer
}

export interface Expected {
  /** The answer of a HEAD request has no body, whatever its headers say. */
  readonly isHead: boolean
  /** Whether to return the body. */
  readonly keep: boolean
}

type Phase = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'done'

const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const LONGEST_HEAD = 256 * 1024
const LONGEST_LINE = 16 * 1024

/** Reads the answer of one request. */
export class AnswerReader {
  readonly #expected: Expected
  #phase: Phase = 'head'
  /** Bytes of the body, or of the chunk, that are still to come. */
  #left = 0
  /** The beginning of a head or a line whose end has not arrived yet. */
  #text = ''
  #status = 0
  #head = ''
  #bytes = 0
  #closes = false
  readonly #pieces: Buffer[] = []

  constructor(expected: Expected) {
    this.#expected = expected
  }

  /** Whether the connection can take no further request. */
  get closes(): boolean {
    return this.#closes
  }

  /**
   * Takes bytes, and returns the answer once its last byte has arrived. The caller may reuse the buffer afterwards.
   * @throws Error if this is not HTTP
   */
  take(data: Buffer): Incoming | undefined {
    let at = 0
    while (at < data.length && this.#phase !== 'done') at = this.#step(data, at)
    if (this.#phase !== 'done') return undefined
    if (at < data.length) this.#closes = true // The rest answers no request.
    return this.#answer()
  }

  /**
   * Call it after the server has closed the connection. That ends an answer without a length.
   * @throws Error if it cannot end this answer
   */
  end(): Incoming {
    if (this.#phase === 'until-close') return this.#answer()
    const seen =
      this.#phase === 'head' ? (this.#text === '' ? 'before it answered' : 'in the head of its answer') : 'in the body of its answer'
    throw new Error(`The server closed the connection ${seen}`)
  }

  #answer(): Incoming {
    return { status: this.#status, head: this.#head, bytes: this.#bytes, body: Buffer.concat(this.#pieces) }
  }

  #step(data: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#takeHead(data, at)
      case 'sized':
      case 'chunk':
        return this.#takeBody(data, at)
      case 'until-close':
        this.#keep(data.subarray(at))
        return data.length
      default:
        return this.#takeLine(data, at)
    }
  }

  #takeHead(data: Buffer, at: number): number {
    const before = this.#text.length
    this.#text += data.toString('latin1', at)
    const end = this.#text.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length))
    if (end < 0) {
      if (this.#text.length > LONGEST_HEAD) throw new Error('The head of the answer has no end')
      return data.length
    }
    const head = this.#text.slice(0, end)
    this.#text = ''
    this.#readHead(head)
    return at + end + HEAD_END.length - before
  }

  #readHead(head: string): void {
    const [, minor, code] = /^HTTP\/1\.(\d) (\d{3})(?: |\r\n|$)/.exec(head) ?? []
    if (code === undefined) throw new Error(`This is no answer of HTTP/1.1: ${JSON.stringify(head.slice(0, 80))}`)
    const status = Number(code)
    if (status === 101) throw new Error('The server changed the protocol')
    if (status < 200) return // 100 Continue, 103 Early Hints: the final answer follows.
    this.#status = status
    this.#head = head.slice(head.indexOf(LINE_END) + LINE_END.length)
    const connection = tokensOf(this.#head, 'connection')
    this.#closes = connection.includes('close') || (minor === '0' && !connection.includes('keep-alive'))
    this.#chooseBody()
  }

  /** RFC 9112, section 6.3. */
  #chooseBody(): void {
    if (this.#expected.isHead || this.#status === 204 || this.#status === 304) {
      this.#phase = 'done'
      return
    }
    const codings = tokensOf(this.#head, 'transfer-encoding')
    const length = headerOf(this.#head, 'content-length')
    if (codings.length > 0) this.#phase = codings.at(-1) === 'chunked' ? 'chunk-size' : 'until-close'
    else if (length === undefined) this.#phase = 'until-close'
    else {
      if (!/^\d{1,15}$/.test(length)) throw new Error(`The answer has the Content-Length "${length}"`)
      this.#left = Number(length)
      this.#phase = this.#left === 0 ? 'done' : 'sized'
    }
    if (this.#phase === 'until-close') this.#closes = true
  }

  #takeBody(data: Buffer, at: number): number {
    const take = Math.min(this.#left, data.length - at)
    this.#keep(data.subarray(at, at + take))
    this.#left -= take
    if (this.#left === 0) this.#phase = this.#phase === 'sized' ? 'done' : 'chunk-end'
    return at + take
  }

  /** Takes a chunk's size line, the empty line after a chunk, or a line of the trailer. */
  #takeLine(data: Buffer, at: number): number {
    const end = data.indexOf(10, at)
    this.#text += data.toString('latin1', at, end < 0 ? data.length : end)
    if (this.#text.length > LONGEST_LINE) throw new Error('A line between the chunks of the answer has no end')
    if (end < 0) return data.length
    const line = this.#text.replace(/\r$/, '')
    this.#text = ''
    this.#readLine(line)
    return end + 1
  }

  #readLine(line: string): void {
    if (this.#phase === 'trailer') {
      if (line === '') this.#phase = 'done'
    } else if (this.#phase === 'chunk-end') {
      if (line !== '') throw new Error('A chunk of the answer is longer than it says')
      this.#phase = 'chunk-size'
    } else {
      const [, size] = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i.exec(line) ?? []
      if (size === undefined) throw new Error(`The answer has a chunk of the size ${JSON.stringify(line.slice(0, 80))}`)
      this.#left = Number.parseInt(size, 16)
      this.#phase = this.#left === 0 ? 'trailer' : 'chunk'
    }
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length
    // The body of an error is kept as well, so that its message can be printed.
    if (this.#expected.keep || this.#status >= 300) this.#pieces.push(Buffer.from(piece))
  }
}

/** A header's value by its lowercase name. */
export function headerOf(head: string, name: string): string | undefined {
  for (const line of head.split(LINE_END)) {
    const colon = line.indexOf(':')
    if (colon === name.length && line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim()
  }
  return undefined
}

/** The members of a header that is a list, in lowercase. */
const tokensOf = (head: string, name: string): string[] =>
  (headerOf(head, name) ?? '')
    .toLowerCase()
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '')
