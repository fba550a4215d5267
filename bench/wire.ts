import { connect, type Socket } from 'node:net'

// HTTP/1.1 on a bare socket: node:http costs the client as much processor time as the server under test, on the same cores.

export interface Outgoing {
  /** Request line and headers, with the empty line. */
  readonly head: string
  /** The body, or its length when any bytes will do. */
  readonly body?: Uint8Array | number
}

export interface Incoming {
  readonly status: number
  /** As it came, without the status line. */
  readonly head: string
  readonly bytes: number
  /** Only when it was asked for. */
  readonly body: Buffer
}

const FILLER = Buffer.alloc(1024 * 1024)
for (let i = 0, x = 1; i < FILLER.length; i++) {
  x = (x * 48271) % 2147483647 // Nothing that compresses.
  FILLER[i] = x & 255
}

const READ_BYTES = 256 * 1024
const END_OF_HEAD = '\r\n\r\n'

type State = { phase: 'head' | 'sized' | 'chunk-size' | 'chunk' | 'trailer' | 'until-close'; left: number; buffered: string }

/** One keep-alive connection: one request at a time. */
export class Connection {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #state: State = { phase: 'head', left: 0, buffered: '' }
  #pending: { isHead: boolean; keep: boolean; resolve: (incoming: Incoming) => void; reject: (error: Error) => void } | undefined
  #incoming = { status: 0, head: '', bytes: 0, pieces: [] as Buffer[] }

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  async send({ head, body }: Outgoing, keep = false): Promise<Incoming> {
    const socket = await this.#open()
    const answered = new Promise<Incoming>((resolve, reject) => {
      this.#pending = { isHead: head.startsWith('HEAD '), keep, resolve, reject }
    })
    answered.catch(() => {})
    this.#state = { phase: 'head', left: 0, buffered: '' }
    this.#incoming = { status: 0, head: '', bytes: 0, pieces: [] }
    if (typeof body === 'number') await this.#fill(socket, head, body)
    else if (body) {
      socket.cork()
      socket.write(head, 'latin1')
      socket.write(body)
      socket.uncork()
    } else socket.write(head, 'latin1')
    return answered
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  async #fill(socket: Socket, head: string, bytes: number): Promise<void> {
    socket.cork()
    socket.write(head, 'latin1')
    let left = bytes
    do {
      const piece = left < FILLER.length ? FILLER.subarray(0, left) : FILLER
      left -= piece.length
      const room = socket.write(piece)
      if (socket.writableCorked) socket.uncork()
      // An answer that comes early ends the upload.
      if (!room && left > 0 && this.#pending) await drained(socket)
    } while (left > 0 && this.#pending && !socket.destroyed)
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          this.#take(buffer.subarray(0, size))
          return true
        },
      },
    })
    this.#socket = socket
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () =>
      this.#state.phase === 'until-close' ? this.#finish() : this.#fail(new Error('The server closed the connection')),
    )
    return socket
  }

  #fail(error: Error): void {
    const pending = this.#pending
    this.#pending = undefined
    this.close()
    pending?.reject(error)
  }

  #take(data: Buffer): void {
    const state = this.#state
    let at = 0
    while (at < data.length && this.#pending) {
      if (state.phase === 'head') at = this.#takeHead(data, at)
      else if (state.phase === 'sized' || state.phase === 'chunk') at = this.#takeBody(data, at)
      else if (state.phase === 'until-close') {
        this.#keep(data.subarray(at))
        at = data.length
      } else at = this.#takeLine(data, at)
    }
  }

  #takeHead(data: Buffer, at: number): number {
    const state = this.#state
    const before = state.buffered.length
    state.buffered += data.toString('latin1', at)
    const end = state.buffered.indexOf(END_OF_HEAD)
    if (end < 0) return data.length
    const head = state.buffered.slice(0, end)
    const next = at + end + END_OF_HEAD.length - before
    state.buffered = ''
    const status = Number(head.slice(9, 12))
    if (status === 100) return next
    this.#incoming.status = status
    this.#incoming.head = head.slice(head.indexOf('\r\n') + 2)
    this.#chooseBody(status)
    return next
  }

  #chooseBody(status: number): void {
    const state = this.#state
    const { head } = this.#incoming
    if (this.#pending?.isHead || status === 204 || status === 304) {
      this.#finish()
      return
    }
    const length = headerOf(head, 'content-length')
    if (length !== undefined) {
      state.phase = 'sized'
      state.left = Number(length)
      if (state.left === 0) this.#finish()
    } else state.phase = headerOf(head, 'transfer-encoding') === 'chunked' ? 'chunk-size' : 'until-close'
  }

  #takeBody(data: Buffer, at: number): number {
    const state = this.#state
    const take = Math.min(state.left, data.length - at)
    this.#keep(data.subarray(at, at + take))
    state.left -= take
    if (state.left === 0) {
      if (state.phase === 'sized') this.#finish()
      else state.phase = 'chunk-size'
    }
    return at + take
  }

  /** The line of a chunk's size, the empty one after a chunk, or one of the trailer. */
  #takeLine(data: Buffer, at: number): number {
    const state = this.#state
    const end = data.indexOf(10, at)
    state.buffered += data.toString('latin1', at, end < 0 ? data.length : end)
    if (end < 0) return data.length
    const line = state.buffered.trim()
    state.buffered = ''
    if (state.phase === 'trailer') {
      if (line === '') this.#finish()
    } else if (line !== '') {
      state.left = Number.parseInt(line, 16)
      state.phase = state.left === 0 ? 'trailer' : 'chunk'
    }
    return end + 1
  }

  #keep(piece: Buffer): void {
    this.#incoming.bytes += piece.length
    // Errors are kept as well: somebody will want to read them. The read buffer is used again, so a copy.
    if (this.#pending?.keep || this.#incoming.status >= 300) this.#incoming.pieces.push(Buffer.from(piece))
  }

  #finish(): void {
    const pending = this.#pending
    const { pieces, ...incoming } = this.#incoming
    this.#pending = undefined
    if (headerOf(incoming.head, 'connection')?.toLowerCase() === 'close') this.close()
    pending?.resolve({ ...incoming, body: Buffer.concat(pieces) })
  }
}

/** Resolves when there is room again, or never will be. */
function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done)
      resolve()
    }
    socket.on('drain', done).on('close', done)
  })
}

/** A header's value by its lowercase name. */
export function headerOf(head: string, name: string): string | undefined {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon === name.length && line.slice(0, colon).toLowerCase() === name) return line.slice(colon + 1).trim()
  }
  return undefined
}
