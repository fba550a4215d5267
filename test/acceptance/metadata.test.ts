import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { expectError, headersOf } from './support/answers.ts'
import { uniqueName } from './support/clients.ts'
import { awsChunked, chunkedHeaders, lentBucket } from './support/objects.ts'
import { signHeaders } from './support/sigv4.ts'
import { send, sendSigned } from './support/wire.ts'

const bucket = lentBucket()
const TOO_LARGE = ['MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.'] as const

/** Stores an object with these headers and returns what a HEAD says of it. */
async function storedAs(headers: Record<string, string>, body = 'x'): Promise<Headers> {
  const key = uniqueName('metadata')
  await bucket.put(key, body, headers)
  return (await bucket.head(key)).headers
}

/** An RFC 2047 word, as clients write one. */
const word = (text: string): string => `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`

/** The text of RFC 2047 words in base64. */
const unwords = (value: string): string =>
  Buffer.concat(value.split(' ').map((each) => Buffer.from(/^=\?UTF-8\?B\?([^?]*)\?=$/i.exec(each)![1]!, 'base64'))).toString()

describe('system metadata', () => {
  test.each([
    ['content-type', 'application/x-custom; a="b"'],
    ['content-type', 'TEXT/HTML'],
    ['content-language', 'en-US, de'],
    ['content-disposition', 'attachment; filename="a b.txt"; filename*=UTF-8\'\'%e2%82%ac.txt'],
    ['content-encoding', 'x-one, x-two'],
    ['cache-control', 'public, max-age=31536000, immutable'],
    ['expires', 'Thu, 01 Dec 1994 16:00:00 GMT'],
  ])('%s: %s comes back as it was sent', async (name, value) => {
    expect((await storedAs({ [name]: value })).get(name)).toBe(value)
  })

  test.each([
    ['Thursday, 01-Dec-94 16:00:00 GMT', 'Thu, 01 Dec 1994 16:00:00 GMT'],
    ['Thu Dec  1 16:00:00 1994', 'Thu, 01 Dec 1994 16:00:00 GMT'],
    ['0', null],
    ['-1', null],
    ['soon', null],
  ])('Expires: %s is a date and comes back as %s', async (sent, kept) => {
    expect((await storedAs({ expires: sent })).get('expires')).toBe(kept)
  })

  test.each([
    ['aws-chunked', null],
    ['aws-chunked,x-one', 'x-one'],
    ['x-one, aws-chunked', 'x-one'],
    ['AWS-Chunked, x-one, x-two', 'x-one, x-two'],
    ['', null],
  ])('Content-Encoding: %s is kept as %s', async (sent, kept) => {
    expect((await storedAs({ 'content-encoding': sent })).get('content-encoding')).toBe(kept)
  })

  test('of a chunked upload does not tell how it was sent', async () => {
    const key = uniqueName('chunked')
    const headers = { ...chunkedHeaders(5), 'content-encoding': 'x-one,aws-chunked' }
    expect((await bucket.send('PUT', key, { body: awsChunked(['hello']), headers })).status).toBe(200)
    expect((await bucket.head(key)).headers.get('content-encoding')).toBe('x-one')
  })

  test('is replaced as a whole by the next upload', async () => {
    const key = uniqueName('replaced')
    await bucket.put(key, 'x', { 'cache-control': 'no-store', 'x-amz-meta-a': '1', 'content-type': 'text/a' })
    await bucket.put(key, '\0', { 'x-amz-meta-b': '2' })
    const { headers } = await bucket.head(key)
    expect([headers.get('cache-control'), headers.get('x-amz-meta-a'), headers.get('x-amz-meta-b'), headers.get('content-type')]).toEqual([
      null,
      null,
      '2',
      'application/octet-stream',
    ])
  })
})

