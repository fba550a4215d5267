import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createToken } from '../../src/control/tokens.ts'
import { JURISDICTIONS } from '../../src/core/object.ts'
import type { Env } from '../../src/env.ts'
import { readProps } from '../../src/faces/binding/props.ts'
import { handle } from '../../src/gateway.ts'
import { SANDBOX } from '../../src/http/origin-guard.ts'
import { env, newRef, secrets } from '../support/bucket.ts'
import { countingEnv } from '../support/counting.ts'
import { randomBytes } from '../support/fuzz.ts'
import { fetchPublic, PublicBucket } from '../support/public-bucket.ts'
import { signedRequest } from '../support/s3.ts'

// Origins, public buckets and the faces that browsers reach. Each name begins with the number of the fault in the review.

const R2 = `http://localhost/client/v4/accounts/${env.ACCOUNT_ID}/r2`

interface Asked {
  /** JSON, unless it is a text already. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly bindings?: Env
}

/** A request to the REST face with the root token, unless `headers` say otherwise. */
async function rest(method: string, path: string, { body, headers = {}, bindings = env }: Asked = {}) {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const request = new Request(`${R2}${path}`, {
    method,
    headers: { authorization: `Bearer ${env.ROOT_TOKEN}`, 'content-type': 'application/json', ...headers },
    body: text,
  })
  const response = await handle(request, bindings)
  return { status: response.status, ...((await response.json()) as { result: unknown; errors: { code: number; message: string }[] }) }
}

describe('12: a custom domain takes over no host of the API', () => {
  const OWN: Env = { ...env, S3_HOST: 's3.own.example', HOSTS: 'api.own.example, console.own.example' }
  const attach = (domain: string, asked: Asked = {}) => {
    const body = { domain, zoneId: 'e'.repeat(32), enabled: true }
    return rest('POST', `/buckets/${site.bucket.ref.name}/domains/custom`, { body, bindings: OWN, ...asked })
  }
  let site: PublicBucket
  beforeAll(async () => {
    site = await PublicBucket.create()
    await site.put('index.html', 'a page of the bucket')
  })

  test.each([
    'api.own.example',
    'console.own.example',
    'files.api.own.example',
    's3.own.example',
    'photos.s3.own.example',
    'cairn.me.workers.dev',
  ])('%s is refused, whichever host the request came to', async (host) => {
    expect(await attach(host)).toMatchObject({
      status: 409,
      errors: [{ message: expect.stringContaining('an address of this deployment') }],
    })
    expect((await fetchPublic(`http://${host}/index.html`, {}, OWN)).headers.get('content-type')).toBe('application/xml')
  })

  test('any other host is attached, beside them and above', async () => {
    for (const host of ['files.own.example', 'myapi.own.example', 'own.example']) expect((await attach(host)).status).toBe(200)
    expect(await (await fetchPublic('http://files.own.example/index.html', {}, OWN)).text()).toBe('a page of the bucket')
  })

  test('a host of the list is the API, even where the table has it; what was attached below it before stays', async () => {
    const [above, below] = [site.domain, `files.${site.domain}`]
    expect((await attach(below)).status).toBe(200)
    const grown: Env = { ...env, HOSTS: above }
    expect((await fetchPublic(`http://${above}/client/v4/user`, {}, grown)).headers.get('content-type')).toBe('application/json')
    expect((await fetchPublic(`http://${above}./client/v4/user`, {}, grown)).headers.get('content-type')).toBe('application/json')
    expect(await (await fetchPublic(`http://${below}/index.html`, {}, grown)).text()).toBe('a page of the bucket')
    expect((await attach(`more.${above}`, { bindings: grown })).status).toBe(409)
  })

  test('whoever may change one bucket attaches nothing, squatting included', async () => {
    const [id, value] = ['b'.repeat(32), 'v'.repeat(40)]
    const policies = [{ level: 'admin-read-write' as const, buckets: [site.bucket.ref] }]
    await createToken(env.CONTROL, secrets, { id, value, name: 'one bucket', policies }, Date.now())
    const headers = { authorization: `Bearer ${value}` }
    expect((await rest('GET', `/buckets/${site.bucket.ref.name}/domains/custom`, { headers })).status).toBe(200)
    expect(await attach('www.other-team.example', { headers })).toMatchObject({ status: 403, errors: [{ code: 10000 }] })
    expect((await attach('www.other-team.example')).status).toBe(200)
  })
})

describe('19, F1: what the cache of a custom domain takes for one object', () => {
  let site: PublicBucket
  beforeEach(async () => {
    site = await PublicBucket.create()
  })
  const get = async (path: string, bindings = env) => {
    const response = await fetchPublic(`${site.custom}${path}`, {}, bindings)
    return [response.status, response.headers.get('cf-cache-status'), await response.text()]
  }
  const untilKept = (path: string) => vi.waitFor(async () => expect((await get(path))[1]).toBe('HIT'), { timeout: 10_000 })

  test('F1: a new query shows the new object, and no query shows a deleted one that nobody asked for with it', async () => {
    await site.put('site.css', 'old')
    await untilKept('/site.css')
    await site.put('site.css', 'new')
    expect(await get('/site.css?v=2')).toEqual([200, 'MISS', 'new'])
    expect(await get('/site.css')).toEqual([200, 'HIT', 'old'])
    await site.bucket.store.deleteObject(site.bucket.at('site.css'))
    expect((await get('/site.css?v=3'))[0]).toBe(404)
  })

  test('19: every spelling of a URL is the one entry, so that nobody goes round it and a purge leaves nothing', async () => {
    await site.put('a.png', 'x')
    await untilKept('/a.png')
    const host = site.domain
    for (const url of [
      `http://${host}/%61.png`,
      `http://${host}/a%2Epng`,
      `http://${host}./a.png`,
      `http://${host.toUpperCase()}/a.%70%6Eg`,
    ])
      expect((await fetchPublic(url)).headers.get('cf-cache-status')).toBe('HIT')
    await caches.default.delete(`https://${host}/a.png`)
    expect((await get('/%61.png'))[1]).toBe('MISS')
  })

  test('19: who hangs up leaves no second read behind', async () => {
    const counting = countingEnv(env)
    await site.put('a.bin', randomBytes(3 * 1024 * 1024))
    await get('/warm-up', counting.env)
    counting.take()
    for (let query = 0; query < 4; query++) {
      const reader = (await fetchPublic(`${site.custom}/a.bin?${query}`, {}, counting.env)).body!.getReader()
      await reader.read()
      await reader.cancel()
    }
    await scheduler.wait(300)
    expect(counting.take().bucket).toBe(4)
  })
})

describe('before a dashboard: what a user uploaded has no part in the origin of the API', () => {
  const HTML = '<!DOCTYPE html><script>alert(origin)</script>'
  let site: PublicBucket
  beforeAll(async () => {
    site = await PublicBucket.create()
    await site.put('page.html', HTML, { httpMetadata: { contentType: 'text/html' } })
    await site.put('image.png', 'x', { httpMetadata: { contentType: 'image/png' } })
  })
  const policies = ({ headers }: Response) => ['x-content-type-options', 'content-security-policy'].map((name) => headers.get(name))
  const s3 = async (path: string, headers = {}, origin = 'http://localhost', bindings = env) =>
    handle(await signedRequest('GET', path, { headers, origin }), bindings)

  test('S3, in both styles, whole, in pieces and not modified, in strict mode too, under any name that the URL gives', async () => {
    const path = `/${site.bucket.ref.name}`
    const strict = { ...env, R2_STRICT: 'true' }
    for (const response of [
      await s3(`${path}/page.html`),
      await s3(`${path}/page.html`, { range: 'bytes=0-9' }),
      await s3(`${path}/page.html`, { 'if-none-match': '*' }),
      await s3(`${path}/image.png?response-content-type=${encodeURIComponent('image/svg+xml')}`),
      await s3('/page.html', {}, `http://${site.bucket.ref.name}.localhost`),
      await s3(`${path}/page.html`, {}, 'http://localhost', strict),
    ]) {
      expect(policies(response)).toEqual(['nosniff', SANDBOX])
    }
    expect(policies(await s3(`${path}/image.png`))).toEqual(['nosniff', null])
    expect(await (await s3(`${path}/page.html`)).text()).toBe(HTML)
  })

  test('REST and the managed URL that is a path', async () => {
    const headers = { authorization: `Bearer ${env.ROOT_TOKEN}` }
    const response = await handle(new Request(`${R2}/buckets/${site.bucket.ref.name}/objects/page.html`, { headers }), env)
    expect([response.status, ...policies(response)]).toEqual([200, 'nosniff', SANDBOX])
    expect(policies(await fetchPublic(`${site.path}/page.html`))).toEqual(['nosniff', SANDBOX])
    expect(policies(await fetchPublic(`${site.path}/image.png`))).toEqual(['nosniff', SANDBOX])
  })

  test('hosts that serve the objects of one bucket and nothing else are origins of their own, as on R2', async () => {
    for (const url of [site.label, site.custom]) expect(policies(await fetchPublic(`${url}/page.html`))).toEqual([null, null])
  })

  test.each(['/buckets', '/temp-access-credentials'])(
    'POST %s takes no text from a browser, which sends it without asking; wrangler goes on',
    async (path) => {
      const body = JSON.stringify({ name: newRef().name })
      for (const type of ['text/plain;charset=UTF-8', 'application/x-www-form-urlencoded'])
        expect((await rest('POST', path, { body, headers: { 'content-type': type, origin: 'https://evil.example' } })).status).toBe(415)
      const wrangler = { 'content-type': 'text/plain;charset=UTF-8', 'sec-fetch-mode': 'cors' }
      expect((await rest('POST', path, { body, headers: wrangler })).status).not.toBe(415)
    },
  )

  test('nor do the operators\u2019 tools', async () => {
    const headers = { authorization: `Bearer ${env.ROOT_TOKEN}`, 'content-type': 'text/plain', 'sec-fetch-site': 'same-site' }
    const request = new Request('http://localhost/_cairn/buckets', { method: 'POST', body: '{}', headers })
    expect((await handle(request, env)).status).toBe(415)
  })
})

describe('F8: one list of jurisdictions', () => {
  test.each(JURISDICTIONS)(
    '%s is known to REST, to S3 hosts, to temporary credentials and to bindings, and keeps its buckets apart',
    async (jurisdiction) => {
      const { name } = newRef()
      const headers = { 'cf-r2-jurisdiction': jurisdiction }
      expect(await rest('POST', '/buckets', { body: { name }, headers })).toMatchObject({ status: 200, result: { jurisdiction } })
      const origin = jurisdiction === 'default' ? 'http://localhost' : `http://${jurisdiction}.localhost`
      const put = await handle(await signedRequest('PUT', `/${name}/a`, { origin, body: 'x' }), env)
      expect(put.status).toBe(200)
      for (const other of JURISDICTIONS) {
        const { status } = await rest('GET', `/buckets/${name}`, { headers: { 'cf-r2-jurisdiction': other } })
        expect([other, status]).toEqual([other, other === jurisdiction ? 200 : 404])
      }
      const credentials = {
        bucket: name,
        permission: 'object-read-only',
        ttlSeconds: 900,
        parentAccessKeyId: env.ROOT_TOKEN_ID,
        jurisdiction,
      }
      expect((await rest('POST', '/temp-access-credentials', { body: credentials })).status).toBe(200)
      expect(readProps({ bucket: name, jurisdiction }).bucket).toEqual({ jurisdiction, name })
    },
  )

  test('another is refused by its name', async () => {
    const answer = await rest('POST', '/buckets', { body: { name: newRef().name }, headers: { 'cf-r2-jurisdiction': 'mars' } })
    expect([answer.status, answer.errors[0]!.message]).toEqual([400, expect.stringContaining('fedramp-high')])
  })
})

describe('A2e: each message says what it means', () => {
  test('a bucket whose place the platform chose is in "auto", so that no client prints "(unknown)"', async () => {
    const { name } = newRef()
    expect(await rest('POST', '/buckets', { body: { name } })).toMatchObject({ result: { location: 'auto' } })
    expect(await rest('GET', `/buckets/${name}`)).toMatchObject({ result: { location: 'auto' } })
  })

  test.each([
    ['', 'since is missing: give a day'],
    ['?since=2026-01-01', 'before is missing: give a day'],
    ['?since=2026-01-01&before=tomorrow', 'before must be a day'],
  ])('/logs/audit%s: %s', async (query, words) => {
    const { errors } = await rest('GET', `/../logs/audit${query}`)
    expect(errors[0]!.message).toContain(`The parameter ${words} (2026-05-01) or a time (2026-05-01T12:00:00Z)`)
  })

  test('a POST that is no form says so in one phrase; strict mode, which has no forms, has the two of R2', async () => {
    const form = (bindings: Env) => handle(new Request('http://localhost/some-bucket', { method: 'POST', body: 'x' }), bindings)
    const condition = 'Bucket POST must be of the enclosure-type multipart/form-data'
    expect(await (await form(env)).text()).toContain(`<Condition>${condition}</Condition>`)
    const strict = await (await form({ ...env, R2_STRICT: 'true' })).text()
    expect(strict).toContain('<Message>Presigned post requests are not yet implemented not implemented</Message>')
  })
})
