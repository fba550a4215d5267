import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { forgetDomains } from '../../../src/control/domains.ts'
import { isCacheable } from '../../../src/faces/public/cached-objects.ts'
import { dispatchPublic } from '../../../src/faces/public/dispatch.ts'
import type { PublicPorts } from '../../../src/faces/public/ports.ts'
import { deploymentOf } from '../../../src/gateway.ts'
import { env, randomBytes } from '../../support/bucket.ts'
import { countingEnv } from '../../support/counting.ts'
import { fetchPublic, PublicBucket } from '../../support/public-bucket.ts'
import { signedRequest } from '../../support/s3.ts'

const MIB = 1024 * 1024
/** Some megabytes through a cache on disk take their time on a busy machine. */
const FILL_TIMEOUT_MS = 30_000
const counting = countingEnv(env)
let site: PublicBucket
let changes: Partial<PublicPorts>
let pending: Promise<unknown>[]

beforeEach(async () => {
  site = await PublicBucket.create()
  changes = {}
  pending = []
  counting.take()
})
afterEach(() => vi.restoreAllMocks())

/** A request to the custom domain, on the platform's own cache unless the test has another. */
function request(path: string, init: RequestInit = {}): Promise<Response> {
  const deployment = deploymentOf(counting.env)
  if (!deployment.ok) throw new Error(deployment.reason)
  const ports = { ...deployment.ports, waitUntil: (work: Promise<unknown>) => void pending.push(work), ...changes }
  const url = new URL(`${site.custom}${path}`)
  return dispatchPublic(new Request(url, init), { host: site.domain, encodedKey: url.pathname.slice(1), onOwnHost: false }, ports)
}

/** The same, and everything that goes on behind the answer. */
async function settled(path: string, init?: RequestInit) {
  const answer = await settledBytes(path, init)
  await Promise.all(pending)
  return answer
}

async function settledBytes(path: string, init?: RequestInit) {
  const response = await request(path, init)
  const bytes = new Uint8Array(await response.arrayBuffer())
  const header = (name: string) => response.headers.get(name)
  return {
    status: response.status,
    cache: header('cf-cache-status'),
    header,
    bytes,
    text: new TextDecoder().decode(bytes),
    headers: response.headers,
  }
}

const cacheStatuses = async (path: string, init?: RequestInit) => [(await settled(path, init)).cache, (await settled(path, init)).cache]

/** A second read of the bucket's metadata is what a hit saves. */
const reads = () => counting.take()

const forAnHour = { httpMetadata: { contentType: 'text/plain', cacheControl: 'max-age=3600' } }

describe('what is kept', () => {
  test.each([
    ['a.png', {}, 'MISS', 'HIT'],
    ['page', { cacheControl: 'public, max-age=60' }, 'MISS', 'HIT'],
    ['page', { cacheExpiryMs: Date.now() + 3_600_000 }, 'MISS', 'HIT'],
    ['page', {}, 'DYNAMIC', 'DYNAMIC'],
    ['a.png', { cacheControl: 'private, max-age=60' }, 'BYPASS', 'BYPASS'],
    ['a.png', { cacheControl: 'no-store' }, 'BYPASS', 'BYPASS'],
    ['a.png', { cacheControl: 'no-cache' }, 'BYPASS', 'BYPASS'],
    ['a.png', { cacheControl: 'max-age=0' }, 'BYPASS', 'BYPASS'],
    ['a.png', { cacheExpiryMs: 0 }, 'BYPASS', 'BYPASS'],
  ])('%s with %j: %s, then %s', async (key, httpMetadata, first, second) => {
    await site.put(key, 'x', { httpMetadata })
    expect(await cacheStatuses(`/${key}`)).toEqual([first, second])
  })

  test('no 404, so that what is stored next is seen', async () => {
    expect((await settled('/late.png')).status).toBe(404)
    await site.put('late.png', 'here')
    expect((await settled('/late.png')).text).toBe('here')
  })

  test('nothing for a piece, a HEAD, or a client that has the object', async () => {
    await site.put('a.png', 'Hello')
    const { header } = await settled('/a.png', { method: 'HEAD' })
    await settled('/a.png', { headers: { range: 'bytes=0-1' } })
    expect((await settled('/a.png', { headers: { 'if-none-match': header('etag')! } })).status).toBe(304)
    expect((await settled('/a.png')).cache).toBe('MISS')
  })

  test('nothing of a managed URL', async () => {
    await site.put('a.png', 'x')
    for (const url of [site.label, site.path]) {
      const response = await fetchPublic(`${url}/a.png`)
      expect([response.status, response.headers.get('cf-cache-status'), response.headers.get('age')]).toEqual([200, null, null])
    }
    expect((await settled('/a.png')).cache).toBe('MISS')
  })

  test('nothing beyond the limit of the cache', async () => {
    const size = (bytes: number) => isCacheable(60, { size: bytes } as never)
    expect([size(512 * MIB), size(512 * MIB + 1)]).toEqual([true, false])
  })
})

