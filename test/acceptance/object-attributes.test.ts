import { GetObjectAttributesCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { expectError, expectNoSuchBucket, expectNoSuchKey } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { openUpload, PART_A, PART_B, PART_BYTES, TAIL } from './support/multipart.ts'
import { digest64, etagOf, lentBucket } from './support/objects.ts'

const bucket = lentBucket()
const ALL = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const

const attributes = (key: string, names: string, headers: Record<string, string> = {}) =>
  bucket.send('GET', key, { query: { attributes: '' }, headers: { 'x-amz-object-attributes': names, ...headers } })

/** What the SDK reads, without what every answer has. */
async function read(Key: string, more: Record<string, unknown> = {}) {
  const command = new GetObjectAttributesCommand({ Bucket: bucket.name, Key, ObjectAttributes: [...ALL], ...more })
  const { $metadata, LastModified, ...answer } = await bucket.s3.send(command)
  expect(LastModified).toEqual(new Date((await bucket.head(Key)).headers.get('last-modified')!))
  return answer
}

describe('of a simple object', () => {
  test('all that was asked for comes in the order of S3, and nothing else', async () => {
    await bucket.put('simple', 'hello')
    const response = await attributes('simple', 'ObjectSize,  ETag ,StorageClass')
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'application/xml',
      '<?xml version="1.0" encoding="UTF-8"?><GetObjectAttributesResponse xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
        `<ETag>${etagOf('hello').slice(1, -1)}</ETag><StorageClass>STANDARD</StorageClass><ObjectSize>5</ObjectSize></GetObjectAttributesResponse>`,
    ])
  })

  test("it has no parts, and the checksum that the client sent, or else R2's own", async () => {
    await bucket.put('summed', 'hello', { 'x-amz-checksum-sha256': digest64('sha256', 'hello'), 'x-amz-storage-class': 'STANDARD_IA' })
    expect(await read('summed')).toEqual({
      ETag: etagOf('hello').slice(1, -1),
      Checksum: { ChecksumSHA256: digest64('sha256', 'hello'), ChecksumType: 'FULL_OBJECT' },
      StorageClass: 'STANDARD_IA',
      ObjectSize: 5,
    })
    await bucket.put('unsummed', '')
    const Checksum = { ChecksumCRC64NVME: 'AAAAAAAAAAA=', ChecksumType: 'FULL_OBJECT' }
    expect(await read('unsummed')).toEqual({ ETag: etagOf('').slice(1, -1), Checksum, StorageClass: 'STANDARD', ObjectSize: 0 })
  })

  test('conditions are not evaluated', async () => {
    await bucket.put('simple', 'hello')
    expect((await attributes('simple', 'ETag', { 'if-none-match': '*', 'if-match': '"other"' })).status).toBe(200)
  })
})

