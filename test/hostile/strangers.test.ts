import { beforeAll, describe, expect, test } from 'vitest'
import security from '../../docs/design/security.md?raw'
import { newTokenId, newTokenValue } from '../../src/control/own-tokens.ts'
import { createToken, secretAccessKeyOf } from '../../src/control/tokens.ts'
import type { Env } from '../../src/env.ts'
import { handle } from '../../src/gateway.ts'
import { env, secrets } from '../support/bucket.ts'
import { type Calls, countingEnv } from '../support/counting.ts'
import { PublicBucket } from '../support/public-bucket.ts'
import { type Credentials, type SignedOptions, signedRequest } from '../support/s3.ts'

// What a request without valid credentials may cost, for every face: bytes answered, and calls of D1, of a Durable Object and of KV.

const MOST_BYTES = 8192
const ORIGIN = { origin: 'https://page.example' }
const PREFLIGHT = { ...ORIGIN, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-amz-date' }

let site: PublicBucket
let known: Credentials

beforeAll(async () => {
  site = await PublicBucket.create()
  await site.put('a', 'x')
  known = await addToken('the value of a known token', '1'.repeat(32))
})

async function addToken(value: string, id: string): Promise<Credentials> {
  const policies = [{ level: 'object-read' as const }]
  await createToken(env.CONTROL, secrets, { id, value, name: 'known', policies }, Date.now())
  return { accessKeyId: id, secretAccessKey: secretAccessKeyOf(value) }
}

let inventions = 0
const invented = () => (++inventions).toString(16).padStart(32, 'e')
const inventedBucket = () => `invented-${++inventions}`
const inventedHost = () => `h${++inventions}.example`

const plain = (url: string, init: RequestInit = {}) => new Request(url.startsWith('/') ? `http://localhost${url}` : url, init)
const signed = (credentials: Partial<Credentials>, path: string, options: SignedOptions = {}) =>
  signedRequest('GET', path, { ...options, credentials: { accessKeyId: invented(), secretAccessKey: 'f'.repeat(64), ...credentials } })
const bearer = (value: string, path = '/client/v4/user/tokens/verify', method = 'GET') =>
  plain(path, { method, headers: { authorization: `Bearer ${value}` } })
const jwt = (claims: object) =>
  btoa(`jwt/${btoa('{"alg":"HS256"}')}.${btoa(JSON.stringify(claims)).replaceAll('+', '-').replaceAll('/', '_')}.${'s'.repeat(43)}`)
const presigned = (accessKeyId: string) => {
  const date = `${new Date().toISOString().replace(/[-:]|\..*/g, '')}Z`
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${accessKeyId}/${date.slice(0, 8)}/auto/s3/aws4_request`,
    'X-Amz-Date': date,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': 'host',
    'X-Amz-Signature': '0'.repeat(64),
  })
  return plain(`/${inventedBucket()}/a?${query}`)
}
/** As the platform hands over a request whose Host header is no host name: the URL of a `Request` that is made here is always whole. */
const withBrokenHost = (url: string, init: RequestInit = {}): Request => {
  const request = plain('/', init)
  return new Proxy(request, {
    get: (target, name) => {
      if (name === 'url') return url
      const value = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

type Cost = readonly [d1: number, bucket: number, kv: number]
type Row = readonly [face: string, what: string, request: () => Request | Promise<Request>, status: number, first: Cost, again: Cost]

const NOTHING: Cost = [0, 0, 0]

/** The first request of its kind that an isolate sees, and the same one again within half a minute. */
const ROWS: readonly Row[] = [
  ['S3', 'no credentials', () => plain(`/${inventedBucket()}/a`), 400, NOTHING, NOTHING],
  ['S3', 'no credentials, 64 KB of query', () => plain(`/b/a?${'a=1&'.repeat(16_000)}`), 400, NOTHING, NOTHING],
  ['S3', 'a key id that is none', () => signed({ accessKeyId: 'x'.repeat(32) }, '/photos/a'), 401, NOTHING, NOTHING],
  ['S3', 'an unknown key id', () => signed({}, '/photos/a'), 401, [1, 0, 0], NOTHING],
  ['S3', 'an unknown key id in a presigned URL', () => presigned(invented()), 401, [1, 0, 0], NOTHING],
  ['S3', 'a known key id, a wrong signature', () => signed({ accessKeyId: known.accessKeyId }, '/photos/a'), 403, [1, 0, 0], NOTHING],
  ['S3', 'a known key id, a forged session token', forgedSession, 403, [1, 0, 0], NOTHING],
  ['S3', '`Origin`, a name that no bucket has', () => plain(`/${inventedBucket()}/a`, { headers: ORIGIN }), 400, [1, 0, 0], NOTHING],
  ['S3', '`Origin`, a name that no bucket can have', () => plain('/N/a', { headers: ORIGIN }), 400, NOTHING, NOTHING],
  ['S3', '`Origin`, a bucket', () => plain(`/${site.bucket.ref.name}/a`, { headers: ORIGIN }), 400, [1, 1, 0], NOTHING],
  ['S3', '`Origin` and an unknown key id', () => signed({}, `/${inventedBucket()}/a`, { headers: ORIGIN }), 401, [2, 0, 0], NOTHING],
  ['S3', 'preflight for a name that no bucket has', () => preflight(`/${inventedBucket()}/a`), 403, [1, 0, 0], NOTHING],
  ['S3', 'preflight for a bucket', () => preflightOfBucket(), 403, [1, 1, 0], NOTHING],
  ['S3', 'preflight that is none', () => preflight('/some-bucket', { 'access-control-request-method': '' }), 400, NOTHING, NOTHING],
  ['S3', 'preflight of 16 KB', () => preflight('/b1-b', { 'access-control-request-headers': 'a,'.repeat(8192) }), 400, NOTHING, NOTHING],
  ['S3', 'a POST that is no form', () => plain(`/${inventedBucket()}`, { method: 'POST', body: 'x' }), 412, NOTHING, NOTHING],
  ['S3', 'the same with `Origin`', () => plain(`/${inventedBucket()}`, { method: 'POST', headers: ORIGIN }), 412, [1, 0, 0], NOTHING],
  ['S3', 'upload form without a signature', () => form([]), 403, NOTHING, NOTHING],
  ['S3', 'upload form of 1 MB of fields', () => form([['a', 'x'.repeat(1_000_000)]]), 400, NOTHING, NOTHING],
  ['S3', 'upload form with an unknown key id', () => form(signedBy(invented())), 401, [1, 0, 0], NOTHING],
  ['S3', 'upload form with a wrong signature', () => form(signedBy(known.accessKeyId)), 403, [1, 0, 0], NOTHING],
  ['REST', 'no bearer', () => plain('/client/v4/user/tokens/verify'), 401, NOTHING, NOTHING],
  ['REST', 'no endpoint', () => bearer(invented(), '/client/v4/nothing'), 404, NOTHING, NOTHING],
  ['REST', 'an unknown bearer', () => bearer(invented()), 401, [1, 0, 0], NOTHING],
  ['REST', 'a bearer of 64 KB', () => bearer('x'.repeat(65_536)), 401, NOTHING, NOTHING],
  ['REST', 'a session token, its parent of 64 KB', () => bearer(jwt({ iss: 'x'.repeat(48_000) })), 401, NOTHING, NOTHING],
  ['REST', 'a session token, its parent unknown', () => bearer(jwt({ iss: invented() })), 401, [1, 0, 0], NOTHING],
  ['REST', 'a session token, its parent known', () => bearer(jwt({ iss: known.accessKeyId })), 401, [1, 0, 0], NOTHING],
  ['REST', '`Origin`', () => plain('/client/v4/user/tokens/verify', { headers: ORIGIN }), 401, NOTHING, NOTHING],
  ['admin', 'no bearer', () => plain('/_cairn/fsck', { method: 'POST', body: '{}' }), 401, NOTHING, NOTHING],
  ['admin', 'an unknown bearer', () => bearer(invented(), '/_cairn/fsck', 'POST'), 401, [1, 0, 0], NOTHING],
  ['public', '`/_public/` and no id', () => plain('/_public/x/a'), 401, NOTHING, NOTHING],
  ['public', '`/_public/<unknown id>`', () => plain(`/_public/${invented()}/a`), 401, [1, 0, 0], NOTHING],
  ['public', '`pub-<unknown id>.<host>`', () => plain(`http://pub-${invented()}.localhost/a`), 401, [1, 0, 0], NOTHING],
  ['public', 'no such object', () => onNewSite('nothing'), 404, [1, 2, 0], [0, 1, 0]],
  ['public', 'a custom domain for the first time, no such object', () => onNewDomain('nothing'), 404, [2, 2, 0], [0, 1, 0]],
  ['public', 'another method', () => onNewSite('a', { method: 'PUT' }), 401, [1, 1, 0], NOTHING],
  ['any host', 'one that nobody attached', () => plain(`http://${inventedHost()}/photos/a`), 400, [1, 0, 0], NOTHING],
  ['any host', 'one of 300 characters', () => plain(`http://${'a.'.repeat(150)}example/a`), 400, NOTHING, NOTHING],
  ['any host', 'none: `x:99999`, `a b`, `b.127.0.0.1`', () => withBrokenHost('http://x:99999/photos/a'), 400, NOTHING, NOTHING],
]

/** An upload form with these fields, a key and a file. */
function form(fields: readonly (readonly [string, string])[]): Request {
  const all = [...fields, ['key', 'a'], ['file', 'x']]
  const body = all.map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')
  const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(body.length + 7) }
  return plain(`/${inventedBucket()}`, { method: 'POST', headers, body: `${body}--b--\r\n` })
}

