import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { beforeAll, describe, expect, test } from 'vitest'
import { costlyTexts, quickestMs, repeated } from '../support/cost.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { ROOT, signedRequest } from '../support/s3.ts'
import { attack, type Ground, prepare, worker } from './support.ts'

// Faults that a review found in all that is read before a request is authenticated.

/** Most of a usual answer takes a millisecond; the work of a hostile one took seconds to minutes. */
const MOST_MS = 1000
const MOST_BYTES = 8192

/** `YYYYMMDDTHHMMSSZ`, now. */
const amzDate = () => `${new Date().toISOString().replace(/[-:]|\..*/g, '')}Z`
const credential = (date: string) => `${ROOT.accessKeyId}/${date.slice(0, 8)}/auto/s3/aws4_request`

/** Signed in its headers, wrongly, by somebody who has seen an access key id. */
function forged(signedHeaders: string, headers: Record<string, string> = {}, target = '/photos/a'): Request {
  const date = amzDate()
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential(date)}, SignedHeaders=${signedHeaders}, Signature=${'0'.repeat(64)}`
  const usual = { 'x-amz-date': date, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', authorization }
  return new Request(`http://localhost${target}`, { headers: { ...usual, ...headers } })
}

/** The same as a presigned URL. */
function forgedUrl(signedHeaders: string, headers: Record<string, string> = {}, more: Record<string, string> = {}): Request {
  const date = amzDate()
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': credential(date),
    'X-Amz-Date': date,
    'X-Amz-Expires': '60',
    'X-Amz-SignedHeaders': signedHeaders,
    'X-Amz-Signature': '0'.repeat(64),
    ...more,
  })
  return new Request(`http://localhost/photos/a?${query}`, { headers })
}

const restRequest = (bearer: string) =>
  new Request('http://localhost/client/v4/accounts', { headers: { authorization: `Bearer ${bearer}` } })

/** Sends what nobody signed, and checks that it is refused in little time with few bytes. */
async function refused(request: Request): Promise<{ status: number; text: string }> {
  let answer = { status: 0, text: '' }
  const ms = await quickestMs(async () => {
    const response = await worker.fetch(new Request(request))
    answer = { status: response.status, text: await response.text() }
  })
  const shape = `${request.method} ${request.url.slice(0, 200)} ${JSON.stringify([...request.headers]).slice(0, 300)}`
  expect(ms, shape).toBeLessThan(MOST_MS)
  expect(new TextEncoder().encode(answer.text).length, shape).toBeLessThanOrEqual(MOST_BYTES)
  expect(answer.status, shape).toBeGreaterThanOrEqual(400)
  expect(answer.status, shape).toBeLessThan(500)
  return answer
}

describe('1: a signed-header name that repeats', () => {
  const names = (count: number) => `host${';x'.repeat(count)}`

  test.each([2, 100, 7000])('%i times is refused before anything is computed, in a header and in a URL', async (count) => {
    const headers = { x: 'v'.repeat(7000) }
    for (const request of [forged(names(count), headers), forgedUrl(names(count), headers)]) {
      expect((await refused(request)).text).toContain('<Code>InvalidArgument</Code><Message>SignedHeaders names a header more than once')
    }
  })

  test('is found in any case', async () => {
    expect((await refused(forged('host;Range;rANGE'))).status).toBe(400)
  })
})

test('1: a mismatch shows little of a long request, in few bytes whatever it consists of', async () => {
  for (const text of ['v', '&', "'"]) {
    const { text: shown } = await refused(forged('host;x', { x: repeated(text, 100_000) }))
    expect(shown).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(shown).toContain('<CanonicalRequest>GET\n/photos/a\n\nhost:localhost\nx:')
    expect(shown).not.toContain('CanonicalRequestBytes')
  }
  await refused(forgedUrl('host', {}, { q: repeated('(é', 30_000) }))
})

test('1: many names that differ cost no more than their length, with every reading of their values', async () => {
  const names = Array.from({ length: 2048 }, (_, n) => `x-amz-meta-${n}`)
  const signedHeaders = ['accept-encoding', 'content-length', 'expect', 'host', 'x', ...names].join(';')
  const headers = { 'accept-encoding': 'zstd', x: repeated('a, ', 8192) }
  for (const request of [forged(signedHeaders, headers), forgedUrl(signedHeaders, headers)]) {
    expect((await refused(request)).text).toContain('<Code>SignatureDoesNotMatch</Code>')
  }
})

/** What the parsers of signatures look for. */
const PIECES = [
  ';',
  ',',
  '=',
  '/',
  ' ',
  '.',
  '%',
  '&',
  '+',
  'host;',
  'x;',
  'X-Amz-Date=',
  'Credential=',
  'SignedHeaders=',
  'Bearer ',
  'a=1&',
]

