import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { Client } from 'minio'
import { describe, expect, inject, test } from 'vitest'
import {
  bytesOf,
  expectError,
  expectHeaderNotImplemented,
  expectNoSuchBucket,
  expectNoSuchKey,
  expectSameBytes,
} from './support/answers.ts'
import { emptyBucket, signedFetch, uniqueName } from './support/clients.ts'
import { awsChunked, chunkedHeaders, etagOf, KIB, lentBucket, MIB, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()

describe('a successful PutObject', () => {
  test('answers 200 without a body: ETag, a version id and the default checksum', async () => {
    const response = await bucket.send('PUT', 'digits', { body: Buffer.from('123456789') })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe('"25f9e794323b453885f5181f1b624d0b"')
    expect(response.headers.get('x-amz-version-id')).toMatch(/^[0-9a-f]{32}$/)
    expect(response.headers.get('x-amz-checksum-crc64nvme')).toBe('rosUhgp5mIg=')
    expect(response.headers.get('x-amz-expiration')).toBeNull()
  })

  test('gives every write another version id', async () => {
    const ids = await Promise.all([1, 2, 3].map(async () => (await bucket.put(uniqueName('same'), 'x')).headers.get('x-amz-version-id')))
    expect(new Set(ids).size).toBe(3)
  })

  test('stores an empty object', async () => {
    const response = await bucket.send('PUT', 'empty')
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).toBe('"d41d8cd98f00b204e9800998ecf8427e"')
    const got = await bucket.get('empty')
    expect([got.status, got.headers.get('content-length'), await got.text()]).toEqual([200, '0', ''])
  })

  test('is read back at once', async () => {
    for (let n = 0; n < 5; n++) {
      await bucket.put('counter', String(n))
      expect(await (await bucket.get('counter')).text()).toBe(String(n))
    }
  })

  test.each([
    ['large', 'small', 600 * KIB, 10],
    ['small', 'large', 10, 600 * KIB],
    ['middling', 'large', 200 * KIB, 600 * KIB],
    ['large', 'middling', 600 * KIB, 200 * KIB],
    ['large', 'empty', 600 * KIB, 0],
  ])('replaces a %s object by a %s one', async (_old, _new, before, after) => {
    const key = uniqueName('replaced')
    await bucket.put(key, someBytes(before, 1))
    await bucket.put(key, someBytes(after, 2))
    const got = await bucket.get(key)
    expect(got.headers.get('etag')).toBe(etagOf(someBytes(after, 2)))
    expectSameBytes(await bytesOf(got), someBytes(after, 2))
  })

  test('is one of the bodies that were sent, when many write to a key at once', async () => {
    const bodies = Array.from({ length: 8 }, (_, n) => someBytes(n % 2 ? 100 * KIB : 1000, n))
    const answers = await Promise.all(bodies.map((body) => bucket.put('contended', body)))
    expect(answers.map(({ headers }) => headers.get('etag'))).toEqual(bodies.map(etagOf))
    const got = await bytesOf(await bucket.get('contended'))
    expect(bodies.map(md5Hex)).toContain(md5Hex(got))
  })

  test.each([['?select&select-type=2'], ['?restore'], ['?tagging']])('a POST to a key%s stores nothing', async (search) => {
    const key = uniqueName('posted')
    expect((await signedFetch('POST', bucket.path(key) + search, { body: Buffer.from('stored') })).status).toBe(501)
    await expectNoSuchKey(await bucket.get(key))
  })

  test('is what a POST to a key is', async () => {
    const key = uniqueName('posted')
    const headers = { 'x-amz-copy-source': `/${bucket.name}/nothing`, 'content-type': 'text/plain' }
    const response = await signedFetch('POST', bucket.path(key), { body: Buffer.from('stored'), headers })
    expect(response.status).toBe(200)
    expect(response.headers.get('etag')).toBe(etagOf('stored'))
    expect(await (await bucket.get(key)).text()).toBe('stored')
  })

  test('ignores uploadId without partNumber, and parameters that start with x-; refuses others and stores nothing', async () => {
    const put = (query: Record<string, string>) => signedFetch('PUT', bucket.path('parameters'), { body: Buffer.from('x'), query })
    await expectError(await put({ uploadId: 'u', junk: '1' }), 501, 'NotImplemented', 'PutObject search parameter junk not implemented')
    await expectNoSuchKey(await bucket.get('parameters'))
    expect((await put({ uploadId: 'u', 'x-junk': '1' })).status).toBe(200)
  })
})

