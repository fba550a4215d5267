import { connect, type Socket } from 'node:net'
import { AnswerReader, type Expected, type Incoming } from './answer.ts'

export { headerOf, type Incoming } from './answer.ts'

// HTTP/1.1 on a bare socket: node:http would cost the client as much processor time as the server under test, on the same cores.

export interface Outgoing {
  /** Request line and headers, with the empty line. */
  readonly head: string
  /** The body, or its length if the bytes do not matter. */
  readonly body?: Uint8Array | number
}

const FILLER = Buffer.alloc(1024 * 1024)
for (let i = 0, x = 1; i < FILLER.length; i++) {
  x = (x * 48271) % 2147483647 // Random bytes, which do not compress.
  FILLER[i] = x & 255
}

const READ_BYTES = 256 * 1024

/** A request fails after the server has sent and accepted nothing for this long. */
const SILENCE_MS = 60_000

/** One keep-alive connection for one request at a time. It connects again after the server has closed it. */
export class Connection {
  readonly #host: string
  readonly #port: number
  readonly #silenceMs: number
  #line: Line | undefined

  constructor(host: string, port: number, { silenceMs = SILENCE_MS } = {}) {
    this.#host = host
    this.#port = port
    this.#silenceMs = silenceMs
  }

  /** @throws Error if the server cannot be reached, closes the connection too early, is silent for too long, or does not speak HTTP/1.1 */
  async send({ head, body }: Outgoing, keep = false): Promise<Incoming> {
    const expected = { isHead: head.startsWith('HEAD '), keep }
    const used = this.#line
    if (used?.usable) {
      try {
        return await used.exchange({ head, body }, expected)
      } catch (error) {
        // A server may close an idle connection just when the next request is sent. Such a request is sent again.
        if (used.answering) throw error
      }
    }
    this.#line = await Line.open(this.#host, this.#port, this.#silenceMs)
    return this.#line.exchange({ head, body }, expected)
  }

  close(): void {
    this.#line?.close()
    this.#line = undefined
  }
}

type Pending = { readonly reader: AnswerReader; readonly resolve: (incoming: Incoming) => void; readonly reject: (error: Error) => void }

/** One socket, from its connection to its end. Its late events do not affect the next socket. */
class Line {
  readonly #socket: Socket
  #pending: Pending | undefined
  #wake = () => {}
  usable = true
  /** A part of the latest answer has arrived, or the server did not answer in time. */
  answering = false

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static async open(host: string, port: number, silenceMs: number): Promise<Line> {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    let line: Line | undefined
    const callback = (size: number) => {
      line?.take(buffer.subarray(0, size))
      return true
    }
    const socket = connect({ host, port, noDelay: true, onread: { buffer, callback } })
    line = new Line(socket)
    line.#listen(silenceMs)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject)
      socket.once('close', () => reject(new Error('The server closed the connection at once')))
    })
    return line
  }

  #listen(silenceMs: number): void {
    const socket = this.#socket
    socket.setTimeout(silenceMs, () => {
      this.answering = true
      socket.destroy(new Error(`The server did nothing for ${silenceMs / 1000} s`))
    })
    socket.on('error', (error) => this.fail(error))
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
  }

  async exchange(outgoing: Outgoing, expected: Expected): Promise<Incoming> {
    const answered = new Promise<Incoming>((resolve, reject) => {
      this.#pending = { reader: new AnswerReader(expected), resolve, reject }
    })
    this.answering = false
    answered.catch(() => {})
    await this.#write(outgoing)
    return answered
  }

  close(): void {
    this.usable = false
    this.#socket.destroy()
  }

  fail(error: Error): void {
    const pending = this.#pending
    this.#pending = undefined
    this.close()
    pending?.reject(error)
    this.#wake()
  }

  take(data: Buffer): void {
    const pending = this.#pending
    if (!pending) {
      this.close() // An answer without a request.
      return
    }
    this.answering = true
    try {
      const incoming = pending.reader.take(data)
      if (incoming) this.#answered(pending, incoming)
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #end(): void {
    const pending = this.#pending
    this.usable = false
    if (!pending) {
      this.close()
      return
    }
    try {
      this.#answered(pending, pending.reader.end())
    } catch (error) {
      this.fail(error as Error)
    }
  }

  #answered(pending: Pending, incoming: Incoming): void {
    this.#pending = undefined
    if (pending.reader.closes) this.close()
    pending.resolve(incoming)
    this.#wake()
  }

  async #write({ head, body }: Outgoing): Promise<void> {
    const socket = this.#socket
    if (typeof body === 'number') return this.#fill(head, body)
    if (!body) {
      socket.write(head, 'latin1')
      return
    }
    socket.cork()
    socket.write(head, 'latin1')
    socket.write(body)
    socket.uncork()
  }

  async #fill(head: string, bytes: number): Promise<void> {
    const socket = this.#socket
    socket.cork()
    socket.write(head, 'latin1')
    let left = bytes
    do {
      const piece = left < FILLER.length ? FILLER.subarray(0, left) : FILLER
      left -= piece.length
      const room = socket.write(piece)
      if (socket.writableCorked) socket.uncork()
      if (!room && left > 0 && this.#pending) await this.#room()
    } while (left > 0 && this.#pending && !socket.destroyed)
    // An early answer ended the upload: the server would read the next request as the rest of this body.
    if (left > 0) this.close()
  }

  /** Resolves when there is room to write, or when the request has ended. */
  #room(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('drain', done)
        this.#wake = () => {}
        resolve()
      }
      this.#wake = done
      this.#socket.on('drain', done)
    })
  }
}
