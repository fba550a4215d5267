import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'

/** A request with a body of so many bytes. */
export interface Refused {
  readonly host: string
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: number
}

/** The status that a client saw, or the words of its failure. */
export type Seen = number | string

/** Sends the requests one after the other. */
export type Sender = (requests: readonly Refused[]) => Promise<Seen[]>

/** `tool` is the program that the sender needs; one that is not installed is not tried. */
export const SENDERS: readonly { readonly name: string; readonly tool?: string; readonly send: Sender }[] = [
  { name: 'a socket that writes everything before it reads', send: oneByOne(bySocket) },
  { name: 'Node fetch', send: oneByOne(byFetch) },
  { name: 'Node http', send: oneByOne(byHttp) },
  { name: 'Python http.client', tool: 'python3', send: byProgram('python3', ['client.py']) },
  { name: 'Go net/http', tool: 'go', send: byProgram('go', ['run', 'client.go']) },
]

export const isInstalled = (tool: string | undefined): boolean =>
  tool === undefined || spawnSync(tool, [tool === 'go' ? 'version' : '--version']).status === 0

function oneByOne(send: (request: Refused) => Promise<Seen>): Sender {
  return async (requests) => {
    const seen: Seen[] = []
    for (const request of requests) seen.push(await send(request).catch((error) => String(error.cause ?? error)))
    return seen
  }
}

async function byFetch({ host, method, target, headers, bytes }: Refused): Promise<Seen> {
  const { host: _, ...sent } = headers
  const response = await fetch(`http://${host}${target}`, { method, headers: sent, body: new Uint8Array(bytes) })
  await response.arrayBuffer()
  return response.status
}

function byHttp({ host, method, target, headers, bytes }: Refused): Promise<Seen> {
  const { hostname, port } = new URL(`http://${host}`)
  return new Promise((resolve, reject) => {
    const sent = { ...headers, 'content-length': bytes }
    const outgoing = httpRequest({ hostname, port, method, path: target, headers: sent, agent: false }, (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode!))
    })
    outgoing.on('error', reject).end(Buffer.alloc(bytes))
  })
}

/** The strictest reader: it looks for nothing before its last byte is out. */
export async function bySocket({ host, method, target, headers, bytes }: Refused): Promise<Seen> {
  const { hostname, port } = new URL(`http://${host}`)
  const socket = connect({ host: hostname, port: Number(port) }).pause()
  try {
    await once(socket, 'connect')
    const lines = Object.entries({ host, ...headers, 'content-length': bytes }).map(([name, value]) => `${name}: ${value}\r\n`)
    await write(socket, Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`))
    await write(socket, Buffer.alloc(bytes))
    return await firstStatus(socket)
  } finally {
    socket.destroy()
  }
}

const write = (socket: import('node:net').Socket, data: Buffer): Promise<void> =>
  new Promise((resolve, reject) => socket.write(data, (error) => (error ? reject(error) : resolve())))

/** The first status that is final. */
export async function firstStatus(socket: import('node:net').Socket): Promise<Seen> {
  let text = ''
  for await (const piece of socket.setEncoding('latin1')) {
    text += piece
    const status = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => Number(code)).find((code) => code >= 200)
    if (status !== undefined) return status
  }
  return `closed after ${JSON.stringify(text)}`
}

function byProgram(command: string, args: readonly string[]): Sender {
  return async (requests) => {
    const child = spawn(command, args, { cwd: join(import.meta.dirname), stdio: ['pipe', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    const output = child.stdout.setEncoding('utf8').toArray()
    child.stdin.end(JSON.stringify(requests))
    await closed
    return JSON.parse((await output).join(''))
  }
}
