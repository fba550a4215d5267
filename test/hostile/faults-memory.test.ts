import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isolateMemory } from '../../src/core/memory-budget.ts'
import { env } from '../support/bucket.ts'
import { signedRequest } from '../support/s3.ts'
import { attack, type Ground, prepare, worker } from './support.ts'

// Memory that one client makes an isolate hold.

const KIB = 1024
const MIB = 1024 * KIB

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
})

/** Whatever was sent and however it ended, nothing stays claimed. */
afterEach(async () => {
  for (let n = 0; n < 100 && isolateMemory.heldBytes > 0; n++) await scheduler.wait(20)
  expect(isolateMemory.heldBytes).toBe(0)
})

/** A body that stops before its last byte until it is let go. */
function stalled(first: Uint8Array) {
  const { readable, writable } = new IdentityTransformStream()
  const writer = writable.getWriter()
  writer.write(first).catch(() => {})
  return {
    stream: readable,
    end: () => void writer.close().catch(() => {}),
    fail: () => void writer.abort(new Error('gone')).catch(() => {}),
  }
}

async function send(method: string, path: string, body: ReadableStream, headers: Record<string, string> = {}): Promise<Response> {
  const signed = await signedRequest(method, path, { credentials: ground.attacker, headers })
  return worker.fetch(new Request(signed.url, { method, headers: signed.headers, body }))
}

const deletion = (size: number) =>
  new TextEncoder().encode(`<Delete><Object><Key>a</Key></Object>${' '.repeat(size - '<Delete><Object><Key>a</Key></Object>'.length)}`)

describe('21: XML', () => {
  test.each([
    ['a deletion', 'POST', '?delete', '<Delete>', 2],
    ['a completion, which lists up to 10,000 parts', 'POST', '/a?uploadId=UPLOAD', '<CompleteMultipartUpload>', 8],
  ])('of %s is read up to its limit', async (_, method, target, start, most) => {
    const path = `/${ground.mine}${target.replace('UPLOAD', ground.myUpload)}`
    const { code } = await attack(ground, { method, path, body: start + ' '.repeat(most * MIB) })
    expect(code).toBe('MalformedXML')
  })

  test('of 10,000 parts with a checksum each fits', async () => {
    const part = (n: number) =>
      `<Part><PartNumber>${n}</PartNumber><ETag>&quot;${'a'.repeat(32)}&quot;</ETag><ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></Part>`
    const body = `<CompleteMultipartUpload>${Array.from({ length: 10_000 }, (__, n) => part(n + 1)).join('')}</CompleteMultipartUpload>`
    const { code } = await attack(ground, { method: 'POST', path: `/${ground.mine}/a?uploadId=${ground.myUpload}`, body })
    expect(code).toBe('InvalidPart')
  })

  test('that stalls in many requests at once claims what it holds, and the next one is told to slow down', async () => {
    const bodies = Array.from({ length: 24 }, () => stalled(deletion(1.5 * MIB)))
    const answers = bodies.map(({ stream }) => send('POST', `/${ground.mine}?delete`, stream))
    const refused: Response[] = []
    for (const answer of answers) void answer.then((response) => response.status === 503 && refused.push(response))
    for (let n = 0; n < 250 && refused.length === 0; n++) await scheduler.wait(20)
    expect(isolateMemory.heldBytes).toBeLessThanOrEqual(isolateMemory.bytes)
    expect(isolateMemory.heldBytes).toBeGreaterThan(isolateMemory.bytes / 2)
    for (const { end } of bodies) end()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([400, 503])) // The bodies end where they stalled, so what was read is malformed.
    expect(refused[0]!.headers.get('retry-after')).toBe('1')
    expect(await refused[0]!.text()).toContain('<Code>SlowDown</Code>')
  }, 30_000)
})

test('21: JSON claims what it holds, and releases it', async () => {
  const { stream, end } = stalled(new TextEncoder().encode(`{"rules":[${' '.repeat(500 * KIB)}`))
  const url = `http://localhost/client/v4/accounts/${env.ACCOUNT_ID}/r2/buckets/${ground.mine}/lifecycle`
  const answer = worker.fetch(new Request(url, { method: 'PUT', headers: { authorization: `Bearer ${env.ROOT_TOKEN}` }, body: stream }))
  for (let n = 0; n < 250 && isolateMemory.heldBytes === 0; n++) await scheduler.wait(20)
  expect(isolateMemory.heldBytes).toBeGreaterThan(500 * KIB)
  end()
  expect((await answer).status).toBe(400)
})

describe('21: transfers', () => {
  const put = (key: string, body: ReadableStream, size: number, headers = {}) =>
    send('PUT', `/${ground.mine}/${key}`, body, { 'content-length': String(size), ...headers })

  test('a signed chunk that says it is large and never ends claims no more than any upload', async () => {
    const header = new TextEncoder().encode(`1000000;chunk-signature=${'0'.repeat(64)}\r\n`)
    const framed = {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      'x-amz-decoded-content-length': String(16 * MIB),
    }
    const bodies = Array.from({ length: 10 }, () => stalled(header))
    const answers = bodies.map(({ stream }, n) => put(`stalled-${n}`, stream, 17 * MIB, framed))
    for (let n = 0; n < 250 && isolateMemory.heldBytes < 10 * MIB; n++) await scheduler.wait(20)
    expect(isolateMemory.heldBytes).toBeLessThanOrEqual(10 * 2 * MIB)
    for (const { end } of bodies) end()
    for (const answer of answers) expect((await answer).status).toBe(400)
  }, 30_000)

  test('a chunk whose signature is wrong publishes nothing, in any tier', async () => {
    for (const size of [1000, 100 * KIB, 3 * MIB]) {
      const frame = `${size.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${'x'.repeat(size)}\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`
      const headers = {
        'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x-amz-decoded-content-length': String(size),
      }
      const path = `/${ground.mine}/unsigned-${size}`
      expect((await attack(ground, { method: 'PUT', path, headers, body: frame })).code).toBe('SignatureDoesNotMatch')
      expect((await attack(ground, { method: 'HEAD', path })).status).toBe(404)
    }
  })

  test('more at once than there is memory for wait for each other', async () => {
    const body = 'y'.repeat(3 * MIB)
    const puts = Array.from({ length: 40 }, (_, n) => attack(ground, { method: 'PUT', path: `/${ground.mine}/many-${n}`, body }))
    for (const verdict of await Promise.all(puts)) expect(verdict.status).toBe(200)
    const gets = Array.from({ length: 40 }, (_, n) => attack(ground, { method: 'GET', path: `/${ground.mine}/many-${n}` }))
    for (const verdict of await Promise.all(gets)) expect(verdict.text.length).toBe(body.length)
  }, 60_000)

  test('that fail or are given up release what they claimed', async () => {
    const path = `/${ground.mine}/given-up`
    await attack(ground, { method: 'PUT', path, body: 'z'.repeat(5 * MIB) })
    await attack(ground, { method: 'PUT', path, body: 'z'.repeat(2 * MIB), headers: { 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' } })
    const cut = stalled(new Uint8Array(MIB))
    const answer = put('given-up', cut.stream, 5 * MIB)
    for (let n = 0; n < 250 && isolateMemory.heldBytes === 0; n++) await scheduler.wait(20)
    cut.fail()
    expect((await answer).status).toBe(400)
    const response = await worker.fetch(await signedRequest('GET', path, { credentials: ground.attacker }))
    await response.body!.cancel()
  })
})
