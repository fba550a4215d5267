import { CopyObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  bytesOf,
  elementOf,
  expectError,
  expectNoSuchBucket,
  expectNoSuchKey,
  expectPreconditionFailed,
  expectSameBytes,
} from './support/answers.ts'
import { uniqueName } from './support/clients.ts'
import {
  customerKey,
  expectNoSuchUpload,
  multipartEtag,
  openUpload,
  PART_A,
  PART_B,
  PART_BYTES,
  putMultipart,
  TAIL,
  uploadAt,
} from './support/multipart.ts'
import { etagOf, lentBucket } from './support/objects.ts'

const bucket = lentBucket()
const far = lentBucket()
const UNKNOWN_ID = 'ff'.repeat(32)
const SIMPLE = Buffer.concat([PART_A, TAIL])
let multipart: Buffer

beforeAll(async () => {
  multipart = await putMultipart(bucket, 'multipart')
  await bucket.put('simple', SIMPLE)
  await bucket.put('small', 'hello')
  await bucket.put('empty', '')
  await far.put('simple', SIMPLE)
})

const from = (key: string) => `${bucket.name}/${key}`
const range = (value: string) => ({ 'x-amz-copy-source-range': value })
const expectInvalidArgument = (response: Response, message: string) => expectError(response, 400, 'InvalidArgument', message)

/** Completes an upload of one part and returns the object's bytes. */
async function copyOne(source: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const key = uniqueName('copy')
  const upload = await openUpload(bucket, key)
  await upload.finish([await upload.copied(1, source, headers)])
  return bytesOf(await bucket.get(key))
}

describe('the answer', () => {
  test('is the ETag and the time of the part, in that order', async () => {
    const upload = await openUpload(bucket, 'answer')
    const response = await upload.copy(1, from('small'))
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/xml')
    const etag = etagOf('hello').replaceAll('"', '&quot;')
    expect(await response.text()).toMatch(
      new RegExp(
        `^<\\?xml version="1.0" encoding="UTF-8"\\?><CopyPartResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ETag>${etag}</ETag><LastModified>\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z</LastModified></CopyPartResult>$`,
      ),
    )
  })

  test('agrees with ListParts', async () => {
    const upload = await openUpload(bucket, 'agrees')
    const { etag } = await upload.copied(3, from('simple'), range('bytes=1-10'))
    const listed = await (await upload.send('GET')).text()
    expect(['PartNumber', 'ETag', 'Size'].map((name) => elementOf(listed, name))).toEqual(['3', `&quot;${etag}&quot;`, '10'])
  })

  test('differs for different ranges', async () => {
    const upload = await openUpload(bucket, 'differs')
    const [one, two] = [
      await upload.copied(1, from('simple'), range('bytes=0-9')),
      await upload.copied(2, from('simple'), range('bytes=1-10')),
    ]
    expect(one.etag).not.toBe(two.etag)
  })
})

