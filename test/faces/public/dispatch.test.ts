import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DOMAIN_CACHE_MS } from '../../../src/control/domains.ts'
import type { CorsRule } from '../../../src/core/cors.ts'
import { handle } from '../../../src/gateway.ts'
import { env } from '../../support/bucket.ts'
import { countingEnv } from '../../support/counting.ts'
import { fetchPublic, PublicBucket } from '../../support/public-bucket.ts'
import { signedRequest } from '../../support/s3.ts'

const RULE: CorsRule = {
  allowedOrigins: ['https://a.example'],
  allowedMethods: ['GET'],
  allowedHeaders: ['range'],
  exposeHeaders: ['ETag', 'cf-cache-status'],
  maxAgeSeconds: 60,
}
const ORIGIN = { origin: 'https://a.example' }

let site: PublicBucket

beforeAll(async () => {
  site = await PublicBucket.create()
  await site.put('hello.txt', 'Hello, world', {
    httpMetadata: {
      contentType: 'text/plain',
      contentLanguage: 'en',
      contentDisposition: 'inline',
      cacheControl: 'no-cache',
      cacheExpiryMs: 1_800_000_000_000,
    },
    customMetadata: { secret: 'a' },
    storageClass: 'InfrequentAccess',
  })
  await site.put('a folder/ü+%2F.bin', 'odd', { dialect: 'binding' })
  await site.put('empty', '')
  await site.put('_public/x', 'a key like any other')
  await site.put('client/v4/user', 'another one')
})
afterEach(() => vi.restoreAllMocks())

const WHERE = ['label', 'path', 'custom'] as const

