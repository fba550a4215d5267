import { DeleteBucketCorsCommand, GetBucketCorsCommand, PutBucketCorsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { emptyBucket, s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { presign } from './support/sigv4.ts'
import { type Answer, DECLARATION, type Refusal, refusal, send, sendSigned, XMLNS } from './support/wire.ts'

const made: string[] = []
/** A new bucket with these rules. Every test has its own: rules may take a while to reach every place that evaluates them. */
async function bucketWith(...rules: string[]): Promise<string> {
  const name = uniqueName('cors')
  made.push(name)
  expect((await signedFetch('PUT', `/${name}`)).status).toBe(200)
  if (rules.length > 0) expect(await putRules(name, ...rules)).toMatchObject({ status: 200, text: '' })
  return name
}
afterAll(async () => {
  for (const name of made) {
    await emptyBucket(s3Client(), name)
    await signedFetch('DELETE', `/${name}`)
  }
})

const putBody = (bucket: string, body: string) => sendSigned(`/${bucket}?cors`, { method: 'PUT', body })
const putRules = (bucket: string, ...rules: string[]) => putBody(bucket, `<CORSConfiguration>${rules.join('')}</CORSConfiguration>`)
const getRules = (bucket: string) => sendSigned(`/${bucket}?cors`)
const elements = (name: string, values: readonly string[]) => values.map((value) => `<${name}>${value}</${name}>`).join('')

interface Rule {
  readonly id?: string
  readonly origins?: readonly string[]
  readonly methods?: readonly string[]
  readonly headers?: readonly string[]
  readonly expose?: readonly string[]
  readonly maxAge?: number | string
}

/** A rule in the order of elements in which R2 prints it. */
function rule({ id, origins = ['https://example.com'], methods = ['GET'], headers = [], expose = [], maxAge }: Rule): string {
  const children = [
    id === undefined ? '' : `<ID>${id}</ID>`,
    elements('AllowedOrigin', origins),
    elements('AllowedMethod', methods),
    elements('AllowedHeader', headers),
    elements('ExposeHeader', expose),
    maxAge === undefined ? '' : `<MaxAgeSeconds>${maxAge}</MaxAgeSeconds>`,
  ]
  return `<CORSRule>${children.join('')}</CORSRule>`
}

const MALFORMED: Refusal = [
  400,
  'MalformedXML',
  'The XML you provided was not well formed or did not validate against our published schema.',
]
const NONE: Refusal = [404, 'NoSuchCORSConfiguration', 'The CORS configuration does not exist.']
const NO_BUCKET: Refusal = [404, 'NoSuchBucket', 'The specified bucket does not exist.']
const NOT_CONFIGURED: Refusal = [403, 'Unauthorized', 'CORS not configured for this bucket']

describe('the configuration', () => {
  test('is stored whole and read back in order', async () => {
    const rules = [
      rule({
        id: 'first &amp; best',
        origins: ['https://example.com', 'http://localhost:3000'],
        methods: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'],
        headers: ['content-type', 'x-amz-*'],
        expose: ['ETag', 'x-amz-version-id'],
        maxAge: 3600,
      }),
      rule({ origins: ['*'] }),
    ]
    const bucket = await bucketWith(...rules)
    expect(await getRules(bucket)).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/xml' },
      text: `${DECLARATION}<CORSConfiguration ${XMLNS}>${rules.join('')}</CORSConfiguration>`,
    })
  })

  test('replaces the one before', async () => {
    const bucket = await bucketWith(rule({ id: 'old' }))
    expect((await putRules(bucket, rule({ id: 'new' }))).status).toBe(200)
    expect((await getRules(bucket)).text).toBe(`${DECLARATION}<CORSConfiguration ${XMLNS}>${rule({ id: 'new' })}</CORSConfiguration>`)
  })

  test('is gone after DeleteBucketCors, which answers 204 even when there is none', async () => {
    const bucket = await bucketWith(rule({}))
    for (let i = 0; i < 2; i++) expect(await sendSigned(`/${bucket}?cors`, { method: 'DELETE' })).toMatchObject({ status: 204, text: '' })
    expect(refusal(await getRules(bucket))).toEqual(NONE)
  })

  test('does not exist at first', async () => {
    expect(refusal(await getRules(await bucketWith()))).toEqual(NONE)
  })

  test('of a bucket that does not exist: the XML is looked at first', async () => {
    const nowhere = uniqueName('none')
    expect(refusal(await getRules(nowhere))).toEqual(NO_BUCKET)
    expect(refusal(await putRules(nowhere, rule({})))).toEqual(NO_BUCKET)
    expect(refusal(await putRules(nowhere, '<junk/>'))).toEqual(MALFORMED)
    expect(refusal(await putRules(nowhere, rule({ methods: ['OPTIONS'] })))).toEqual(MALFORMED)
    expect(refusal(await sendSigned(`/${nowhere}?cors`, { method: 'DELETE' }))).toEqual(NO_BUCKET)
  })

  test('the SDK writes, reads and deletes it', async () => {
    const s3 = s3Client()
    const Bucket = await bucketWith()
    const CORSRules = [
      { ID: 'a', AllowedOrigins: ['https://*.example.com'], AllowedMethods: ['GET'], ExposeHeaders: ['ETag'], MaxAgeSeconds: 60 },
      { AllowedOrigins: ['*'], AllowedMethods: ['PUT', 'HEAD'], AllowedHeaders: ['*'] },
    ]
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }))
    expect((await s3.send(new GetBucketCorsCommand({ Bucket }))).CORSRules).toEqual(CORSRules)
    await s3.send(new DeleteBucketCorsCommand({ Bucket }))
    await expect(s3.send(new GetBucketCorsCommand({ Bucket }))).rejects.toMatchObject({ name: 'NoSuchCORSConfiguration' })
  })
})

