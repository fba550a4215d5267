import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { beforeAll, describe, expect, test } from 'vitest'
import { elementOf, expectError, expectNoSuchKey, expectSameBytes, headersOf } from './support/answers.ts'
import { ALGORITHMS, type Algorithm, checksum, checksum64, compositeChecksum64, crc32c, crc64nvme, NEW_ALGORITHMS } from './support/crc.ts'
import { type ListedPart, openUpload, PART_A, PART_B, TAIL } from './support/multipart.ts'
import { lentBucket, MIB, someBytes } from './support/objects.ts'

const bucket = lentBucket()
const BODIES = [PART_A, PART_B, TAIL] as const
const WHOLE = Buffer.concat(BODIES)

/** What each algorithm comes to by default: CRC64NVME is of the whole object, the others are of the parts' checksums. */
const USUAL = ALGORITHMS.map((algorithm) => [algorithm, algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'] as const)
const COMBINATIONS = [...USUAL, ['CRC32', 'FULL_OBJECT'], ['CRC32C', 'FULL_OBJECT']] as const

const headerOf = (algorithm: Algorithm) => `x-amz-checksum-${algorithm.toLowerCase()}`
const elementFor = (algorithm: Algorithm, value: string) => `<Checksum${algorithm}>${value}</Checksum${algorithm}>`
const expected = (algorithm: Algorithm, type: string, bodies: readonly Uint8Array[]) =>
  type === 'COMPOSITE' ? compositeChecksum64(algorithm, bodies) : checksum64(algorithm, Buffer.concat(bodies))
const checksumsOf = async (key: string) => headersOf(await bucket.head(key, { 'x-amz-checksum-mode': 'ENABLED' }), 'x-amz-checksum')

/** Checksums of the shared parts, worked out once. */
const PARTS = Object.fromEntries(ALGORITHMS.map((algorithm) => [algorithm, BODIES.map((body) => checksum64(algorithm, body))]))

test.each([
  ['CRC-32C', crc32c(Buffer.from('123456789')).toString(16), 'e3069283'],
  ['CRC-64/NVME', crc64nvme(Buffer.from('123456789')).toString(16), 'ae8b14860a799888'],
])('the reference %s of this suite has its published check value', (_name, value, check) => {
  expect(value).toBe(check)
})

describe.each(COMBINATIONS)('an upload with %s, %s', (algorithm, type) => {
  const key = `whole/${algorithm}/${type}`
  const value = () => expected(algorithm, type, BODIES)
  let created: Response
  let parts: Response[]
  let listed: string
  let completed: Response
  let document: string

  beforeAll(async () => {
    const upload = await openUpload(bucket, key, { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type })
    created = upload.created
    // The second part comes without a checksum: the server works it out.
    parts = await Promise.all(
      BODIES.map((body, index) => upload.put(index + 1, body, index === 1 ? {} : { [headerOf(algorithm)]: PARTS[algorithm]![index]! })),
    )
    listed = await (await upload.send('GET')).text()
    const list = parts.map((response, index): ListedPart => {
      const fields = elementFor(algorithm, PARTS[algorithm]![index]!)
      return { number: index + 1, etag: response.headers.get('etag')!, fields }
    })
    completed = await upload.complete(list, { [headerOf(algorithm)]: value(), 'x-amz-checksum-type': type })
    document = await completed.text()
  })

  test('is told so when it is created', () => {
    expect(headersOf(created, 'x-amz-checksum')).toEqual({ 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type })
  })

  test('echoes the checksum of a part that was sent with one', () => {
    expect(parts.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(headersOf(parts[0]!, 'x-amz-checksum')).toEqual({ [headerOf(algorithm)]: PARTS[algorithm]![0] })
    expect(headersOf(parts[1]!, 'x-amz-checksum')).toEqual({})
  })

  test('lists the checksum of every part', () => {
    const values = [...listed.matchAll(new RegExp(`<Checksum${algorithm}>([^<]*)<`, 'g'))].map(([, text]) => text)
    expect(values).toEqual(PARTS[algorithm])
  })

  test('is completed with the checksum of the object, at the end of the document', () => {
    expect(completed.status).toBe(200)
    expect(document).toMatch(
      new RegExp(`</Location><Checksum${algorithm}>[^<]+</Checksum${algorithm}><ChecksumType>${type}</ChecksumType></CompleteMultipart`),
    )
    expect(elementOf(document, `Checksum${algorithm}`)).toBe(value())
  })

  test('makes an object that tells its checksum when asked', async () => {
    expect(await checksumsOf(key)).toEqual({ [headerOf(algorithm)]: value(), 'x-amz-checksum-type': type })
    expect(headersOf(await bucket.head(key), 'x-amz-checksum')).toEqual({})
    const range = await bucket.get(key, { range: 'bytes=0-9', 'x-amz-checksum-mode': 'ENABLED' })
    expect(headersOf(range, 'x-amz-checksum')).toEqual({})
  })

  test('keeps its checksum in a copy', async () => {
    const copied = await bucket.send('PUT', `${key}/copy`, { headers: { 'x-amz-copy-source': `${bucket.name}/${key}` } })
    expect(copied.status).toBe(200)
    expect(await checksumsOf(`${key}/copy`)).toEqual({ [headerOf(algorithm)]: value(), 'x-amz-checksum-type': type })
  })
})

describe('CreateMultipartUpload', () => {
  test.each(USUAL)('gives %s the type %s when none is asked for', async (algorithm, type) => {
    const { created } = await openUpload(bucket, 'usual', { 'x-amz-checksum-algorithm': algorithm })
    expect(created.headers.get('x-amz-checksum-type')).toBe(type)
  })

  test.each([
    ['SHA1', 'FULL_OBJECT'],
    ['SHA256', 'FULL_OBJECT'],
    ...NEW_ALGORITHMS.map((algorithm) => [algorithm, 'FULL_OBJECT']),
    ['CRC64NVME', 'COMPOSITE'],
    ['CRC32', 'PARTIAL'],
  ])('refuses %s with the type %s', async (algorithm, type) => {
    const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
    const response = await bucket.send('POST', 'refused', { query: { uploads: '' }, headers })
    expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'InvalidRequest'])
  })

  test.each([{ 'x-amz-checksum-algorithm': 'MD4' }, { 'x-amz-checksum-type': 'COMPOSITE' }] as Record<string, string>[])(
    'refuses %j',
    async (headers) => {
      const response = await bucket.send('POST', 'refused', { query: { uploads: '' }, headers })
      expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'InvalidRequest'])
    },
  )

  test('without an algorithm makes an object without a checksum', async () => {
    const upload = await openUpload(bucket, 'none')
    expect(headersOf(upload.created, 'x-amz-checksum')).toEqual({})
    const completed = await upload.finish([await upload.part(1, 'abc')])
    expect(await completed.text()).not.toContain('Checksum')
    expect(await checksumsOf('none')).toEqual({})
  })
})