describe('a hit', () => {
  test('is the answer of the bucket, with an age, and asks neither the bucket nor its bytes', async () => {
    await site.put('a.txt', 'Hello, world', {
      ...forAnHour,
      httpMetadata: { ...forAnHour.httpMetadata, contentLanguage: 'en', contentDisposition: 'inline', cacheExpiryMs: 2e12 },
      customMetadata: { secret: 'x' },
    })
    const first = await settled('/a.txt')
    reads()
    const second = await settled('/a.txt')
    expect(reads()).toEqual({ bucket: 0, d1: 0, kv: 0 })
    expect([second.status, second.text, second.cache, second.header('age')]).toEqual([200, 'Hello, world', 'HIT', '0'])
    const own = (headers: Headers) => [...headers].filter(([name]) => name !== 'cf-cache-status' && name !== 'age')
    expect(own(second.headers)).toEqual(own(first.headers))
    expect(second.header('cache-control')).toBe('max-age=3600')
  })

  test('is of the very query, in the order and the spelling that came', async () => {
    await site.put('a.png', 'old')
    await settled('/a.png')
    await settled('/a.png?v=1&w')
    await site.put('a.png', 'new')
    const seen = async (path: string) => Object.values(await settled(path).then(({ cache, text }) => ({ cache, text })))
    expect(await seen('/a.png')).toEqual(['HIT', 'old'])
    expect(await seen('/a.png?')).toEqual(['HIT', 'old'])
    expect(await seen('/a.png?v=1&w')).toEqual(['HIT', 'old'])
    for (const other of ['?v=2', '?w&v=1', '?v=%31&w', '?v=1&w=']) expect(await seen(`/a.png${other}`)).toEqual(['MISS', 'new'])
    // A range and a HEAD look into the entry of their own query.
    expect((await settled('/a.png?v=1&w', { headers: { range: 'bytes=0-1' } })).text).toBe('ol')
    expect((await settled('/a.png?v=3', { method: 'HEAD' })).cache).toBe('MISS')
  })

  test('does not depend on the scheme, nor on how the path and the host were spelt', async () => {
    await site.put('a (1)/ü.png', 'x')
    expect((await settled('/a%20(1)/%C3%BC.png')).cache).toBe('MISS')
    for (const spelling of ['/%61%20%281%29%2Fu%CC%88%2Epng', '/a (1)/ü.png', '/a%20(1)/%c3%bc.%70ng'])
      expect((await settled(spelling)).cache).toBe('HIT')
    const purged = `https://${site.domain}/a%20(1)/%C3%BC.png` // As a browser shows it.
    expect(await caches.default.delete(purged)).toBe(true)
    expect((await settled('/%61%20%281%29%2F%C3%BC.png')).cache).toBe('MISS')
  })

  test('tells how old it is', async () => {
    await site.put('a.png', 'x')
    await settled('/a.png')
    const now = Date.now()
    vi.spyOn(Date, 'now').mockReturnValue(now + 20_000)
    expect((await settled('/a.png')).header('age')).toMatch(/^20$|^19$/)
  })

  test('knows conditions: 304 and 412, in the order of S3', async () => {
    await site.put('a.png', 'Hello', forAnHour)
    const first = await settled('/a.png')
    const [etag, modified] = [first.header('etag')!, first.header('last-modified')!]
    reads()
    const status = async (headers: Record<string, string>) => (await settled('/a.png', { headers })).status
    expect(await status({ 'if-none-match': `"x", W/${etag}` })).toBe(304)
    expect(await status({ 'if-none-match': '*' })).toBe(304)
    expect(await status({ 'if-modified-since': modified })).toBe(304)
    expect(await status({ 'if-none-match': '"x"', 'if-modified-since': modified })).toBe(200)
    expect(await status({ 'if-match': '"x"', 'if-none-match': etag })).toBe(412)
    expect(await status({ 'if-match': etag })).toBe(200)
    expect(await status({ 'if-unmodified-since': modified })).toBe(200)
    expect(await status({ 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).toBe(412)
    expect(await status({ range: 'bytes=9-', 'if-none-match': etag })).toBe(304)
    expect(reads()).toMatchObject({ bucket: 1 }) // A range that the cache cannot answer is the bucket's.
    const notModified = await settled('/a.png', { headers: { 'if-none-match': etag } })
    expect([notModified.header('etag'), notModified.header('cache-control'), notModified.header('age')]).toEqual([
      etag,
      'max-age=3600',
      '0',
    ])
  })

  test('knows ranges: 206 of the piece, clamped; 416 and 400 as ever', async () => {
    await site.put('a.png', 'Hello, world')
    await settled('/a.png')
    reads()
    const piece = async (range: string, method = 'GET') => {
      const { status, header, text, cache } = await settled('/a.png', { method, headers: { range } })
      return [status, header('content-range'), header('content-length'), text, cache]
    }
    expect(await piece('bytes=0-4')).toEqual([206, 'bytes 0-4/12', '5', 'Hello', 'HIT'])
    expect(await piece('bytes=7-99')).toEqual([206, 'bytes 7-11/12', '5', 'world', 'HIT'])
    expect(await piece('bytes=7-')).toEqual([206, 'bytes 7-11/12', '5', 'world', 'HIT'])
    expect(await piece('bytes=-5')).toEqual([206, 'bytes 7-11/12', '5', 'world', 'HIT'])
    expect(await piece('bytes=-99')).toEqual([206, 'bytes 0-11/12', '12', 'Hello, world', 'HIT'])
    expect(await piece('bytes=0-')).toEqual([206, 'bytes 0-11/12', '12', 'Hello, world', 'HIT'])
    expect(await piece('bytes=0-4', 'HEAD')).toEqual([206, 'bytes 0-4/12', '5', '', 'HIT'])
    expect(reads().bucket).toBe(0)
    expect((await piece('bytes=12-'))[0]).toBe(416)
    expect((await piece('bytes=-0'))[0]).toBe(416)
    expect((await piece('bytes=4-1'))[0]).toBe(400)
    expect((await piece('bytes=0-1,3-4'))[0]).toBe(400)
  })

  test('knows If-Range: a piece of what it has, or all of it', async () => {
    await site.put('a.png', 'Hello, world')
    const etag = (await settled('/a.png')).header('etag')!
    reads()
    const resumed = async (ifRange: string) => {
      const { status, text, cache } = await settled('/a.png', { headers: { range: 'bytes=7-', 'if-range': ifRange } })
      return [status, text, cache]
    }
    expect(await resumed(etag)).toEqual([206, 'world', 'HIT'])
    expect(await resumed('"x"')).toEqual([200, 'Hello, world', 'HIT'])
    expect(reads().bucket).toBe(0)
  })

  test('answers HEAD', async () => {
    await site.put('a.png', 'Hello')
    await settled('/a.png')
    const head = await settled('/a.png', { method: 'HEAD' })
    expect([head.status, head.header('content-length'), head.text, head.cache]).toEqual([200, '5', '', 'HIT'])
  })

  test('of gzip is the stored bytes with their Content-Encoding', async () => {
    const gzip = new Uint8Array(
      await new Response(new Blob(['squeezed']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    )
    await site.put('a.svg', gzip, { httpMetadata: { contentType: 'image/svg+xml', contentEncoding: 'gzip' } })
    await settled('/a.svg')
    const second = await settled('/a.svg')
    expect([second.cache, second.header('content-encoding'), second.header('content-type')]).toEqual(['HIT', 'gzip', 'image/svg+xml'])
    expect(second.bytes).toEqual(gzip)
  })

  test('has the CORS headers of this request, whoever filled the cache', async () => {
    await site.bucket.store.putSetting(site.bucket.ref, 'cors', [
      {
        allowedOrigins: ['https://a.example', 'https://b.example'],
        allowedMethods: ['GET'],
        allowedHeaders: [],
        exposeHeaders: ['cf-cache-status'],
      },
    ])
    await site.put('a.png', 'x')
    const origin = async (name?: string) => {
      const { cache, header } = await settled('/a.png', name ? { headers: { origin: name } } : {})
      return [cache, header('access-control-allow-origin'), header('vary')]
    }
    expect(await origin('https://a.example')).toEqual(['MISS', 'https://a.example', 'Origin'])
    expect(await origin('https://b.example')).toEqual(['HIT', 'https://b.example', 'Origin'])
    expect(await origin('https://c.example')).toEqual(['HIT', null, 'Origin'])
    expect(await origin()).toEqual(['HIT', null, 'Origin'])
    await site.bucket.store.deleteSetting(site.bucket.ref, 'cors')
    expect(await origin('https://a.example')).toEqual(['HIT', null, null])
  })
})

describe('staleness', () => {
  test('an overwrite and a delete are seen when the time is over; S3 sees them at once', async () => {
    await site.put('a.png', 'old', forAnHour)
    await settled('/a.png')
    await site.put('a.png', 'new', forAnHour)
    const s3 = async () => fetchPublic(...(await presignedAsInit('/a.png')))
    expect([(await settled('/a.png')).text, await (await s3()).text()]).toEqual(['old', 'new'])
    await site.bucket.store.deleteObject(site.bucket.at('a.png'))
    expect([(await settled('/a.png')).text, (await s3()).status]).toEqual(['old', 404])
    // What an owner does by purging, here by the URL in the documentation.
    await caches.default.delete(`https://${site.domain}/a.png`)
    expect((await settled('/a.png')).status).toBe(404)
  })

  async function presignedAsInit(key: string): Promise<[string, Request]> {
    const signed = await signedRequest('GET', `/${site.bucket.ref.name}${key}`)
    return [signed.url, signed]
  }

  test('a domain that is switched off shows nothing, cached or not', async () => {
    await site.put('a.png', 'x')
    await settled('/a.png')
    await site.setCustom({ enabled: false })
    counting.take()
    expect((await fetchPublic(`${site.custom}/a.png`)).status).toBe(401)
  })

  test('a domain that moves to another bucket shows nothing of the first', async () => {
    await site.put('a.png', 'of the first')
    await settled('/a.png')
    const second = await PublicBucket.create()
    await second.put('a.png', 'of the second')
    await env.CONTROL.prepare('UPDATE domains SET bucket = ? WHERE host = ?').bind(second.bucket.ref.name, site.domain).run()
    forgetDomains(counting.env.CONTROL)
    expect(await settled('/a.png')).toMatchObject({ text: 'of the second', cache: 'MISS' })
    expect(await settled('/a.png')).toMatchObject({ text: 'of the second', cache: 'HIT' })
  })
})

describe('filling the cache', { timeout: FILL_TIMEOUT_MS }, () => {
  test('a small object is read once for both', async () => {
    await site.put('a.png', randomBytes(100_000))
    await settled('/warm-up')
    reads()
    await settled('/a.png')
    expect(reads()).toMatchObject({ bucket: 1, d1: 1 })
  })

  test('a large one is read again behind the answer, once its client has read all of it', async () => {
    const bytes = randomBytes(3 * MIB)
    await site.put('a.bin', bytes)
    await settled('/warm-up')
    pending = []
    const [slow, other] = [await request('/a.bin'), await request('/a.bin')]
    expect([slow.headers.get('content-length'), slow.headers.get('cf-cache-status')]).toEqual([String(bytes.length), 'MISS'])
    reads()
    expect(new Uint8Array(await slow.arrayBuffer())).toEqual(bytes)
    await pending[0]
    expect(reads()).toMatchObject({ bucket: 1 })
    const fast = await settledBytes('/a.bin')
    expect([fast.cache, fast.bytes.length]).toEqual(['HIT', bytes.length])
    expect(fast.bytes).toEqual(bytes)
    reads()
    // Whoever reads to the end behind it reads nothing again.
    expect(new Uint8Array(await other.arrayBuffer())).toEqual(bytes)
    await Promise.all(pending)
    expect(reads()).toMatchObject({ bucket: 0 })
    const piece = await settled('/a.bin', { headers: { range: `bytes=${2 * MIB}-${2 * MIB + 9}` } })
    expect([piece.cache, piece.bytes]).toEqual(['HIT', bytes.slice(2 * MIB, 2 * MIB + 10)])
  })

  test('a client that goes away leaves no work behind, however many queries it tries', async () => {
    await site.put('a.bin', randomBytes(3 * MIB))
    await settled('/warm-up')
    reads()
    for (let query = 0; query < 5; query++) {
      const reader = (await request(`/a.bin?${query}`)).body!.getReader()
      await reader.read()
      await reader.cancel()
    }
    await Promise.all(pending)
    expect(reads()).toMatchObject({ bucket: 5 })
    expect((await request('/a.bin?0')).headers.get('cf-cache-status')).toBe('MISS')
  })

  test('a cache that hangs holds up no answer, and is not asked to take the same object twice', async () => {
    await site.put('a.bin', randomBytes(3 * MIB))
    const put = vi.fn(() => new Promise<void>(() => {}))
    changes = { cache: { match: async () => undefined, put } as never }
    for (let i = 0; i < 3; i++) expect((await (await request('/a.bin')).arrayBuffer()).byteLength).toBe(3 * MIB)
    await vi.waitFor(() => expect(put).toHaveBeenCalledTimes(1))
  })

  test.each([
    ['throws', { match: () => Promise.reject(new Error('down')), put: () => Promise.reject(new Error('down')) }],
    [
      'answers with a header that is not ours',
      { match: async () => new Response('x', { headers: { 'Cairn-Object': '%%%' } }), put: async () => {} },
    ],
    [
      'answers with something of somebody else',
      { match: async () => new Response('of another Worker', { headers: { etag: '"x"' } }), put: async () => {} },
    ],
  ])('a cache that %s is as good as none', async (_, cache) => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    await site.put('a.png', 'x')
    changes = { cache: cache as never }
    expect(await settled('/a.png')).toMatchObject({ status: 200, text: 'x', cache: 'MISS' })
  })
})
