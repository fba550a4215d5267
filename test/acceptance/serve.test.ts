import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { s3Client, signedFetch } from './support/clients.ts'
import { type Server, startServer, temporaryFolder } from './support/server.ts'
import { presign, signHeaders } from './support/sigv4.ts'
import { rawRequest, send, sendSigned } from './support/wire.ts'

const MIB = 1024 * 1024
const TEXT = 'The same line again and again.\n'.repeat(200)

describe.each(['start', 'serve'] as const)('npm run %s', (door) => {
  let folder: string
  let server: Server

  beforeAll(async () => {
    folder = await temporaryFolder()
    server = await startServer({ folder, door })
    await s3Client({ server }).send(new CreateBucketCommand({ Bucket: 'served' }))
    await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'served', Key: 'text', Body: TEXT, ContentType: 'text/plain' }))
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('listens on loopback and prints a banner without secrets', () => {
    expect(server.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(server.output()).toContain(`Cairn is ready on ${server.endpoint}`)
    expect(server.output()).toContain(server.accessKeyId)
    expect(server.output()).not.toContain(server.secretAccessKey)
    expect(server.output()).not.toContain(server.apiToken)
  })

  test('answers HEAD with the Content-Length of the body it leaves out', async () => {
    const answer = await sendSigned('/served/text', { method: 'HEAD', server })
    expect([answer.status, answer.headers['content-length'], answer.text]).toEqual([200, String(TEXT.length), ''])
  })

  test('serves ranges', async () => {
    const answer = await sendSigned('/served/text', { headers: { range: 'bytes=4-7' }, server })
    expect([answer.status, answer.headers['content-range'], answer.text]).toEqual([206, `bytes 4-7/${TEXT.length}`, 'same'])
  })

  test('knows a bucket by the Host header', async () => {
    const host = `served.localhost:${new URL(server.endpoint).port}`
    expect((await sendSigned('/text', { headers: { host }, server })).text).toBe(TEXT)
  })

  test('serves public buckets: by path, and on a domain through the cache, with lengths', async () => {
    const buckets = `${server.apiBaseUrl}/accounts/${server.accountId}/r2/buckets/served`
    const configure = async (method: string, path: string, body: object) => {
      const answer = await fetch(buckets + path, {
        method,
        headers: { authorization: `Bearer ${server.apiToken}` },
        body: JSON.stringify(body),
      })
      expect(answer.status).toBe(200)
      return ((await answer.json()) as { result: { domain: string } }).result.domain
    }
    const url = await configure('PUT', '/domains/managed', { enabled: true })
    expect(await (await fetch(`http://${url}/text`)).text()).toBe(TEXT)
    const domain = await configure('POST', '/domains/custom', { domain: 'served.example.com', zoneId: 'a'.repeat(32), enabled: true })
    const film = randomBytes(3 * MIB)
    await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'served', Key: 'film.mp4', Body: film }))
    const get = async (headers = {}) => {
      const { status, headers: got } = await send('/film.mp4', { headers: { host: domain, ...headers }, server })
      return [status, got['content-length'], got['cf-cache-status']]
    }
    expect(await get()).toEqual([200, String(film.length), 'MISS'])
    await expect.poll(() => get()).toEqual([200, String(film.length), 'HIT'])
    expect(await get({ range: 'bytes=2000000-' })).toEqual([206, String(film.length - 2_000_000), 'HIT'])
    expect(await get({ 'if-match': '"x"' })).toEqual([412, expect.any(String), undefined])
  })

  test('compresses nothing, whatever the client accepts', async () => {
    const answer = await sendSigned('/served/text', { headers: { 'accept-encoding': 'gzip, br' }, server })
    expect([answer.headers['content-encoding'], answer.headers['content-length'], answer.text]).toEqual([
      undefined,
      String(TEXT.length),
      TEXT,
    ])
  })

  test('verifies a signed Accept-Encoding as it was sent', async () => {
    const { headers } = signHeaders({ target: '/served/text', headers: { 'accept-encoding': 'zstd, br;q=0.5' }, server })
    expect((await send('/served/text', { headers, server })).status).toBe(200)
  })

  test.each(['identity', 'gzip'])('returns a stored gzip object as it was stored to a client that accepts %s', async (accepted) => {
    const zipped = gzipSync(TEXT)
    const put = await sendSigned('/served/zipped', { method: 'PUT', headers: { 'content-encoding': 'gzip' }, body: zipped, server })
    expect(put.status).toBe(200)
    const { headers } = signHeaders({ target: '/served/zipped', headers: { 'accept-encoding': accepted }, server })
    const bytes = await rawBody('/served/zipped', headers)
    expect(bytes.equals(zipped)).toBe(true)
  })

  test('A2b: a gzip object that was stored with a checksum passes that checksum on its way out, as the aws CLI and boto3 compare it', async () => {
    const zipped = gzipSync(TEXT)
    const at = { Bucket: 'served', Key: 'checked.gz' }
    const client = s3Client({ server })
    await client.send(new PutObjectCommand({ ...at, Body: zipped, ContentEncoding: 'gzip', ChecksumAlgorithm: 'CRC32' }))
    const { Body, ContentLength, ContentEncoding, ChecksumCRC32 } = await client.send(
      new GetObjectCommand({ ...at, ChecksumMode: 'ENABLED' }),
    )
    expect(Buffer.from(await Body!.transformToByteArray()).equals(zipped)).toBe(true)
    expect([ContentLength, ContentEncoding, ChecksumCRC32]).toEqual([zipped.length, 'gzip', expect.any(String)])
  })

  test('takes Expect: 100-continue', async () => {
    const { headers } = signHeaders({ method: 'PUT', target: '/served/expected', headers: { 'content-length': '5' }, server })
    const answers = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(server.endpoint)
      const socket = connect(Number(port), hostname).setEncoding('utf8')
      let text = ''
      socket.write(rawRequest('PUT', '/served/expected', { ...headers, expect: '100-continue', connection: 'close' }))
      socket.on('data', (piece: string) => {
        text += piece
        if (text.startsWith('HTTP/1.1 100')) socket.write('hello')
      })
      setTimeout(() => socket.write('hello'), 1000).unref() // A client waits a second at most for the go-ahead.
      socket.on('close', () => resolve(text)).on('error', reject)
    })
    expect(answers).toContain('HTTP/1.1 200')
  })

  test('takes a large upload and returns it', async () => {
    const body = randomBytes(40 * MIB)
    const put = await signedFetch('PUT', '/served/large', { body, server })
    expect(put.status).toBe(200)
    const got = await signedFetch('GET', '/served/large', { server })
    expect(Buffer.from(await got.arrayBuffer()).equals(body)).toBe(true)
  })

  test('lives through an upload that is cut off, and stores nothing of it', async () => {
    const { hostname, port } = new URL(server.endpoint)
    const path = presign({ method: 'PUT', target: '/served/cut', server })
    await new Promise((resolve) => {
      const outgoing = request({ hostname, port, method: 'PUT', path, headers: { 'content-length': 10 * MIB } })
      outgoing.on('error', resolve)
      outgoing.write(randomBytes(2 * MIB))
      setTimeout(() => outgoing.destroy(new Error('cut')), 200)
    })
    await sleep(200)
    expect((await sendSigned('/served/cut', { server })).status).toBe(404)
    expect((await sendSigned('/served/text', { server })).text).toBe(TEXT)
  })

  test('ends on a signal and keeps its data; npm run dev on the same folder reads it, and the other way round', async () => {
    const bodies = { inline: 'small', d1: 'm'.repeat(200_000), kv: 'l'.repeat(2 * MIB) }
    const write = async (by: string) => {
      for (const [tier, Body] of Object.entries(bodies)) {
        await s3Client({ server }).send(new PutObjectCommand({ Bucket: 'served', Key: `${by}/${tier}`, Body }))
      }
    }
    const read = async (by: string) => {
      for (const [tier, body] of Object.entries(bodies)) {
        const { Body } = await s3Client({ server }).send(new GetObjectCommand({ Bucket: 'served', Key: `${by}/${tier}` }))
        expect(await Body!.transformToString()).toBe(body)
      }
    }
    await write(door)
    await server.stop()
    server = await startServer({ folder, door: 'dev' })
    expect(server.output()).toContain('This is wrangler dev: its proxy stands between clients and Cairn.')
    await read(door)
    await write('dev')
    await server.stop()
    server = await startServer({ folder, door, vars: { R2_STRICT: 'true' } })
    await read(door)
    await read('dev')
    const { ContentLength } = await s3Client({ server }).send(new HeadObjectCommand({ Bucket: 'served', Key: 'text' }))
    expect(ContentLength).toBe(TEXT.length)
  })

  test('lays variables over wrangler.jsonc', async () => {
    // The test before started this one with R2_STRICT=true, which allows one write a second to a key.
    const writes = await Promise.all([1, 2].map(() => sendSigned('/served/quick', { method: 'PUT', body: 'x', server })))
    expect(writes.map(({ status }) => status).sort()).toEqual([200, 429])
  })

  /** The body's bytes as they came, decoded by nobody. */
  function rawBody(path: string, headers: Record<string, string>): Promise<Buffer> {
    const { hostname, port } = new URL(server.endpoint)
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, path, headers, agent: false }, async (incoming) =>
        resolve(Buffer.concat(await incoming.toArray())),
      )
      outgoing.on('error', reject)
      outgoing.end()
    })
  }
})
