import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { newTokenId } from '../../src/control/own-tokens.ts'
import { createToken, secretAccessKeyOf, TOKEN_CACHE_MS } from '../../src/control/tokens.ts'
import type { Env } from '../../src/env.ts'
import { handle } from '../../src/gateway.ts'
import { env, secrets } from '../support/bucket.ts'
import { costlyTexts, quickestMs, repeated } from '../support/cost.ts'
import { countingEnv } from '../support/counting.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { PublicBucket } from '../support/public-bucket.ts'
import { type Credentials, signedRequest } from '../support/s3.ts'

// Faults that a review found in what requests without valid credentials cost.

const MOST_BYTES = 8192
/** Quadratic work on these requests took ten seconds and more. */
const MOST_MS = 1000

let site: PublicBucket
let token: Credentials & { value: string }

beforeAll(async () => {
  site = await PublicBucket.create()
  await site.put('a', 'x')
  await site.bucket.store.putSetting(site.bucket.ref, 'cors', [
    { allowedOrigins: ['*', 'https://*.example'], allowedMethods: ['GET', 'PUT'], allowedHeaders: ['*'], exposeHeaders: [] },
  ])
  const [id, value] = ['2'.repeat(32), 'the-value-of-a-token']
  const policies = [{ level: 'admin-read' as const }]
  await createToken(env.CONTROL, secrets, { id, value, name: 'known', policies }, Date.now())
  token = { accessKeyId: id, secretAccessKey: secretAccessKeyOf(value), value }
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const read = () => signedRequest('GET', `/${site.bucket.ref.name}/a`, { credentials: token })
const bearer = (value: string) =>
  new Request('http://localhost/client/v4/user/tokens/verify', { headers: { authorization: `Bearer ${value}` } })
const unknownKey = (n: number) =>
  signedRequest('GET', '/photos/a', { credentials: { accessKeyId: n.toString(16).padStart(32, 'c'), secretAccessKey: 'f'.repeat(64) } })

describe('2: what strangers send stays in no memory', () => {
  const parent = (length: number) => btoa(`jwt/e30.${btoa(JSON.stringify({ iss: 'x'.repeat(length) }))}.s`)

  test('a bearer that claims a parent of any length costs one look-up of its value, and none when it is longer than any value', async () => {
    const counting = countingEnv(env)
    const lookUps = async (length: number) => {
      counting.take()
      expect((await handle(bearer(parent(length)), counting.env)).status).toBe(401)
      return counting.take().d1
    }
    for (const length of [0, 1, 31, 33]) expect(await lookUps(length)).toBeLessThanOrEqual(1)
    for (const length of [1000, 60_000]) expect(await lookUps(length)).toBe(0)
  })

  test('nor is a host that none can have', async () => {
    const counting = countingEnv(env)
    for (const host of [`${'a.'.repeat(120)}${'b'.repeat(20)}.example`, `${'c'.repeat(64)}.example`, 'd_e.example', 'single']) {
      expect((await handle(new Request(`http://${host}/a/b`), counting.env)).status).toBe(400)
    }
    expect(counting.take().d1).toBe(0)
  })
})

test(
  '3: whoever invents key ids, bearers, public ids, hosts and buckets pushes out nothing that others need',
  async () => {
    const counting = countingEnv(env)
    const nobody = { first: async () => null }
    // Inventions are answered without the database: thousands of them take a moment only.
    const prepare = (sql: string) => ({
      bind: (...names: unknown[]) => (isKnown(names) ? counting.env.CONTROL.prepare(sql).bind(...names) : nobody),
    })
    const known: unknown[] = [token.accessKeyId, site.id, site.domain, site.bucket.ref.name]
    const isKnown = (names: unknown[]) => names.some((name) => known.includes(name))
    const CONTROL = new Proxy(counting.env.CONTROL, { get: (db, name) => (name === 'prepare' ? prepare : Reflect.get(db, name)) })
    const bindings = { ...counting.env, CONTROL, STRANGER_RATE_LIMIT: undefined } as Env
    const status = async (request: Request) => (await handle(request, bindings)).status
    const everybody = async () => [
      await status(await read()),
      ...(await Promise.all(site.urls.map((url) => status(new Request(`${url}/a`))))),
    ]
    expect(await everybody()).toEqual([200, 200, 200, 200])
    counting.take()
    for (let n = 0; n < 400; n++) {
      await status(await unknownKey(n))
      await status(bearer(`unknown ${n}`))
      await status(new Request(`http://localhost/_public/${n.toString(16).padStart(32, 'b')}/a`))
      await status(new Request(`http://${'h'.repeat(60)}.h${n}.example/a/b`))
      await status(new Request(`http://localhost/invented-${n}/a`, { headers: { origin: 'https://page.example' } }))
    }
    expect(await everybody()).toEqual([200, 200, 200, 200])
    expect(counting.take().d1).toBe(0)
  },
  timeLimit(60_000),
)

describe('3: while CONTROL is away', () => {
  /** The same bindings, whose CONTROL can be taken away. */
  function switchable() {
    let isDown = false
    const prepare = (sql: string) => {
      const real = env.CONTROL.prepare(sql)
      const failing = { first: () => Promise.reject(new Error('D1_ERROR: down')) }
      return isDown ? { bind: () => failing } : real
    }
    const CONTROL = new Proxy(env.CONTROL, { get: (db, name) => (name === 'prepare' ? prepare : Reflect.get(db, name)) })
    const takeAway = () => {
      isDown = true
      vi.setSystemTime(Date.now() + TOKEN_CACHE_MS)
    }
    return { bindings: { ...env, CONTROL } as Env, takeAway }
  }
  const verify = () => bearer(token.value)

  test('those who are known go on for minutes, and others are told to come back, in the form of each face', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { bindings, takeAway } = switchable()
    expect((await handle(verify(), bindings)).status).toBe(200)
    expect((await handle(await read(), bindings)).status).toBe(200)
    takeAway()
    expect((await handle(verify(), bindings)).status).toBe(200)
    expect((await handle(await read(), bindings)).status).toBe(200)
    const ours = await signedRequest('GET', '/photos/a', {
      credentials: { accessKeyId: newTokenId(secrets.keyring), secretAccessKey: 'f'.repeat(64) },
    })
    for (const [request, type, text] of [
      [await unknownKey(9999), 'application/xml', '<Code>ServiceUnavailable</Code>'],
      [ours, 'application/xml', '<Code>ServiceUnavailable</Code>'],
      [bearer('unknown'), 'application/json', '"code":10043'],
      [
        new Request('http://localhost/_cairn/fsck', { method: 'POST', headers: bearer('unknown').headers }),
        'application/json',
        'Unavailable',
      ],
      [new Request(`http://localhost/_public/${'d'.repeat(32)}/a`), 'text/html; charset=utf-8', 'Error 503'],
      [new Request('http://away.example/a'), 'text/html; charset=utf-8', 'Error 503'],
    ] as const) {
      const response = await handle(request, bindings)
      const answer = [response.status, response.headers.get('content-type'), response.headers.has('retry-after')]
      expect(answer, request.url).toEqual([503, type, true])
      expect(await response.text()).toContain(text)
    }
  })

  test('preflights of buckets that are known go on, and none wakes what may not exist', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const { bindings, takeAway } = switchable()
    const counting = countingEnv(bindings)
    const preflight = (bucket: string) =>
      handle(
        new Request(`http://localhost/${bucket}/a`, {
          method: 'OPTIONS',
          headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
        }),
        counting.env,
      )
    expect((await preflight(site.bucket.ref.name)).status).toBe(204)
    takeAway()
    expect((await preflight(site.bucket.ref.name)).status).toBe(204)
    counting.take()
    expect((await preflight('never-seen')).status).toBe(503)
    expect(counting.take().bucket).toBe(0)
  })
})