describe('the source', () => {
  test.each([
    ['/bucket/key', () => `/${from('small')}`],
    ['bucket/key', () => from('small')],
    ['an encoded slash', () => from('dir%2Fa%20b%2Bc')],
    ['an encoded key', () => from('dir/a%20b%2Bc')],
  ])('may be written as %s', async (_what, source) => {
    await bucket.put('dir/a b+c', 'hello')
    expect((await copyOne(source())).toString()).toBe('hello')
  })

  test.each([
    ['a whole object', 'simple', {}, () => SIMPLE],
    ['an empty object', 'empty', {}, () => Buffer.alloc(0)],
    ['a multipart object', 'multipart', {}, () => multipart],
    ['a range', 'simple', range('bytes=10-19'), () => SIMPLE.subarray(10, 20)],
    ['one byte', 'simple', range('bytes=0-0'), () => SIMPLE.subarray(0, 1)],
    ['a range past the end, which is clamped', 'small', range('bytes=1-999'), () => Buffer.from('ello')],
    ['a range with an absurd end', 'small', range(`bytes=4-${'9'.repeat(30)}`), () => Buffer.from('o')],
    [
      'a range over the borders of parts',
      'multipart',
      range(`bytes=${PART_BYTES - 7}-${2 * PART_BYTES + 7}`),
      () => multipart.subarray(PART_BYTES - 7, 2 * PART_BYTES + 8),
    ],
    ['the last part of a multipart object', 'multipart', range(`bytes=${2 * PART_BYTES}-${2 * PART_BYTES + 999}`), () => TAIL],
  ])('may be %s', async (_what, key, headers, bytes) => {
    expectSameBytes(await copyOne(from(key), headers), bytes())
  })

  test('may be in another bucket, whole or in part', async () => {
    expectSameBytes(await copyOne(`${far.name}/simple`), SIMPLE)
    expectSameBytes(await copyOne(`${far.name}/simple`, range('bytes=5-1000004')), SIMPLE.subarray(5, 1_000_005))
    expectSameBytes(await copyOne(`/${far.name}/simple`, range(`bytes=${PART_BYTES}-${PART_BYTES + 5000}`)), TAIL)
  })

  test('may be deleted or replaced before the upload is completed', async () => {
    await bucket.put('fleeting', SIMPLE)
    const upload = await openUpload(bucket, 'outlives')
    const parts = [await upload.copied(1, from('fleeting'), range(`bytes=0-${PART_BYTES - 1}`)), await upload.copied(2, from('fleeting'))]
    await bucket.put('fleeting', 'other')
    await bucket.send('DELETE', 'fleeting')
    await upload.finish(parts)
    expectSameBytes(await bytesOf(await bucket.get('outlives')), Buffer.concat([PART_A, SIMPLE]))
  })

  test('may be the object that the upload will replace', async () => {
    await bucket.put('itself', SIMPLE)
    const upload = await openUpload(bucket, 'itself')
    const parts = [await upload.copied(1, from('itself')), await upload.copied(2, from('itself'), range('bytes=0-4'))]
    await upload.finish(parts)
    expectSameBytes(await bytesOf(await bucket.get('itself')), Buffer.concat([SIMPLE, SIMPLE.subarray(0, 5)]))
  })
})

describe('an object of copied parts', () => {
  test('mixes them with parts that were sent, and each can be read by its number', async () => {
    const upload = await openUpload(bucket, 'mixed')
    const parts = [
      await upload.part(1, PART_B),
      await upload.copied(2, from('multipart'), range(`bytes=100-${100 + PART_BYTES + 500}`)),
      await upload.copied(3, from('simple'), range(`bytes=0-${PART_BYTES - 1}`)),
      await upload.copied(4, from('small')),
    ]
    await upload.finish(parts)
    const pieces = [PART_B, multipart.subarray(100, 100 + PART_BYTES + 501), PART_A, Buffer.from('hello')]
    expectSameBytes(await bytesOf(await bucket.get('mixed')), Buffer.concat(pieces))
    for (const [index, piece] of pieces.entries()) {
      const got = await bucket.send('GET', 'mixed', { query: { partNumber: String(index + 1) } })
      expect(got.headers.get('x-amz-mp-parts-count')).toBe('4')
      expectSameBytes(await bytesOf(got), piece)
    }
    const over = await bucket.get('mixed', { range: `bytes=${PART_BYTES - 3}-${2 * PART_BYTES + 600}` })
    expectSameBytes(await bytesOf(over), Buffer.concat(pieces).subarray(PART_BYTES - 3, 2 * PART_BYTES + 601))
  })

  test('has the ETag that the parts make', async () => {
    const upload = await openUpload(bucket, 'etag')
    const whole = await bucket.put('whole', PART_A)
    expect(whole.headers.get('etag')).toBe(etagOf(PART_A))
    await upload.finish([await upload.copied(1, from('whole')), await upload.part(2, TAIL)])
    expect((await bucket.head('etag')).headers.get('etag')).toBe(multipartEtag(PART_A, TAIL))
  })

  test('can be the source of further copies', async () => {
    const first = await openUpload(bucket, 'first')
    await first.finish([await first.copied(1, from('multipart')), await first.copied(2, from('small'))])
    const second = await openUpload(bucket, 'second')
    const tail = range(`bytes=${multipart.length - 3}-${multipart.length + 1}`)
    await second.finish([await second.copied(1, from('first')), await second.copied(2, from('first'), tail)])
    const bytes = Buffer.concat([multipart, Buffer.from('hello')])
    const expected = Buffer.concat([bytes, bytes.subarray(multipart.length - 3, multipart.length + 2)])
    expectSameBytes(await bytesOf(await bucket.get('second')), expected)
  })

  test('replaces a copied part by a sent one and the other way round', async () => {
    const upload = await openUpload(bucket, 'swapped')
    await upload.copied(1, from('small'))
    await upload.part(2, 'sent')
    const parts = [await upload.part(1, PART_A), await upload.copied(2, from('small'))]
    await upload.finish(parts)
    expectSameBytes(await bytesOf(await bucket.get('swapped')), Buffer.concat([PART_A, Buffer.from('hello')]))
  })
})