describe('what is accepted', () => {
  let bucket: string
  beforeAll(async () => {
    bucket = await bucketWith()
  })

  test.each([
    ['any origin', rule({ origins: ['*'] })],
    ['a port', rule({ origins: ['http://localhost:3000', 'https://example.com:8443'] })],
    ['a wildcard label', rule({ origins: ['https://*.example.com'] })],
    ['a wildcard within a label', rule({ origins: ['https://*-app.example.com'] })],
    ['an address', rule({ origins: ['http://127.0.0.1:8080', 'http://[::1]:8080'] })],
    ['the scheme of an app', rule({ origins: ['capacitor://localhost'] })],
    ['any header', rule({ headers: ['*'] })],
    ['a header wildcard', rule({ headers: ['x-amz-*'] })],
    ['the longest age', rule({ maxAge: 86_400 })],
    ['no age', rule({ maxAge: 0 })],
    ['a hundred rules', rule({}).repeat(100)],
    ['an id of 255 characters', rule({ id: 'i'.repeat(255) })],
    ['elements in another order', '<CORSRule><AllowedMethod>GET</AllowedMethod><AllowedOrigin>*</AllowedOrigin></CORSRule>'],
    ['white space between elements', '\n  <CORSRule>\n <AllowedOrigin>*</AllowedOrigin> <AllowedMethod>GET</AllowedMethod>\n</CORSRule>'],
    ['a comment', `<!-- mine -->${rule({})}`],
  ])('%s', async (_, rules) => {
    expect((await putRules(bucket, rules)).status).toBe(200)
  })

  test('a declaration and the namespace', async () => {
    expect((await putBody(bucket, `${DECLARATION}\n<CORSConfiguration ${XMLNS}>${rule({})}</CORSConfiguration>`)).status).toBe(200)
  })
})