describe('of a multipart object', () => {
  test('parts have their numbers and sizes, a page at a time', async () => {
    const upload = await openUpload(bucket, 'parts')
    const parts = [await upload.part(2, PART_A), await upload.part(5, PART_B), await upload.part(9, TAIL)]
    await upload.finish(parts)
    const sizes = [
      { PartNumber: 2, Size: PART_BYTES },
      { PartNumber: 5, Size: PART_BYTES },
      { PartNumber: 9, Size: TAIL.length },
    ]
    const head = await bucket.head('parts')
    const whole = { TotalPartsCount: 3, PartNumberMarker: '0', NextPartNumberMarker: '9', MaxParts: 1000, IsTruncated: false, Parts: sizes }
    expect(await read('parts')).toEqual({
      ETag: head.headers.get('etag')!.slice(1, -1),
      ObjectParts: whole,
      StorageClass: 'STANDARD',
      ObjectSize: 2 * PART_BYTES + TAIL.length,
    })
    const page = { PartNumberMarker: '2', NextPartNumberMarker: '5', MaxParts: 1, IsTruncated: true, Parts: [sizes[1]] }
    expect((await read('parts', { MaxParts: 1, PartNumberMarker: '2' })).ObjectParts).toEqual({ ...whole, ...page })
    const behind = (await read('parts', { PartNumberMarker: '9' })).ObjectParts
    expect(behind).toEqual({ TotalPartsCount: 3, PartNumberMarker: '9', MaxParts: 1000, IsTruncated: false })
    expect((await read('parts', { MaxParts: 0 })).ObjectParts).toMatchObject({ TotalPartsCount: 3, MaxParts: 0, IsTruncated: true })
    expect((await read('parts', { ObjectAttributes: ['ETag'] })).ObjectParts).toBeUndefined()
  })

  test.each([
    ['one part', [7]],
    ['an empty last part', [1, 2]],
    ['an empty last part behind a gap', [3, 10]],
  ])('%s', async (_, [first, last]) => {
    const upload = await openUpload(bucket, 'empty-part')
    const parts = [await upload.part(first!, PART_A), ...(last === undefined ? [] : [await upload.part(last, '')])]
    await upload.finish(parts)
    const expected = [{ PartNumber: first, Size: PART_BYTES }, ...(last === undefined ? [] : [{ PartNumber: last, Size: 0 }])]
    expect((await read('empty-part')).ObjectParts).toMatchObject({ TotalPartsCount: expected.length, Parts: expected })
  })

  test('a copy in the bucket keeps its parts, and its composite checksum', async () => {
    const upload = await openUpload(bucket, 'composite', { 'x-amz-checksum-algorithm': 'SHA256' })
    const part = (number: number, bytes: Uint8Array) => upload.part(number, bytes, { 'x-amz-checksum-sha256': digest64('sha256', bytes) })
    await upload.finish([await part(1, PART_A), await part(2, TAIL)])
    const copied = await bucket.send('PUT', 'composite-copy', { headers: { 'x-amz-copy-source': bucket.path('composite') } })
    expect(copied.status).toBe(200)
    const [original, copy] = [await read('composite'), await read('composite-copy')]
    expect(original.Checksum).toEqual({ ChecksumSHA256: expect.stringMatching(/^.{44}-2$/), ChecksumType: 'COMPOSITE' })
    expect(copy).toEqual(original)
  })
})

describe('refuses', () => {
  const MISSING = 'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty'

  test.each(['', ' ', ',', ' , '])('the list %j', async (names) => {
    await expectError(await attributes('any', names), 400, 'InvalidRequest', MISSING)
    await expectError(await bucket.send('GET', 'any', { query: { attributes: '' } }), 400, 'InvalidRequest', MISSING)
  })

  test.each(['etag', 'ETag,Owner', 'ETag,,ObjectSize', 'ETag ObjectSize'])('the name in %j', async (names) => {
    await expectError(await attributes('any', names), 400, 'InvalidArgument', 'Invalid attribute name specified.')
  })

  test.each([
    ['x-amz-max-parts', 'max-parts'],
    ['x-amz-part-number-marker', 'part-number-marker'],
  ])('%s that is no number', async (header, name) => {
    for (const value of ['-1', 'x', '1.5', '99999999999']) {
      const message = `Argument ${name} must be an integer between 0 and 2147483647`
      await expectError(await attributes('any', 'ObjectParts', { [header]: value }), 400, 'InvalidArgument', message)
    }
  })

  test('a missing key, a missing bucket and a version', async () => {
    await expectNoSuchKey(await attributes('missing', 'ETag'))
    const headers = { 'x-amz-object-attributes': 'ETag' }
    await expectNoSuchBucket(await signedFetch('GET', `/${uniqueName('nowhere')}/a`, { query: { attributes: '' }, headers }))
    const versioned = await bucket.send('GET', 'any', { query: { attributes: '', versionId: 'null' }, headers })
    await expectError(versioned, 501, 'NotImplemented', 'versionId not implemented')
  })

  test("an object that is sealed by a customer, without the customer's key", async () => {
    const key = Buffer.alloc(32, 5)
    const sealed = {
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': key.toString('base64'),
      'x-amz-server-side-encryption-customer-key-md5': digest64('md5', key),
    }
    await bucket.put('sealed', 'secret', sealed)
    expect((await attributes('sealed', 'ObjectSize')).status).toBe(400)
    expect(await (await attributes('sealed', 'ObjectSize', sealed)).text()).toContain('<ObjectSize>6</ObjectSize>')
  })
})