describe('without Content-Type', () => {
  const bytes = (text: string) => Buffer.from(text, 'latin1')
  test.each([
    ['a PNG', bytes('\x89PNG\r\n\x1a\nrest'), 'image/png'],
    ['a JPEG', bytes('\xff\xd8\xff\xe0'), 'image/jpeg'],
    ['a GIF', bytes('GIF89a......'), 'image/gif'],
    ['a PDF', bytes('%PDF-1.7'), 'application/pdf'],
    ['a ZIP archive', bytes('PK\x03\x04....'), 'application/zip'],
    ['gzip', bytes('\x1f\x8b\x08....'), 'application/x-gzip'],
    ['a page', bytes('<!DOCTYPE html><title>x</title>'), 'text/html; charset=utf-8'],
    ['text', bytes('just words'), 'text/plain; charset=utf-8'],
    ['bytes that are nothing in particular', bytes('\x00\x01\x02\x03'), 'application/octet-stream'],
    ['nothing', bytes(''), 'application/octet-stream'],
  ])('%s is recognised by its bytes', async (_, body, type) => {
    const key = uniqueName('sniffed')
    expect((await bucket.send('PUT', key, { body })).status).toBe(200)
    expect((await bucket.head(key)).headers.get('content-type')).toBe(type)
  })

  test('a chunked body is recognised by its data', async () => {
    const key = uniqueName('sniffed')
    await bucket.send('PUT', key, { body: awsChunked([bytes('%PDF-'), '1.7']), headers: chunkedHeaders(8) })
    expect((await bucket.head(key)).headers.get('content-type')).toBe('application/pdf')
  })
})

describe('user metadata', () => {
  test('comes back on GET, HEAD and 304, with lowercase names', async () => {
    const key = uniqueName('user')
    const { status } = await sendSigned(bucket.path(key), { method: 'PUT', headers: { 'X-Amz-Meta-MixedCase': 'Kept As Is' }, body: 'x' })
    expect(status).toBe(200)
    for (const response of [await bucket.get(key), await bucket.head(key), await bucket.get(key, { 'if-none-match': '*' })]) {
      expect(headersOf(response, 'x-amz-meta-')).toEqual({ 'x-amz-meta-mixedcase': 'Kept As Is' })
      expect(response.headers.get('x-amz-missing-meta')).toBeNull()
    }
  })

  test.each([
    ['an empty value', '', ''],
    ['punctuation', 'a"b\'c<d>&e,f;g=h\\i', 'a"b\'c<d>&e,f;g=h\\i'],
    ['blanks inside', 'a  b   c', 'a  b   c'],
    ['blanks around', '  a  ', 'a'],
    ['percent escapes', '%41%00', '%41%00'],
    ['a long value', 'v'.repeat(4000), 'v'.repeat(4000)],
    ['what only looks like a word', '=?UTF-8?B?!!!?=', '=?UTF-8?B?!!!?='],
    ['a word of plain text', word('plain'), 'plain'],
    ['a quoted-printable word', '=?utf-8?Q?a_b=3Dc?=', 'a b=c'],
  ])('%s comes back', async (_, sent, kept) => {
    expect((await storedAs({ 'x-amz-meta-value': sent })).get('x-amz-meta-value')).toBe(kept)
  })

  test.each(['ä', 'größer als €5', '日本語のテキスト', '🪨🪨🪨', 'é'.repeat(100), 'mixed Ünicode and plain text, '.repeat(5)])(
    'Unicode travels in RFC 2047 words: %s',
    async (text) => {
      const kept = (await storedAs({ 'x-amz-meta-text': word(text) })).get('x-amz-meta-text')!
      for (const each of kept.split(' ')) expect(each.length).toBeLessThanOrEqual(75)
      expect(unwords(kept)).toBe(text)
    },
  )

  test.each([
    ['=?ISO-8859-1?Q?caf=E9?=', 'café'],
    ['=?utf-8?q?caf=C3=A9?= =?utf-8?q?_au_lait?=', 'café au lait'],
    [`${word('日')} ${word('本')}`, '日本'],
  ])('%s is understood', async (sent, text) => {
    expect(unwords((await storedAs({ 'x-amz-meta-text': sent })).get('x-amz-meta-text')!)).toBe(text)
  })

  test('Unicode that is sent raw comes back in words', async () => {
    const key = uniqueName('raw')
    const text = 'naïve 日本'
    const { headers } = signHeaders({ method: 'PUT', target: bucket.path(key), headers: { 'x-amz-meta-raw': text } })
    // Bytes, or Node would encode the headers again with the text.
    const raw = { ...headers, 'x-amz-meta-raw': Buffer.from(text).toString('latin1') }
    expect((await send(bucket.path(key), { method: 'PUT', headers: raw, body: Buffer.from('x') })).status).toBe(200)
    expect(unwords((await bucket.head(key)).headers.get('x-amz-meta-raw')!)).toBe('naïve 日本')
  })

  test('names of objects’ own properties are names like any other', async () => {
    const sent = { 'x-amz-meta-__proto__': '1', 'x-amz-meta-constructor': '2', 'x-amz-meta-tostring': '3' }
    const headers = await storedAs(sent)
    for (const [name, value] of Object.entries(sent)) expect(headers.get(name)).toBe(value)
  })

  test('the AWS SDK writes and reads it', async () => {
    const at = { Bucket: bucket.name, Key: 'sdk' }
    const Expires = new Date('2030-01-02T03:04:05Z')
    await bucket.s3.send(
      new PutObjectCommand({
        ...at,
        Body: 'x',
        Metadata: { Owner: 'me', empty: '' },
        CacheControl: 'no-cache',
        ContentType: 'text/x',
        Expires,
      }),
    )
    expect(await bucket.s3.send(new HeadObjectCommand(at))).toMatchObject({
      Metadata: { owner: 'me', empty: '' },
      CacheControl: 'no-cache',
      ContentType: 'text/x',
      ExpiresString: 'Wed, 02 Jan 2030 03:04:05 GMT',
    })
  })
})