const signedBy = (accessKeyId: string) =>
  [
    ['policy', 'e30='],
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', `${accessKeyId}/20260101/auto/s3/aws4_request`],
    ['x-amz-date', '20260101T000000Z'],
    ['x-amz-signature', '0'.repeat(64)],
  ] as const

function preflight(path: string, headers: Record<string, string> = {}): Request {
  return plain(path, { method: 'OPTIONS', headers: { ...PREFLIGHT, ...headers } })
}

/** In a bucket whose rules this isolate has not read. */
const preflightOfBucket = async () => preflight(`/${(await PublicBucket.create()).bucket.ref.name}/a`)
const onNewDomain = async (key: string) => plain(`${(await PublicBucket.create()).custom}/${key}`)
const onNewSite = async (key: string, init?: RequestInit) => plain(`/_public/${(await PublicBucket.create()).id}/${key}`, init)

function forgedSession(): Promise<Request> {
  const headers = { 'x-amz-security-token': jwt({ iss: known.accessKeyId }) }
  return signed({ accessKeyId: known.accessKeyId }, '/photos/a', { headers })
}

async function ask(request: Request, bindings: Env) {
  const response = await handle(request, bindings)
  const text = await response.text()
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return { response, text, status: response.status, bytes: new TextEncoder().encode(headers + text).length }
}

