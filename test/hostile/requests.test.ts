import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { holds, timeLimit } from '../support/fuzz.ts'
import { anyText, attack, type Ground, headerText, mutate, mutations, prepare } from './support.ts'

// What a client with a valid token may send: headers, queries, bodies and keys of every kind.

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
})

const LIMIT_MS = timeLimit(30_000)

const HEADERS = [
  ...['range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'expires', 'cache-control'],
  ...['content-md5', 'content-type', 'content-encoding', 'content-language', 'content-disposition', 'expect', 'origin', 'x-amz-date'],
  ...[
    'x-amz-meta-a',
    'x-amz-meta-',
    'x-amz-meta-\u00e9'.slice(0, 11),
    'x-amz-storage-class',
    'x-amz-acl',
    'x-amz-tagging',
    'x-amz-tagging-directive',
    'x-amz-website-redirect-location',
  ],
  ...[
    'x-amz-copy-source',
    'x-amz-copy-source-range',
    'x-amz-copy-source-if-match',
    'x-amz-copy-source-if-modified-since',
    'x-amz-metadata-directive',
  ],
  ...[
    'x-amz-checksum-crc32',
    'x-amz-checksum-crc64nvme',
    'x-amz-checksum-sha256',
    'x-amz-checksum-algorithm',
    'x-amz-sdk-checksum-algorithm',
  ],
  ...[
    'x-amz-checksum-type',
    'x-amz-checksum-mode',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
    'x-amz-mp-object-size',
    'x-amz-object-attributes',
  ],
  ...['x-amz-server-side-encryption', 'x-amz-server-side-encryption-customer-algorithm', 'x-amz-server-side-encryption-customer-key'],
  ...[
    'x-amz-server-side-encryption-customer-key-md5',
    'x-amz-content-sha256',
    'x-amz-security-token',
    'x-amz-max-parts',
    'cf-create-bucket-if-missing',
  ],
  ...['cf-copy-destination-if-match', 'x-amz-expected-bucket-owner', 'x-amz-request-payer', 'x-amz-object-lock-mode', 'x-amz-unknown'],
] as const

const QUERIES = [
  ...['uploads', 'uploadId', 'partNumber', 'list-type', 'prefix', 'delimiter', 'max-keys', 'marker', 'start-after', 'continuation-token'],
  ...[
    'encoding-type',
    'fetch-owner',
    'key-marker',
    'upload-id-marker',
    'max-uploads',
    'part-number-marker',
    'max-parts',
    'versionId',
    'versions',
  ],
  ...[
    'response-content-type',
    'response-expires',
    'acl',
    'cors',
    'lifecycle',
    'location',
    'tagging',
    'attributes',
    'delete',
    'policy',
    'x-id',
    '',
  ],
] as const

const method = fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH')
const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

test(
  'no header makes an operation fail in a way of its own',
  async () => {
    const target = fc.constantFrom(
      '',
      '/a',
      '/b',
      '/a?uploads',
      '/a?tagging',
      '?tagging',
      '?list-type=2',
      '?uploads',
      '?delete',
      '/a?partNumber=1&uploadId=UPLOAD',
      '/a?uploadId=UPLOAD',
    )
    const headers = fc.array(fc.tuple(fc.constantFrom(...HEADERS), headerText), { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(method, target, headers, async (method, path, pairs) => {
      const body = method === 'PUT' || method === 'POST' ? 'some bytes' : undefined
      await attack(ground, {
        method,
        path: `/${ground.mine}${path.replace('UPLOAD', ground.myUpload)}`,
        headers: Object.fromEntries(pairs),
        body,
      })
    })
    await holds(property, 300)
  },
  LIMIT_MS,
)

test(
  'no query makes an operation fail in a way of its own',
  async () => {
    const value = fc.oneof(
      anyText,
      fc.constantFrom('', '0', '1', '2', '-1', '1000', '1001', '99999999999999999999', 'url', 'true', '%', '*', '/'),
    )
    const queries = fc.array(fc.tuple(fc.constantFrom(...QUERIES), value), { maxLength: 5 })
    const property = fc.asyncProperty(method, fc.constantFrom('', '/a', '/b'), queries, async (method, path, pairs) => {
      const query = pairs.map(([name, text]) => `${name}=${encode(text)}`).join('&')
      const body = method === 'PUT' || method === 'POST' ? 'some bytes' : undefined
      await attack(ground, { method, path: `/${ground.mine}${path}?${query}`, body })
    })
    await holds(property, 300)
  },
  LIMIT_MS,
)

describe('a body of XML', () => {
  const COMPLETE =
    '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Part><PartNumber>1</PartNumber><ETag>"x"</ETag></Part></CompleteMultipartUpload>'
  const DELETE = '<?xml version="1.0" encoding="UTF-8"?><Delete><Object><Key>nobody</Key></Object><Quiet>true</Quiet></Delete>'
  const CORS =
    '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'
  const DOCUMENTS = [
    ['POST', '/a?uploadId=UPLOAD', COMPLETE],
    ['POST', '?delete', DELETE],
    ['PUT', '?cors', CORS],
  ] as const

  test(
    'that was damaged is refused, or means what it says',
    async () => {
      const property = fc.asyncProperty(fc.constantFrom(...DOCUMENTS), mutations, async ([method, path, document], changes) => {
        const body = mutate(new TextEncoder().encode(document), changes)
        await attack(ground, { method, path: `/${ground.mine}${path.replace('UPLOAD', ground.myUpload)}`, body })
      })
      await holds(property, 300)
    },
    LIMIT_MS,
  )

  const deep = (levels: number) => '<a>'.repeat(levels)
  const laughs = `<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>`
  test.each([
    ['entities of its own', laughs],
    ['a file of ours', `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>`],
    ['100,000 levels', deep(100_000)],
    ['an element without an end', '<Delete'],
    ['nothing', ''],
    ['a byte order mark alone', '\ufeff'],
    ['a NUL', '<Delete>\0</Delete>'],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><Delete/>'],
    ['1,001 keys', `<Delete>${'<Object><Key>k</Key></Object>'.repeat(1001)}</Delete>`],
    [
      'a number without an end',
      `<CompleteMultipartUpload><Part><PartNumber>${'9'.repeat(5000)}</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>`,
    ],
  ])('with %s is refused', async (_, body) => {
    for (const [method, path] of DOCUMENTS) {
      const verdict = await attack(ground, { method, path: `/${ground.mine}${path.replace('UPLOAD', ground.myUpload)}`, body })
      expect(verdict.status).toBeGreaterThanOrEqual(400)
    }
  })
})

test(
  'an aws-chunked body with damaged framing is refused, or is what its length and checksum say',
  async () => {
    const data = 'some bytes of a body'
    const framed = `${data.length.toString(16)}\r\n${data}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`
    const signedFraming = `${data.length.toString(16)};chunk-signature=${'0'.repeat(64)}\r\n${data}\r\n0;chunk-signature=${'0'.repeat(64)}\r\n\r\n`
    const kind = fc.constantFrom(
      ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', framed],
      ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', signedFraming],
      ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', signedFraming],
    )
    const property = fc.asyncProperty(kind, mutations, async ([payload, body], changes) => {
      const headers = {
        'x-amz-content-sha256': payload!,
        'x-amz-decoded-content-length': String(data.length),
        'content-encoding': 'aws-chunked',
        ...(payload!.includes('UNSIGNED') && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
      }
      const verdict = await attack(ground, {
        method: 'PUT',
        path: `/${ground.mine}/chunked`,
        headers,
        body: mutate(new TextEncoder().encode(body), changes),
      })
      // The checksum in the trailer is a wrong one: only a body without it could pass.
      expect(verdict.status).toBeGreaterThanOrEqual(400)
    })
    await holds(property, 250)
    expect((await attack(ground, { method: 'GET', path: `/${ground.mine}/chunked` })).code).toBe('NoSuchKey')
  },
  LIMIT_MS,
)

describe('a key', () => {
  test(
    'of any characters is refused, or comes back in every way as it was written',
    async () => {
      const property = fc.asyncProperty(anyText, async (key) => {
        const path = `/${ground.mine}/u${encode(key)}`
        const stored = await attack(ground, { method: 'PUT', path, body: key })
        if (stored.status >= 400) return
        const got = await attack(ground, { method: 'GET', path })
        expect(got.text).toBe(key)
        const listed = await attack(ground, {
          method: 'GET',
          path: `/${ground.mine}?list-type=2&encoding-type=url&prefix=${encode(`u${key}`)}`,
        })
        expect(listed.status).toBe(200)
        expect((await attack(ground, { method: 'DELETE', path })).status).toBe(204)
        expect((await attack(ground, { method: 'GET', path })).code).toBe('NoSuchKey')
      })
      await holds(property, 120)
    },
    LIMIT_MS,
  )

  test.each([
    '%FF',
    '%C0%AF',
    '%ED%A0%80',
    '%',
    '%zz',
    '%00',
    '%2e%2e/a',
    '..%2f..%2fTHEIRS%2fsomebody',
    '//',
    '/../THEIRS/x',
    './a',
    '%2e',
    '%5c..%5c',
    '%F4%90%80%80',
    '%EF%BF%BF',
    `${'k'.repeat(1025)}`,
    `${'%C3%A9'.repeat(513)}`,
    '?',
    '%3F',
    '%23',
    '+',
    '%2B',
    ';a=b',
    ':',
    '@host/x',
  ])('spelled %s reaches nothing of anybody else', async (spelled) => {
    for (const method of ['GET', 'PUT', 'HEAD', 'DELETE']) {
      const path = `/${ground.mine}/${spelled.replace('THEIRS', ground.theirs)}`
      await attack(ground, { method, path, body: method === 'PUT' ? 'x' : undefined })
    }
  })
})
