import { CreateBucketCommand, DeleteBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { signedFetch, uniqueName, withBucket } from './support/clients.ts'
import { cloudflare, rest } from './support/rest.ts'
import { type Answer, send } from './support/wire.ts'

// Anybody's requests, with the Host header that DNS would have made of a real domain.

const client = cloudflare()
const account_id = inject('server').accountId
const ZONE = 'ab'.repeat(16)
const bucket = uniqueName('public')
const domain = `${bucket}.example.com`
const DOMAINS = `/accounts/{account}/r2/buckets/${bucket}/domains`

let id: string

const on = (host: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  send(path, { method, headers: { host, ...headers } })
const label = () => `pub-${id}.localhost`

beforeAll(async () => {
  await client.r2.buckets.create({ account_id, name: bucket })
  await signedFetch('PUT', `/${bucket}/hello.txt`, { body: 'Hello, world', headers: { 'content-type': 'text/plain', 'x-amz-meta-a': 'b' } })
  await signedFetch('PUT', `/${bucket}/a.css`, { body: 'a {}', headers: { 'content-type': 'text/css' } })
})
afterAll(async () => {
  for (const key of ['hello.txt', 'a.css']) await signedFetch('DELETE', `/${bucket}/${key}`)
  await client.r2.buckets.delete(bucket, { account_id })
})

describe('the managed URL', () => {
  test('is switched on and off by the SDK, and keeps its id', async () => {
    const off = await client.r2.buckets.domains.managed.list(bucket, { account_id })
    expect(off).toMatchObject({ bucketId: expect.stringMatching(/^[0-9a-f]{32}$/), enabled: false })
    id = off.bucketId
    expect((await on(label(), '/hello.txt')).status).toBe(401)
    expect(await client.r2.buckets.domains.managed.update(bucket, { account_id, enabled: true })).toMatchObject({
      bucketId: id,
      enabled: true,
    })
    expect((await on(label(), '/hello.txt')).text).toBe('Hello, world')
  })

  test('is where the API says that it is', async () => {
    const { result } = await rest<{ domain: string }>('GET', `${DOMAINS}/managed`)
    expect(result.domain).toBe(`${new URL(inject('server').endpoint).host}/_public/${id}`)
    const page = await fetch(`http://${result.domain}/hello.txt`)
    expect([page.status, await page.text(), page.headers.get('content-security-policy')]).toEqual([
      200,
      'Hello, world',
      'sandbox allow-downloads allow-forms allow-popups allow-scripts',
    ])
    const { port } = new URL(inject('server').endpoint)
    const asLocalhost = await send(`/client/v4${DOMAINS}/managed`.replace('{account}', account_id), {
      headers: { host: `localhost:${port}`, authorization: `Bearer ${inject('server').apiToken}` },
    })
    expect(JSON.parse(asLocalhost.text).result.domain).toBe(`pub-${id}.localhost:${port}`)
  })

  test('shows no metadata of the owner, and is not cached', async () => {
    const { headers } = await on(label(), '/a.css')
    expect(Object.keys(headers).filter((name) => name.startsWith('x-amz') || name === 'cf-cache-status' || name === 'age')).toEqual([])
  })

  test('has ranges, conditions, HEAD, and pages for errors', async () => {
    const piece = await on(label(), '/hello.txt', { range: 'bytes=-5' })
    expect([piece.status, piece.headers['content-range'], piece.headers['content-length'], piece.text]).toEqual([
      206,
      'bytes 7-11/12',
      '5',
      'world',
    ])
    const head = await on(label(), '/hello.txt', { range: 'bytes=0-4' }, 'HEAD')
    expect([head.status, head.headers['content-length'], head.text]).toEqual([206, '5', ''])
    expect((await on(label(), '/hello.txt', { 'if-none-match': piece.headers.etag! })).status).toBe(304)
    expect((await on(label(), '/hello.txt', { 'if-match': '"x"' })).status).toBe(412)
    expect((await on(label(), '/hello.txt', { range: 'bytes=12-' })).status).toBe(416)
    for (const [path, method, status] of [
      ['/', 'GET', 404],
      ['/missing', 'GET', 404],
      ['/hello.txt', 'PUT', 401],
      ['/hello.txt', 'OPTIONS', 400],
    ] as const) {
      const answer = await on(label(), path, {}, method)
      expect([answer.status, answer.headers['content-type']]).toEqual([status, 'text/html; charset=utf-8'])
    }
  })

  test('wants a body that says whether', async () => {
    for (const body of [{}, { enabled: 'yes' }, undefined])
      expect(await rest('PUT', `${DOMAINS}/managed`, { body })).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
    expect(await rest('GET', DOMAINS.replace(bucket, 'no-such-bucket').concat('/managed'))).toMatchObject({
      status: 404,
      errors: [{ code: 10006 }],
    })
  })
})

describe('a custom domain', () => {
  test('is attached by the SDK, and pending until a request comes', async () => {
    const attached = await client.r2.buckets.domains.custom.create(bucket, {
      account_id,
      domain,
      zoneId: ZONE,
      enabled: true,
      minTLS: '1.2',
    })
    expect(attached).toEqual({ domain, enabled: true, minTLS: '1.2', zoneId: ZONE })
    const shown = { domain, enabled: true, minTLS: '1.2', zoneId: ZONE, status: { ownership: 'pending', ssl: 'initializing' } }
    expect(await client.r2.buckets.domains.custom.get(domain, { account_id, bucket_name: bucket })).toEqual(shown)
    expect(await client.r2.buckets.domains.custom.list(bucket, { account_id })).toEqual({ domains: [shown] })
    expect((await on(domain, '/hello.txt')).text).toBe('Hello, world')
    await expect
      .poll(async () => (await client.r2.buckets.domains.custom.get(domain, { account_id, bucket_name: bucket })).status)
      .toEqual({ ownership: 'active', ssl: 'pending' })
  })

  test('is cached as documented: the static file, not the text; S3 never', async () => {
    expect((await on(domain, '/hello.txt')).headers['cf-cache-status']).toBe('DYNAMIC')
    expect((await on(domain, '/a.css?v=1')).headers['cf-cache-status']).toBe('MISS')
    await expect.poll(async () => (await on(domain, '/a.css')).headers['cf-cache-status']).toBe('HIT')
    await signedFetch('PUT', `/${bucket}/a.css`, { body: 'b {}', headers: { 'content-type': 'text/css' } })
    const stale = await on(domain, '/a.css')
    expect([stale.text, stale.headers['cf-cache-status'], stale.headers['content-type'], stale.headers['content-length']]).toEqual([
      'a {}',
      'HIT',
      'text/css',
      '4',
    ])
    expect(Number(stale.headers.age)).toBeGreaterThanOrEqual(0)
    expect(await (await signedFetch('GET', `/${bucket}/a.css`)).text()).toBe('b {}')
    expect((await on(label(), '/a.css')).text).toBe('b {}')
    const piece = await on(domain, '/a.css', { range: 'bytes=0-0' })
    expect([piece.status, piece.headers['content-range'], piece.text, piece.headers['cf-cache-status']]).toEqual([
      206,
      'bytes 0-0/4',
      'a',
      'HIT',
    ])
    expect((await on(domain, '/a.css', { 'if-none-match': stale.headers.etag! })).status).toBe(304)
  })

  test('has the CORS rules of the bucket', async () => {
    const rules = [
      { allowed: { origins: ['https://a.example'], methods: ['GET'], headers: ['range'] }, exposeHeaders: ['ETag'], maxAgeSeconds: 60 },
    ]
    expect((await rest('PUT', `/accounts/{account}/r2/buckets/${bucket}/cors`, { body: { rules } })).status).toBe(200)
    const preflight = await on(domain, '/hello.txt', { origin: 'https://a.example', 'access-control-request-method': 'GET' }, 'OPTIONS')
    expect([preflight.status, preflight.headers['access-control-max-age']]).toEqual([204, '60'])
    for (const host of [domain, label()]) {
      const answer = await on(host, '/a.css', { origin: 'https://a.example' })
      expect([answer.headers['access-control-allow-origin'], answer.headers['access-control-expose-headers'], answer.headers.vary]).toEqual(
        ['https://a.example', 'ETag', expect.stringContaining('Origin')],
      )
      expect((await on(host, '/a.css', { origin: 'https://b.example' })).headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  test('the REST API has no CORS: no browser page holds its token', async () => {
    const url = `${inject('server').apiBaseUrl}/user/tokens/verify`
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
    })
    expect([preflight.ok, preflight.headers.get('access-control-allow-origin')]).toEqual([false, null])
  })

  test('is changed in part', async () => {
    expect(await client.r2.buckets.domains.custom.update(domain, { account_id, bucket_name: bucket, minTLS: '1.3' })).toMatchObject({
      domain,
      enabled: true,
      minTLS: '1.3',
    })
    expect(
      await client.r2.buckets.domains.custom.update(domain.toUpperCase(), { account_id, bucket_name: bucket, enabled: false }),
    ).toMatchObject({
      enabled: false,
      minTLS: '1.3',
    })
    const off = await on(domain, '/a.css')
    expect([off.status, off.text]).toEqual([401, expect.stringContaining('This bucket cannot be viewed')])
    await client.r2.buckets.domains.custom.update(domain, {
      account_id,
      bucket_name: bucket,
      enabled: true,
      ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
    })
    expect(await client.r2.buckets.domains.custom.get(domain, { account_id, bucket_name: bucket })).toMatchObject({
      enabled: true,
      ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
    })
  })

  test.each([
    [{ domain: 'localhost' }, 400, 10040],
    [{ domain: '*.example.com' }, 400, 10040],
    [{ domain: 'a.example/path' }, 400, 10040],
    [{ domain: '192.0.2.1' }, 400, 10040],
    [{ zoneId: 'x' }, 400, 10040],
    [{ zoneId: undefined }, 400, 10040],
    [{ enabled: undefined }, 400, 10040],
    [{ minTLS: '1.4' }, 400, 10040],
    [{ ciphers: ['NULL'] }, 400, 10040],
    [{ domain: 'x.localhost' }, 409, 10029],
    [{ domain: 'cairn.me.workers.dev' }, 409, 10029],
  ])('%j is refused', async (changes, status, code) => {
    const body = { domain: 'other.example.com', zoneId: ZONE, enabled: true, ...changes }
    expect(await rest('POST', `${DOMAINS}/custom`, { body })).toMatchObject({ status, errors: [{ code }] })
    expect((await client.r2.buckets.domains.custom.list(bucket, { account_id })).domains).toHaveLength(1)
  })

  test('of somebody else cannot be had, nor touched', async () => {
    await withBucket(async (other: string) => {
      const elsewhere = DOMAINS.replace(bucket, other)
      const body = { domain: domain.toUpperCase(), zoneId: ZONE, enabled: true }
      expect(await rest('POST', `${elsewhere}/custom`, { body })).toMatchObject({
        status: 409,
        errors: [{ message: expect.stringContaining('in use') }],
      })
      for (const method of ['GET', 'PUT', 'DELETE'])
        expect(await rest(method, `${elsewhere}/custom/${domain}`, { body: method === 'PUT' ? {} : undefined })).toMatchObject({
          status: 404,
          errors: [{ code: 10053 }],
        })
    })
  })

  test('is removed', async () => {
    expect(await client.r2.buckets.domains.custom.delete(domain, { account_id, bucket_name: bucket })).toEqual({ domain })
    expect((await on(domain, '/hello.txt')).headers['content-type']).toBe('application/xml')
    expect((await client.r2.buckets.domains.custom.list(bucket, { account_id })).domains).toEqual([])
    expect(await rest('DELETE', `${DOMAINS}/custom/${domain}`)).toMatchObject({ status: 404, errors: [{ code: 10053 }] })
  })
})

test('the audit log tells of all of it', async () => {
  const { result } = await rest<{ action: { info: string } }[]>('GET', '/accounts/{account}/audit_logs?per_page=1000')
  const actions = new Set(result.map(({ action }) => action.info))
  for (const action of ['ChangeBucketVisibility', 'AddCustomDomain', 'UpdateCustomDomain', 'RemoveCustomDomain'])
    expect(actions).toContain(action)
})

test('a bucket of a jurisdiction has URLs of its own, and is not the bucket of that name elsewhere', async () => {
  const name = uniqueName('public')
  const eu = { account_id, 'cf-r2-jurisdiction': 'eu' } as const
  await client.r2.buckets.create({ ...eu, name })
  const headers = { 'cf-r2-jurisdiction': 'eu' }
  expect((await rest('PUT', `/accounts/{account}/r2/buckets/${name}/objects/a`, { headers, body: 'in Europe' })).status).toBe(200)
  const { bucketId } = await client.r2.buckets.domains.managed.update(name, { ...eu, enabled: true })
  await client.r2.buckets.domains.custom.create(name, { ...eu, domain: `${name}.example.com`, zoneId: ZONE, enabled: true })
  for (const host of [`pub-${bucketId}.localhost`, `${name}.example.com`]) expect((await on(host, '/a')).text).toBe('in Europe')
  await expect(client.r2.buckets.domains.managed.list(name, { account_id })).rejects.toMatchObject({ status: 404 })
  await rest('DELETE', `/accounts/{account}/r2/buckets/${name}/objects/a`, { headers })
  await client.r2.buckets.delete(name, eu)
})

test('a bucket that is made anew is not public', async () => {
  await withBucket(async (name: string, s3: S3Client) => {
    const host = `${name}.example.com`
    const { bucketId } = await client.r2.buckets.domains.managed.update(name, { account_id, enabled: true })
    await client.r2.buckets.domains.custom.create(name, { account_id, domain: host, zoneId: ZONE, enabled: true })
    await s3.send(new DeleteBucketCommand({ Bucket: name }))
    await s3.send(new CreateBucketCommand({ Bucket: name }))
    await signedFetch('PUT', `/${name}/a`, { body: 'x' })
    expect([(await on(`pub-${bucketId}.localhost`, '/a')).status, (await on(host, '/a')).status]).toEqual([401, 400])
    const anew = await client.r2.buckets.domains.managed.list(name, { account_id })
    expect([anew.enabled, anew.bucketId === bucketId]).toEqual([false, false])
  })
})