const costOf = ({ d1, bucket, kv }: Calls): Cost => [d1, bucket, kv]

describe('a request without valid credentials', () => {
  test.each(ROWS)('%s: %s', async (_face, _what, request, status, first, again) => {
    const counting = countingEnv(env)
    const made = await request()
    for (const cost of [first, again]) {
      // A proxy cannot be cloned, and has no body.
      const answer = await ask(made.body ? (made.clone() as Request) : made, counting.env)
      expect(answer.status, answer.text).toBe(status)
      expect(answer.bytes).toBeLessThanOrEqual(MOST_BYTES)
      expect(costOf(counting.take())).toEqual(cost)
    }
  })

  test('is refused in the form of its face', async () => {
    for (const [url, type] of [
      ['http://x:99999/photos/a', 'application/xml'],
      ['http://photos.127.0.0.1/', 'application/xml'],
      ['http://a%20b/client/v4/user', 'application/json'],
      ['http://x:99999/_cairn/fsck', 'application/json'],
      ['http://x:99999/_public/x', 'text/html; charset=utf-8'],
    ] as const) {
      const { response } = await ask(withBrokenHost(url), env)
      expect([url, response.status, response.headers.get('content-type')]).toEqual([url, 400, type])
    }
  })
})

/** Between the two comments; `npx vitest run --project unit test/hostile/strangers.test.ts -u` writes it anew. */
const TABLE = /(<!-- Printed by test\/hostile\/strangers.test.ts -->\n)[\s\S]*(\n<!-- End of the printed table. -->)/

