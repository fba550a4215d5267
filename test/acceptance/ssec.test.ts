import { CopyObjectCommand, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import { bytesOf, expectError, expectHeadError, expectNoSuchKey, expectSameBytes, headersOf } from './support/answers.ts'
import { uniqueName } from './support/clients.ts'
import { digest64, etagOf, KIB, lentBucket, MIB, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()

const KEY = someBytes(32, 1)
const OTHER_KEY = someBytes(32, 2)
const PREFIX = 'x-amz-server-side-encryption-customer-'
const SOURCE_PREFIX = 'x-amz-copy-source-server-side-encryption-customer-'

/** The three headers that carry a customer's key. */
const triple = (key: Uint8Array, prefix = PREFIX): Record<string, string> => ({
  [`${prefix}algorithm`]: 'AES256',
  [`${prefix}key`]: Buffer.from(key).toString('base64'),
  [`${prefix}key-MD5`]: digest64('md5', key),
})

/** What an answer says about the key that it was given. */
const ECHO = { [`${PREFIX}algorithm`]: 'AES256', [`${PREFIX}key-md5`]: digest64('md5', KEY) }

const MUST = 'Requests specifying Server Side Encryption with Customer provided keys must provide'
const NO_KEY = ['InvalidArgument', `${MUST} an appropriate secret key.`] as const
const NO_MD5 = ['InvalidArgument', `${MUST} the client calculated MD5 of the secret key.`] as const
const NO_ALGORITHM = ['InvalidArgument', `${MUST} a valid encryption algorithm.`] as const
const WRONG_ALGORITHM = [
  'InvalidEncryptionAlgorithmError',
  'The encryption request that you specified is not valid. The valid value is AES256.',
] as const
const WRONG_LENGTH = ['InvalidArgument', 'The secret key was invalid for the specified algorithm.'] as const
const WRONG_MD5 = ['InvalidArgument', 'The calculated MD5 hash of the key did not match the hash that was provided.'] as const
const NOT_APPLICABLE = ['InvalidRequest', 'The encryption parameters are not applicable to this object.'] as const
const KEY_NEEDED = [
  'InvalidRequest',
  'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
] as const
const WRONG_KEY = ['AccessDenied', 'Access Denied'] as const

const TIERS = [
  ['empty', 0],
  ['inline', 1000],
  ['in D1', 100 * KIB],
  ['in KV', 600 * KIB],
  ['in KV, several chunks', 3 * MIB + 5],
] as const

describe('an object with a customer’s key', () => {
  test.each(TIERS)('comes back with that key and no other: %s', async (_, size) => {
    const key = uniqueName('object')
    const body = someBytes(size, 3)
    const put = await bucket.put(key, body, triple(KEY))
    expect(put.headers.get('etag')).toBe(etagOf(body))
    expect(headersOf(put, PREFIX)).toEqual(ECHO)

    const got = await bucket.get(key, triple(KEY))
    expect([got.status, headersOf(got, PREFIX)]).toEqual([200, ECHO])
    expectSameBytes(await bytesOf(got), body)
    const head = await bucket.head(key, triple(KEY))
    expect([head.status, head.headers.get('content-length'), headersOf(head, PREFIX)]).toEqual([200, String(size), ECHO])

    await expectError(await bucket.get(key), 400, ...KEY_NEEDED)
    await expectHeadError(await bucket.head(key), 400)
    await expectError(await bucket.get(key, triple(OTHER_KEY)), 403, ...WRONG_KEY)
    await expectHeadError(await bucket.head(key, triple(OTHER_KEY)), 403)
    expect((await bucket.head(key)).headers.get('etag')).toBeNull()
  })

  test.each([
    [100, 900],
    [255 * KIB, 257 * KIB],
    [MIB - 1, 3 * MIB + 4],
  ])('comes back in ranges: %i to %i', async (first, last) => {
    const body = someBytes(3 * MIB + 5, 3)
    await bucket.put('ranges', body, triple(KEY))
    const got = await bucket.get('ranges', { ...triple(KEY), range: `bytes=${first}-${last}` })
    expect([got.status, got.headers.get('content-range')]).toEqual([206, `bytes ${first}-${last}/${body.length}`])
    expectSameBytes(await bytesOf(got), body.subarray(first, last + 1))
  })

  test('never shows the key', async () => {
    await bucket.put('secret', 'x', triple(KEY))
    for (const response of [await bucket.get('secret', triple(KEY)), await bucket.get('secret', triple(OTHER_KEY))]) {
      const everything = JSON.stringify([...response.headers]) + (await response.text())
      expect(everything).not.toContain(KEY.toString('base64'))
    }
  })

  test('is replaced and deleted without the key', async () => {
    await bucket.put('replaced', 'secret', triple(KEY))
    await bucket.put('replaced', 'open')
    expect(await (await bucket.get('replaced')).text()).toBe('open')
    await bucket.put('replaced', 'secret again', triple(OTHER_KEY))
    expect((await bucket.send('DELETE', 'replaced')).status).toBe(204)
    await expectNoSuchKey(await bucket.get('replaced'))
  })

  test('has its checksum and its metadata like any other', async () => {
    const put = await bucket.put('checksum', '123456789', { ...triple(KEY), 'x-amz-meta-a': '1', 'x-amz-checksum-crc32': 'y/Q5Jg==' })
    expect(put.headers.get('x-amz-checksum-crc32')).toBe('y/Q5Jg==')
    const head = await bucket.head('checksum', { ...triple(KEY), 'x-amz-checksum-mode': 'ENABLED' })
    expect([head.headers.get('x-amz-meta-a'), head.headers.get('x-amz-checksum-crc32')]).toEqual(['1', 'y/Q5Jg=='])
  })

  test('is found missing, unchanged or changed before its key is asked for', async () => {
    await bucket.put('order', 'x', triple(KEY))
    await expectNoSuchKey(await bucket.get('missing', triple(KEY)))
    expect((await bucket.get('order', { 'if-none-match': '*' })).status).toBe(304)
    expect((await bucket.get('order', { 'if-match': '"other"' })).status).toBe(412)
    await expectError(await bucket.get('order', { range: 'bytes=99-' }), 400, ...KEY_NEEDED)
    await expectError(
      await bucket.get('order', { ...triple(KEY), range: 'bytes=99-' }),
      416,
      'InvalidRange',
      'The requested range is not satisfiable',
    )
  })
})

describe('an object without a customer’s key', () => {
  test.each(TIERS)('does not come back with one: %s', async (_, size) => {
    const key = uniqueName('plain')
    await bucket.put(key, someBytes(size))
    await expectError(await bucket.get(key, triple(KEY)), 400, ...NOT_APPLICABLE)
    await expectHeadError(await bucket.head(key, triple(KEY)), 400)
    expect(headersOf(await bucket.get(key), PREFIX)).toEqual({})
  })
})

/** What is wrong with the three headers, in the order in which it is looked for. */
const BROKEN: [string, (headers: Record<string, string>, prefix: string) => void, readonly [string, string]][] = [
  ['no key', (headers, prefix) => delete headers[`${prefix}key`], NO_KEY],
  ['an empty key', (headers, prefix) => Object.assign(headers, { [`${prefix}key`]: '' }), NO_KEY],
  ['no MD5', (headers, prefix) => delete headers[`${prefix}key-MD5`], NO_MD5],
  ['no algorithm', (headers, prefix) => delete headers[`${prefix}algorithm`], NO_ALGORITHM],
  ['another algorithm', (headers, prefix) => Object.assign(headers, { [`${prefix}algorithm`]: 'AES128' }), WRONG_ALGORITHM],
  ['the algorithm in lower case', (headers, prefix) => Object.assign(headers, { [`${prefix}algorithm`]: 'aes256' }), WRONG_ALGORITHM],
  ['a short key', (headers, prefix) => Object.assign(headers, triple(someBytes(31), prefix)), WRONG_LENGTH],
  ['a long key', (headers, prefix) => Object.assign(headers, triple(someBytes(33), prefix)), WRONG_LENGTH],
  ['a key that is not base64', (headers, prefix) => Object.assign(headers, { [`${prefix}key`]: '!'.repeat(44) }), WRONG_LENGTH],
  ['a key in hex', (headers, prefix) => Object.assign(headers, { [`${prefix}key`]: KEY.toString('hex') }), WRONG_LENGTH],
  ['another key’s MD5', (headers, prefix) => Object.assign(headers, { [`${prefix}key-MD5`]: digest64('md5', OTHER_KEY) }), WRONG_MD5],
  ['the MD5 in hex', (headers, prefix) => Object.assign(headers, { [`${prefix}key-MD5`]: md5Hex(KEY) }), WRONG_MD5],
  ['nothing but the algorithm', (headers, prefix) => [`key`, `key-MD5`].map((name) => delete headers[prefix + name]), NO_KEY],
  ['nothing but the key', (headers, prefix) => [`algorithm`, `key-MD5`].map((name) => delete headers[prefix + name]), NO_MD5],
  ['nothing but the MD5', (headers, prefix) => [`algorithm`, `key`].map((name) => delete headers[prefix + name]), NO_KEY],
]

function broken(spoil: (typeof BROKEN)[number][1], prefix = PREFIX): Record<string, string> {
  const headers = triple(KEY, prefix)
  spoil(headers, prefix)
  return headers
}

describe.each(BROKEN)('%s', (_, spoil, refusal) => {
  test('is refused by PutObject, and nothing is stored', async () => {
    const response = await bucket.send('PUT', 'broken', { body: Buffer.from('x'), headers: broken(spoil) })
    await expectError(response, 400, ...refusal)
    await expectNoSuchKey(await bucket.get('broken'))
  })

  test('is refused by GetObject and HeadObject, before anything is looked up', async () => {
    await expectError(await bucket.get('missing', { ...broken(spoil), range: 'nonsense' }), 400, ...refusal)
    await expectHeadError(await bucket.head('missing', broken(spoil)), 400)
  })

  test('is refused by CreateMultipartUpload', async () => {
    await expectError(await bucket.send('POST', 'broken', { query: { uploads: '' }, headers: broken(spoil) }), 400, ...refusal)
  })

  test('is refused by CopyObject, for the copy and for the source, before the rest of the request is looked at', async () => {
    const headers = { 'x-amz-copy-source': 'nonsense', 'x-amz-metadata-directive': 'NONSENSE', 'x-amz-storage-class': 'NONSENSE' }
    for (const prefix of [PREFIX, SOURCE_PREFIX]) {
      await expectError(await bucket.send('PUT', 'broken', { headers: { ...headers, ...broken(spoil, prefix) } }), 400, ...refusal)
    }
  })
})

describe('a copy', () => {
  const BODY = someBytes(100 * KIB, 9)
  beforeAll(async () => {
    await bucket.put('open', BODY)
    await bucket.put('secret', BODY, triple(KEY))
    await bucket.put('secret-large', someBytes(3 * MIB, 9), triple(KEY))
  })
  const copy = (source: string, target: string, headers: Record<string, string> = {}) =>
    bucket.send('PUT', target, { headers: { 'x-amz-copy-source': bucket.path(source), ...headers } })

  test('takes a key on', async () => {
    const response = await copy('open', 'taken-on', triple(KEY))
    expect([response.status, headersOf(response, PREFIX)]).toEqual([200, ECHO])
    await expectError(await bucket.get('taken-on'), 400, ...KEY_NEEDED)
    expectSameBytes(await bytesOf(await bucket.get('taken-on', triple(KEY))), BODY)
  })

  test('lays a key down', async () => {
    const response = await copy('secret', 'laid-down', triple(KEY, SOURCE_PREFIX))
    expect([response.status, headersOf(response, PREFIX)]).toEqual([200, {}])
    expectSameBytes(await bytesOf(await bucket.get('laid-down')), BODY)
  })

  test('keeps a key', async () => {
    expect((await copy('secret', 'same', { ...triple(KEY, SOURCE_PREFIX), ...triple(KEY) })).status).toBe(200)
    expectSameBytes(await bytesOf(await bucket.get('same', triple(KEY))), BODY)
  })

  test.each(['secret', 'secret-large'])('changes a key, and the ETag stays: %s', async (source) => {
    const target = uniqueName('changed')
    expect((await copy(source, target, { ...triple(KEY, SOURCE_PREFIX), ...triple(OTHER_KEY) })).status).toBe(200)
    await expectError(await bucket.get(target, triple(KEY)), 403, ...WRONG_KEY)
    const [got, before] = [await bucket.get(target, triple(OTHER_KEY)), await bucket.get(source, triple(KEY))]
    expect(got.headers.get('etag')).toBe(before.headers.get('etag'))
    expectSameBytes(await bytesOf(got), await bytesOf(before))
  })

  test('changes the key of an object in its place', async () => {
    await bucket.put('rotated', BODY, triple(KEY))
    expect((await copy('rotated', 'rotated', { ...triple(KEY, SOURCE_PREFIX), ...triple(OTHER_KEY) })).status).toBe(200)
    expectSameBytes(await bytesOf(await bucket.get('rotated', triple(OTHER_KEY))), BODY)
    await expectError(await bucket.get('rotated', triple(KEY)), 403, ...WRONG_KEY)
  })

  test('needs the key of its source', async () => {
    await expectError(await copy('secret', 'none'), 400, ...KEY_NEEDED)
    await expectError(await copy('secret', 'none', triple(KEY)), 400, ...KEY_NEEDED)
    await expectError(await copy('secret', 'none', triple(OTHER_KEY, SOURCE_PREFIX)), 403, ...WRONG_KEY)
    await expectError(await copy('open', 'none', triple(KEY, SOURCE_PREFIX)), 400, ...NOT_APPLICABLE)
    await expectNoSuchKey(await bucket.get('none'))
  })

  test('finds its source missing or changed before it asks for the key', async () => {
    await expectNoSuchKey(await copy('missing', 'none', triple(KEY, SOURCE_PREFIX)))
    expect((await copy('secret', 'none', { 'x-amz-copy-source-if-match': '"other"' })).status).toBe(412)
  })
})

describe('the AWS SDK', () => {
  const customer = (key: Uint8Array) => ({
    SSECustomerAlgorithm: 'AES256',
    SSECustomerKey: Buffer.from(key).toString('base64'),
    SSECustomerKeyMD5: digest64('md5', key),
  })

  test('writes, reads and copies with a key', async () => {
    const at = { Bucket: bucket.name, Key: 'sdk' }
    const put = await bucket.s3.send(new PutObjectCommand({ ...at, Body: 'hello', ...customer(KEY) }))
    expect(put.SSECustomerKeyMD5).toBe(digest64('md5', KEY))
    expect((await bucket.s3.send(new HeadObjectCommand({ ...at, ...customer(KEY) }))).SSECustomerAlgorithm).toBe('AES256')
    const got = await bucket.s3.send(new GetObjectCommand({ ...at, ...customer(KEY) }))
    expect(await got.Body!.transformToString()).toBe('hello')
    const source = { CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: KEY.toString('base64') }
    const CopySource = `${bucket.name}/sdk`
    await bucket.s3.send(
      new CopyObjectCommand({ ...at, Key: 'sdk-copy', CopySource, ...source, CopySourceSSECustomerKeyMD5: digest64('md5', KEY) }),
    )
    expect(await (await bucket.get('sdk-copy')).text()).toBe('hello')
  })
})