describe.each(WHERE)('a public bucket by %s', (where) => {
  const at = (key: string, init?: RequestInit) => fetchPublic(`${site[where]}/${key}`, init)
  const expectPage = async (response: Response, status: number, text: string) => {
    const body = await response.text()
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-content-type-options')]).toEqual([
      status,
      'text/html; charset=utf-8',
      'nosniff',
    ])
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'")
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(body).toContain(`<h1>Error ${status}</h1>`)
    expect(body).toContain(text)
  }

  test('shows an object with its headers and none of x-amz-*', async () => {
    const response = await at('hello.txt')
    expect([response.status, await response.text()]).toEqual([200, 'Hello, world'])
    const names = ['content-type', 'content-length', 'content-language', 'content-disposition', 'cache-control', 'expires', 'accept-ranges']
    expect(names.map((name) => response.headers.get(name))).toEqual([
      'text/plain',
      '12',
      'en',
      'inline',
      'no-cache',
      'Fri, 15 Jan 2027 08:00:00 GMT',
      'bytes',
    ])
    expect(response.headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/)
    expect(response.headers.get('last-modified')).toMatch(/GMT$/)
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-amz-') || name.startsWith('cairn'))).toEqual([])
    expect(response.headers.get('content-range')).toBeNull()
  })

  test('HEAD is the same without the body', async () => {
    const response = await at('hello.txt', { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([200, '12', ''])
  })

  test('decodes the key once, ignores the query, and says octet-stream where no type is stored', async () => {
    const response = await at('a%20folder/%C3%BC+%252F.bin?response-content-type=text/html&versionId=1&list-type=2')
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([200, 'application/octet-stream', 'odd'])
  })

  test.each([
    ['bytes=0-4', 206, 'bytes 0-4/12', 'Hello'],
    ['bytes=7-', 206, 'bytes 7-11/12', 'world'],
    ['bytes=-5', 206, 'bytes 7-11/12', 'world'],
    ['bytes=-99', 206, 'bytes 0-11/12', 'Hello, world'],
    ['bytes=7-99', 206, 'bytes 7-11/12', 'world'],
  ])('%s is a %i', async (range, status, contentRange, text) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await at('hello.txt', { method, headers: { range } })
      expect([response.status, response.headers.get('content-range'), response.headers.get('content-length')]).toEqual([
        status,
        contentRange,
        String(text.length),
      ])
      expect(await response.text()).toBe(method === 'GET' ? text : '')
    }
  })

  test.each([
    ['hello.txt', 'bytes=0-1,3-4', 400, 'range must be in format'],
    ['hello.txt', 'lines=0-1', 400, 'range must be in format'],
    ['hello.txt', 'bytes=4-1', 400, 'range must be positive.'],
    ['hello.txt', 'bytes=12-', 416, 'The requested range is not satisfiable'],
    ['hello.txt', 'bytes=-0', 416, 'The requested range is not satisfiable'],
    ['empty', 'bytes=0-', 416, 'The requested range is not satisfiable'],
    ['missing', 'bytes=4-1', 400, 'range must be positive.'],
    ['missing', 'bytes=0-', 404, 'Object not found'],
  ])('%s with %s is a %i', async (key, range, status, text) => expectPage(await at(key, { headers: { range } }), status, text))

  test('If-Range has the piece of the object that it names, and all of any other', async () => {
    const { headers } = await at('hello.txt')
    const [etag, modified] = [headers.get('etag')!, headers.get('last-modified')!]
    const resumed = async (ifRange: string, more: Record<string, string> = {}) => {
      const response = await at('hello.txt', { headers: { range: 'bytes=7-', 'if-range': ifRange, ...more } })
      return [response.status, response.headers.get('content-range'), await response.text()]
    }
    const piece = [206, 'bytes 7-11/12', 'world']
    const whole = [200, null, 'Hello, world']
    expect(await resumed(etag)).toEqual(piece)
    expect(await resumed(modified)).toEqual(piece)
    for (const other of ['"x"', `W/${etag}`, `${etag}, "x"`, '*', '', 'Sat, 01 Jan 2000 00:00:00 GMT'])
      expect(await resumed(other)).toEqual(whole)
    expect(await resumed('"x"', { range: 'bytes=12-' })).toEqual(whole)
    expect((await resumed(etag, { range: 'bytes=12-' }))[0]).toBe(416)
    expect((await resumed('"x"', { 'if-none-match': etag }))[0]).toBe(304)
    expect((await resumed(etag, { 'if-match': '"x"' }))[0]).toBe(412)
    expect(await resumed(etag, { 'if-match': etag })).toEqual(whole)
  })

  test('conditions are those of S3, and come before the range', async () => {
    const { headers } = await at('hello.txt')
    const [etag, modified] = [headers.get('etag')!, headers.get('last-modified')!]
    const status = async (conditions: Record<string, string>) => {
      const response = await at('hello.txt', { headers: { range: 'bytes=0-1', ...conditions } })
      expect(response.headers.has('content-range')).toBe(response.status === 206)
      return response.status
    }
    expect(await status({ 'if-none-match': etag })).toBe(304)
    expect(await status({ 'if-none-match': `W/${etag}` })).toBe(304)
    expect(await status({ 'if-modified-since': modified })).toBe(304)
    expect(await status({ 'if-none-match': '"x"', 'if-modified-since': modified })).toBe(206)
    expect(await status({ 'if-match': '"x"' })).toBe(412)
    expect(await status({ 'if-match': etag, 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).toBe(206)
    expect(await status({ 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' })).toBe(412)
    expect((await at('missing', { headers: { 'if-match': '"x"', 'if-none-match': '*' } })).status).toBe(404)
    const notModified = await at('hello.txt', { headers: { 'if-none-match': etag } })
    expect([notModified.headers.get('etag'), notModified.headers.get('cache-control'), await notModified.text()]).toEqual([
      etag,
      'no-cache',
      '',
    ])
  })

  test.each(['', 'missing', '?list-type=2', 'hello.txt/'])('%j is the page of a 404, in words of R2, and no listing', async (key) => {
    const response = await at(key)
    await expectPage(response, 404, 'This object does not exist or is not publicly accessible at this URL.')
    const head = await at(key, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([404, ''])
  })

  test.each(['PUT', 'POST', 'DELETE', 'PATCH'])('%s is a 401, whoever asks, and changes nothing', async (method) => {
    await expectPage(await at('hello.txt', { method }), 401, 'This bucket cannot be viewed')
    const { headers } = await signedRequest(method, '/hello.txt', { origin: site[where] })
    expect((await at('hello.txt', { method, headers })).status).toBe(401)
    expect(await (await at('hello.txt')).text()).toBe('Hello, world')
  })

  test('a presigned URL is worth nothing here', async () => {
    expect((await at('hello.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Signature=y')).status).toBe(200)
  })

  test('a key of broken encoding is a 400', async () => expectPage(await at('%ff'), 400, 'The specified object name is not valid.'))

  test('what an attacker can make a page say is escaped', async () => {
    const response = await at('missing<script>alert(1)</script>', { headers: { range: '<script>' } })
    expect(await response.text()).not.toContain('<script>')
  })

  describe('CORS', () => {
    test('without rules: nothing at all, and no preflight', async () => {
      const bare = await PublicBucket.create()
      await bare.put('a', 'x')
      const response = await fetchPublic(`${bare[where]}/a`, { headers: ORIGIN })
      expect([response.headers.get('access-control-allow-origin'), response.headers.get('vary')]).toEqual([null, null])
      const preflight = { method: 'OPTIONS', headers: { ...ORIGIN, 'access-control-request-method': 'GET' } }
      await expectPage(await fetchPublic(`${bare[where]}/a`, preflight), 403, 'CORS not configured for this bucket')
    })

    test('is evaluated as on S3: actual answers, errors, other origins', async () => {
      await site.bucket.store.putSetting(site.bucket.ref, 'cors', [RULE])
      const cors = ({ headers }: Response) =>
        ['access-control-allow-origin', 'access-control-expose-headers', 'vary', 'access-control-allow-credentials'].map((name) =>
          headers.get(name),
        )
      const allowed = ['https://a.example', 'ETag, cf-cache-status', 'Origin', null]
      expect(cors(await at('hello.txt', { headers: ORIGIN }))).toEqual(allowed)
      expect(cors(await at('hello.txt', { headers: { ...ORIGIN, range: 'bytes=0-1' } }))).toEqual(allowed)
      expect(cors(await at('missing', { headers: ORIGIN }))).toEqual(allowed)
      expect(cors(await at('hello.txt', { headers: { ...ORIGIN, 'if-none-match': '*' } }))).toEqual(allowed)
      // HEAD is not GET; and who was answered without CORS headers must not be given to who is answered with them.
      for (const init of [{ method: 'HEAD', headers: ORIGIN }, { headers: { origin: 'https://b.example' } }, {}])
        expect(cors(await at('hello.txt', init))).toEqual([null, null, 'Origin', null])
    })

    test('a preflight is answered without a look at the object', async () => {
      await site.bucket.store.putSetting(site.bucket.ref, 'cors', [RULE])
      const preflight = (headers: Record<string, string>) => at('missing', { method: 'OPTIONS', headers })
      const allowed = await preflight({ ...ORIGIN, 'access-control-request-method': 'GET', 'access-control-request-headers': 'Range' })
      expect(allowed.status).toBe(204)
      expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example')
      expect(allowed.headers.get('access-control-allow-headers')).toBe('Range')
      expect(allowed.headers.get('access-control-max-age')).toBe('60')
      expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
      const refused = await preflight({ ...ORIGIN, 'access-control-request-method': 'PUT' })
      expect([...refused.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
      await expectPage(refused, 403, 'CORS not configured for this bucket')
      await expectPage(await preflight({ 'access-control-request-method': 'GET' }), 400, 'Origin request header needed')
      await expectPage(await preflight(ORIGIN), 400, 'Invalid Access-Control-Request-Method: null')
    })
  })
})

describe('the switch', () => {
  test('a managed URL that is off is a 401, and its custom domain goes on; and the other way round', async () => {
    const bucket = await PublicBucket.create()
    await bucket.put('a', 'x')
    const statuses = () => Promise.all(bucket.urls.map(async (url) => (await fetchPublic(`${url}/a`)).status))
    expect(await statuses()).toEqual([200, 200, 200])
    await bucket.setManaged(false)
    expect(await statuses()).toEqual([401, 401, 200])
    await bucket.setManaged(true)
    await bucket.setCustom({ enabled: false })
    expect(await statuses()).toEqual([200, 200, 401])
    expect(await (await fetchPublic(`${bucket.custom}/a`)).text()).toContain('This bucket cannot be viewed')
  })

  test('an id that nobody has looks like one that is off', async () => {
    const bucket = await PublicBucket.create()
    await bucket.setManaged(false)
    const page = async (id: string) => (await fetchPublic(`http://localhost/_public/${id}/a`)).text()
    expect(await page('0'.repeat(32))).toBe(await page(bucket.id))
    for (const odd of ['', 'x', `${bucket.id}0`, bucket.bucket.ref.name, 'd1.example'])
      expect((await fetchPublic(`http://localhost/_public/${odd}/a`)).status).toBe(401)
    expect((await fetchPublic(`http://pub-${'0'.repeat(32)}.localhost/a`)).status).toBe(401)
  })

  test('a bucket that is deleted is gone from its URLs', async () => {
    const bucket = await PublicBucket.create()
    await bucket.bucket.store.deleteBucket(bucket.bucket.ref)
    expect((await fetchPublic(`${bucket.path}/a`)).status).toBe(401)
    // Its custom domain is a host like any other again, where S3 answers.
    expect((await fetchPublic(`${bucket.custom}/a`)).headers.get('content-type')).toBe('application/xml')
  })
})

describe('the host', () => {
  test('of a custom domain makes every path a key, and takes a port, capitals and a final dot', async () => {
    expect(await (await fetchPublic(`${site.custom}/_public/x`)).text()).toBe('a key like any other')
    expect(await (await fetchPublic(`${site.custom}/client/v4/user`)).text()).toBe('another one')
    expect(await (await fetchPublic(`http://pub-${site.id}.localhost/client/v4/user`)).text()).toBe('another one')
    for (const host of [`${site.domain}:8443`, site.domain.toUpperCase(), `${site.domain}.`])
      expect((await fetchPublic(`http://${host}/hello.txt`)).status).toBe(200)
  })

  test('that is a bucket of S3 makes _public a key', async () => {
    const request = await signedRequest('GET', '/_public/x', { origin: `http://${site.bucket.ref.name}.localhost` })
    expect(await (await fetchPublic(request.url, request)).text()).toBe('a key like any other')
  })

  test('that is nobody’s is a host of the S3 and REST faces', async () => {
    expect((await fetchPublic('http://nobody.example/')).headers.get('content-type')).toBe('application/xml')
    expect((await fetchPublic('http://nobody.example/client/v4/user')).headers.get('content-type')).toBe('application/json')
  })

  test('of the deployment is never looked up, any other once', async () => {
    const counting = countingEnv(env)
    for (const host of ['localhost', 'photos.localhost', '127.0.0.1:8787', '[::1]', 'cairn.me.workers.dev'])
      await fetchPublic(`http://${host}/a/b`, {}, counting.env)
    expect(counting.take()).toEqual({ bucket: 0, d1: 0, kv: 0 })
    for (let i = 0; i < 3; i++) await fetchPublic('http://nobody-yet.example/a/b', {}, counting.env)
    expect(counting.take()).toEqual({ bucket: 0, d1: 1, kv: 0 })
  })

  test('costs one call of the Bucket once it is known, and nothing for what is off', async () => {
    const counting = countingEnv(env)
    for (const url of site.urls) await fetchPublic(`${url}/hello.txt`, {}, counting.env)
    for (const url of site.urls) {
      counting.take()
      await fetchPublic(`${url}/hello.txt`, {}, counting.env)
      expect(counting.take()).toEqual({ bucket: 1, d1: 0, kv: 0 })
    }
    const closed = await PublicBucket.create()
    await closed.setManaged(false)
    await fetchPublic(`${closed.path}/a`, {}, counting.env)
    counting.take()
    await fetchPublic(`${closed.path}/a`, {}, counting.env)
    expect(counting.take()).toEqual({ bucket: 0, d1: 0, kv: 0 })
  })

  test('whose table cannot be read is answered by the faces that ask who calls, and without credentials told to come back', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const down = { ...env, CONTROL: { prepare: () => expect.fail('D1 is down') } as unknown as D1Database }
    const signed = await handle(await signedRequest('GET', '/some-bucket/a', { origin: 'http://somewhere.example' }), down)
    expect([signed.status, await signed.text()]).toEqual([404, expect.stringContaining('NoSuchBucket')])
    for (const url of ['http://somewhere.example/a/b', `http://pub-${site.id}.localhost/hello.txt`]) {
      const page = await fetchPublic(url, {}, down)
      expect([page.status, page.headers.get('content-type'), page.headers.get('retry-after')]).toEqual([
        503,
        'text/html; charset=utf-8',
        '1',
      ])
      expect(await page.text()).not.toContain('D1')
    }
  })

  test('that was known goes on while the table cannot be read', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    let isDown = false
    const prepare = (sql: string) => (isDown ? expect.fail('D1 is down') : env.CONTROL.prepare(sql))
    const bindings = {
      ...env,
      CONTROL: new Proxy(env.CONTROL, { get: (db, name) => (name === 'prepare' ? prepare : Reflect.get(db, name)) }),
    }
    const statuses = async () => Promise.all(site.urls.map(async (url) => (await fetchPublic(`${url}/hello.txt`, {}, bindings)).status))
    expect(await statuses()).toEqual([200, 200, 200])
    isDown = true
    vi.setSystemTime(Date.now() + DOMAIN_CACHE_MS)
    expect(await statuses()).toEqual([200, 200, 200])
    vi.useRealTimers()
  })
})

test('below a host of the deployment an object has an origin of its own', async () => {
  const policy = async (url: string, headers = {}) =>
    (await fetchPublic(`${url}/hello.txt`, { headers })).headers.get('content-security-policy')
  const sandbox = 'sandbox allow-downloads allow-forms allow-popups allow-scripts'
  expect(await policy(site.path)).toBe(sandbox)
  expect(await policy(site.path, { 'if-none-match': '*' })).toBe(sandbox)
  expect([await policy(site.label), await policy(site.custom)]).toEqual([null, null])
})

test('gzip is returned as it is stored, with its Content-Encoding', async () => {
  const gzip = new Uint8Array(await new Response(new Blob(['squeezed']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
  await site.put('a.txt.gz', gzip, { httpMetadata: { contentEncoding: 'gzip', contentType: 'text/plain', cacheControl: 'no-store' } })
  for (const url of site.urls) {
    const response = await fetchPublic(`${url}/a.txt.gz`)
    expect([response.headers.get('content-encoding'), response.headers.get('content-length')]).toEqual(['gzip', String(gzip.length)])
  }
})

test('an object of a customer’s key is a 400: nobody can send the key', async () => {
  const customerKey = { key: new Uint8Array(32), keyMd5: 'cLwLjwIHCC7Mc1gFNJ/q9g==' }
  await site.put('sealed', 'x', { customerKey })
  for (const method of ['GET', 'HEAD']) expect((await fetchPublic(`${site.label}/sealed`, { method })).status).toBe(400)
})

describe('the rate limit', () => {
  const limited = (limit: number) => {
    const counts = new Map<string, number>()
    const PUBLIC_RATE_LIMIT: RateLimit = {
      limit: async ({ key }) => {
        counts.set(key, (counts.get(key) ?? 0) + 1)
        return { success: counts.get(key)! <= limit }
      },
    }
    return { ...env, PUBLIC_RATE_LIMIT }
  }

  test('holds back managed URLs, each bucket for itself, and no custom domain', async () => {
    const other = await PublicBucket.create()
    await other.put('hello.txt', 'x')
    const bindings = limited(2)
    const status = async (url: string) => (await fetchPublic(`${url}/hello.txt`, {}, bindings)).status
    expect([await status(site.label), await status(site.path), await status(site.label)]).toEqual([200, 200, 429])
    expect(await status(other.label)).toBe(200)
    for (let i = 0; i < 4; i++) expect(await status(site.custom)).toBe(200)
  })

  test('of a custom domain counts what the bucket has to answer, for each visitor', async () => {
    const { PUBLIC_RATE_LIMIT: DOMAIN_RATE_LIMIT } = limited(2)
    const visit = async (key: string, from: string) =>
      (await fetchPublic(`${site.custom}/${key}`, { headers: { 'cf-connecting-ip': from } }, { ...env, DOMAIN_RATE_LIMIT })).status
    expect([await visit('nothing-1', '192.0.2.1'), await visit('nothing-2', '192.0.2.1')]).toEqual([404, 404])
    expect([await visit('nothing-3', '192.0.2.1'), await visit('nothing-3', '192.0.2.2')]).toEqual([429, 404])
    for (let i = 0; i < 4; i++) expect((await fetchPublic(`${site.label}/hello.txt`, {}, { ...env, DOMAIN_RATE_LIMIT })).status).toBe(200)
  })

  test('is a page that asks to come back', async () => {
    const response = await fetchPublic(`${site.label}/hello.txt`, {}, limited(0))
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '10'])
    expect(await response.text()).toContain('Too Many Requests')
  })

  test('is kept by the platform', async () => {
    const bindings = { ...env, PUBLIC_RATE_LIMIT: (env as unknown as { LOW_RATE_LIMIT: RateLimit }).LOW_RATE_LIMIT }
    const statuses: number[] = []
    // A new period may begin in between, once.
    for (let i = 0; i < 5; i++) statuses.push((await fetchPublic(`${site.label}/hello.txt`, {}, bindings)).status)
    expect([statuses.slice(0, 2), statuses.includes(429)]).toEqual([[200, 200], true])
  })

  test('does nothing when it fails, or is not configured', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const failing = { ...env, PUBLIC_RATE_LIMIT: { limit: () => Promise.reject(new Error('down')) } as RateLimit }
    expect((await fetchPublic(`${site.label}/hello.txt`, {}, failing)).status).toBe(200)
    expect((await fetchPublic(`${site.label}/hello.txt`, {}, { ...env, PUBLIC_RATE_LIMIT: undefined })).status).toBe(200)
  })
})

describe('TLS', () => {
  const over = (url: string, tlsVersion: string) =>
    fetchPublic(url.replace('http:', 'https:'), { cf: { tlsVersion, tlsCipher: 'AES128-SHA' } } as RequestInit)

  test('below the minimum of a custom domain is a 403; plain HTTP and managed URLs have none', async () => {
    const strict = await PublicBucket.create({ minTls: '1.2' })
    await strict.put('a', 'x')
    const statuses = async (url: string) => [
      (await over(url, 'TLSv1.1')).status,
      (await over(url, 'TLSv1.2')).status,
      (await fetchPublic(url)).status,
    ]
    expect(await statuses(`${strict.custom}/a`)).toEqual([403, 200, 200])
    expect(await statuses(`${strict.label}/a`)).toEqual([200, 200, 200])
    await strict.setCustom({ ciphers: ['AES256-SHA'] })
    expect((await over(`${strict.custom}/a`, 'TLSv1.2')).status).toBe(403)
    expect((await over(`${strict.custom}/a`, 'TLSv1.3')).status).toBe(200)
  })

  test('the first request for a domain is noted, and the first over TLS, once each', async () => {
    const seen = await PublicBucket.create()
    const counting = countingEnv(env)
    const times = () => env.CONTROL.prepare('SELECT seen_ms, seen_tls_ms FROM domains WHERE host = ?').bind(seen.domain).first()
    expect(await times()).toEqual({ seen_ms: null, seen_tls_ms: null })
    await fetchPublic(`${seen.custom}/a`, {}, counting.env)
    await vi.waitFor(async () => expect(await times()).toEqual({ seen_ms: expect.any(Number), seen_tls_ms: null }))
    expect((await fetchPublic(`https://${seen.domain}/a`, {}, counting.env)).status).toBe(404)
    await vi.waitFor(async () => expect(await times()).toEqual({ seen_ms: expect.any(Number), seen_tls_ms: expect.any(Number) }))
    await fetchPublic(`https://${seen.domain}/a`, {}, counting.env)
    counting.take()
    for (let i = 0; i < 3; i++) await fetchPublic(`https://${seen.domain}/a`, {}, counting.env)
    expect(counting.take().d1).toBe(0)
  })
})