test(
  '1: any request that nobody signed is refused in a time that its length allows, with 8 KiB at most',
  async () => {
    const places = {
      authorization: (text: string) => forged('host', { authorization: text }),
      'authorization of SigV4': (text: string) => forged('host', { authorization: `AWS4-HMAC-SHA256 ${text}` }),
      'signed names': (text: string) => forged(text, { x: repeated('v', 4096) }),
      'x-amz-date': (text: string) => forged('host;x-amz-date', { 'x-amz-date': text }),
      'x-amz-content-sha256': (text: string) => forged('host;x-amz-content-sha256', { 'x-amz-content-sha256': text }),
      'a signed header': (text: string) => forged('host;x', { x: text }),
      'accept-encoding': (text: string) => forged('host;accept-encoding', { 'accept-encoding': text }),
      'x-amz-security-token': (text: string) => forged('host', { 'x-amz-security-token': text }),
      'the session token of a URL': (text: string) => forgedUrl('host', {}, { 'X-Amz-Security-Token': text }),
      'X-Amz-Credential': (text: string) => forgedUrl('host', {}, { 'X-Amz-Credential': text }),
      'X-Amz-Date': (text: string) => forgedUrl('host', {}, { 'X-Amz-Date': text }),
      'X-Amz-Expires': (text: string) => forgedUrl('host', {}, { 'X-Amz-Expires': text }),
      'X-Amz-Signature': (text: string) => forgedUrl('host', {}, { 'X-Amz-Signature': text }),
      'names in a URL': (text: string) => forgedUrl(text, { x: repeated('v', 4096) }),
      'a value in a URL': (text: string) => forgedUrl('host', {}, { q: text }),
      'a bearer': (text: string) => restRequest(text),
      'a session token as a bearer': (text: string) => restRequest(Buffer.from(`jwt/e30.${text}`).toString('base64')),
      'the path': (text: string) => forged('host', {}, `/photos/${encodeURI(text)}`),
    }
    const property = fc.asyncProperty(
      fc.constantFrom(...(Object.keys(places) as (keyof typeof places)[])),
      costlyTexts(PIECES, 64 * 1024),
      async (place, { text }) => {
        await refused(places[place](text))
      },
    )
    await holds(property, 80)
  },
  timeLimit(60_000),
)

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
})

describe('18: a header that nobody signed', () => {
  /** Signed for one thing, sent with more. */
  async function sendWith(more: Record<string, string>, path = `/${ground.mine}/b`): Promise<{ status: number; text: string }> {
    const request = await signedRequest('PUT', path, { credentials: ROOT, body: 'b' })
    for (const [name, value] of Object.entries(more)) request.headers.set(name, value)
    const response = await worker.fetch(request)
    return { status: response.status, text: await response.text() }
  }

  test.each([
    ['x-amz-copy-source', 'THEIRS/somebody-elses-key'],
    ['cf-create-bucket-if-missing', 'true'],
    ['x-amz-storage-class', 'STANDARD_IA'],
    ['x-amz-meta-owner', 'me'],
    ['x-amz-metadata-directive', 'REPLACE'],
  ])('%s does not change what a signature means', async (name, value) => {
    const { status, text } = await sendWith({ [name]: value.replace('THEIRS', ground.theirs) })
    expect(status).toBe(403)
    expect(text).toContain(`<Code>AccessDenied</Code>`)
    expect(text).toContain(`<HeadersNotSigned>${name}</HeadersNotSigned>`)
    expect((await attack(ground, { method: 'GET', path: `/${ground.mine}/b` })).code).toBe('NoSuchKey')
  })

  test('makes no bucket', async () => {
    expect((await sendWith({ 'cf-create-bucket-if-missing': 'true' }, '/made-by-nobody/b')).status).toBe(403)
    expect((await worker.fetch(await signedRequest('HEAD', '/made-by-nobody'))).status).toBe(404)
  })
})

describe('A2: an empty header', () => {
  test.each(['x-amz-security-token', 'x-amz-acl', 'x-amz-tagging', 'x-amz-storage-class', 'x-amz-server-side-encryption', 'x-amz-mfa'])(
    '%s is none',
    async (name) => {
      const put = await attack(ground, { method: 'PUT', path: `/${ground.mine}/empty`, headers: { [name]: '' }, body: 'x' })
      expect(put.status).toBe(200)
    },
  )

  test('range is none', async () => {
    expect((await attack(ground, { method: 'GET', path: `/${ground.mine}/a`, headers: { range: '' } })).status).toBe(200)
  })

  test('x-amz-copy-source stores no empty object', async () => {
    const verdict = await attack(ground, { method: 'PUT', path: `/${ground.mine}/uncopied`, headers: { 'x-amz-copy-source': '' } })
    expect(verdict.status).toBeGreaterThanOrEqual(400)
    expect((await attack(ground, { method: 'GET', path: `/${ground.mine}/uncopied` })).code).toBe('NoSuchKey')
  })
})

