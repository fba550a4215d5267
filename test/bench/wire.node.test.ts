import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { runJob } from '../../bench/load.ts'
import { Connection } from '../../bench/wire.ts'

// A7: the load generator reads any correct answer of HTTP/1.1, and gives up with a message.

const servers: { close(): void }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that answers the n-th request, once its head and `content-length` bytes are there, by writing to the socket as it likes. */
async function serverOf(answer: (socket: Socket, n: number) => void): Promise<number> {
  let requests = 0
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let text = ''
    socket.setNoDelay(true).setEncoding('latin1')
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      text += piece
      for (let end = wholeRequest(text); end > 0; end = wholeRequest(text)) {
        text = text.slice(end)
        answer(socket, requests++)
      }
    })
  }).listen(0, '127.0.0.1')
  servers.push({
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

function wholeRequest(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return -1
  const end = head + 4 + Number(/^content-length: (\d+)/im.exec(text.slice(0, head))?.[1] ?? 0)
  return text.length >= end ? end : -1
}

const PUT = { head: 'PUT /b/k HTTP/1.1\r\nhost: x\r\ncontent-length: 1024\r\n\r\n', body: 1024 }
const GET = { head: 'GET /b/k HTTP/1.1\r\nhost: x\r\n\r\n' }
const HEAD = { head: 'HEAD /b/k HTTP/1.1\r\nhost: x\r\n\r\n' }

/** Correct answers of which the body is `hello`, and whether the server then closes. */
const STYLES: readonly (readonly [name: string, text: string, closes?: true])[] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a length, and then the end', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello', true],
  ['a length, and an end that was not announced', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', true],
  ['no length, and the end', 'HTTP/1.1 200 OK\r\n\r\nhello', true],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n003\r\nllo\r\n0\r\n\r\n'],
  [
    'chunks with extensions and a trailer',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n5;a="b"\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n',
  ],
  [
    'chunks beside a length, which then means nothing',
    'HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  ],
  ['another coding, until the end', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello', true],
  [
    'answers before it',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  ],
  ['no reason phrase', 'HTTP/1.1 200\r\ncontent-length:5\r\n\r\nhello'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', true],
]

const SPLITS: readonly (readonly [name: string, pieces: (text: string) => string[]])[] = [
  ['in one piece', (text) => [text]],
  ['byte by byte', (text) => [...text]],
  ['cut in the end of the head', (text) => cut(text, text.indexOf('\r\n\r\n') + 2)],
]
const cut = (text: string, at: number) => [text.slice(0, at), text.slice(at)]

describe.each(STYLES.map(([name, text, closes = false]) => [name, text, closes] as const))('an answer with %s', (_, text, closes) => {
  test.each(SPLITS)('%s, to one request after the other on one connection', async (_, split) => {
    const port = await serverOf(async (socket) => {
      for (const piece of split(text)) {
        socket.write(piece)
        await new Promise((resolve) => setImmediate(resolve))
      }
      if (closes) socket.end()
    })
    const connection = new Connection('127.0.0.1', port, { silenceMs: 5000 })
    for (const request of [GET, PUT, GET]) {
      const { status, bytes, body } = await connection.send(request, true)
      expect([status, bytes, body.toString()]).toEqual([200, 5, 'hello'])
    }
    connection.close()
  })

  test('in a job of sixteen connections', async () => {
    const port = await serverOf((socket) => {
      socket.write(text)
      if (closes) socket.end()
    })
    const job = {
      host: '127.0.0.1',
      port,
      requests: [PUT],
      concurrency: 16,
      count: 100,
      limitMs: 20_000,
      expect: { status: 200, bytes: 5 },
    }
    expect(await runJob(job)).toMatchObject({ count: 100, failures: 0 })
  })
})

test.each([
  ['HEAD', HEAD, 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n'],
  ['204', GET, 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304', GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n'],
  ['a length of nothing', PUT, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
])('the answer to %s has no body', async (_, request, text) => {
  const port = await serverOf((socket) => socket.write(text))
  const connection = new Connection('127.0.0.1', port, { silenceMs: 5000 })
  for (let n = 0; n < 3; n++) expect((await connection.send(request, true)).bytes).toBe(0)
  connection.close()
})

test('a server that closes a connection which rests is asked again', async () => {
  const port = await serverOf((socket, n) => {
    if (n === 1) socket.destroy()
    else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  })
  const connection = new Connection('127.0.0.1', port, { silenceMs: 5000 })
  for (let n = 0; n < 3; n++) expect((await connection.send(GET)).bytes).toBe(5)
  connection.close()
})

test('an answer that comes early ends the upload, and the next request has a connection of its own', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.pause() // The rest is never read, and the connection stays open.
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    })
    servers.push({ close: () => socket.destroy() })
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const connection = new Connection('127.0.0.1', (server.address() as { port: number }).port, { silenceMs: 20_000 })
  const bytes = 64 * 1024 * 1024
  const head = `PUT /b/k HTTP/1.1\r\nhost: x\r\ncontent-length: ${bytes}\r\n\r\n`
  for (let n = 0; n < 2; n++) expect(await connection.send({ head, body: bytes })).toMatchObject({ status: 403, bytes: 2 })
  connection.close()
})

test.each([
  ['nothing', undefined, 'The server did nothing for 0.2 s'],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-', 'The server did nothing for 0.2 s'],
  ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe', 'The server did nothing for 0.2 s'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 'This is no answer of HTTP/1.1: "SSH-2.0-OpenSSH"'],
  ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello', 'The answer has the Content-Length "five"'],
  [
    'a chunk that has no size',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n',
    'The answer has a chunk of the size "hello"',
  ],
  ['a chunk that is too long', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n', 'longer than it says'],
  ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n', 'changed the protocol'],
])('a server that answers with %s is given up with a message', async (_, text, message) => {
  const port = await serverOf((socket) => text && socket.write(text))
  const connection = new Connection('127.0.0.1', port, { silenceMs: 200 })
  await expect(connection.send(GET)).rejects.toThrow(message)
})

test.each([
  ['before it answers', '', 'closed the connection before it answered'],
  ['in the head', 'HTTP/1.1 200 OK\r\n', 'in the head of its answer'],
  ['in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe', 'in the body of its answer'],
  ['in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe', 'in the body of its answer'],
])('a server that closes the connection %s is told of', async (_, text, message) => {
  const port = await serverOf((socket) => socket.end(text))
  await expect(new Connection('127.0.0.1', port).send(GET)).rejects.toThrow(message)
})

test('a server that is away is told of', async () => {
  await expect(new Connection('127.0.0.1', 1).send(GET)).rejects.toThrow('ECONNREFUSED')
})
