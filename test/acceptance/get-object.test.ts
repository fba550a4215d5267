import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  bytesOf,
  expectError,
  expectHeadError,
  expectNoSuchBucket,
  expectNoSuchKey,
  expectSameBytes,
  headersOf,
} from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { etagOf, KIB, lentBucket, MIB, someBytes } from './support/objects.ts'

const bucket = lentBucket()

const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/

/** What an answer says about an object, without what differs from one run or server to the next. */
function described(response: Response): Record<string, string> {
  const runtime = ['date', 'connection', 'keep-alive', 'transfer-encoding', 'server', 'cf-ray', 'x-amz-request-id']
  return Object.fromEntries([...response.headers].filter(([name]) => !runtime.includes(name)))
}

describe.each(['GET', 'HEAD'])('%s', (method) => {
  const KEY = 'described'
  const BODY = '0123456789'
  const stored = {
    'content-type': 'text/x-test; charset=utf-8',
    'content-encoding': 'identity',
    'content-language': 'de, en',
    'content-disposition': 'attachment; filename="x.txt"',
    'cache-control': 'max-age=60, private',
    expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
    'x-amz-meta-color': 'blue',
    'x-amz-meta-empty': '',
  }
  beforeAll(async () => {
    await bucket.put(KEY, BODY, stored)
    await bucket.put('bare', BODY, { 'content-type': '' })
    await bucket.put('empty')
  })
  /** Of a type that a browser might run. */
  const guards = {
    'content-security-policy': 'sandbox allow-downloads allow-forms allow-popups allow-scripts',
    'x-content-type-options': 'nosniff',
  }
  const send = (key: string, headers?: Record<string, string>, query?: Record<string, string>) =>
    bucket.send(method, key, { headers, query })
  const expectBody = async (response: Response, body: string) => expect(await response.text()).toBe(method === 'HEAD' ? '' : body)

  test('answers with every header that was stored, and nothing about versions or encryption', async () => {
    const response = await send(KEY)
    expect(response.status).toBe(200)
    const { 'last-modified': lastModified, ...headers } = described(response)
    expect(lastModified).toMatch(HTTP_DATE)
    expect(headers).toEqual({ ...stored, ...guards, 'content-length': '10', etag: etagOf(BODY), 'accept-ranges': 'bytes' })
    await expectBody(response, BODY)
  })

  test('of an empty object has Content-Length 0', async () => {
    const response = await send('empty')
    expect(response.status).toBe(200)
    expect(described(response)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '0',
      etag: '"d41d8cd98f00b204e9800998ecf8427e"',
    })
    await expectBody(response, '')
  })

  test('of a missing key is 404', async () => {
    const response = await send('missing')
    await (method === 'HEAD' ? expectHeadError(response, 404) : expectNoSuchKey(response))
  })

  test('in a missing bucket is 404', async () => {
    const response = await signedFetch(method, `/${uniqueName('absent')}/key`)
    await (method === 'HEAD' ? expectHeadError(response, 404) : expectNoSuchBucket(response))
  })

  test('answers with the headers that response-* parameters ask for', async () => {
    const wanted = {
      'content-type': 'application/x-other',
      'content-language': 'fr',
      expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
      'cache-control': 'no-store',
      'content-disposition': 'inline; filename="other name.txt"',
      'content-encoding': 'x-custom',
    }
    const query = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [`response-${name}`, value]))
    const whole = await send(KEY, {}, query)
    expect([whole.status, described(whole)]).toMatchObject([200, wanted])
    const part = await send(KEY, { range: 'bytes=0-0' }, query)
    expect([part.status, described(part)]).toMatchObject([206, wanted])
  })

  test('keeps the stored headers where a response-* parameter is empty', async () => {
    const response = await send(KEY, {}, { 'response-content-type': '' })
    expect(response.headers.get('content-type')).toBe(stored['content-type'])
  })

  test('ignores parameters it does not know', async () => {
    expect((await send(KEY, {}, { junk: '1', 'x-id': 'GetObject' })).status).toBe(200)
  })

  test('with versionId is not implemented', async () => {
    const response = await send(KEY, {}, { versionId: 'null' })
    await (method === 'HEAD' ? expectHeadError(response, 501) : expectError(response, 501, 'NotImplemented', 'versionId not implemented'))
  })

  test('refuses another x-amz-expected-bucket-owner, before anything is looked up', async () => {
    const response = await send('missing', { 'x-amz-expected-bucket-owner': '1', range: 'nonsense' })
    if (method === 'HEAD') return expectHeadError(response, 403)
    await expectError(response, 403, 'AccessDenied', 'Access Denied')
  })

  test.each(['x-amz-tagging', 'x-amz-mfa', 'x-amz-request-payer', 'x-amz-acl', 'x-amz-server-side-encryption'])(
    'ignores %s',
    async (name) => {
      expect((await send(KEY, { [name]: 'v' })).status).toBe(200)
    },
  )

  describe('with a range', () => {
    test.each([
      ['bytes=0-0', 'bytes 0-0/10', '0'],
      ['bytes=2-5', 'bytes 2-5/10', '2345'],
      ['bytes=9-9', 'bytes 9-9/10', '9'],
      ['bytes=0-9', 'bytes 0-9/10', BODY],
      ['bytes=0-', 'bytes 0-9/10', BODY],
      ['bytes=7-', 'bytes 7-9/10', '789'],
      ['bytes=7-10', 'bytes 7-9/10', '789'],
      ['bytes=7-99999999999999999999', 'bytes 7-9/10', '789'],
      ['bytes=-1', 'bytes 9-9/10', '9'],
      ['bytes=-10', 'bytes 0-9/10', BODY],
      ['bytes=-11', 'bytes 0-9/10', BODY],
      ['bytes=007-008', 'bytes 7-8/10', '78'],
    ])('%s is %s', async (range, contentRange, body) => {
      const response = await send(KEY, { range })
      expect(response.status).toBe(206)
      expect(described(response)).toMatchObject({ ...stored, 'content-range': contentRange, 'content-length': String(body.length) })
      await expectBody(response, body)
    })

    test.each(['bytes=10-', 'bytes=10-20', 'bytes=99999999999999999999-', 'bytes=-0'])('%s is not satisfiable', async (range) => {
      const response = await send(KEY, { range })
      if (method === 'HEAD') return expectHeadError(response, 416)
      await expectError(response, 416, 'InvalidRange', 'The requested range is not satisfiable')
    })

    test.each(['bytes=0-', 'bytes=0-0', 'bytes=-1', 'bytes=-100', 'bytes=-0'])(
      '%s of an empty object is not satisfiable',
      async (range) => {
        const response = await send('empty', { range })
        if (method === 'HEAD') return expectHeadError(response, 416)
        await expectError(response, 416, 'InvalidRange', 'The requested range is not satisfiable')
      },
    )

    const MALFORMED = [
      'bytes=0-1,3-4',
      'bytes=0-1, 3-4',
      'bytes=a-b',
      'bytes=-',
      'bytes=',
      'bytes',
      'bytes=1',
      'bytes= 0-1',
      'bytes=0 -1',
      'bytes=0- 1',
      'bytes=0-1-2',
      'bytes=--1',
      'bytes=+1-2',
      'bytes=0x0-0x1',
      'bytes=1.0-2',
      'Bytes=0-1',
      'bytes:0-1',
      'items=0-1',
      '0-1',
    ]
    test.each(MALFORMED)('%j is malformed', async (range) => {
      const response = await send(KEY, { range })
      if (method === 'HEAD') return expectHeadError(response, 400)
      const text = "range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'"
      await expectError(response, 400, 'InvalidArgument', text)
    })

    test.each(['bytes=5-4', 'bytes=1-0'])('%s is upside down', async (range) => {
      const response = await send(KEY, { range })
      if (method === 'HEAD') return expectHeadError(response, 400)
      await expectError(response, 400, 'InvalidArgument', 'range must be positive.')
    })

    test.each([
      ['bytes=x', 400],
      ['bytes=5-4', 400],
      ['bytes=-0', 416],
      ['bytes=0-', 404],
    ])('%s is checked in R2’s order: on a missing key it is %i', async (range, status) => {
      expect((await send('missing', { range })).status).toBe(status)
      expect((await send('missing', { range, 'if-match': '"x"' })).status).toBe(status)
    })

    test.each([
      ['bytes=5-4', { 'if-match': '"x"' }, 400],
      ['bytes=-0', { 'if-match': '"x"' }, 416],
      ['bytes=99-', { 'if-match': '"x"' }, 412],
      ['bytes=99-', { 'if-none-match': '*' }, 304],
      ['bytes=99-', {}, 416],
      ['bytes=0-1', { 'if-match': etagOf(BODY) }, 206],
    ])('%s together with %o is %i', async (range, conditions, status) => {
      expect((await send(KEY, { range, ...conditions })).status).toBe(status)
    })

    test('ignores If-Range', async () => {
      expect((await send(KEY, { range: 'bytes=0-0', 'if-range': '"other"' })).status).toBe(206)
    })
  })

  describe('with partNumber, of an object that was put whole', () => {
    test('1 is all of it', async () => {
      const response = await send(KEY, {}, { partNumber: '1' })
      expect(response.status).toBe(206)
      expect(described(response)).toMatchObject({ 'content-range': 'bytes 0-9/10', 'content-length': '10' })
      expect(response.headers.get('x-amz-mp-parts-count')).toBeNull()
      await expectBody(response, BODY)
    })

    test.each(['2', '10000'])('%s is not satisfiable', async (partNumber) => {
      const response = await send(KEY, {}, { partNumber })
      if (method === 'HEAD') return expectHeadError(response, 416)
      await expectError(response, 416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable')
    })

    test.each(['0', '10001', '-1', 'abc', '', '1.5'])('%j is invalid, even for a missing key', async (partNumber) => {
      for (const key of [KEY, 'missing']) {
        const response = await send(key, {}, { partNumber })
        if (method === 'HEAD') await expectHeadError(response, 400)
        else await expectError(response, 400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive.')
      }
    })

    test('does not go with Range', async () => {
      const response = await send(KEY, { range: 'bytes=0-1' }, { partNumber: '1' })
      if (method === 'HEAD') return expectHeadError(response, 400)
      await expectError(response, 400, 'InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
    })
  })

  describe('that is not modified', () => {
    test.each([
      ['', {}],
      [' in spite of a range', { range: 'bytes=0-1' }],
    ])('answers 304 with the object’s headers, no body, no length and no Content-Range%s', async (_, headers) => {
      const response = await send(KEY, { 'if-none-match': etagOf(BODY), ...headers })
      expect(response.status).toBe(304)
      const { 'last-modified': lastModified, ...rest } = described(response)
      expect(lastModified).toMatch(HTTP_DATE)
      expect(rest).toEqual({ ...stored, ...guards, etag: etagOf(BODY), 'accept-ranges': 'bytes' })
      expect(await response.text()).toBe('')
    })

    test('keeps the stored headers, whatever response-* parameters ask for', async () => {
      const response = await send(KEY, { 'if-none-match': '*' }, { 'response-content-type': 'text/other' })
      expect([response.status, response.headers.get('content-type')]).toEqual([304, stored['content-type']])
    })
  })
})

describe('GetObject on other subresources', () => {
  test.each([
    ['torrent', 'GetObjectTorrent'],
    ['retention', 'GetObjectRetention'],
    ['legal-hold', 'GetObjectLegalHold'],
  ])('?%s is %s, which HEAD ignores', async (subresource, operation) => {
    await bucket.put('subresource', 'x')
    const response = await bucket.send('GET', 'subresource', { query: { [subresource]: '' } })
    await expectError(response, 501, 'NotImplemented', `${operation} not implemented`)
    expect((await bucket.send('HEAD', 'subresource', { query: { [subresource]: '' } })).status).toBe(200)
  })
})

describe('a stored Content-Encoding', () => {
  test('leaves the bytes as they are', async () => {
    const gzipped = Buffer.from('1f8b0800000000000003cb48cdc9c9070086a6103605000000', 'hex')
    await bucket.put('gzipped', gzipped, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
    // The local server, like Cloudflare's edge, unpacks for a client that takes no gzip.
    const head = await bucket.head('gzipped', { 'accept-encoding': 'gzip' })
    const got = await bucket.get('gzipped', { 'accept-encoding': 'gzip' })
    for (const { headers } of [head, got]) {
      expect([headers.get('content-length'), headers.get('content-encoding')]).toEqual([String(gzipped.length), 'gzip'])
    }
    // fetch unpacks: nothing but the true bytes become the word.
    expect(await got.text()).toBe('hello')
  })
})

/** What each tier holds: up to 64 KiB inline, up to 512 KiB in D1, the rest in KV. */
const SIZES = [
  ['inline', 1],
  ['inline, a chunk but one byte', 64 * KIB - 1],
  ['inline, a full chunk', 64 * KIB],
  ['in D1, the smallest', 64 * KIB + 1],
  ['in D1, a chunk but one byte', 256 * KIB - 1],
  ['in D1, a full chunk', 256 * KIB],
  ['in D1, two chunks', 256 * KIB + 1],
  ['in D1, the largest but one', 512 * KIB - 1],
  ['in D1, the largest', 512 * KIB],
  ['in KV, the smallest', 512 * KIB + 1],
  ['in KV, some chunks', MIB + 7],
  ['in KV, the most of small chunks', 8 * MIB],
  ['in KV, the fewest of large chunks', 8 * MIB + 1],
] as const

/** Ranges around every border there may be in `size` bytes: the ends and the multiples of `steps`. */
function* rangesOf(size: number, steps: readonly number[]): Generator<[first: number, last: number]> {
  yield [0, 0]
  yield [size - 1, size - 1]
  for (const step of steps) {
    const borders = [1, 2, Math.floor(size / step)].map((n) => n * step).filter((border) => border > 0 && border < size)
    for (const border of new Set(borders)) {
      yield [border - 1, border - 1]
      yield [border, border]
      yield [border - 1, Math.min(border, size - 1)]
      yield [Math.max(0, border - 1000), Math.min(border + 1000, size - 1)]
    }
  }
  yield [Math.floor(size / 3), Math.floor((2 * size) / 3)]
}

async function expectRange(key: string, body: Buffer, [first, last]: [number, number]): Promise<void> {
  const response = await bucket.get(key, { range: `bytes=${first}-${last}` })
  expect([response.status, response.headers.get('content-range')]).toEqual([206, `bytes ${first}-${last}/${body.length}`])
  expectSameBytes(await bytesOf(response), body.subarray(first, last + 1))
}

describe('an object in each tier', () => {
  test.each(SIZES)('%s: %i bytes come back as they are, whole and in ranges', async (_, size) => {
    const key = uniqueName('sized')
    const body = someBytes(size, size % 251)
    expect((await bucket.put(key, body)).headers.get('etag')).toBe(etagOf(body))
    const head = await bucket.head(key)
    expect([head.headers.get('content-length'), head.headers.get('etag')]).toEqual([String(size), etagOf(body)])
    expectSameBytes(await bytesOf(await bucket.get(key)), body)
    for (const range of rangesOf(size, [64 * KIB, 256 * KIB, MIB])) await expectRange(key, body, range)
  })

  test('two segments of KV come back as they are, whole and across their border', async () => {
    const size = 24 * MIB + 1
    const body = someBytes(size, 24)
    expect((await bucket.put('segments', body)).headers.get('etag')).toBe(etagOf(body))
    expectSameBytes(await bytesOf(await bucket.get('segments')), body)
    for (const range of rangesOf(size, [MIB, 24 * MIB])) await expectRange('segments', body, range)
    await expectRange('segments', body, [24 * MIB - 3 * MIB - 5, size - 1])
    const suffix = await bucket.get('segments', { range: 'bytes=-2' })
    expectSameBytes(await bytesOf(suffix), body.subarray(-2))
  })

  test('one full segment of KV comes back as it is', async () => {
    const body = someBytes(24 * MIB, 25)
    await bucket.put('segment', body)
    for (const range of rangesOf(body.length, [24 * MIB - MIB])) await expectRange('segment', body, range)
    expectSameBytes(await bytesOf(await bucket.get('segment')), body)
  })

  test.each([1000, 100 * KIB, 600 * KIB])('%i bytes survive a reader that walks away', async (size) => {
    const key = uniqueName('abandoned')
    const body = someBytes(size)
    await bucket.put(key, body)
    const response = await bucket.get(key)
    await response.body!.cancel()
    expectSameBytes(await bytesOf(await bucket.get(key)), body)
  })

  test.each([1000, 100 * KIB, 3 * MIB])('%i bytes are read by many at once', async (size) => {
    const key = uniqueName('shared')
    const body = someBytes(size)
    await bucket.put(key, body)
    const bodies = await Promise.all(Array.from({ length: 6 }, async () => bytesOf(await bucket.get(key))))
    for (const got of bodies) expectSameBytes(got, body)
  })

  test('a read in flight ends with the bytes it began with, though the object is replaced and deleted', async () => {
    const body = someBytes(4 * MIB, 4)
    await bucket.put('in-flight', body)
    const response = await bucket.get('in-flight')
    await bucket.put('in-flight', someBytes(600 * KIB, 5))
    expect((await bucket.send('DELETE', 'in-flight')).status).toBe(204)
    expectSameBytes(await bytesOf(response), body)
  })
})

describe('the AWS SDK', () => {
  test('reads and describes an object', async () => {
    await bucket.put('sdk', 'hello', { 'content-type': 'text/plain', 'x-amz-meta-a': 'b' })
    const input = { Bucket: bucket.name, Key: 'sdk' }
    const head = await bucket.s3.send(new HeadObjectCommand(input))
    expect(head).toMatchObject({ ContentLength: 5, ETag: etagOf('hello'), ContentType: 'text/plain', Metadata: { a: 'b' } })
    const got = await bucket.s3.send(new GetObjectCommand({ ...input, Range: 'bytes=1-3' }))
    expect([got.ContentRange, await got.Body!.transformToString()]).toEqual(['bytes 1-3/5', 'ell'])
  })

  test('finds the names of errors', async () => {
    const missing = { Bucket: bucket.name, Key: 'missing' }
    await expect(bucket.s3.send(new GetObjectCommand(missing))).rejects.toMatchObject({
      name: 'NoSuchKey',
      $metadata: { httpStatusCode: 404 },
    })
    await expect(bucket.s3.send(new HeadObjectCommand(missing))).rejects.toMatchObject({ name: 'NotFound' })
  })
})

test('no answer of a read carries a version id', async () => {
  await bucket.put('versionless', 'x')
  for (const response of [await bucket.get('versionless'), await bucket.head('versionless')]) {
    expect(Object.keys(headersOf(response, 'x-amz-'))).toEqual(['x-amz-request-id'])
  }
})