test('S7: a checksum of another algorithm than the one that is named is refused', async () => {
  const put = (algorithm: string) => {
    const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-crc32': 'jNypDg==' }
    return attack(ground, { method: 'PUT', path: `/${ground.mine}/checked`, body: 'x', headers })
  }
  expect((await put('SHA256')).code).toBe('InvalidRequest')
  expect((await put('crc32')).code).not.toBe('InvalidRequest')
})

test('F10: an encoded word that cannot be decoded stays as it is', async () => {
  for (const word of ['=?UTF-8?B?w?=', '=?UTF-8?B?w6k==?=', '=?UTF-8?B?=?=', '=?UTF-8?B?w6kw6?=', '=?UTF-8?Q?=C3?=']) {
    const path = `/${ground.mine}/word`
    expect((await attack(ground, { method: 'PUT', path, body: 'x', headers: { 'x-amz-meta-n': word } })).status).toBe(200)
    expect((await attack(ground, { method: 'HEAD', path })).headers.get('x-amz-meta-n')).toBe(word)
  }
})

describe('F9: a key', () => {
  const target = (key: string) => `/${ground.mine}/${key.split('/').map(encodeURIComponent).join('/')}`
  const put = (key: string) => attack(ground, { method: 'PUT', path: target(key), body: 'x' })

  test('with NUL is refused by every way of writing', async () => {
    expect((await put('a\0b')).code).toBe('InvalidObjectName')
    expect((await attack(ground, { method: 'POST', path: `${target('a\0b')}?uploads` })).code).toBe('InvalidObjectName')
    const copy = { method: 'PUT', path: target('\0'), headers: { 'x-amz-copy-source': `${ground.mine}/a` } }
    expect((await attack(ground, copy)).code).toBe('InvalidObjectName')
    expect((await attack(ground, { method: 'GET', path: target('a\0b') })).code).toBe('NoSuchKey')
    expect((await attack(ground, { method: 'DELETE', path: target('a\0b') })).status).toBe(204)
  })

  /** What a reader makes of a listing: every parser of XML 1.0 takes it, and `EncodingType` says how keys are written. */
  function keysIn(xml: string): string[] {
    expect(XMLValidator.validate(xml)).toBe(true)
    expect(xml).not.toMatch(UNSPEAKABLE)
    const parser = new XMLParser({ trimValues: false, parseTagValue: false, htmlEntities: true, isArray: (name) => name === 'Contents' })
    const { Contents = [], EncodingType } = parser.parse(xml).ListBucketResult
    return Contents.map(({ Key }: { Key: string }) => (EncodingType === 'url' ? decodeURIComponent(Key.replaceAll('+', ' ')) : Key))
  }

  /** A reference to a character that XML 1.0 does not have, or the character. */
  const UNSPEAKABLE = /&#x(?:[0-8BCEF]|1[0-9A-F]|FFF[EF]);|&#x0|[^\t\n\r -\uFFFD]/

  const strange = fc.constantFrom('\u0001', '\b', '\u000b', '\u001f', '\ufffe', '\uffff', '\r', '\n', '\t', '\u007f', '\u0085')
  const usual = fc.constantFrom('a', 'é', '%', '+', ' ', '&', '<', '/', '%41', '\u{1f480}', "'", '😀')
  const names = fc.array(fc.oneof(strange, usual), { minLength: 1, maxLength: 4 }).map((parts) => parts.join(''))

  test(
    'that was stored is listed, in every form, in XML that any parser takes',
    async () => {
      const property = fc.asyncProperty(fc.uniqueArray(names, { minLength: 1, maxLength: 3 }), async (all) => {
        const keys = all.map((name) => `f9/${name}`.normalize('NFC'))
        for (const key of keys) expect((await put(key)).status).toBe(200)
        for (const query of ['max-keys=9', 'list-type=2', 'list-type=2&encoding-type=url']) {
          const { text } = await attack(ground, { method: 'GET', path: `/${ground.mine}?prefix=f9%2F&${query}` })
          expect(keysIn(text).sort()).toEqual([...new Set(keys)].sort())
        }
        for (const key of keys) await attack(ground, { method: 'DELETE', path: target(key) })
      })
      await holds(property, 25)
    },
    timeLimit(60_000),
  )
})