describe('the body', () => {
  const unsized = () => new Blob(['no length']).stream()

  test('needs a length', async () => {
    const response = await bucket.send('PUT', 'unsized', { body: unsized() })
    await expectError(response, 411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
    await expectNoSuchKey(await bucket.get('unsized'))
  })

  test('in chunks needs the length of the data', async () => {
    const { 'x-amz-decoded-content-length': _, ...headers } = chunkedHeaders(5)
    const response = await bucket.send('PUT', 'unsized', { body: awsChunked(['hello']), headers })
    await expectError(response, 411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
  })

  const TOO_FEW = 'You did not provide the number of bytes specified by the Content-Length HTTP header.'
  test.each([
    ['shorter', 'inline', 9, 10],
    ['longer', 'inline', 11, 10],
    ['shorter', 'in D1', 100 * KIB - 1, 100 * KIB],
    ['longer', 'in D1', 100 * KIB + 1, 100 * KIB],
    ['shorter', 'in KV', 600 * KIB - 1, 600 * KIB],
    ['longer', 'in KV', 600 * KIB + 1, 600 * KIB],
  ])('in chunks that is %s than announced is refused: %s', async (_, _tier, size, announced) => {
    const key = uniqueName('mismeasured')
    const response = await bucket.send('PUT', key, { body: awsChunked([someBytes(size)]), headers: chunkedHeaders(announced) })
    await expectError(response, 400, 'IncompleteBody', TOO_FEW)
    await expectNoSuchKey(await bucket.get(key))
  })

  test('in chunks that breaks off is refused', async () => {
    const whole = awsChunked(['hello', 'world'])
    const response = await bucket.send('PUT', 'cut', { body: whole.subarray(0, 12), headers: chunkedHeaders(10) })
    await expectError(response, 400, 'IncompleteBody', TOO_FEW)
  })

  test('in chunks is stored without its framing', async () => {
    const body = someBytes(700 * KIB)
    const chunks = [body.subarray(0, 1), body.subarray(1, 65_536), body.subarray(65_536)]
    const response = await bucket.send('PUT', 'framed', { body: awsChunked(chunks), headers: chunkedHeaders(body.length) })
    expect(response.status).toBe(200)
    expectSameBytes(await bytesOf(await bucket.get('framed')), body)
  })

  test.each([
    ['a line without a colon', 'hello\r\n'],
    ['a name with a blank', 'x-amz checksum-crc32:NhCmhg==\r\n'],
    ['the announced trailer missing', ''],
  ])('with %s for a trailer is refused', async (_, trailers) => {
    const body = Buffer.from(`5\r\nhello\r\n0\r\n${trailers}\r\n`)
    const response = await bucket.send('PUT', 'malformed-trailer', { body, headers: chunkedHeaders(5, 'x-amz-checksum-crc32') })
    await expectError(
      response,
      400,
      'MalformedTrailerError',
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
    )
  })

  test.each([5 * 1024 ** 3 - 5 * MIB + 1, 5 * 1024 ** 3, 6 * 1024 ** 4])('announced as %i bytes is too large', async (size) => {
    const response = await bucket.send('PUT', 'huge', { body: awsChunked(['x']), headers: chunkedHeaders(size) })
    await expectError(response, 400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.')
  })
})

describe('the bucket', () => {
  test('has to exist', async () => {
    await expectNoSuchBucket(await signedFetch('PUT', `/${uniqueName('absent')}/key`, { body: Buffer.from('x') }))
    await expectNoSuchBucket(await signedFetch('PUT', `/${uniqueName('absent')}/key`, { body: someBytes(600 * KIB) }))
  })

  test('is created by cf-create-bucket-if-missing', async () => {
    const name = uniqueName('implicit')
    const headers = { 'cf-create-bucket-if-missing': 'true' }
    expect((await signedFetch('PUT', `/${name}/key`, { body: Buffer.from('x'), headers })).status).toBe(200)
    expect((await signedFetch('PUT', `/${name}/key`, { body: Buffer.from('y'), headers })).status).toBe(200)
    expect(await (await signedFetch('GET', `/${name}/key`)).text()).toBe('y')
    await emptyBucket(bucket.s3, name)
    expect((await signedFetch('DELETE', `/${name}`)).status).toBe(204)
  })
})

describe('header screening', () => {
  const REFUSED = [
    'x-amz-grant-full-control',
    'x-amz-grant-read',
    'x-amz-grant-read-acp',
    'x-amz-grant-write',
    'x-amz-grant-write-acp',
    'x-amz-website-redirect-location',
    'x-amz-object-lock-mode',
    'x-amz-object-lock-retain-until-date',
    'x-amz-object-lock-legal-hold',
    'x-amz-server-side-encryption-aws-kms-key-id',
    'x-amz-server-side-encryption-context',
    'x-amz-server-side-encryption-bucket-key-enabled',
  ]

  test.each(REFUSED)('refuses %s', async (name) => {
    const response = await bucket.send('PUT', 'screened', { body: Buffer.from('x'), headers: { [name]: 'some value' } })
    await expectHeaderNotImplemented(response, name, 'some value')
  })

  test.each(['x-amz-tagging', 'x-amz-server-side-encryption', 'x-amz-acl'])('takes an empty %s for absent, unless strict', async (name) => {
    const response = await bucket.send('PUT', 'screened', { body: Buffer.from('x'), headers: { [name]: '' } })
    expect(response.status).toBe(200)
  })

  test('names the first of the list, whatever the order they are sent in', async () => {
    const headers = Object.fromEntries(REFUSED.toReversed().map((name) => [name, 'v']))
    await expectHeaderNotImplemented(await bucket.send('PUT', 'screened', { headers }), 'x-amz-grant-full-control', 'v')
    const { 'x-amz-grant-full-control': _, ...rest } = headers
    await expectHeaderNotImplemented(await bucket.send('PUT', 'screened', { headers: rest }), 'x-amz-grant-read', 'v')
  })

  test.each([
    ['x-amz-server-side-encryption', 'aws:kms'],
    ['x-amz-server-side-encryption', 'aes256'],
    ['x-amz-acl', 'public'],
    ['x-amz-acl', 'log-delivery-write'],
  ])('refuses %s: %s', async (name, value) => {
    await expectHeaderNotImplemented(await bucket.send('PUT', 'screened', { headers: { [name]: value } }), name, value)
  })

  test.each([
    ['x-amz-server-side-encryption', 'AES256'],
    ['x-amz-acl', 'private'],
    ['x-amz-acl', 'public-read'],
    ['x-amz-acl', 'public-read-write'],
    ['x-amz-acl', 'authenticated-read'],
    ['x-amz-acl', 'aws-exec-read'],
    ['x-amz-acl', 'bucket-owner-read'],
    ['x-amz-acl', 'bucket-owner-full-control'],
    ['x-amz-request-payer', 'requester'],
    ['x-amz-mfa', '1 2'],
    ['x-amz-bypass-governance-retention', 'true'],
    ['x-amz-source-expected-bucket-owner', '1'],
    ['x-amz-unheard-of', 'v'],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ])('takes %s: %s and does nothing about it', async (name, value) => {
    const response = await bucket.send('PUT', 'noop', { body: Buffer.from('x'), headers: { [name]: value } })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-amz-server-side-encryption')).toBeNull()
    const got = await bucket.get('noop')
    expect(got.headers.get('x-amz-server-side-encryption')).toBeNull()
    expect(await got.text()).toBe('x')
  })

  test('comes in this order: refused headers, encryption, ACL, customer key, storage class, length, digest', async () => {
    const headers: Record<string, string> = {
      'x-amz-grant-read': 'a=b',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-acl': 'nobody',
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-storage-class': 'GLACIER',
      'content-md5': 'x',
    }
    const send = () => bucket.send('PUT', 'order', { body: new Blob(['x']).stream(), headers })
    await expectHeaderNotImplemented(await send(), 'x-amz-grant-read', 'a=b')
    delete headers['x-amz-grant-read']
    await expectHeaderNotImplemented(await send(), 'x-amz-server-side-encryption', 'aws:kms')
    delete headers['x-amz-server-side-encryption']
    await expectHeaderNotImplemented(await send(), 'x-amz-acl', 'nobody')
    delete headers['x-amz-acl']
    const noKey = 'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.'
    await expectError(await send(), 400, 'InvalidArgument', noKey)
    delete headers['x-amz-server-side-encryption-customer-algorithm']
    await expectError(await send(), 400, 'InvalidStorageClass', 'The storage class specified is not valid.')
    delete headers['x-amz-storage-class']
    await expectError(await send(), 411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
    const sized = await bucket.send('PUT', 'order', { body: Buffer.from('x'), headers })
    await expectError(sized, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
  })

  test('comes before the bucket is looked for', async () => {
    const response = await signedFetch('PUT', `/${uniqueName('absent')}/key`, { headers: { 'x-amz-grant-read': 'a=b' } })
    await expectHeaderNotImplemented(response, 'x-amz-grant-read', 'a=b')
  })
})

describe('clients', () => {
  const body = someBytes(70 * KIB)

  test.each([
    ['a string', () => body.toString('latin1'), Buffer.from(body.toString('latin1'))],
    ['a Buffer', () => body, body],
    ['a Uint8Array', () => new Uint8Array(body), body],
    ['a Node stream of known length', () => Readable.from([body.subarray(0, 1000), body.subarray(1000)]), body],
  ])('the AWS SDK stores %s', async (_, make, expected) => {
    const key = uniqueName('sdk')
    await bucket.s3.send(new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: make(), ContentLength: expected.length }))
    expectSameBytes(await bytesOf(await bucket.get(key)), expected)
  })

  test('lib-storage stores a small stream of unknown length', async () => {
    const Key = uniqueName('lib-storage')
    await new Upload({ client: bucket.s3, params: { Bucket: bucket.name, Key, Body: Readable.from([body]) } }).done()
    const got = await bucket.get(Key)
    expect(got.headers.get('etag')).toBe(etagOf(body))
    expectSameBytes(await bytesOf(got), body)
  })

  test('minio stores an object with signed chunks', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey } = inject('server')
    const { hostname: endPoint, port } = new URL(endpoint)
    const minio = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'auto' })
    const { etag } = await minio.putObject(bucket.name, 'minio', body, body.length, { 'X-Amz-Meta-By': 'minio' })
    expect(etag).toBe(md5Hex(body))
    expect((await minio.statObject(bucket.name, 'minio')).metaData).toMatchObject({ by: 'minio' })
    expectSameBytes(await bytesOf(await bucket.get('minio')), body)
  })
})

describe('a refusal reaches a client that sends a large body first', () => {
  const body = someBytes(6 * MIB)
  test.each<[string, string, Record<string, string>, number]>([
    ['a missing bucket', '/no-such-bucket/key', {}, 404],
    ['a refused header', bucket.path('refused'), { 'x-amz-grant-read': 'a=b' }, 501],
    ['a storage class', bucket.path('refused'), { 'x-amz-storage-class': 'GLACIER' }, 400],
    ['a condition', bucket.path('refused'), { 'if-match': '*' }, 412],
    ['a digest', bucket.path('refused'), { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 400],
  ])('%s', async (_, path, headers, status) => {
    const response = await signedFetch('PUT', path, { body, headers })
    expect(response.status).toBe(status)
    expect(await response.text()).toContain('<Error>')
  })
})
