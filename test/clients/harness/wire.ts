import { connect, createServer, type Server, type Socket } from 'node:net'

/** A request as it went over the wire. */
export interface Sent {
  readonly method: string
  /** Path and query, as sent. */
  readonly target: string
  /** By lowercase name. */
  readonly headers: Readonly<Record<string, string>>
  /** Which connection it came on. */
  readonly connection: number
}

/** A relay between a client and the server that passes every byte on unchanged, and notes the heads of the requests. */
export class Wire {
  readonly port: number
  #sent: Sent[] = []
  #connections = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  static async open(endpoint: string): Promise<Wire> {
    const { hostname, port } = new URL(endpoint)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const wire = new Wire(server, (server.address() as { port: number }).port)
    server.on('connection', (client) => wire.#relay(client, connect(Number(port), hostname)))
    return wire
  }

  get sent(): readonly Sent[] {
    return this.#sent
  }

  forget(): void {
    this.#sent = []
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #relay(client: Socket, server: Socket): void {
    const connection = this.#connections++
    const heads = new RequestHeads((head) => this.#sent.push({ ...head, connection }))
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroySoon()
      })
    }
    client.on('data', (data) => heads.take(data))
    client.pipe(server)
    server.pipe(client)
  }
}

const END_OF_HEAD = '\r\n\r\n'

/** Reads the heads of the requests of one connection, and steps over their bodies. */
class RequestHeads {
  readonly #found: (head: Omit<Sent, 'connection'>) => void
  #phase: 'head' | 'body' | 'chunk-size' | 'chunk' | 'trailer' = 'head'
  #left = 0
  #text = ''

  constructor(found: (head: Omit<Sent, 'connection'>) => void) {
    this.#found = found
  }

  take(data: Buffer): void {
    let at = 0
    while (at < data.length) {
      if (this.#phase === 'head') at = this.#head(data, at)
      else if (this.#phase === 'body' || this.#phase === 'chunk') at = this.#skip(data, at)
      else at = this.#line(data, at)
    }
  }

  #head(data: Buffer, at: number): number {
    const before = this.#text.length
    this.#text += data.toString('latin1', at)
    const end = this.#text.indexOf(END_OF_HEAD)
    if (end < 0) return data.length
    const [first = '', ...lines] = this.#text.slice(0, end).trimStart().split('\r\n')
    const [method = '', target = ''] = first.split(' ')
    const headers = Object.fromEntries(lines.map((line) => [nameOf(line), line.slice(line.indexOf(':') + 1).trim()]))
    this.#text = ''
    this.#left = Number(headers['content-length'] ?? 0)
    this.#phase = /chunked/i.test(headers['transfer-encoding'] ?? '') ? 'chunk-size' : this.#left > 0 ? 'body' : 'head'
    this.#found({ method, target, headers })
    return at + end + END_OF_HEAD.length - before
  }

  #skip(data: Buffer, at: number): number {
    const skipped = Math.min(this.#left, data.length - at)
    this.#left -= skipped
    if (this.#left === 0) this.#phase = this.#phase === 'body' ? 'head' : 'chunk-size'
    return at + skipped
  }

  /** A chunk's size, the empty line behind a chunk, or a line of the trailer. */
  #line(data: Buffer, at: number): number {
    const end = data.indexOf('\n', at)
    this.#text += data.toString('latin1', at, end < 0 ? data.length : end)
    if (end < 0) return data.length
    const line = this.#text.trim()
    this.#text = ''
    if (this.#phase === 'trailer') {
      if (line === '') this.#phase = 'head'
    } else if (line !== '') {
      this.#left = Number.parseInt(line, 16)
      this.#phase = this.#left === 0 ? 'trailer' : 'chunk'
    }
    return end + 1
  }
}

const nameOf = (line: string) => line.slice(0, line.indexOf(':')).toLowerCase()