describe('the limit of 8,192', () => {
  const put = (headers: Record<string, string>) => bucket.send('PUT', uniqueName('limit'), { body: Buffer.from('x'), headers })

  test.each([
    ['one long value', { 'x-amz-meta-a': 'v'.repeat(8191) }],
    ['names count', { 'x-amz-meta-abcd': 'v'.repeat(8188) }],
    ['many together', Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`x-amz-meta-${n}`, 'v'.repeat(1023)]))],
    ['Latin-1 counts one each', { 'x-amz-meta-a': word('é'.repeat(4000)), 'x-amz-meta-b': 'v'.repeat(4190) }],
    ['anything beyond counts double', { 'x-amz-meta-a': word('ж'.repeat(4000)), 'x-amz-meta-b': 'v'.repeat(190) }],
  ])('is kept by %s, and one more is too much', async (_, headers: Record<string, string>) => {
    expect((await put(headers)).status).toBe(200)
    const [name] = Object.keys(headers).slice(-1) as [string]
    await expectError(await put({ ...headers, [name]: `${headers[name]}v` }), 400, ...TOO_LARGE)
  })

  test('leaves system metadata out', async () => {
    const headers = { 'x-amz-meta-a': 'v'.repeat(8191), 'content-disposition': 'd'.repeat(1000) }
    expect((await put(headers)).status).toBe(200)
  })

  test('leaves the old object in place', async () => {
    await bucket.put('limited', 'old')
    const headers = { 'x-amz-meta-a': 'v'.repeat(8192) }
    await expectError(await bucket.send('PUT', 'limited', { body: Buffer.from('new'), headers }), 400, ...TOO_LARGE)
    expect(await (await bucket.get('limited')).text()).toBe('old')
  })

  test('holds for CreateMultipartUpload', async () => {
    const headers = { 'x-amz-meta-a': 'v'.repeat(8192) }
    await expectError(await bucket.send('POST', 'limited', { query: { uploads: '' }, headers }), 400, ...TOO_LARGE)
  })
})