describe('what is refused as MalformedXML, and changes nothing', () => {
  let bucket: string
  const kept = rule({ id: 'kept' })
  beforeAll(async () => {
    bucket = await bucketWith(kept)
  })

  test.each([
    ['no body', ''],
    ['no XML', 'cors'],
    ['JSON', '{"CORSRules":[]}'],
    ['another root', `<Cors>${rule({})}</Cors>`],
    ['no rule', '<CORSConfiguration></CORSConfiguration>'],
    ['an element that is not closed', '<CORSConfiguration><CORSRule>'],
  ])('%s', async (_, body) => {
    expect(refusal(await putBody(bucket, body))).toEqual(MALFORMED)
    expect((await getRules(bucket)).text).toContain(kept)
  })

  test.each([
    ['an unknown element', `${rule({})}<Junk/>`],
    ['an unknown element in a rule', rule({}).replace('</CORSRule>', '<Junk/></CORSRule>')],
    ['an element in the wrong case', rule({}).replaceAll('AllowedOrigin', 'allowedOrigin')],
    ['no origin', rule({ origins: [] })],
    ['no method', rule({ methods: [] })],
    ['an empty origin', rule({ origins: [''] })],
    ['an empty AllowedHeader', rule({ headers: [''] })],
    ['an empty ExposeHeader', rule({ expose: [''] })],
    ['an origin without a scheme', rule({ origins: ['example.com'] })],
    ['an origin with a slash at the end', rule({ origins: ['https://example.com/'] })],
    ['an origin with a path', rule({ origins: ['https://example.com/app'] })],
    ['an origin with a query', rule({ origins: ['https://example.com?x'] })],
    ['an origin with any port', rule({ origins: ['http://localhost:*'] })],
    ['an origin with two wildcards', rule({ origins: ['https://*.*.example.com'] })],
    ['the origin null', rule({ origins: ['null'] })],
    ['a good origin and a bad one', rule({ origins: ['https://example.com', 'nonsense'] })],
    ['OPTIONS', rule({ methods: ['OPTIONS'] })],
    ['PATCH', rule({ methods: ['GET', 'PATCH'] })],
    ['a method in lower case', rule({ methods: ['get'] })],
    ['any method', rule({ methods: ['*'] })],
    ['a header that is no token', rule({ headers: ['content type'] })],
    ['a header with two wildcards', rule({ headers: ['x-*-*'] })],
    ['a line break in ExposeHeader', rule({ expose: ['ETag&#13;&#10;Set-Cookie: a=b'] })],
    ['more than a day', rule({ maxAge: 86_401 })],
    ['an age below zero', rule({ maxAge: -1 })],
    ['an age that is no number', rule({ maxAge: 'day' })],
    ['half a second', rule({ maxAge: 0.5 })],
    ['two ages', rule({ maxAge: 1 }).replace('</CORSRule>', '<MaxAgeSeconds>2</MaxAgeSeconds></CORSRule>')],
    ['101 rules', rule({}).repeat(101)],
    ['an id of 256 characters', rule({ id: 'i'.repeat(256) })],
    ['text between rules', `${rule({})}text`],
  ])('%s', async (_, rules) => {
    expect(refusal(await putRules(bucket, rules))).toEqual(MALFORMED)
    expect((await getRules(bucket)).text).toContain(kept)
  })
})

/** The CORS headers of an answer; what is not there is undefined. */
const corsOf = ({ headers }: Answer) => ({
  origin: headers['access-control-allow-origin'],
  methods: headers['access-control-allow-methods'],
  headers: headers['access-control-allow-headers'],
  expose: headers['access-control-expose-headers'],
  maxAge: headers['access-control-max-age'],
  vary: headers.vary,
})
const NO_CORS = { origin: undefined, methods: undefined, headers: undefined, expose: undefined, maxAge: undefined, vary: undefined }