describe('errors', () => {
  test.each(['bytes=0-', 'bytes=-5', '0-5', 'bytes=a-b', 'bytes=1-2,4-5', 'bytes 0-5', 'bytes= 0-5', 'bytes=0-5 ,', 'items=0-5'])(
    'the range %j has the wrong form',
    async (value) => {
      const { copy } = uploadAt(bucket, 'range', UNKNOWN_ID)
      await expectInvalidArgument(await copy(1, from('small'), range(value)), `Invalid x-amz-copy-source-range: ${value}`)
    },
  )

  test('a range that ends before it starts is not positive', async () => {
    const { copy } = uploadAt(bucket, 'range', UNKNOWN_ID)
    await expectInvalidArgument(await copy(1, from('small'), range('bytes=3-2')), 'x-amz-copy-source-range must be positive.')
  })

  test.each([
    ['at the end of the source', 'small', 'bytes=5-9'],
    ['past the end of the source', 'multipart', 'bytes=99999999-100000000'],
    ['in an empty source', 'empty', 'bytes=0-0'],
  ])('a range that starts %s is not satisfiable', async (_what, key, value) => {
    const upload = await openUpload(bucket, 'range')
    const text = 'The requested range is not satisfiable'
    await expectError(await upload.copy(1, from(key), range(value)), 416, 'InvalidRange', text)
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test('a range past the end of a source in another bucket is not satisfiable', async () => {
    const upload = await openUpload(bucket, 'range')
    const response = await upload.copy(1, `${far.name}/simple`, range('bytes=99999999-100000000'))
    await expectError(response, 416, 'InvalidRange', 'The requested range is not satisfiable')
  })

  test.each(['nothing', '/', '/bucket', 'bucket/', '/bucket/', ''])('the source %j names no object', async (source) => {
    await expectInvalidArgument(await uploadAt(bucket, 'source', UNKNOWN_ID).copy(1, source), 'copy source bucket name')
  })

  test('a version of the source is not implemented', async () => {
    const response = await uploadAt(bucket, 'source', UNKNOWN_ID).copy(1, `${from('small')}?versionId=1`)
    await expectError(response, 501, 'NotImplemented', 'versionId not implemented')
  })

  test('a source that is not there is NoSuchKey, its bucket NoSuchBucket', async () => {
    const upload = await openUpload(bucket, 'source')
    await expectNoSuchKey(await upload.copy(1, from('missing')))
    await expectNoSuchKey(await upload.copy(1, `${far.name}/missing`))
    await expectNoSuchBucket(await upload.copy(1, `${uniqueName('none')}/key`))
  })

  test.each(['0', '10001', '', '-1'])('the part number %j is refused before the source is looked at', async (number) => {
    const text = 'Part number must be an integer between 1 and 10000, inclusive.'
    await expectInvalidArgument(await uploadAt(bucket, 'number', UNKNOWN_ID).copy(number, 'nothing'), text)
  })

  test('the copy source is refused before the range, the range before the source, the source before the upload', async () => {
    const { copy } = uploadAt(bucket, 'order', UNKNOWN_ID)
    await expectInvalidArgument(await copy(1, 'nothing', range('bytes=no')), 'copy source bucket name')
    await expectInvalidArgument(await copy(1, from('missing'), range('bytes=no')), 'Invalid x-amz-copy-source-range: bytes=no')
    await expectNoSuchKey(await copy(1, from('missing')))
    await expectNoSuchUpload(await copy(1, from('small')))
  })

  test.each(['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner'])(
    '%s of another account is refused before anything else',
    async (name) => {
      const response = await uploadAt(bucket, 'order', UNKNOWN_ID).copy(0, 'nothing', { [name]: 'me' })
      await expectError(response, 403, 'AccessDenied', 'Access Denied')
    },
  )
})

describe('conditions on the source', () => {
  const etag = etagOf('hello')
  const [past, future] = ['Sat, 01 Jan 2000 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT']

  test.each([
    ['x-amz-copy-source-if-match', etag],
    ['x-amz-copy-source-if-match', '*'],
    ['x-amz-copy-source-if-none-match', '"0123"'],
    ['x-amz-copy-source-if-modified-since', past],
    ['x-amz-copy-source-if-unmodified-since', future],
  ])('%s: %s holds', async (name, value) => {
    expect((await copyOne(from('small'), { [name]: value })).toString()).toBe('hello')
  })

  test.each([
    ['x-amz-copy-source-if-match', '"0123"'],
    ['x-amz-copy-source-if-none-match', etag],
    ['x-amz-copy-source-if-none-match', '*'],
    ['x-amz-copy-source-if-modified-since', future],
    ['x-amz-copy-source-if-unmodified-since', past],
  ])('%s: %s fails, and nothing is stored', async (name, value) => {
    const upload = await openUpload(bucket, 'failed')
    await expectPreconditionFailed(await upload.copy(1, from('small'), { [name]: value }))
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test('hold for a source in another bucket as well', async () => {
    const upload = await openUpload(bucket, 'far')
    await upload.copied(1, `${far.name}/simple`, { 'x-amz-copy-source-if-match': etagOf(SIMPLE) })
    for (const [name, value] of [
      ['if-match', '"0123"'],
      ['if-none-match', etagOf(SIMPLE)],
    ]) {
      await expectPreconditionFailed(await upload.copy(1, `${far.name}/simple`, { [`x-amz-copy-source-${name}`]: value! }))
    }
  })

  test('are looked at after the source, and before the range and the upload', async () => {
    const headers = { 'x-amz-copy-source-if-match': '"0123"' }
    const { copy } = uploadAt(bucket, 'order', UNKNOWN_ID)
    await expectNoSuchKey(await copy(1, from('missing'), headers))
    await expectPreconditionFailed(await copy(1, from('small'), { ...headers, ...range('bytes=99-100') }))
  })
})

describe('customer keys', () => {
  beforeAll(async () => {
    await bucket.put('sealed', SIMPLE, customerKey(1))
    await far.put('sealed', SIMPLE, customerKey(1))
  })

  test.each([
    ['from a sealed object into a sealed one with the same key', 'sealed', customerKey(1, 'copy-source-'), customerKey(1)],
    ['from a sealed object into one with another key', 'sealed', customerKey(1, 'copy-source-'), customerKey(2)],
    ['from a sealed object into an open one', 'sealed', customerKey(1, 'copy-source-'), {}],
    ['from an open object into a sealed one', 'simple', {}, customerKey(1)],
  ])('copy %s', async (_what, source, sourceKey, key) => {
    for (const [name, { name: sourceBucket }] of Object.entries({ near: bucket, far })) {
      const upload = await openUpload(bucket, `to/${name}`, key)
      const parts = [
        await upload.copied(1, `${sourceBucket}/${source}`, { ...sourceKey, ...key, ...range(`bytes=0-${PART_BYTES - 1}`) }),
        await upload.copied(2, `${sourceBucket}/${source}`, { ...sourceKey, ...key }),
      ]
      await upload.finish(parts)
      const got = await bucket.get(`to/${name}`, key)
      expect(got.status).toBe(200)
      expectSameBytes(await bytesOf(got), Buffer.concat([PART_A, SIMPLE]))
    }
  })

  test('echoes the key of the upload', async () => {
    const upload = await openUpload(bucket, 'echo', customerKey(1))
    const { headers } = await upload.copy(1, from('small'), customerKey(1))
    expect(headers.get('x-amz-server-side-encryption-customer-algorithm')).toBe('AES256')
    expect(headers.get('x-amz-server-side-encryption-customer-key-md5')).toBe(
      customerKey(1)['x-amz-server-side-encryption-customer-key-md5'],
    )
  })

  test('of the source must be the one it was stored with', async () => {
    const upload = await openUpload(bucket, 'keys')
    const text =
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.'
    for (const source of [from('sealed'), `${far.name}/sealed`]) {
      await expectError(await upload.copy(1, source), 400, 'InvalidRequest', text)
      await expectError(await upload.copy(1, source, customerKey(2, 'copy-source-')), 403, 'AccessDenied', 'Access Denied')
    }
    const open = await upload.copy(1, from('small'), customerKey(1, 'copy-source-'))
    await expectError(open, 400, 'InvalidRequest', 'The encryption parameters are not applicable to this object.')
  })

  test('of the upload must be the one it was created with', async () => {
    const upload = await openUpload(bucket, 'keys', customerKey(1))
    for (const headers of [{}, customerKey(2)]) {
      const response = await upload.copy(1, from('small'), headers)
      expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'InvalidRequest'])
    }
  })

  test.each(['', 'copy-source-'] as const)('that are incomplete (%s) are refused before the part number', async (prefix) => {
    const response = await uploadAt(bucket, 'keys', UNKNOWN_ID).copy(0, 'nothing', {
      [`x-amz-${prefix}server-side-encryption-customer-algorithm`]: 'AES256',
    })
    const text = 'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.'
    await expectInvalidArgument(response, text)
  })
})

test('the AWS SDK copies parts with its own commands', async () => {
  const { s3, name: Bucket } = bucket
  const upload = await openUpload(bucket, 'sdk')
  const CopySource = `${Bucket}/simple`
  const input = { Bucket, Key: 'sdk', UploadId: upload.id, PartNumber: 1, CopySource, CopySourceIfMatch: etagOf(SIMPLE) }
  const { CopyPartResult } = await s3.send(new UploadPartCopyCommand({ ...input, CopySourceRange: 'bytes=0-99' }))
  expect(CopyPartResult?.LastModified).toBeInstanceOf(Date)
  await upload.finish([{ number: 1, etag: CopyPartResult!.ETag! }])
  await s3.send(new CopyObjectCommand({ Bucket, Key: 'sdk-copy', CopySource: `${Bucket}/sdk` }))
  expectSameBytes(await bytesOf(await bucket.get('sdk-copy')), SIMPLE.subarray(0, 100))
})

test('100 copies of one source make an object of them all', async () => {
  const upload = await openUpload(bucket, 'many')
  const source = await bucket.put('brick', PART_A)
  expect(source.status).toBe(200)
  const numbers = Array.from({ length: 100 }, (_, index) => index + 1)
  const parts = []
  for (const number of numbers) parts.push(await upload.copied(number, from('brick')))
  await upload.finish(parts)
  const head = await bucket.head('many')
  expect(head.headers.get('content-length')).toBe(String(100 * PART_BYTES))
  const last = await bucket.get('many', { range: `bytes=${99 * PART_BYTES - 10}-${99 * PART_BYTES + 9}` })
  expectSameBytes(await bytesOf(last), Buffer.concat([PART_A.subarray(-10), PART_A.subarray(0, 10)]))
})
