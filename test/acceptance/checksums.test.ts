import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { ChecksumAlgorithm, GetObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { bytesOf, expectError, expectNoSuchKey, headersOf } from './support/answers.ts'
import { s3Client, uniqueName } from './support/clients.ts'
import { checksum64, crc32c, crc64nvme, R2_ALGORITHMS } from './support/crc.ts'
import { awsChunked, chunkedHeaders, digest64, KIB, lentBucket, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')
const hex = (value: string): string => Buffer.from(value, 'base64').toString('hex')

/** Every algorithm: its header, its name in R2's texts, how to compute it, and the value of `123456789` from its specification. */
const ALGORITHMS = [
  ['crc32', 'CRC32', (bytes: Uint8Array) => base64(crc32(bytes).toString(16).padStart(8, '0')), 'y/Q5Jg=='],
  ['crc32c', 'CRC32C', (bytes: Uint8Array) => base64(crc32c(bytes).toString(16).padStart(8, '0')), '4waSgw=='],
  ['crc64nvme', 'CRC64NVME', (bytes: Uint8Array) => base64(crc64nvme(bytes).toString(16).padStart(16, '0')), 'rosUhgp5mIg='],
  ['sha1', 'SHA-1', (bytes: Uint8Array) => digest64('sha1', bytes), '98O8HYCOBHMq32eZZczDTKeuNEE='],
  ['sha256', 'SHA-256', (bytes: Uint8Array) => digest64('sha256', bytes), 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU='],
  [
    'sha512',
    'SHA-512',
    (bytes: Uint8Array) => checksum64('SHA512', bytes),
    '2eZ2LdHI6vbWGzxhkvxAjU1tXxF20MKRabwk5xw/J0rSf81YEbMT1oH35V7ALXPUmclUVba1u1A6z1dPuo/+hQ==',
  ],
  ['md5', 'MD5', (bytes: Uint8Array) => digest64('md5', bytes), 'JfnnlDI7RTiF9RgfG2JNCw=='],
  ['xxhash64', 'XXHASH64', (bytes: Uint8Array) => checksum64('XXHASH64', bytes), 'jLhB20DmroM='],
  ['xxhash3', 'XXHASH3', (bytes: Uint8Array) => checksum64('XXHASH3', bytes), 'ctyxi2ehff8='],
  ['xxhash128', 'XXHASH128', (bytes: Uint8Array) => checksum64('XXHASH128', bytes), 'MxGUd+3l3NXpcWQnaB1YYA=='],
] as const

const TIERS = [
  ['inline', 1000],
  ['in D1', 100 * KIB],
  ['in KV', 600 * KIB],
] as const

const badDigest = (name: string, claimed: string, actual: string) =>
  `The ${name} checksum you specified did not match what we received.\nYou provided a ${name} checksum with value: ${claimed}\nActual ${name} was: ${actual}`

/** The checksum headers of an answer, but those about the type. */
function checksumsOf(response: Response): Record<string, string> {
  const { 'x-amz-checksum-type': _, ...values } = headersOf(response, 'x-amz-checksum-')
  return values
}

describe.each(ALGORITHMS)('%s', (algorithm, name, compute, known) => {
  const header = `x-amz-checksum-${algorithm}`
  /** A value of the right length that is wrong. */
  const wrong = base64('ab'.repeat(Buffer.from(known, 'base64').length))

  test('in a header is verified, echoed, stored, and told when it is asked for', async () => {
    const key = uniqueName('header')
    const body = Buffer.from('123456789')
    expect(compute(body)).toBe(known)
    const put = await bucket.send('PUT', key, { body, headers: { [header]: known } })
    expect([put.status, checksumsOf(put)]).toEqual([200, { [header]: known }])
    for (const method of ['GET', 'HEAD']) {
      const silent = await bucket.send(method, key)
      expect(headersOf(silent, 'x-amz-checksum')).toEqual({})
      const told = await bucket.send(method, key, { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
      expect(headersOf(told, 'x-amz-checksum')).toEqual({ [header]: known, 'x-amz-checksum-type': 'FULL_OBJECT' })
    }
  })

  test.each(TIERS)('in a header that is wrong stores nothing: %s', async (_, size) => {
    const key = uniqueName('wrong')
    const body = someBytes(size)
    const response = await bucket.send('PUT', key, { body, headers: { [header]: wrong } })
    await expectError(response, 400, 'BadDigest', badDigest(name, hex(wrong), hex(compute(body))))
    await expectNoSuchKey(await bucket.get(key))
  })

  test('that is wrong leaves the old object in place', async () => {
    await bucket.put('kept', 'old')
    expect((await bucket.send('PUT', 'kept', { body: Buffer.from('new'), headers: { [header]: wrong } })).status).toBe(400)
    expect(await (await bucket.get('kept')).text()).toBe('old')
  })

  test.each(TIERS)('in a trailer is verified, echoed and stored: %s', async (_, size) => {
    const key = uniqueName('trailer')
    const body = someBytes(size)
    const chunks = [body.subarray(0, size / 2), body.subarray(size / 2)]
    const trailers = { [header]: compute(body) }
    const put = await bucket.send('PUT', key, { body: awsChunked(chunks, trailers), headers: chunkedHeaders(size, header) })
    expect([put.status, checksumsOf(put)]).toEqual([200, trailers])
    const told = await bucket.head(key, { 'x-amz-checksum-mode': 'ENABLED' })
    expect(checksumsOf(told)).toEqual(trailers)
  })

  test.each(TIERS)('in a trailer that is wrong stores nothing: %s', async (_, size) => {
    const key = uniqueName('wrong')
    const body = someBytes(size)
    const framed = awsChunked([body], { [header]: wrong })
    const response = await bucket.send('PUT', key, { body: framed, headers: chunkedHeaders(size, header) })
    await expectError(response, 400, 'BadDigest', badDigest(name, hex(wrong), hex(compute(body))))
    await expectNoSuchKey(await bucket.get(key))
  })

  test('of an empty object is verified too', async () => {
    const key = uniqueName('empty')
    const right = compute(Buffer.alloc(0))
    expect(checksumsOf(await bucket.put(key, '', { [header]: right }))).toEqual({ [header]: right })
    const response = await bucket.send('PUT', key, { headers: { [header]: wrong } })
    await expectError(response, 400, 'BadDigest', badDigest(name, hex(wrong), hex(right)))
  })

  test.each([
    ['empty', ''],
    ['not base64', '!!!!'],
    ['hex', hex(known)],
    ['too short', known.slice(4)],
    ['too long', base64(`${hex(known)}00`)],
    ['without its padding', known.replace(/=+$/, '')],
    ['a composite value', `${known}-1`],
  ])('in a header that is %s is invalid', async (_, value) => {
    const response = await bucket.send('PUT', 'invalid', { body: Buffer.from('x'), headers: { [header]: value } })
    await expectError(response, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
    await expectNoSuchKey(await bucket.get('invalid'))
  })

  test.each(['', '!!!!', known.slice(4)])('in a trailer that is %j is invalid', async (value) => {
    const body = awsChunked(['x'], { [header]: value })
    const response = await bucket.send('PUT', 'invalid', { body, headers: chunkedHeaders(1, header) })
    await expectError(response, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
    await expectNoSuchKey(await bucket.get('invalid'))
  })

  const Algorithm = ChecksumAlgorithm[algorithm.toUpperCase() as keyof typeof ChecksumAlgorithm]
  const isR2 = R2_ALGORITHMS.some((known) => known === algorithm.toUpperCase())
  const field = `Checksum${algorithm.toUpperCase()}` as 'ChecksumCRC32'

  test.each<[string, (body: Buffer) => Buffer | Readable]>([
    ['a Buffer', (body) => body],
    ['a stream', (body) => Readable.from([body.subarray(0, 5000), body.subarray(5000)])],
  ])('is what the AWS SDK sends with %s, and reads again', async (_, make) => {
    const at = { Bucket: bucket.name, Key: uniqueName('sdk') }
    const body = someBytes(90 * KIB)
    // The SDK does not compute the new ones: it passes on a value that the caller has.
    const wish = isR2 ? { ChecksumAlgorithm: Algorithm } : { [field]: compute(body) }
    const put = new PutObjectCommand({ ...at, Body: make(body), ContentLength: body.length, ...wish })
    expect((await bucket.s3.send(put))[field]).toBe(compute(body))
    expect(await bucket.s3.send(new HeadObjectCommand({ ...at, ChecksumMode: 'ENABLED' }))).toMatchObject({
      [field]: compute(body),
      ChecksumType: 'FULL_OBJECT',
    })
    // It refuses to read what it cannot check, from S3 as well, so it is told to check nothing.
    const reader = isR2 ? bucket.s3 : s3Client({ responseChecksumValidation: 'WHEN_REQUIRED' })
    const got = await reader.send(new GetObjectCommand({ ...at, ...(isR2 && { ChecksumMode: 'ENABLED' }) }))
    expect(Buffer.compare(Buffer.from(await got.Body!.transformToByteArray()), body)).toBe(0)
  })
})

describe('without any checksum', () => {
  test.each(TIERS)('crc64nvme is computed, answered and stored: %s', async (_, size) => {
    const key = uniqueName('default')
    const body = someBytes(size)
    const expected = { 'x-amz-checksum-crc64nvme': base64(crc64nvme(body).toString(16).padStart(16, '0')) }
    expect(checksumsOf(await bucket.put(key, body))).toEqual(expected)
    expect(checksumsOf(await bucket.head(key, { 'x-amz-checksum-mode': 'ENABLED' }))).toEqual(expected)
  })

  test('x-amz-sdk-checksum-algorithm alone changes nothing', async () => {
    const put = await bucket.put('alone', '123456789', { 'x-amz-sdk-checksum-algorithm': 'SHA256' })
    expect(checksumsOf(put)).toEqual({ 'x-amz-checksum-crc64nvme': 'rosUhgp5mIg=' })
  })

  test('an algorithm nobody knows is ignored', async () => {
    const put = await bucket.put('unknown', '123456789', { 'x-amz-checksum-md4': 'AAAA' })
    expect(checksumsOf(put)).toEqual({ 'x-amz-checksum-crc64nvme': 'rosUhgp5mIg=' })
  })
})

describe('x-amz-checksum-mode', () => {
  const ENABLED = { 'x-amz-checksum-mode': 'ENABLED' }

  test('tells nothing of a part of an object, nor on a 304', async () => {
    await bucket.put('partial', '123456789')
    const range = await bucket.get('partial', { ...ENABLED, range: 'bytes=0-3' })
    expect([range.status, headersOf(range, 'x-amz-checksum')]).toEqual([206, {}])
    const unchanged = await bucket.get('partial', { ...ENABLED, 'if-none-match': '*' })
    expect([unchanged.status, headersOf(unchanged, 'x-amz-checksum')]).toEqual([304, {}])
  })

  test('means nothing with another value', async () => {
    await bucket.put('mode', 'x')
    expect(headersOf(await bucket.get('mode', { 'x-amz-checksum-mode': 'DISABLED' }), 'x-amz-checksum')).toEqual({})
  })
})

describe('more than one checksum', () => {
  const TWO = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'

  test('in headers is refused, even if all are right', async () => {
    const headers = { 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-crc32c': '4waSgw==' }
    const response = await bucket.send('PUT', 'two', { body: Buffer.from('123456789'), headers })
    await expectError(response, 400, 'InvalidRequest', TWO)
    await expectNoSuchKey(await bucket.get('two'))
  })

  test('in a header and a trailer is refused', async () => {
    const body = awsChunked(['123456789'], { 'x-amz-checksum-crc32': 'y/Q5Jg==' })
    const headers = { ...chunkedHeaders(9, 'x-amz-checksum-crc32'), 'x-amz-checksum-crc32c': '4waSgw==' }
    const response = await bucket.send('PUT', 'two', { body, headers })
    expect([response.status, await response.text()]).toMatchObject([400, expect.stringContaining('<Code>InvalidRequest</Code>')])
  })

  test('beside Content-MD5 is fine: both are checked', async () => {
    const right = { 'content-md5': digest64('md5', 'x'), 'x-amz-checksum-sha1': digest64('sha1', 'x') }
    expect((await bucket.send('PUT', 'both', { body: Buffer.from('x'), headers: right })).status).toBe(200)
    const wrongSha = { ...right, 'x-amz-checksum-sha1': digest64('sha1', 'y') }
    const response = await bucket.send('PUT', 'both', { body: Buffer.from('x'), headers: wrongSha })
    expect([response.status, await response.text()]).toMatchObject([400, expect.stringContaining('SHA-1')])
    const wrongMd5 = { ...right, 'content-md5': digest64('md5', 'y') }
    const other = await bucket.send('PUT', 'both', { body: Buffer.from('x'), headers: wrongMd5 })
    expect([other.status, await other.text()]).toMatchObject([400, expect.stringContaining('MD5')])
  })
})

describe('Content-MD5', () => {
  test.each(TIERS)('that is right is fine: %s', async (_, size) => {
    const body = someBytes(size)
    expect((await bucket.put(uniqueName('md5'), body, { 'content-md5': digest64('md5', body) })).status).toBe(200)
  })

  test.each(TIERS)('that is wrong stores nothing: %s', async (_, size) => {
    const key = uniqueName('md5')
    const body = someBytes(size)
    const response = await bucket.send('PUT', key, { body, headers: { 'content-md5': digest64('md5', 'other') } })
    await expectError(response, 400, 'BadDigest', badDigest('MD5', md5Hex('other'), md5Hex(body)))
    await expectNoSuchKey(await bucket.get(key))
  })

  test.each(['', 'x', 'AAAA', md5Hex('x'), `${digest64('md5', 'x')}A`, digest64('md5', 'x').slice(0, -2)])(
    '%j is invalid',
    async (value) => {
      const response = await bucket.send('PUT', 'md5', { body: Buffer.from('x'), headers: { 'content-md5': value } })
      await expectError(response, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
      await expectNoSuchKey(await bucket.get('md5'))
    },
  )

  test('of a chunked body is that of its data', async () => {
    const send = (value: string) =>
      bucket.send('PUT', uniqueName('md5'), { body: awsChunked(['hel', 'lo']), headers: { ...chunkedHeaders(5), 'content-md5': value } })
    expect((await send(digest64('md5', 'hello'))).status).toBe(200)
    await expectError(await send(digest64('md5', '')), 400, 'BadDigest', badDigest('MD5', md5Hex(''), md5Hex('hello')))
  })
})

describe('x-amz-content-sha256', () => {
  const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const MISMATCH = "The provided 'x-amz-content-sha256' header does not match what was computed."

  test.each(TIERS)('that is right is fine: %s', async (_, size) => {
    const body = someBytes(size)
    expect((await bucket.put(uniqueName('signed'), body, { 'x-amz-content-sha256': sha256(body) })).status).toBe(200)
  })

  test.each(TIERS)('that is wrong stores nothing: %s', async (_, size) => {
    const key = uniqueName('signed')
    const headers = { 'x-amz-content-sha256': sha256('other') }
    const response = await bucket.send('PUT', key, { body: someBytes(size), headers })
    await expectError(response, 400, 'XAmzContentSHA256Mismatch', MISMATCH)
    await expectNoSuchKey(await bucket.get(key))
  })

  test('is compared before Content-MD5 and checksums', async () => {
    const headers = { 'x-amz-content-sha256': sha256('other'), 'content-md5': digest64('md5', 'other'), 'x-amz-checksum-crc32': 'AAAAAA==' }
    const response = await bucket.send('PUT', 'signed', { body: Buffer.from('x'), headers })
    await expectError(response, 400, 'XAmzContentSHA256Mismatch', MISMATCH)
  })
})

describe('the AWS SDK by default', () => {
  const body = someBytes(70 * KIB)
  test.each<[string, () => Buffer | Readable]>([
    ['a Buffer', () => body],
    ['a stream', () => Readable.from([body.subarray(0, 10), body.subarray(10)])],
  ])('sends a CRC32 with %s, and gets it echoed', async (_, make) => {
    const at = { Bucket: bucket.name, Key: uniqueName('default') }
    const put = await bucket.s3.send(new PutObjectCommand({ ...at, Body: make(), ContentLength: body.length }))
    expect(put.ChecksumCRC32).toBe(base64(crc32(body).toString(16).padStart(8, '0')))
    expect((await bytesOf(await bucket.get(at.Key))).equals(body)).toBe(true)
    expect((await bucket.head(at.Key)).headers.get('content-encoding')).toBeNull()
  })

  test.each<[string, () => Buffer | Readable]>([
    ['a Buffer', () => body],
    ['a stream', () => Readable.from([body])],
  ])('may be told to send a checksum only where one is required: %s', async (_, make) => {
    const s3 = s3Client({ requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' })
    const at = { Bucket: bucket.name, Key: uniqueName('required') }
    const put = await s3.send(new PutObjectCommand({ ...at, Body: make(), ContentLength: body.length }))
    expect(put.ChecksumCRC64NVME).toBe(base64(crc64nvme(body).toString(16).padStart(16, '0')))
  })

  test('finds the name of a bad digest', async () => {
    const put = new PutObjectCommand({ Bucket: bucket.name, Key: 'bad', Body: 'x', ContentMD5: digest64('md5', 'y') })
    await expect(bucket.s3.send(put)).rejects.toMatchObject({ name: 'BadDigest', message: badDigest('MD5', md5Hex('y'), md5Hex('x')) })
  })
})