describe('actual requests', () => {
  const from = (origin: string, target: string, method = 'GET', body?: string) => sendSigned(target, { method, headers: { origin }, body })

  test('one with a rule that fits carries the origin, what it exposes and Vary', async () => {
    const bucket = await bucketWith(rule({ expose: ['ETag', 'x-amz-meta-a'], maxAge: 60, headers: ['*'] }))
    expect(corsOf(await from('https://example.com', `/${bucket}`))).toEqual({
      ...NO_CORS,
      origin: 'https://example.com',
      expose: 'ETag, x-amz-meta-a',
      vary: 'Origin',
    })
  })

  test('Access-Control-Expose-Headers is left out where the rule has none', async () => {
    const bucket = await bucketWith(rule({}))
    expect(corsOf(await from('https://example.com', `/${bucket}`))).toEqual({ ...NO_CORS, origin: 'https://example.com', vary: 'Origin' })
  })

  test('a lone * is answered with *', async () => {
    const bucket = await bucketWith(rule({ origins: ['*'] }))
    expect(corsOf(await from('https://anyone.example', `/${bucket}`)).origin).toBe('*')
  })

  test('without an Origin there is nothing at all, and without a rule neither', async () => {
    const bucket = await bucketWith(rule({}))
    const none = await bucketWith()
    expect(corsOf(await sendSigned(`/${bucket}`))).toEqual(NO_CORS)
    const served = await from('https://example.com', `/${none}`)
    expect(served.status).toBe(200)
    expect(corsOf(served)).toEqual(NO_CORS)
  })

  test.each<[string, string, boolean]>([
    ['https://example.com', 'https://example.com', true],
    ['https://example.com', 'http://example.com', false],
    ['https://example.com', 'https://example.com:8443', false],
    ['https://example.com', 'https://sub.example.com', false],
    ['https://example.com', 'https://example.com.evil.example', false],
    ['https://example.com', 'null', false],
    ['http://localhost:3000', 'http://localhost:3000', true],
    ['http://localhost:3000', 'http://localhost:3001', false],
    ['https://*.example.com', 'https://a.example.com', true],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'https://a.example.com.evil.example', false],
    ['https://*-app.example.com', 'https://my-app.example.com', true],
    ['https://*-app.example.com', 'https://app.example.com', false],
    ['*', 'null', true],
  ])('the rule for %s and the origin %s: %s', async (pattern, origin, allowed) => {
    const bucket = await bucketWith(rule({ origins: [pattern] }))
    const answer = await from(origin, `/${bucket}`)
    expect(answer.status).toBe(200)
    expect(corsOf(answer).origin).toBe(allowed ? (pattern === '*' ? '*' : origin) : undefined)
  })

  test('the method counts: one that no rule has is served without CORS headers', async () => {
    const bucket = await bucketWith(rule({ methods: ['PUT'] }))
    const written = await from('https://example.com', `/${bucket}/key`, 'PUT', 'x')
    expect(written.status).toBe(200)
    expect(corsOf(written).origin).toBe('https://example.com')
    const read = await from('https://example.com', `/${bucket}/key`)
    expect(read).toMatchObject({ status: 200, text: 'x' })
    expect(corsOf(read)).toEqual(NO_CORS)
  })

  test('the first rule that fits wins', async () => {
    const bucket = await bucketWith(
      rule({ methods: ['PUT'], expose: ['a'] }),
      rule({ origins: ['https://other.example'], expose: ['b'] }),
      rule({ expose: ['c'] }),
      rule({ origins: ['*'], expose: ['d'] }),
    )
    expect(corsOf(await from('https://example.com', `/${bucket}`))).toMatchObject({ origin: 'https://example.com', expose: 'c' })
    expect(corsOf(await from('https://someone.example', `/${bucket}`))).toMatchObject({ origin: '*', expose: 'd' })
  })

  test('every operation on the bucket has them', async () => {
    const bucket = await bucketWith(rule({ methods: ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'], expose: ['ETag'] }))
    const expected = { origin: 'https://example.com', expose: 'ETag', vary: 'Origin' }
    const requests: [string, string, string?][] = [
      ['PUT', '/key', 'content'],
      ['GET', '/key'],
      ['HEAD', '/key'],
      ['HEAD', ''],
      ['GET', '?list-type=2'],
      ['GET', '?location'],
      ['GET', '?uploads'],
      ['GET', '?cors'],
      ['POST', '?delete', '<Delete><Object><Key>gone</Key></Object></Delete>'],
      ['DELETE', '/key'],
    ]
    for (const [method, rest, body] of requests) {
      const answer = await from('https://example.com', `/${bucket}${rest}`, method, body)
      expect(answer.status).toBeLessThan(300)
      expect(corsOf(answer)).toMatchObject(expected)
    }
  })

  test('errors have them too, so that a page can read what went wrong', async () => {
    const bucket = await bucketWith(rule({ methods: ['GET', 'HEAD', 'PUT'], expose: ['ETag'] }))
    const headers = { origin: 'https://example.com' }
    const answers: [Answer, string | undefined][] = [
      [await sendSigned(`/${bucket}/missing`, { headers }), 'NoSuchKey'],
      [await send(`/${bucket}/key`, { headers }), 'InvalidArgument'],
      [await sendSigned(`/${bucket}/key`, { headers, secretAccessKey: 'x' }), 'SignatureDoesNotMatch'],
      [await send(presign({ target: `/${bucket}/key`, at: new Date(0) }), { headers }), 'ExpiredRequest'],
      [await sendSigned(`/${bucket}?versions`, { headers }), 'NotImplemented'],
      [await sendSigned(`/${bucket}/key`, { method: 'PUT', headers: { ...headers, 'x-amz-grant-read': 'a' } }), 'NotImplemented'],
      [await sendSigned(`/${bucket}/missing`, { method: 'HEAD', headers }), undefined],
    ]
    for (const [answer, code] of answers) {
      expect(answer.status).toBeGreaterThanOrEqual(400)
      if (code) expect(refusal(answer)[1]).toBe(code)
      expect(corsOf(answer)).toMatchObject({ origin: 'https://example.com', expose: 'ETag', vary: 'Origin' })
    }
  })

  test('304, 206 and 412 have them', async () => {
    const bucket = await bucketWith(rule({ origins: ['*'] }))
    const { headers } = await sendSigned(`/${bucket}/key`, { method: 'PUT', body: 'content' })
    const get = (more: Record<string, string>) => sendSigned(`/${bucket}/key`, { headers: { origin: 'https://a.example', ...more } })
    for (const [answer, status] of [
      [await get({ 'if-none-match': headers.etag! }), 304],
      [await get({ range: 'bytes=0-1' }), 206],
      [await get({ 'if-match': '"other"' }), 412],
      [await get({ range: 'bytes=100-' }), 416],
    ] as const) {
      expect(answer.status).toBe(status)
      expect(corsOf(answer)).toMatchObject({ origin: '*', vary: 'Origin' })
    }
  })

  test('a presigned URL needs no more than any other request', async () => {
    const bucket = await bucketWith(rule({ methods: ['PUT'], headers: ['*'] }))
    const target = presign({ method: 'PUT', target: `/${bucket}/key` })
    const answer = await send(target, { method: 'PUT', body: 'x', headers: { origin: 'https://example.com' } })
    expect(answer.status).toBe(200)
    expect(corsOf(answer).origin).toBe('https://example.com')
  })

  test('the list of buckets has no CORS', async () => {
    await bucketWith(rule({ origins: ['*'] }))
    const answer = await from('https://example.com', '/')
    expect(answer.status).toBe(200)
    expect(corsOf(answer)).toEqual(NO_CORS)
  })

  test('a bucket that does not exist has none', async () => {
    const answer = await from('https://example.com', `/${uniqueName('none')}/key`)
    expect(refusal(answer)).toEqual(NO_BUCKET)
    expect(corsOf(answer)).toEqual(NO_CORS)
  })
})

describe('preflights', () => {
  const preflight = (target: string, method: string | undefined, headers?: string, origin = 'https://example.com') =>
    send(target, {
      method: 'OPTIONS',
      headers: {
        origin,
        ...(method === undefined ? {} : { 'access-control-request-method': method }),
        ...(headers === undefined ? {} : { 'access-control-request-headers': headers }),
      },
    })
  const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

  test('one with a rule that fits is a 204 without authentication', async () => {
    const bucket = await bucketWith(
      rule({ methods: ['GET', 'PUT'], headers: ['content-type', 'x-amz-meta-*'], expose: ['ETag', 'x-amz-version-id'], maxAge: 3600 }),
    )
    const answer = await preflight(`/${bucket}/key`, 'PUT', 'content-type,x-amz-meta-colour')
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect(corsOf(answer)).toEqual({
      origin: 'https://example.com',
      methods: 'GET, PUT',
      headers: 'content-type, x-amz-meta-colour',
      expose: 'ETag, x-amz-version-id',
      maxAge: '3600',
      vary: VARY,
    })
  })

  test('what the rule does not say is left out', async () => {
    const bucket = await bucketWith(rule({ origins: ['*'] }))
    const answer = await preflight(`/${bucket}`, 'GET')
    expect(answer.status).toBe(204)
    expect(corsOf(answer)).toEqual({ ...NO_CORS, origin: 'https://example.com', methods: 'GET', vary: VARY })
  })

  test('a MaxAgeSeconds of zero is said', async () => {
    const bucket = await bucketWith(rule({ maxAge: 0 }))
    expect(corsOf(await preflight(`/${bucket}`, 'GET')).maxAge).toBe('0')
  })

  test.each<[string, string, boolean]>([
    ['content-type', 'content-type', true],
    ['Content-Type', 'content-type', true],
    ['content-type', 'CONTENT-TYPE', true],
    ['*', 'anything, x-at-all', true],
    ['x-amz-*', 'x-amz-date,x-amz-content-sha256', true],
    ['x-amz-*', 'x-amz-date, authorization', false],
    ['content-type', 'content-type, x-other', false],
    ['content-type', 'content-typed', false],
    ['content-type', '', true],
  ])('AllowedHeader %s and the requested "%s": %s', async (allowed, requested, fits) => {
    const bucket = await bucketWith(rule({ methods: ['PUT'], headers: [allowed] }))
    const answer = await preflight(`/${bucket}/key`, 'PUT', requested)
    if (fits) expect(answer.status).toBe(204)
    else expect(refusal(answer)).toEqual(NOT_CONFIGURED)
  })

  test.each<[string, Rule[], string, string | undefined, string | undefined]>([
    ['no configuration', [], 'GET', undefined, undefined],
    ['another origin', [{ origins: ['https://other.example'] }], 'GET', undefined, undefined],
    ['another method', [{ methods: ['GET', 'HEAD'] }], 'PUT', undefined, undefined],
    ['a header that is not allowed', [{}], 'GET', 'x-custom', undefined],
    ['a method that nobody can allow', [{ origins: ['*'] }], 'PATCH', undefined, undefined],
    ['a method in lower case', [{ origins: ['*'] }], 'get', undefined, undefined],
    ['origin null', [{}], 'GET', undefined, 'null'],
  ])('%s is a 403 without CORS headers', async (_, rules, method, headers, origin) => {
    const bucket = await bucketWith(...rules.map(rule))
    const answer = await preflight(`/${bucket}/key`, method, headers, origin)
    expect(refusal(answer)).toEqual(NOT_CONFIGURED)
    expect({ ...corsOf(answer), vary: undefined }).toEqual(NO_CORS)
  })

  test('the second of two rules may be the one', async () => {
    const bucket = await bucketWith(rule({ methods: ['PUT'] }), rule({ methods: ['PUT'], headers: ['*'], maxAge: 5 }))
    expect(corsOf(await preflight(`/${bucket}/key`, 'PUT', 'x-a'))).toMatchObject({ headers: 'x-a', maxAge: '5' })
    expect(corsOf(await preflight(`/${bucket}/key`, 'PUT'))).toMatchObject({ headers: undefined, maxAge: undefined })
  })

  test.each(['/', '/none-of-mine/key', '/none-of-mine', '/Not_A_Bucket/key', '/%ff/key', '/none-of-mine/%ff'])(
    'a bucket that does not exist is a 403 as well: %s',
    async (target) => expect(refusal(await preflight(target, 'GET'))).toEqual(NOT_CONFIGURED),
  )

  test('no Access-Control-Request-Method is a 400', async () => {
    const bucket = await bucketWith(rule({ origins: ['*'] }))
    expect(refusal(await preflight(`/${bucket}`, undefined))).toEqual([400, 'BadRequest', 'Invalid Access-Control-Request-Method: null'])
  })

  test('the preflight of a presigned URL with signed headers is not spoiled by them', async () => {
    const bucket = await bucketWith(rule({ methods: ['PUT'], headers: ['content-type'] }))
    const target = presign({ method: 'PUT', target: `/${bucket}/key`, headers: { 'content-type': 'text/plain' } })
    expect((await preflight(target, 'PUT', 'content-type')).status).toBe(204)
    expect((await preflight(target.replace(/.$/, 'x'), 'PUT', 'content-type')).status).toBe(204)
  })

  test('rules that change are the rules that count', async () => {
    const bucket = await bucketWith(rule({}))
    expect((await preflight(`/${bucket}`, 'GET')).status).toBe(204)
    await putRules(bucket, rule({ methods: ['PUT'] }))
    expect((await preflight(`/${bucket}`, 'GET')).status).toBe(403)
    await sendSigned(`/${bucket}?cors`, { method: 'DELETE' })
    expect((await preflight(`/${bucket}`, 'PUT')).status).toBe(403)
  })

  test('a page in virtual-hosted style has its preflight', async () => {
    const bucket = await bucketWith(rule({}))
    const headers = { host: `${bucket}.localhost`, origin: 'https://example.com', 'access-control-request-method': 'GET' }
    expect((await send('/key', { method: 'OPTIONS', headers })).status).toBe(204)
  })
})