describe('11: repeated query names', () => {
  test.each(['a=1&', 'a&', '&', '%61=%31&', 'X-Amz-Credential=1&'])('%s, 256 KB of it, take a moment', async (pair) => {
    for (const path of ['/photos/a', '/client/v4/user', '/_cairn/fsck', `/_public/${site.id}/nothing`]) {
      const request = new Request(`http://localhost${path}?${repeated(pair, 256 * 1024)}`)
      expect(await quickestMs(async () => (await handle(request, env)).text()), path).toBeLessThan(MOST_MS)
    }
  })
})

describe('16: Origin on a request that nobody signed', () => {
  const ORIGIN = { origin: 'https://a.example' }

  test('wakes no Bucket that does not exist, 150 names or one', async () => {
    const counting = countingEnv({ ...env, STRANGER_RATE_LIMIT: undefined })
    for (let n = 0; n < 150; n++) {
      const url = `http://localhost/nobody-has-${n}/a`
      await handle(new Request(url, { headers: ORIGIN }), counting.env)
      await handle(new Request(url, { method: 'OPTIONS', headers: { ...ORIGIN, 'access-control-request-method': 'GET' } }), counting.env)
      await handle(new Request(`http://localhost/nobody-has-${n}`, { method: 'POST', headers: ORIGIN }), counting.env)
    }
    expect(counting.take()).toEqual({ bucket: 0, d1: 150, kv: 0 })
  })

  test('is answered with the rules of one that does, so that a page can read the failure', async () => {
    const response = await handle(new Request(`http://localhost/${site.bucket.ref.name}/a`, { headers: ORIGIN }), env)
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([400, '*'])
  })

  test('finds a bucket that was made after somebody asked for its name', async () => {
    const preflight = () =>
      handle(
        new Request('http://localhost/made-later/a', {
          method: 'OPTIONS',
          headers: { ...ORIGIN, 'access-control-request-method': 'GET' },
        }),
        env,
      )
    expect((await preflight()).status).toBe(403)
    expect((await handle(await signedRequest('PUT', '/made-later'), env)).status).toBe(200)
    const ref = { jurisdiction: 'default', name: 'made-later' } as const
    await site.bucket.store.putSetting(ref, 'cors', [
      { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] },
    ])
    expect((await preflight()).status).toBe(204)
  })
})

