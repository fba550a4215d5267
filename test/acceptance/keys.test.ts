import { CopyObjectCommand, DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { Client } from 'minio'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { bytesOf, expectError, expectHeadError } from './support/answers.ts'
import { signedFetch } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { sendSigned } from './support/wire.ts'

const bucket = lentBucket()
afterEach(async () => {
  for (const key of await keys()) await bucket.send('DELETE', key)
})

/** The keys of the bucket, as a listing spells them: encoded on the way, since XML cannot hold them all. */
async function keys(): Promise<string[]> {
  const { Contents = [] } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, EncodingType: 'url' }))
  return Contents.map(({ Key }) => decodeURIComponent(Key!))
}

const STRANGE = [
  'a b',
  ' leading and trailing ',
  'a+b',
  'a%b',
  'a%20b',
  'a%2Bb',
  '100%',
  'a&b=c',
  'a?b',
  'a#b',
  'a;b',
  'a:b@c',
  "it's",
  '"quoted"',
  '<tag>&amp;',
  'back\\slash',
  'a|b^c`d{e}[f]',
  '~!*()',
  '$,=',
  'new\nline',
  'carriage\rreturn',
  'tab\there',
  'größe',
  '日本語/テキスト.txt',
  'emoji 🪨 and 👩‍👩‍👧',
  'combining e\u0301',
  '\ufeffmark',
  '\uffee\u{10ffff}',
  '/leading',
  '//two leading',
  'double//slash',
  'trailing/',
  '///',
  'a/b/c/d/e/f/g',
  '.hidden',
  'a..b',
  '...',
  'uploads',
  'delete',
  '__proto__',
]

describe('a key comes back as it was written', () => {
  test.each(STRANGE)('through the AWS SDK, a listing and a copy: %j', async (Key) => {
    const at = { Bucket: bucket.name, Key }
    await bucket.s3.send(new PutObjectCommand({ ...at, Body: Key }))
    expect(await (await bucket.s3.send(new GetObjectCommand(at))).Body!.transformToString()).toBe(Key)
    expect(await keys()).toEqual([Key])
    const CopySource = `${bucket.name}/${encodeURIComponent(Key)}`
    await bucket.s3.send(new CopyObjectCommand({ ...at, Key: 'copy', CopySource }))
    expect((await bytesOf(await bucket.get('copy'))).toString()).toBe(Key)
    const { Deleted } = await bucket.s3.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete: { Objects: [{ Key }] } }))
    expect(Deleted).toEqual([{ Key }])
    expect(await keys()).toEqual(['copy'])
  })

  test('through presigned URLs', async () => {
    for (const Key of STRANGE) {
      const at = { Bucket: bucket.name, Key }
      // A presigned PutObject of the SDK insists on the checksum of an empty body.
      expect((await fetch(await getSignedUrl(bucket.s3, new PutObjectCommand(at)), { method: 'PUT' })).status).toBe(200)
      expect((await fetch(await getSignedUrl(bucket.s3, new GetObjectCommand(at)))).status).toBe(200)
    }
    expect(new Set(await keys())).toEqual(new Set(STRANGE))
  })

  test('even where XML cannot hold it as it is', async () => {
    const key = '\u0001control\u001f'
    await bucket.put(key, 'x')
    expect(await keys()).toEqual([key])
    expect(await (await signedFetch('GET', `/${bucket.name}`)).text()).toContain('<Key>%01control%1F</Key>')
    const body = '<Delete><Object><Key>&#1;control&#x1F;</Key></Object></Delete>'
    const response = await signedFetch('POST', `/${bucket.name}`, { query: { delete: '' }, body })
    expect(await response.text()).toContain('<Deleted><Key>&#x1;control&#x1F;</Key></Deleted>')
    expect(await keys()).toEqual([])
  })

  test('through minio', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey } = inject('server')
    const { hostname: endPoint, port } = new URL(endpoint)
    const minio = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'auto' })
    const plain = ['a b', 'a+b', 'größe', '日本語/テキスト.txt', 'emoji 🪨', "it's", '(a)!*~']
    for (const key of plain) await minio.putObject(bucket.name, key, key)
    expect(new Set(await keys())).toEqual(new Set(plain))
    for (const key of plain) expect((await minio.statObject(bucket.name, key)).size).toBe(Buffer.byteLength(key))
  })
})

describe('the path of a request', () => {
  const put = (path: string) => sendSigned(`/${bucket.name}/${path}`, { method: 'PUT', body: 'x' })

  test.each([
    ['a+b', 'a+b'],
    ['a%2Bb', 'a+b'],
    ['a%252Bb', 'a%2Bb'],
    ['a%20b', 'a b'],
    ['a%2fb', 'a/b'],
    ['a%2Fb', 'a/b'],
    ['%2Fa', '/a'],
    ['/a', '/a'],
    ['a//b/', 'a//b/'],
    ['%61', 'a'],
    ['%C3%A9', 'é'],
    ['%c3%a9', 'é'],
    ['a;b,c=d:e@f$g', 'a;b,c=d:e@f$g'],
    ["(it's)!*", "(it's)!*"],
    ['a?x-junk=1', 'a'],
  ])('%s is decoded exactly once, to %j', async (path, key) => {
    expect((await put(path)).status).toBe(200)
    expect(await keys()).toEqual([key])
  })

  test.each(['%', 'a%', '%zz', '%E9', '%ff%fe', '%C3', '%ED%A0%80', '%C0%AF'])('%s is not UTF-8, so not a key', async (path) => {
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const answer = await sendSigned(`/${bucket.name}/${path}`, { method, body: method === 'PUT' ? 'x' : undefined })
      expect([answer.status, answer.text.replace(/<RequestId>\w{16}<\/RequestId>/, '')]).toEqual([
        400,
        '<?xml version="1.0" encoding="UTF-8"?><Error><Code>InvalidObjectName</Code><Message>The specified object name is not valid.</Message></Error>',
      ])
    }
  })
})