test('docs/design/security.md prints the table', async () => {
  expect(security).toMatch(TABLE)
  const words = (cost: Cost) => cost.join(' / ')
  const rows = ROWS.map(([face, what, , status, first, again]) => `| ${face} | ${what} | ${status} | ${words(first)} | ${words(again)} |`)
  const table = ['', '| face | request | answer | first: D1 / Durable Object / KV | again |', '|---|---|---|---|---|', ...rows, ''].join(
    '\n',
  )
  await expect(security.replace(TABLE, (_, start, end) => start + table + end)).toMatchFileSnapshot('../../docs/design/security.md')
})

/** A limiter as the platform has it, of so many calls for each key. */
function limiterOf(limit: number): RateLimit {
  const counts = new Map<string, number>()
  return {
    limit: async ({ key }) => {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return { success: counts.get(key)! <= limit }
    },
  }
}

describe('a stranger who invents one name after another', () => {
  const LIMIT = 20
  const INVENTIONS: readonly (() => Request | Promise<Request>)[] = [
    () => signed({}, '/photos/a'),
    () => presigned(invented()),
    () => bearer(invented()),
    () => bearer(jwt({ iss: invented() })),
    () => bearer(invented(), '/_cairn/fsck', 'POST'),
    () => plain(`/_public/${invented()}/a`),
    () => plain(`http://${inventedHost()}/a`),
    () => plain(`/${inventedBucket()}/a`, { headers: ORIGIN }),
    () => preflight(`/${inventedBucket()}/a`),
  ]

  const from = (request: Request, address: string) => {
    const headers = new Headers(request.headers)
    headers.set('cf-connecting-ip', address)
    return new Request(request, { headers })
  }

  test('costs a bounded number of look-ups, wakes nothing, and disturbs nobody else', async () => {
    const { env: counted, take } = countingEnv(env)
    const bindings = { ...counted, STRANGER_RATE_LIMIT: limiterOf(LIMIT) }
    const send = async (request: Request, address: string) => (await ask(from(request, address), bindings)).status
    const read = () => signedRequest('GET', `/${site.bucket.ref.name}/a`, { credentials: known })
    const made = await addToken(newTokenValue(secrets.keyring), newTokenId(secrets.keyring))
    expect(await send(await read(), '2001:db8::1')).toBe(200)
    take()
    const statuses = new Set<number>()
    for (let n = 0; n < 30 * INVENTIONS.length; n++) {
      statuses.add(await send(await INVENTIONS[n % INVENTIONS.length]!(), `2001:db8::${n.toString(16)}`))
    }
    const { d1, bucket, kv } = take()
    expect(d1).toBeLessThanOrEqual(LIMIT + 2)
    expect([bucket, kv]).toEqual([0, 0])
    expect(statuses).toContain(429)
    expect([...statuses].filter((status) => status >= 500)).toEqual([])
    // Even from the same address: who is known, and who has a token that tells it is ours.
    expect(await send(await read(), '2001:db8::1')).toBe(200)
    expect(take().d1).toBe(0)
    const newcomer = await signedRequest('GET', `/${site.bucket.ref.name}/a`, { credentials: made })
    expect(await send(newcomer, '2001:db8::1')).toBe(200)
    // From elsewhere nobody is held off.
    expect(await send(await INVENTIONS[0]!(), '2001:db8:1::1')).toBe(401)
  })

  test('is told to come back in the form of each face', async () => {
    const bindings = { ...env, STRANGER_RATE_LIMIT: limiterOf(0) }
    const send = async (make: () => Request | Promise<Request>) => ask(from(await make(), '192.0.2.9'), bindings)
    await send(INVENTIONS[0]!)
    for (const make of INVENTIONS) {
      const { response, status, text } = await send(make)
      // A failure without CORS headers is still the failure.
      if (status === 400) continue
      expect([status, response.headers.has('retry-after')], text).toEqual([429, true])
      if (response.headers.get('content-type') === 'application/json') JSON.parse(text)
      else expect(text).toMatch(/<Code>TooManyRequests<\/Code>|<h1>Error 429<\/h1>/)
    }
  })
})