test('23: one visitor of a custom domain cannot take all that its bucket answers', async () => {
  let left = 5
  const DOMAIN_RATE_LIMIT: RateLimit = { limit: async () => ({ success: left-- > 0 }) }
  const counting = countingEnv({ ...env, DOMAIN_RATE_LIMIT })
  await handle(new Request(`${site.custom}/warm`), counting.env)
  counting.take()
  const statuses: number[] = []
  for (let n = 0; n < 50; n++) statuses.push((await handle(new Request(`${site.custom}/nothing-${n}`), counting.env)).status)
  expect(statuses.filter((status) => status === 404)).toHaveLength(4)
  expect(counting.take().bucket).toBe(4)
})

test(
  'any request without credentials is refused in a time that its length allows, with 8 KiB at most',
  async () => {
    const pieces = [
      '/',
      '%2F',
      '.',
      '..',
      '&',
      '=',
      ',',
      ' ',
      ';',
      '-',
      'a',
      '%',
      '?',
      'jwt/',
      'client/v4/',
      '_public/',
      '*',
      ':',
      '[',
      '{"a":',
    ]
    const places: Record<string, (text: string) => Request> = {
      'the path': (text) => new Request(`http://localhost/${encodeURI(text)}`),
      'the path of REST': (text) => new Request(`http://localhost/client/v4/accounts/x/r2/${encodeURI(text)}`),
      'the path of a public bucket': (text) => new Request(`http://localhost/_public/${site.id}/${encodeURI(text)}`),
      'the path of a custom domain': (text) => new Request(`${site.custom}/${encodeURI(text)}`),
      'the path of the admin face': (text) => new Request(`http://localhost/_cairn/${encodeURI(text)}`, { method: 'POST' }),
      'the query': (text) => new Request(`http://localhost/photos/a?${encodeURI(text)}`),
      'a bearer': (text) => bearer(text),
      'a session token': (text) => bearer(btoa(`jwt/e30.${btoa(JSON.stringify({ iss: text }))}.${text}`)),
      'a session token of any form': (text) => bearer(btoa(`jwt/${text}`)),
      Origin: (text) => new Request(`http://localhost/${site.bucket.ref.name}/a`, { headers: { origin: text } }),
      'Origin on a public bucket': (text) => new Request(`${site.label}/nothing`, { headers: { origin: `https://${text}.example` } }),
      'names in a preflight': (text) =>
        new Request(`http://localhost/${site.bucket.ref.name}/a`, {
          method: 'OPTIONS',
          headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT', 'access-control-request-headers': text },
        }),
      Range: (text) => new Request(`${site.label}/nothing`, { headers: { range: text, 'if-range': text, 'if-none-match': text } }),
      'cf-connecting-ip': (text) => new Request('http://localhost/_public/x/a', { headers: { 'cf-connecting-ip': text } }),
    }
    const property = fc.asyncProperty(fc.constantFrom(...Object.keys(places)), costlyTexts(pieces, 64 * 1024), async (place, { text }) => {
      const request = places[place]!(text)
      let bytes = 0
      let status = 0
      const ms = await quickestMs(async () => {
        const response = await handle(new Request(request), env)
        const headers = [...response.headers].map(([name, value]) => name.length + value.length + 4)
        bytes = headers.reduce((sum, length) => sum + length, 0) + (await response.arrayBuffer()).byteLength
        status = response.status
      })
      const shape = `${place}: ${text.slice(0, 100)}`
      expect(ms, shape).toBeLessThan(MOST_MS)
      expect(bytes, shape).toBeLessThanOrEqual(MOST_BYTES)
      expect(status, shape).toBeLessThan(500)
    })
    await holds(property, 80)
  },
  timeLimit(120_000),
)