describe('a key that cannot be', () => {
  test('with NUL is refused where it is written, and is not there to be read', async () => {
    for (const [method, status] of [
      ['PUT', 400],
      ['GET', 404],
      ['DELETE', 204],
    ] as const) {
      const answer = await sendSigned(`/${bucket.name}/a%00b`, { method, body: method === 'PUT' ? 'x' : undefined })
      expect([method, answer.status]).toEqual([method, status])
    }
  })

  // Whoever resolves a path before the Worker sees it leaves nothing to tell: then the signature is of another path.
  test.each(['a/../b', './a', 'a/%2e%2E'])('with dot segments is refused: %s', async (path) => {
    const answer = await sendSigned(`/${bucket.name}/${path}`, { method: 'PUT', body: 'x' })
    expect(answer.text).toMatch(
      /<Code>(InvalidObjectName<\/Code><Message>The specified object name is not valid: the segments|SignatureDoesNotMatch)/,
    )
    expect(await keys()).toEqual([])
  })
})

describe('keys that differ', () => {
  test.each([
    [['key', 'Key', 'KEY']],
    [['a', 'a/', 'a//', '/a']],
    [['a b', 'a+b', 'a%20b']],
    [['ﬁ', 'fi']], // NFKC would make them one.
    [['ß', 'ss']],
  ])('stay apart: %j', async (all) => {
    for (const key of all) await bucket.put(key, key)
    expect(new Set(await keys())).toEqual(new Set(all))
    for (const key of all) expect(await (await bucket.get(key)).text()).toBe(key)
  })
})

describe('keys that are equal after NFC normalisation', () => {
  const COMPOSED = 'caf\u00e9'
  const DECOMPOSED = 'cafe\u0301'

  test.each([
    [COMPOSED, DECOMPOSED],
    [DECOMPOSED, COMPOSED],
    ['\u212b', '\u00c5'], // The sign of the Ångström and the letter.
    ['\u1100\u1161', '\uac00'], // Hangul.
  ])('are one object with the last spelling: %j, then %j', async (first, last) => {
    await bucket.put(first, 'first')
    await bucket.put(last, 'last')
    expect(await keys()).toEqual([last])
    for (const key of [first, last]) expect(await (await bucket.get(key)).text()).toBe('last')
    expect((await bucket.send('DELETE', first)).status).toBe(204)
    expect(await keys()).toEqual([])
  })

  test('count as the same key to a condition', async () => {
    await bucket.put(COMPOSED, 'x')
    expect((await bucket.send('PUT', DECOMPOSED, { headers: { 'if-none-match': '*' } })).status).toBe(412)
    expect(await keys()).toEqual([COMPOSED])
  })

  test('are told apart in the answer of DeleteObjects, which repeats what was asked', async () => {
    await bucket.put(COMPOSED, 'x')
    const Objects = [{ Key: DECOMPOSED }, { Key: COMPOSED }]
    const { Deleted } = await bucket.s3.send(new DeleteObjectsCommand({ Bucket: bucket.name, Delete: { Objects } }))
    expect(Deleted).toEqual(Objects)
    expect(await keys()).toEqual([])
  })

  test('are one prefix', async () => {
    await bucket.put(`${COMPOSED}/a`, 'x')
    const { KeyCount } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix: `${DECOMPOSED}/` }))
    expect(KeyCount).toBe(1)
  })
})

describe('the limit of 1,024 bytes', () => {
  test.each([
    ['of ASCII', 'k'.repeat(1024)],
    ['of slashes', 'a/'.repeat(512)],
    ['of two bytes a character', 'é'.repeat(512)],
    ['of three', `${'日'.repeat(341)}k`],
    ['of four', '🪨'.repeat(256)],
  ])('is kept by a key %s, and one byte more is too much', async (_, key) => {
    expect(Buffer.byteLength(key)).toBe(1024)
    await bucket.put(key, 'x')
    expect((await bucket.head(key)).status).toBe(200)
    expect(await keys()).toEqual([key])
    const long = `${key}k`
    for (const method of ['PUT', 'GET', 'DELETE', 'POST']) {
      const response = await bucket.send(method, long, { body: method === 'PUT' ? Buffer.from('x') : undefined })
      await expectError(response, 400, 'InvalidObjectName', 'The specified object name is not valid.')
    }
    await expectHeadError(await bucket.send('HEAD', long), 400)
  })
})

describe('a path without a key', () => {
  test('is the bucket', async () => {
    expect((await signedFetch('HEAD', `/${bucket.name}/`)).status).toBe(200)
    expect(await (await signedFetch('GET', `/${bucket.name}/`)).text()).toContain('<ListBucketResult')
  })
})