describe('UploadPart', () => {
  const spelled = (algorithm: Algorithm) => algorithm.replace(/^SHA/, 'SHA-')

  test.each(ALGORITHMS)('refuses a wrong %s and says what it was', async (algorithm) => {
    const upload = await openUpload(bucket, 'wrong', { 'x-amz-checksum-algorithm': algorithm })
    const [wrong, actual] = [checksum(algorithm, Buffer.from('other')), checksum(algorithm, TAIL)]
    const name = spelled(algorithm)
    await expectError(
      await upload.put(1, TAIL, { [headerOf(algorithm)]: wrong.toString('base64') }),
      400,
      'BadDigest',
      `The ${name} checksum you specified did not match what we received.\nYou provided a ${name} checksum with value: ${wrong.toString('hex')}\nActual ${name} was: ${actual.toString('hex')}`,
    )
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test('refuses a wrong checksum of a large part', async () => {
    const upload = await openUpload(bucket, 'wrong-large')
    const response = await upload.put(1, PART_A, { 'x-amz-checksum-crc32': PARTS.CRC32![1]! })
    expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'BadDigest'])
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test.each(['', 'AAAA', 'not base64!', 'AAAAAAAAAAA='])('refuses the CRC32 %j, which is none', async (value) => {
    const upload = await openUpload(bucket, 'none')
    const response = await upload.put(1, 'abc', { 'x-amz-checksum-crc32': value })
    await expectError(response, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
  })

  test('refuses two checksums', async () => {
    const upload = await openUpload(bucket, 'two')
    const headers = { 'x-amz-checksum-crc32': PARTS.CRC32![2]!, 'x-amz-checksum-sha1': PARTS.SHA1![2]! }
    const text = 'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'
    await expectError(await upload.put(1, TAIL, headers), 400, 'InvalidRequest', text)
  })

  test('works out the checksum of a part that was sent without one, however small', async () => {
    const upload = await openUpload(bucket, 'small', { 'x-amz-checksum-algorithm': 'SHA1' })
    await upload.finish([await upload.part(1, TAIL)])
    expect((await checksumsOf('small'))['x-amz-checksum-sha1']).toBe(compositeChecksum64('SHA1', [TAIL]))
  })

  test.each(['CRC32', 'SHA256', ...NEW_ALGORITHMS] as const)('works out the %s of a part that is copied', async (algorithm) => {
    await bucket.put('source', TAIL)
    await bucket.put('source-large', PART_A)
    const upload = await openUpload(bucket, 'copied', { 'x-amz-checksum-algorithm': algorithm })
    const parts = [await upload.copied(1, `${bucket.name}/source-large`), await upload.copied(2, `${bucket.name}/source`)]
    await upload.finish(parts)
    const value = compositeChecksum64(algorithm, [PART_A, TAIL])
    expect(await checksumsOf('copied')).toEqual({ [headerOf(algorithm)]: value, 'x-amz-checksum-type': 'COMPOSITE' })
  })

  test('works out the CRC64NVME of a copied range', async () => {
    await bucket.put('source-large', PART_A)
    const upload = await openUpload(bucket, 'copied-range', { 'x-amz-checksum-algorithm': 'CRC64NVME' })
    const range = { 'x-amz-copy-source-range': 'bytes=100-999' }
    await upload.finish([await upload.copied(1, `${bucket.name}/source-large`, range)])
    expect((await checksumsOf('copied-range'))['x-amz-checksum-crc64nvme']).toBe(checksum64('CRC64NVME', PART_A.subarray(100, 1000)))
  })

  test('of an SSE-free copy from another bucket has the checksum of the upload, too', async () => {
    await far.put('source', TAIL)
    const upload = await openUpload(bucket, 'copied-far', { 'x-amz-checksum-algorithm': 'SHA256' })
    await upload.finish([await upload.copied(1, `${far.name}/source`)])
    expect((await checksumsOf('copied-far'))['x-amz-checksum-sha256']).toBe(compositeChecksum64('SHA256', [TAIL]))
  })
})

const far = lentBucket()

describe('CompleteMultipartUpload', () => {
  const open = async (key: string, algorithm: Algorithm, type: string) => {
    const upload = await openUpload(bucket, key, { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type })
    return { upload, part: await upload.part(1, TAIL) }
  }

  test.each(COMBINATIONS)('refuses a wrong %s of the object (%s), and leaves the upload open', async (algorithm, type) => {
    const { upload, part } = await open('wrong-whole', algorithm, type)
    const wrong = expected(algorithm, type, [PART_A.subarray(0, 10)])
    const response = await upload.complete([part], { [headerOf(algorithm)]: wrong })
    expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'BadDigest'])
    await expectNoSuchKey(await bucket.get('wrong-whole'))
    await upload.abort()
  })

  test('takes a composite value without the number of parts', async () => {
    const { upload, part } = await open('bare', 'SHA256', 'COMPOSITE')
    await upload.finish([part], { 'x-amz-checksum-sha256': compositeChecksum64('SHA256', [TAIL]).replace('-1', '') })
  })

  test.each(ALGORITHMS)('could not find a part whose %s is another', async (algorithm) => {
    const { upload, part } = await open('wrong-part', algorithm, algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
    const fields = elementFor(algorithm, checksum64(algorithm, Buffer.from('other')))
    const text = 'One or more of the specified parts could not be found.'
    await expectError(await upload.complete([{ ...part, fields }]), 400, 'InvalidPart', text)
    await upload.finish([{ ...part, fields: `<Checksum${algorithm}></Checksum${algorithm}>` }])
  })

  test('combines parts without a byte', async () => {
    const upload = await openUpload(bucket, 'empty', { 'x-amz-checksum-algorithm': 'CRC64NVME' })
    await upload.finish([await upload.part(1, PART_A), await upload.part(2, '')])
    expect((await checksumsOf('empty'))['x-amz-checksum-crc64nvme']).toBe(PARTS.CRC64NVME![0])
  })

  test('combines the parts that are listed, in the order of their numbers', async () => {
    const upload = await openUpload(bucket, 'combined', { 'x-amz-checksum-algorithm': 'CRC64NVME' })
    const [tail, b, , a] = [
      await upload.part(9, TAIL),
      await upload.part(7, PART_B),
      await upload.part(5, 'dropped'),
      await upload.part(2, PART_A),
    ]
    await upload.finish([tail, a, b])
    expect((await checksumsOf('combined'))['x-amz-checksum-crc64nvme']).toBe(checksum64('CRC64NVME', WHOLE))
  })
})

describe('the AWS SDK', () => {
  test('with its defaults computes CRC32 on the way and reads it back', async () => {
    const { s3 } = bucket
    const at = { Bucket: bucket.name, Key: 'sdk' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at))
    const Parts = []
    for (const [index, Body] of BODIES.entries()) {
      const part = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: index + 1, Body }))
      expect(part.ChecksumCRC32).toBe(PARTS.CRC32![index])
      Parts.push({ PartNumber: index + 1, ETag: part.ETag, ChecksumCRC32: part.ChecksumCRC32 })
    }
    const listed = await s3.send(new ListPartsCommand({ ...at, UploadId }))
    expect(listed.Parts?.map(({ Size }) => Size)).toEqual(BODIES.map(({ length }) => length))
    await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }))
    const { Body } = await s3.send(new GetObjectCommand(at))
    expectSameBytes(await Body!.transformToByteArray(), WHOLE)
  })

  test.each(ALGORITHMS.filter((algorithm) => algorithm !== 'CRC32C' && algorithm !== 'CRC64NVME'))(
    'asked for %s gets the composite checksum',
    async (ChecksumAlgorithm) => {
      const { s3 } = bucket
      const at = { Bucket: bucket.name, Key: `sdk/${ChecksumAlgorithm}` }
      const { UploadId, ChecksumType } = await s3.send(new CreateMultipartUploadCommand({ ...at, ChecksumAlgorithm }))
      expect(ChecksumType).toBe('COMPOSITE')
      // The SDK does not compute the new ones: it passes on a value that the caller has.
      const isNew = NEW_ALGORITHMS.some((known) => known === ChecksumAlgorithm)
      const wish = isNew ? { [`Checksum${ChecksumAlgorithm}`]: checksum64(ChecksumAlgorithm, TAIL) } : { ChecksumAlgorithm }
      const { ETag, ...part } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: TAIL, ...wish }))
      expect(part[`Checksum${ChecksumAlgorithm}`]).toBe(checksum64(ChecksumAlgorithm, TAIL))
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, [`Checksum${ChecksumAlgorithm}`]: part[`Checksum${ChecksumAlgorithm}`] }] }
      const completed = await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload }))
      const value = compositeChecksum64(ChecksumAlgorithm, [TAIL])
      expect(completed[`Checksum${ChecksumAlgorithm}`]).toBe(value)
      const head = await s3.send(new HeadObjectCommand({ ...at, ChecksumMode: 'ENABLED' }))
      expect(head[`Checksum${ChecksumAlgorithm}`]).toBe(value)
    },
  )

  test('lib-storage uploads with its defaults, and the object has the checksum that its parts make', async () => {
    const body = someBytes(11 * MIB, 21)
    const params = { Bucket: bucket.name, Key: 'lib', Body: body }
    await new Upload({ client: bucket.s3, params, partSize: 5 * MIB }).done()
    const parts = [body.subarray(0, 5 * MIB), body.subarray(5 * MIB, 10 * MIB), body.subarray(10 * MIB)]
    const { 'x-amz-checksum-crc32': value, 'x-amz-checksum-type': type } = await checksumsOf('lib')
    expect(value).toBe(expected('CRC32', type!, parts))
  })
})
