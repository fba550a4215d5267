import { Readable } from 'node:stream'
import { Upload } from '@aws-sdk/lib-storage'
import { Client } from 'minio'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import {
  bytesOf,
  elementOf,
  expectError,
  expectHeadError,
  expectHeaderNotImplemented,
  expectNoSuchBucket,
  expectNoSuchKey,
  expectPreconditionFailed,
  expectSameBytes,
} from './support/answers.ts'
import { emptyBucket, type SignedRequest, signedFetch, uniqueName } from './support/clients.ts'
import { checksum64 } from './support/crc.ts'
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
import { awsChunked, chunkedHeaders, etagOf, lentBucket, MIB, md5Hex, someBytes } from './support/objects.ts'

const bucket = lentBucket()
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const ISO = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z'
const PART_NUMBER_TEXT = 'Part number must be an integer between 1 and 10000, inclusive.'
const INVALID_PART_TEXT = 'One or more of the specified parts could not be found.'
const MALFORMED_TEXT = 'The XML you provided was not well formed or did not validate against our published schema.'
const NOT_A_TAGGING =
  "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
const UNKNOWN_ID = 'ff'.repeat(32)

const expectInvalidPart = (response: Response) => expectError(response, 400, 'InvalidPart', INVALID_PART_TEXT)
const expectMalformed = (response: Response) => expectError(response, 400, 'MalformedXML', MALFORMED_TEXT)
const expectInvalidArgument = (response: Response, message: string) => expectError(response, 400, 'InvalidArgument', message)

describe('CreateMultipartUpload', () => {
  test('answers the upload id, the bucket and the key, in that order', async () => {
    const response = await bucket.send('POST', 'a&b/<c>', { query: { uploads: '' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/xml')
    const body = await response.text()
    expect(body).toBe(
      `${DECLARATION}<InitiateMultipartUploadResult ${XMLNS}><UploadId>${elementOf(body, 'UploadId')}</UploadId><Bucket>${bucket.name}</Bucket><Key>a&amp;b/&lt;c&gt;</Key></InitiateMultipartUploadResult>`,
    )
  })

  test('tells when and by which rule the upload will be aborted', async () => {
    const { created } = await openUpload(bucket, 'aborted-later')
    expect(created.headers.get('x-amz-abort-rule-id')).toBe('Default%20Multipart%20Abort%20Rule')
    const days = (Date.parse(created.headers.get('x-amz-abort-date')!) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(6.99)
    expect(days).toBeLessThanOrEqual(7)
  })

  test('gives every upload of a key an id of its own', async () => {
    const uploads = await Promise.all([1, 2, 3].map(() => openUpload(bucket, 'same')))
    expect(new Set(uploads.map(({ id }) => id)).size).toBe(3)
  })

  test('makes nothing that can be read or listed', async () => {
    const upload = await openUpload(bucket, 'unseen')
    await upload.part(1, 'x')
    await expectNoSuchKey(await bucket.get('unseen'))
    const listed = await signedFetch('GET', `/${bucket.name}`, { query: { prefix: 'unseen' } })
    expect(await listed.text()).not.toContain('<Contents>')
  })

  test('ignores Content-MD5, as there is no body', async () => {
    const response = await bucket.send('POST', 'md5', { query: { uploads: '' }, headers: { 'content-md5': 'nonsense' } })
    expect(response.status).toBe(200)
  })

  test('echoes the customer key', async () => {
    const { created } = await openUpload(bucket, 'echo', customerKey(1))
    expect(created.headers.get('x-amz-server-side-encryption-customer-algorithm')).toBe('AES256')
    expect(created.headers.get('x-amz-server-side-encryption-customer-key-md5')).toBe(
      customerKey(1)['x-amz-server-side-encryption-customer-key-md5'],
    )
  })

  test.each([
    ['x-amz-storage-class', 'GLACIER', 400, 'InvalidStorageClass', 'The storage class specified is not valid.'],
    ['x-amz-tagging', 'a=%', 400, 'InvalidArgument', NOT_A_TAGGING],
    ['x-amz-grant-read', 'a=b', 501, 'NotImplemented', "Header 'x-amz-grant-read' with value 'a=b' not implemented"],
    ['x-amz-acl', 'mine', 501, 'NotImplemented', "Header 'x-amz-acl' with value 'mine' not implemented"],
    [
      'x-amz-server-side-encryption',
      'aws:kms',
      501,
      'NotImplemented',
      "Header 'x-amz-server-side-encryption' with value 'aws:kms' not implemented",
    ],
    ['x-amz-meta-long', 'x'.repeat(8192), 400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.'],
  ])('refuses the header %s: %.10s', async (name, value, status, code, message) => {
    await expectError(await bucket.send('POST', 'refused', { query: { uploads: '' }, headers: { [name]: value } }), status, code, message)
  })

  test('refuses a key of more than 1,024 bytes', async () => {
    const response = await bucket.send('POST', 'é'.repeat(513), { query: { uploads: '' } })
    await expectError(response, 400, 'InvalidObjectName', 'The specified object name is not valid.')
  })

  test.each([
    ['If-None-Match: * on a key that exists', 'present', { 'if-none-match': '*' }],
    ['If-Match of another ETag', 'present', { 'if-match': '"0123"' }],
    ['If-Match on a key that does not exist', 'missing', { 'if-match': '*' }],
  ])('answers 412 to %s', async (_what, key, headers) => {
    await bucket.put('present', 'here')
    await expectPreconditionFailed(await bucket.send('POST', key, { query: { uploads: '' }, headers }))
  })

  test.each([
    ['If-None-Match: * on a key that does not exist', 'missing', { 'if-none-match': '*' }],
    ['If-Match of the ETag', 'present', { 'if-match': etagOf('here') }],
  ])('goes on with %s', async (_what, key, headers) => {
    await bucket.put('present', 'here')
    expect((await bucket.send('POST', key, { query: { uploads: '' }, headers })).status).toBe(200)
  })

  test('in a bucket that does not exist is 404, unless the bucket is to be created', async () => {
    const name = uniqueName('created')
    await expectNoSuchBucket(await signedFetch('POST', `/${name}/key`, { query: { uploads: '' } }))
    const headers = { 'cf-create-bucket-if-missing': 'true' }
    expect((await signedFetch('POST', `/${name}/key`, { query: { uploads: '' }, headers })).status).toBe(200)
    await emptyBucket(bucket.s3, name)
    expect((await signedFetch('DELETE', `/${name}`)).status).toBe(204)
  })
})

describe('UploadPart', () => {
  test('answers 200 without a body, and the MD5 of the part as its ETag', async () => {
    const upload = await openUpload(bucket, 'part')
    const response = await upload.put(1, 'abc')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect(response.headers.get('etag')).toBe(etagOf('abc'))
    expect([...response.headers.keys()].filter((name) => name.startsWith('x-amz-checksum'))).toEqual([])
  })

  test.each(['01', ' 1', '00001', '10000'])('takes the part number %j', async (number) => {
    const upload = await openUpload(bucket, 'numbers')
    expect((await upload.put(number, 'x')).status).toBe(200)
    const listed = await (await upload.send('GET')).text()
    expect(elementOf(listed, 'PartNumber')).toBe(String(Number(number)))
  })

  test.each(['', '0', '00', '-1', '10001', '99999999999'])('refuses the part number %j', async (number) => {
    await expectInvalidArgument(await uploadAt(bucket, 'numbers', UNKNOWN_ID).put(number, 'x'), PART_NUMBER_TEXT)
  })

  test.each(['abc', '1.0', '+1', '1e3', '1 ', '0x1'])('finds no route for the part number %j, whatever the method', async (number) => {
    const { send } = uploadAt(bucket, 'numbers', UNKNOWN_ID)
    for (const method of ['PUT', 'GET', 'POST', 'DELETE']) {
      const response = await send(method, { query: { partNumber: number } })
      await expectError(response, 404, 'RouteNotFound', 'No route matches this url.')
    }
    await expectHeadError(await send('HEAD', { query: { partNumber: number } }), 404)
  })

  test('of the same number replaces the part', async () => {
    const upload = await openUpload(bucket, 'replaced')
    const old = await upload.part(1, 'old')
    const part = await upload.part(1, 'newer')
    await expectInvalidPart(await upload.complete([old]))
    await upload.finish([part])
    expect(await (await bucket.get('replaced')).text()).toBe('newer')
  })

  test('of the same number replaces a large part by a small one and the other way round', async () => {
    const upload = await openUpload(bucket, 'replaced-sizes')
    await upload.part(1, 'small')
    await upload.part(2, PART_B)
    const parts = [await upload.part(1, PART_A), await upload.part(2, TAIL)]
    const response = await upload.finish(parts)
    expect(elementOf(await response.text(), 'ETag')).toBe(multipartEtag(PART_A, TAIL).replaceAll('"', '&quot;'))
    expectSameBytes(await bytesOf(await bucket.get('replaced-sizes')), Buffer.concat([PART_A, TAIL]))
  })

  test('refuses a wrong Content-MD5 and stores nothing', async () => {
    const upload = await openUpload(bucket, 'md5')
    const response = await upload.put(1, 'abc', { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' })
    await expectError(
      response,
      400,
      'BadDigest',
      `The MD5 checksum you specified did not match what we received.\nYou provided a MD5 checksum with value: ${'0'.repeat(32)}\nActual MD5 was: ${md5Hex('abc')}`,
    )
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test('refuses a Content-MD5 that is none, and a wrong payload hash', async () => {
    const upload = await openUpload(bucket, 'md5')
    const none = await upload.put(1, 'abc', { 'content-md5': 'abc' })
    await expectError(none, 400, 'InvalidDigest', 'The checksum or Content-MD5 you specified is not valid.')
    const wrong = await upload.put(1, 'abc', { 'x-amz-content-sha256': '0'.repeat(64) })
    const text = "The provided 'x-amz-content-sha256' header does not match what was computed."
    await expectError(wrong, 400, 'XAmzContentSHA256Mismatch', text)
  })

  test('decodes an aws-chunked body with a trailing checksum', async () => {
    const upload = await openUpload(bucket, 'chunked')
    const headers = chunkedHeaders(6, 'x-amz-checksum-crc32')
    const crc = checksum64('CRC32', Buffer.from('abcdef'))
    const body = awsChunked(['abc', 'def'], { 'x-amz-checksum-crc32': crc })
    const response = await upload.put(1, body, headers)
    expect(response.headers.get('etag')).toBe(etagOf('abcdef'))
    expect(response.headers.get('x-amz-checksum-crc32')).toBe(crc)
  })

  test('larger than 5 GiB - 5 MiB is refused by its announced length', async () => {
    const upload = await openUpload(bucket, 'huge')
    const response = await upload.put(1, 'x', chunkedHeaders(5 * 1024 * MIB - 5 * MIB + 1))
    await expectError(response, 400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed object size.')
  })

  describe('looks at', () => {
    const wrongMd5 = { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }
    const unknown = () => uploadAt(bucket, 'order', UNKNOWN_ID)

    test('another owner before the part number', async () => {
      const response = await unknown().put(0, 'x', { 'x-amz-expected-bucket-owner': 'me' })
      await expectError(response, 403, 'AccessDenied', 'Access Denied')
    })

    test('any x-amz-server-side-encryption as a refused header', async () => {
      const response = await unknown().put(1, 'x', { 'x-amz-server-side-encryption': 'AES256' })
      await expectHeaderNotImplemented(response, 'x-amz-server-side-encryption', 'AES256')
    })

    test('the customer key before the part number', async () => {
      const response = await unknown().put(0, 'x', { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' })
      const text = 'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.'
      await expectInvalidArgument(response, text)
    })

    test('the part number before the body', async () => {
      await expectInvalidArgument(await unknown().put(0, 'x', wrongMd5), PART_NUMBER_TEXT)
    })

    test('the body before the upload', async () => {
      const response = await unknown().put(1, 'x', wrongMd5)
      expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'BadDigest'])
    })
  })

  test('uploadId without partNumber is ignored: a PutObject', async () => {
    const response = await bucket.send('PUT', 'plain', { query: { uploadId: UNKNOWN_ID }, body: 'whole' })
    expect(response.status).toBe(200)
    expect(await (await bucket.get('plain')).text()).toBe('whole')
  })

  test('partNumber without uploadId is ignored: a PutObject', async () => {
    const response = await bucket.send('PUT', 'plain', { query: { partNumber: 'abc' }, body: 'again' })
    expect(response.status).toBe(200)
    expect(await (await bucket.get('plain')).text()).toBe('again')
  })
})

describe('an upload that is not there', () => {
  const gone = {
    unknown: async () => uploadAt(bucket, 'gone', UNKNOWN_ID),
    'of an empty id': async () => uploadAt(bucket, 'gone', ''),
    'of an id like SQL': async () => uploadAt(bucket, 'gone', "' OR 1=1 --"),
    'of an id that is too long': async () => uploadAt(bucket, 'gone', 'f'.repeat(3000)),
    tampered: async () => {
      const { id } = await openUpload(bucket, 'gone')
      return uploadAt(bucket, 'gone', (id[0] === 'a' ? 'b' : 'a') + id.slice(1))
    },
    'in other letters': async () => uploadAt(bucket, 'gone', (await openUpload(bucket, 'gone')).id.toUpperCase()),
    'cut short': async () => uploadAt(bucket, 'gone', (await openUpload(bucket, 'gone')).id.slice(0, -1)),
    'of another key': async () => uploadAt(bucket, 'gone', (await openUpload(bucket, 'there')).id),
    aborted: async () => {
      const upload = await openUpload(bucket, 'gone')
      await upload.abort()
      return upload
    },
    completed: async () => {
      const upload = await openUpload(bucket, 'gone')
      await upload.finish([await upload.part(1, 'x')])
      return upload
    },
  }

  test.each(Object.entries(gone))(
    '(%s) is NoSuchUpload to UploadPart, UploadPartCopy, ListParts and CompleteMultipartUpload',
    async (_name, make) => {
      const upload = await make()
      await bucket.put('source', 'bytes')
      await expectNoSuchUpload(await upload.put(1, 'x'))
      await expectNoSuchUpload(await upload.copy(1, `${bucket.name}/source`))
      await expectNoSuchUpload(await upload.send('GET'))
      await expectNoSuchUpload(await upload.complete([{ number: 1, etag: etagOf('y') }]))
    },
  )

  test('is NoSuchUpload to a large part, too', async () => {
    await expectNoSuchUpload(await uploadAt(bucket, 'gone', UNKNOWN_ID).put(1, PART_A))
  })

  test('of another bucket is NoSuchUpload; in a bucket that does not exist, NoSuchBucket', async () => {
    const { id } = await openUpload(bucket, 'gone')
    const query = { uploadId: id, partNumber: '1' }
    await expectNoSuchBucket(await signedFetch('PUT', `/${uniqueName('none')}/gone`, { query, body: 'x' }))
    await expectNoSuchBucket(await signedFetch('GET', `/${uniqueName('none')}/gone`, { query }))
    await expectNoSuchBucket(await signedFetch('DELETE', `/${uniqueName('none')}/gone`, { query }))
  })
})

describe('CompleteMultipartUpload', () => {
  test('answers bucket, key, ETag and the encoded location, in that order', async () => {
    const upload = await openUpload(bucket, "mp/a b&'ü.bin")
    const response = await upload.finish([await upload.part(1, 'abc')])
    expect(response.headers.get('content-type')).toBe('application/xml')
    const location = `${inject('server').endpoint}/${bucket.name}/mp%2Fa%20b%26%27%C3%BC.bin`
    expect(await response.text()).toBe(
      `${DECLARATION}<CompleteMultipartUploadResult ${XMLNS}><Bucket>${bucket.name}</Bucket><Key>mp/a b&amp;&apos;ü.bin</Key><ETag>${multipartEtag(
        Buffer.from('abc'),
      ).replaceAll('"', '&quot;')}</ETag><Location>${location}</Location></CompleteMultipartUploadResult>`,
    )
  })

  test('puts parts in the order of their numbers, however they were sent and listed', async () => {
    const upload = await openUpload(bucket, 'unsorted')
    const tail = await upload.part(900, TAIL)
    const b = await upload.part(20, PART_B)
    const a = await upload.part(3, PART_A)
    const response = await upload.finish([tail, a, b])
    expect(elementOf(await response.text(), 'ETag')).toBe(multipartEtag(PART_A, PART_B, TAIL).replaceAll('"', '&quot;'))
    const got = await bucket.get('unsorted')
    expect(got.headers.get('etag')).toBe(multipartEtag(PART_A, PART_B, TAIL))
    expectSameBytes(await bytesOf(got), Buffer.concat([PART_A, PART_B, TAIL]))
  })

  test('drops parts that are not listed', async () => {
    const upload = await openUpload(bucket, 'unlisted')
    const [first, , third] = await Promise.all([upload.part(1, PART_A), upload.part(2, PART_B), upload.part(3, TAIL)])
    await upload.finish([first!, third!])
    const got = await bucket.get('unlisted')
    expect(got.headers.get('etag')).toBe(multipartEtag(PART_A, TAIL))
    expectSameBytes(await bytesOf(got), Buffer.concat([PART_A, TAIL]))
  })

  test('takes parts of different sizes', async () => {
    const upload = await openUpload(bucket, 'unequal')
    const longer = Buffer.concat([PART_B, TAIL])
    const parts = [await upload.part(1, PART_A), await upload.part(2, longer), await upload.part(3, PART_B)]
    await upload.finish(parts)
    expectSameBytes(await bytesOf(await bucket.get('unequal')), Buffer.concat([PART_A, longer, PART_B]))
  })

  test('takes a last part without a byte', async () => {
    const upload = await openUpload(bucket, 'empty-tail')
    await upload.finish([await upload.part(1, PART_A), await upload.part(2, '')])
    const got = await bucket.get('empty-tail')
    expect(got.headers.get('etag')).toBe(multipartEtag(PART_A, Buffer.alloc(0)))
    expectSameBytes(await bytesOf(got), PART_A)
    const last = await bucket.send('GET', 'empty-tail', { query: { partNumber: '2' } })
    expect([last.headers.get('content-length'), last.headers.get('x-amz-mp-parts-count'), await last.text()]).toEqual(['0', '2', ''])
    const third = await bucket.send('GET', 'empty-tail', { query: { partNumber: '3' } })
    await expectError(third, 416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable')
  })

  test.each([
    ['a few bytes', Buffer.from('abc')],
    ['no byte', Buffer.alloc(0)],
    ['6 MiB', someBytes(6 * MIB, 14)],
  ])('takes a single part of %s', async (_what, body) => {
    const upload = await openUpload(bucket, 'single')
    await upload.finish([await upload.part(7, body)])
    const got = await bucket.get('single')
    expect([got.headers.get('etag'), got.headers.get('content-length')]).toEqual([multipartEtag(body), String(body.length)])
    expectSameBytes(await bytesOf(got), body)
  })

  test.each([
    ['quotes', (etag: string) => `"${etag}"`],
    ['escaped quotes', (etag: string) => `&quot;${etag}&quot;`],
    ['no quotes', (etag: string) => etag],
  ])('takes an ETag with %s', async (_what, write) => {
    const upload = await openUpload(bucket, 'quotes')
    await upload.part(1, 'abc')
    await upload.finish([{ number: 1, etag: write(md5Hex('abc')) }])
  })

  test('reads a document with a declaration, white space, other element order and no namespace', async () => {
    const upload = await openUpload(bucket, 'xml')
    const { etag } = await upload.part(1, 'abc')
    const response = await upload.complete(
      `${DECLARATION}\n<CompleteMultipartUpload>\n  <Part>\n    <ETag>${etag}</ETag>\n    <PartNumber>1</PartNumber>\n  </Part>\n</CompleteMultipartUpload>\n`,
    )
    expect(response.status).toBe(200)
  })

  const part = (number: string, etag = '<ETag>abc</ETag>') => `<Part>${number}${etag}</Part>`
  const one = '<PartNumber>1</PartNumber>'
  test.each([
    ['nothing', ''],
    ['no XML', 'parts, please'],
    ['an open element', '<CompleteMultipartUpload>'],
    ['another root', `<Complete>${part(one)}</Complete>`],
    ['no parts', '<CompleteMultipartUpload></CompleteMultipartUpload>'],
    ['the part number abc', `<CompleteMultipartUpload>${part('<PartNumber>abc</PartNumber>')}</CompleteMultipartUpload>`],
    ['the part number 1.5', `<CompleteMultipartUpload>${part('<PartNumber>1.5</PartNumber>')}</CompleteMultipartUpload>`],
    ['no part number', `<CompleteMultipartUpload>${part('')}</CompleteMultipartUpload>`],
    ['no ETag', `<CompleteMultipartUpload>${part(one, '')}</CompleteMultipartUpload>`],
    ['a second part without an ETag', `<CompleteMultipartUpload>${part(one)}${part(one, '')}</CompleteMultipartUpload>`],
    ['JSON', '{"parts":[]}'],
    [
      'a document type',
      `<!DOCTYPE x [<!ENTITY e "1">]><CompleteMultipartUpload>${part('<PartNumber>&e;</PartNumber>')}</CompleteMultipartUpload>`,
    ],
  ])('refuses %s as malformed, before it looks for the upload', async (_what, body) => {
    await expectMalformed(await uploadAt(bucket, 'malformed', UNKNOWN_ID).complete(body))
  })

  test.each(['0', '-1', '10001', '99999999999'])('could not find a part with the number %s', async (number) => {
    await expectInvalidPart(await uploadAt(bucket, 'outside', UNKNOWN_ID).complete([{ number, etag: etagOf('x') }]))
  })

  test('could not find a part that was not uploaded, or whose ETag differs', async () => {
    const upload = await openUpload(bucket, 'not-found')
    const uploaded = await upload.part(1, 'abc')
    await expectInvalidPart(await upload.complete([uploaded, { number: 2, etag: etagOf('abc') }]))
    await expectInvalidPart(await upload.complete([{ number: 1, etag: etagOf('abd') }]))
    await expectInvalidPart(await upload.complete([{ number: 1, etag: `W/${etagOf('abc')}` }]))
  })

  test('refuses the same number twice, before it looks for the upload', async () => {
    const twice = [
      { number: 1, etag: etagOf('x') },
      { number: 1, etag: etagOf('x') },
    ]
    const response = await uploadAt(bucket, 'twice', UNKNOWN_ID).complete(twice)
    await expectError(response, 400, 'InvalidPart', 'There was a problem with the multipart upload.')
  })

  test('refuses a part before the last that is under 5 MiB', async () => {
    const upload = await openUpload(bucket, 'small')
    const parts = [await upload.part(1, PART_A.subarray(1)), await upload.part(2, 'x')]
    const text = 'Your proposed upload is smaller than the minimum allowed object size.'
    await expectError(await upload.complete(parts), 400, 'EntityTooSmall', text)
  })

  test('looks for all parts before it looks at their sizes', async () => {
    const upload = await openUpload(bucket, 'small-and-missing')
    const parts = [await upload.part(1, 'x'), await upload.part(2, 'y'), { number: 3, etag: etagOf('z') }]
    await expectInvalidPart(await upload.complete(parts))
  })

  test('that was refused leaves the upload open', async () => {
    const upload = await openUpload(bucket, 'again')
    const good = await upload.part(1, 'abc')
    await expectInvalidPart(await upload.complete([{ number: 2, etag: good.etag }]))
    await expectMalformed(await upload.complete('<no'))
    await upload.finish([good])
  })

  test.each([
    ['If-None-Match: * on a key that exists', 'kept', { 'if-none-match': '*' }],
    ['If-Match of another ETag', 'kept', { 'if-match': '"0123"' }],
    ['If-Match on a key that does not exist', 'never', { 'if-match': '*' }],
    ['If-Unmodified-Since before the last write', 'kept', { 'if-unmodified-since': 'Sat, 01 Jan 2000 00:00:00 GMT' }],
  ])('with %s is 412, and the upload is gone', async (_what, key, headers) => {
    await bucket.put('kept', 'kept')
    const upload = await openUpload(bucket, key)
    const parts = [await upload.part(1, 'new')]
    await expectPreconditionFailed(await upload.complete(parts, headers))
    await expectNoSuchUpload(await upload.complete(parts))
    await expectNoSuchUpload(await upload.put(2, 'x'))
    expect((await upload.abort()).status).toBe(204)
    expect(await (await bucket.get('kept')).text()).toBe('kept')
  })

  test('looks at the parts before the condition, and keeps the upload when they are wrong', async () => {
    await bucket.put('kept', 'kept')
    const upload = await openUpload(bucket, 'kept')
    const part = await upload.part(1, 'new')
    await expectInvalidPart(await upload.complete([{ ...part, number: 2 }], { 'if-none-match': '*' }))
    await upload.finish([part], { 'if-match': etagOf('kept') })
    expect(await (await bucket.get('kept')).text()).toBe('new')
  })

  test('with If-None-Match: * makes an object that was not there', async () => {
    const key = uniqueName('fresh')
    const upload = await openUpload(bucket, key)
    await upload.finish([await upload.part(1, 'new')], { 'if-none-match': '*' })
    expect(await (await bucket.get(key)).text()).toBe('new')
  })

  test('takes metadata and storage class from the create call, and nothing from its own headers', async () => {
    const upload = await openUpload(bucket, 'described', {
      'content-type': 'text/x-mine',
      'content-language': 'sv',
      'content-disposition': 'attachment',
      'cache-control': 'max-age=7',
      'content-encoding': 'br',
      expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
      'x-amz-meta-colour': 'blue',
      'x-amz-meta-name': '=?UTF-8?B?w6U=?=',
      'x-amz-storage-class': 'STANDARD_IA',
    })
    await upload.finish([await upload.part(1, 'abc', { 'x-amz-meta-colour': 'red', 'content-type': 'text/part' })], {
      'content-type': 'application/xml',
      'x-amz-meta-colour': 'green',
      'x-amz-storage-class': 'STANDARD',
    })
    const { headers } = await bucket.head('described')
    expect(headers.get('content-type')).toBe('text/x-mine')
    expect(headers.get('content-language')).toBe('sv')
    expect(headers.get('content-disposition')).toBe('attachment')
    expect(headers.get('cache-control')).toBe('max-age=7')
    expect(headers.get('content-encoding')).toBe('br')
    expect(headers.get('expires')).toBe('Wed, 21 Oct 2026 07:28:00 GMT')
    expect(headers.get('x-amz-meta-colour')).toBe('blue')
    expect(headers.get('x-amz-meta-name')).toBe('=?UTF-8?B?w6U=?=')
    expect(headers.get('x-amz-storage-class')).toBe('STANDARD_IA')
  })

  test('leaves the content type at its default when the create call had none', async () => {
    const upload = await openUpload(bucket, 'untyped')
    await upload.finish([await upload.part(1, '<html>')])
    expect((await bucket.head('untyped')).headers.get('content-type')).toBe('application/octet-stream')
  })

  test('is not disturbed by a PutObject or DeleteObject on the key meanwhile, and overwrites', async () => {
    const upload = await openUpload(bucket, 'disturbed')
    const part = await upload.part(1, 'from parts')
    await bucket.put('disturbed', 'simple')
    await bucket.send('DELETE', 'disturbed')
    await bucket.put('disturbed', 'simple again')
    await upload.finish([part])
    expect(await (await bucket.get('disturbed')).text()).toBe('from parts')
  })

  test('of two uploads of a key: the later completion wins', async () => {
    const [first, second] = [await openUpload(bucket, 'two'), await openUpload(bucket, 'two')]
    const [one, two] = [await first.part(1, 'first'), await second.part(1, 'second')]
    await second.finish([two])
    await first.finish([one])
    expect(await (await bucket.get('two')).text()).toBe('first')
  })

  test('knows the upload by any spelling of the key, and keeps the spelling of the create call', async () => {
    const [composed, decomposed] = ['spell/\u00e9', 'spell/e\u0301']
    const upload = await openUpload(bucket, decomposed)
    const other = uploadAt(bucket, composed, upload.id)
    await other.finish([await other.part(1, 'abc')])
    expect(await (await bucket.get(composed)).text()).toBe('abc')
    const listed = await (await signedFetch('GET', `/${bucket.name}`, { query: { prefix: 'spell/' } })).text()
    expect([...listed.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key)).toEqual([decomposed])
  })

  test('compares x-amz-expected-bucket-owner before it reads the body', async () => {
    const response = await uploadAt(bucket, 'owned', UNKNOWN_ID).complete('<no', { 'x-amz-expected-bucket-owner': 'me' })
    await expectError(response, 403, 'AccessDenied', 'Access Denied')
  })

  test('refuses an object of another size than x-amz-mp-object-size says', async () => {
    const upload = await openUpload(bucket, 'sized')
    const parts = [await upload.part(1, 'abc')]
    const wrong = "The provided 'x-amz-mp-object-size' header value 4 does not match what was computed: 3"
    await expectError(await upload.complete(parts, { 'x-amz-mp-object-size': '4' }), 400, 'InvalidRequest', wrong)
    for (const value of ['x', '-3', '3.0']) {
      const invalid = `Value for x-amz-mp-object-size header is invalid: '${value}'`
      await expectError(await upload.complete(parts, { 'x-amz-mp-object-size': value }), 400, 'InvalidRequest', invalid)
    }
    await upload.finish(parts, { 'x-amz-mp-object-size': '3' })
  })
})

describe('CompleteMultipartUpload that is sent again', () => {
  const answerOf = async (response: Response) => {
    const { headers, status } = response
    return { status, etag: headers.get('etag'), version: headers.get('x-amz-version-id'), body: await response.text() }
  }

  test('has the same answer while its object is there, in any order of the parts', async () => {
    const upload = await openUpload(bucket, uniqueName('again'), { 'x-amz-checksum-algorithm': 'CRC32' })
    const parts = [await upload.part(1, PART_A), await upload.part(2, 'tail')]
    const first = await answerOf(await upload.complete(parts, { 'if-none-match': '*' }))
    expect(first).toMatchObject({ status: 200, etag: expect.stringMatching(/-2"$/) })
    const dateOf = async () => (await bucket.head(upload.key)).headers.get('last-modified')
    const date = await dateOf()
    for (const list of [parts, parts.toReversed()])
      expect(await answerOf(await upload.complete(list, { 'if-none-match': '*' }))).toEqual(first)
    expect(await dateOf()).toBe(date)
  })

  test('with other parts is NoSuchUpload', async () => {
    const upload = await openUpload(bucket, 'others')
    const parts = [await upload.part(1, 'one'), await upload.part(2, 'two')]
    await upload.finish(parts.slice(0, 1))
    await expectNoSuchUpload(await upload.complete(parts.slice(1)))
    await expectNoSuchUpload(await upload.complete([{ ...parts[0]!, number: 2 }]))
    expect(await (await bucket.get('others')).text()).toBe('one')
    expect((await upload.complete(parts.slice(0, 1))).status).toBe(200)
  })

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['overwritten', (key) => bucket.put(key, 'newer')],
    ['overwritten with the same bytes', (key) => bucket.put(key, 'one')],
    ['deleted', (key) => bucket.send('DELETE', key)],
    ['copied onto itself', (key) => bucket.send('PUT', key, { headers: { 'x-amz-copy-source': bucket.path(key) } })],
    ['renamed', (key) => bucket.send('PUT', `${key}-2`, { query: { renameObject: '' }, headers: { 'x-amz-rename-source': key } })],
  ])('once its object was %s, it is NoSuchUpload', async (_, change) => {
    const upload = await openUpload(bucket, uniqueName('changed'))
    const parts = [await upload.part(1, 'one')]
    await upload.finish(parts)
    await change(upload.key)
    const stored = async () => {
      const { status, headers } = await bucket.head(upload.key)
      return [status, headers.get('etag'), headers.get('x-amz-version-id'), headers.get('last-modified')]
    }
    const before = await stored()
    await expectNoSuchUpload(await upload.complete(parts))
    expect(await stored()).toEqual(before)
  })

  test('under another key, or once the upload was aborted, it is NoSuchUpload', async () => {
    const upload = await openUpload(bucket, 'once')
    const parts = [await upload.part(1, 'one')]
    await upload.finish(parts)
    await expectNoSuchUpload(await uploadAt(bucket, 'elsewhere', upload.id).complete(parts))
    const aborted = await openUpload(bucket, 'aborted-once')
    const part = await aborted.part(1, 'one')
    await aborted.abort()
    await expectNoSuchUpload(await aborted.complete([part]))
  })
})

describe('AbortMultipartUpload', () => {
  test('answers 204 without a body, again and again, and the parts are gone', async () => {
    const upload = await openUpload(bucket, 'aborted')
    await upload.part(1, 'abc')
    for (let times = 0; times < 3; times++) {
      const response = await upload.abort()
      expect([response.status, await response.text()]).toEqual([204, ''])
    }
    await expectNoSuchUpload(await upload.send('GET'))
    expect(await (await signedFetch('GET', `/${bucket.name}`, { query: { uploads: '', prefix: 'aborted' } })).text()).not.toContain(
      upload.id,
    )
  })

  test('after completion succeeds and changes nothing', async () => {
    const upload = await openUpload(bucket, 'done')
    await upload.finish([await upload.part(1, 'abc')])
    expect((await upload.abort()).status).toBe(204)
    expect(await (await bucket.get('done')).text()).toBe('abc')
  })

  test('of an unknown upload, or of one of another key, is NoSuchUpload', async () => {
    const { id } = await openUpload(bucket, 'mine')
    await expectNoSuchUpload(await uploadAt(bucket, 'mine', UNKNOWN_ID).abort())
    await expectNoSuchUpload(await uploadAt(bucket, 'yours', id).abort())
    expect((await uploadAt(bucket, 'mine', id).send('GET')).status).toBe(200)
  })

  test('does not touch the object of the key', async () => {
    await bucket.put('untouched', 'still here')
    const upload = await openUpload(bucket, 'untouched')
    await upload.part(1, 'abc')
    await upload.abort()
    expect(await (await bucket.get('untouched')).text()).toBe('still here')
  })
})

describe('ListParts', () => {
  let upload: Awaited<ReturnType<typeof openUpload>>
  beforeAll(async () => {
    upload = await openUpload(bucket, 'listed & parts', { 'x-amz-storage-class': 'STANDARD_IA' })
    for (const number of [5, 1, 10, 3]) await upload.part(number, `part ${number}`)
  })

  test('answers its elements in the order of S3', async () => {
    const response = await upload.send('GET', { query: { 'max-parts': '1', 'part-number-marker': '1' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/xml')
    const { accountId } = inject('server')
    const who = `<ID>${accountId}</ID><DisplayName>${accountId}</DisplayName>`
    const etag = etagOf('part 3').replaceAll('"', '&quot;')
    expect(await response.text()).toMatch(
      new RegExp(
        `^<\\?xml version="1.0" encoding="UTF-8"\\?><ListPartsResult ${XMLNS}><Bucket>${bucket.name}</Bucket><Key>listed &amp; parts</Key><UploadId>${upload.id}</UploadId><Initiator>${who}</Initiator><Owner>${who}</Owner><StorageClass>STANDARD_IA</StorageClass><PartNumberMarker>1</PartNumberMarker><NextPartNumberMarker>3</NextPartNumberMarker><MaxParts>1</MaxParts><IsTruncated>true</IsTruncated><Part><PartNumber>3</PartNumber><LastModified>${ISO}</LastModified><ETag>${etag}</ETag><Size>6</Size></Part></ListPartsResult>$`,
      ),
    )
  })

  test('tells when and by which rule the upload will be aborted', async () => {
    const { headers } = await upload.send('GET')
    expect(headers.get('x-amz-abort-date')).toBe(upload.created.headers.get('x-amz-abort-date'))
    expect(headers.get('x-amz-abort-rule-id')).toBe('Default%20Multipart%20Abort%20Rule')
  })

  test.each([1, 2, 3, 4, 1000])('in pages of %i lists every part once, by number', async (size) => {
    const numbers: string[] = []
    for (let marker = '0'; ; ) {
      const query = { 'max-parts': String(size), 'part-number-marker': marker }
      const xml = await (await upload.send('GET', { query })).text()
      numbers.push(...[...xml.matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => number!))
      if (elementOf(xml, 'IsTruncated') === 'false') break
      marker = elementOf(xml, 'NextPartNumberMarker')!
    }
    expect(numbers).toEqual(['1', '3', '5', '10'])
  })

  test('is found with a partNumber in the query as well', async () => {
    expect(await (await upload.send('GET', { query: { partNumber: '1' } })).text()).toContain('<ListPartsResult ')
  })

  test('with max-parts 0 lists nothing', async () => {
    const xml = await (await upload.send('GET', { query: { 'max-parts': '0' } })).text()
    expect(xml).not.toContain('<Part>')
    expect(elementOf(xml, 'MaxParts')).toBe('0')
  })

  test.each([
    ['max-parts', 'abc'],
    ['max-parts', '-1'],
    ['max-parts', '1.5'],
    ['max-parts', '2147483648'],
    ['part-number-marker', 'abc'],
    ['part-number-marker', '-1'],
  ])('refuses %s %s', async (name, value) => {
    await expectInvalidArgument(
      await upload.send('GET', { query: { [name]: value } }),
      `Argument ${name} must be an integer between 0 and 2147483647`,
    )
  })
})

describe('reads of a multipart object', () => {
  let bytes: Buffer
  const size = 2 * PART_BYTES + TAIL.length
  beforeAll(async () => {
    bytes = await putMultipart(bucket, 'three')
  })

  test.each([
    [1, 0, PART_BYTES],
    [2, PART_BYTES, PART_BYTES],
    [3, 2 * PART_BYTES, TAIL.length],
  ])('partNumber %i is a 206 with the bytes of that part', async (number, offset, length) => {
    const query = { partNumber: String(number) }
    const [got, head] = await Promise.all(['GET', 'HEAD'].map((method) => bucket.send(method, 'three', { query })))
    for (const response of [got!, head!]) {
      expect(response.status).toBe(206)
      expect(response.headers.get('content-range')).toBe(`bytes ${offset}-${offset + length - 1}/${size}`)
      expect(response.headers.get('content-length')).toBe(String(length))
      expect(response.headers.get('x-amz-mp-parts-count')).toBe('3')
      expect(response.headers.get('etag')).toBe(multipartEtag(PART_A, PART_B, TAIL))
    }
    expectSameBytes(await bytesOf(got!), bytes.subarray(offset, offset + length))
    expect(await head!.text()).toBe('')
  })

  test.each([4, 10_000])('partNumber %i is not satisfiable', async (number) => {
    const query = { partNumber: String(number) }
    const text = 'The requested partnumber is not satisfiable'
    await expectError(await bucket.send('GET', 'three', { query }), 416, 'InvalidPartNumber', text)
    await expectHeadError(await bucket.send('HEAD', 'three', { query }), 416)
  })

  test.each(['', '0', '-1', '10001', 'abc', '1.5'])('partNumber %j is no part number', async (partNumber) => {
    await expectInvalidArgument(await bucket.send('GET', 'three', { query: { partNumber } }), PART_NUMBER_TEXT)
    await expectHeadError(await bucket.send('HEAD', 'three', { query: { partNumber } }), 400)
  })

  test('partNumber together with Range is refused', async () => {
    const response = await bucket.send('GET', 'three', { query: { partNumber: '1' }, headers: { range: 'bytes=0-1' } })
    await expectError(response, 400, 'InvalidRequest', 'Cannot specify both Range header and partNumber query parameter')
  })

  test('partNumber 1 of a simple object is the whole of it, and there is no other', async () => {
    await bucket.put('simple', 'hello')
    const got = await bucket.send('GET', 'simple', { query: { partNumber: '1' } })
    expect([got.status, got.headers.get('content-range'), await got.text()]).toEqual([206, 'bytes 0-4/5', 'hello'])
    expect(got.headers.get('x-amz-mp-parts-count')).toBeNull()
    const second = await bucket.send('GET', 'simple', { query: { partNumber: '2' } })
    await expectError(second, 416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable')
  })

  test('partNumber 1 of an object of one part tells that there is one', async () => {
    const upload = await openUpload(bucket, 'one-part')
    await upload.finish([await upload.part(1, 'hello')])
    const got = await bucket.send('GET', 'one-part', { query: { partNumber: '1' } })
    expect([got.status, got.headers.get('x-amz-mp-parts-count'), await got.text()]).toEqual([206, '1', 'hello'])
  })

  test('without partNumber say nothing of parts', async () => {
    expect((await bucket.head('three')).headers.get('x-amz-mp-parts-count')).toBeNull()
  })

  test.each([
    ['within the first part', 'bytes=10-19', 10, 19],
    ['over the first border', `bytes=${PART_BYTES - 1}-${PART_BYTES}`, PART_BYTES - 1, PART_BYTES],
    ['up to the border', `bytes=${PART_BYTES - 10}-${PART_BYTES - 1}`, PART_BYTES - 10, PART_BYTES - 1],
    ['from the border', `bytes=${PART_BYTES}-${PART_BYTES + 9}`, PART_BYTES, PART_BYTES + 9],
    ['over both borders', `bytes=${PART_BYTES - 5}-${2 * PART_BYTES + 5}`, PART_BYTES - 5, 2 * PART_BYTES + 5],
    ['of the last byte', 'bytes=-1', size - 1, size - 1],
    ['of more than the last part', 'bytes=-2000', size - 2000, size - 1],
    ['past the end', `bytes=${size - 3}-${size + 100}`, size - 3, size - 1],
    ['of everything', 'bytes=0-', 0, size - 1],
  ])('a range %s has exactly those bytes', async (_what, range, first, last) => {
    const got = await bucket.get('three', { range })
    expect([got.status, got.headers.get('content-range')]).toEqual([206, `bytes ${first}-${last}/${size}`])
    expectSameBytes(await bytesOf(got), bytes.subarray(first, last + 1))
  })

  test('a range from the end is not satisfiable', async () => {
    const response = await bucket.get('three', { range: `bytes=${size}-` })
    await expectError(response, 416, 'InvalidRange', 'The requested range is not satisfiable')
  })

  test('conditions know the ETag of the whole', async () => {
    expect((await bucket.get('three', { 'if-none-match': multipartEtag(PART_A, PART_B, TAIL) })).status).toBe(304)
    await expectPreconditionFailed(await bucket.get('three', { 'if-match': etagOf(bytes) }))
  })

  test('listings show its size and ETag', async () => {
    const xml = await (await signedFetch('GET', `/${bucket.name}`, { query: { prefix: 'three' } })).text()
    expect([elementOf(xml, 'Size'), elementOf(xml, 'ETag')]).toEqual([
      String(size),
      multipartEtag(PART_A, PART_B, TAIL).replaceAll('"', '&quot;'),
    ])
  })
})

describe('ListMultipartUploads', () => {
  const own = lentBucket()
  /** Keys in UTF-8 order: a BMP character above the surrogates sorts before an astral one. */
  const KEYS = ['a', 'a b/1', 'a b/2', 'dir/x', 'dir/y', 'dir/y', 'dir/y', 'z', '\uff5e/1', '\u{1f5ff}/1', '\u{1f5ff}/2', '\u{1f600}']
  const uploads: { key: string; id: string }[] = []
  beforeAll(async () => {
    for (const key of KEYS) {
      uploads.push({ key, id: (await openUpload(own, key)).id })
      await new Promise((resolve) => setTimeout(resolve, 3)) // Uploads of one key are ordered by the time they began.
    }
  })

  const list = (query: Record<string, string> = {}) => signedFetch('GET', `/${own.name}`, { query: { uploads: '', ...query } })
  const texts = (xml: string, name: string) => [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text!)
  const prefixes = (xml: string) => [...xml.matchAll(/<CommonPrefixes><Prefix>([^<]*)</g)].map(([, text]) => text!)

  test('answers its elements in the order of S3', async () => {
    const { accountId } = inject('server')
    const who = `<ID>${accountId}</ID><DisplayName>${accountId}</DisplayName>`
    const [first, second] = [uploads[0]!, uploads[1]!]
    const query = {
      'key-marker': 'a',
      'upload-id-marker': first.id,
      prefix: 'a',
      'max-uploads': '1',
      'encoding-type': 'url',
      delimiter: '!',
    }
    const response = await list(query)
    expect(response.headers.get('content-type')).toBe('application/xml')
    expect(await response.text()).toMatch(
      new RegExp(
        `^<\\?xml version="1.0" encoding="UTF-8"\\?><ListMultipartUploadsResult ${XMLNS}><Bucket>${own.name}</Bucket><KeyMarker>a</KeyMarker><UploadIdMarker>${first.id}</UploadIdMarker><NextKeyMarker>a%20b%2F1</NextKeyMarker><NextUploadIdMarker>${second.id}</NextUploadIdMarker><Prefix>a</Prefix><Delimiter>%21</Delimiter><EncodingType>url</EncodingType><MaxUploads>1</MaxUploads><IsTruncated>true</IsTruncated><Upload><Key>a%20b%2F1</Key><UploadId>${second.id}</UploadId><Initiator>${who}</Initiator><Owner>${who}</Owner><StorageClass>STANDARD</StorageClass><Initiated>${ISO}</Initiated></Upload></ListMultipartUploadsResult>$`,
      ),
    )
  })

  test('lists by key, then by the time they began', async () => {
    const xml = await (await list()).text()
    expect(texts(xml, 'UploadId')).toEqual(uploads.map(({ id }) => id))
    expect(texts(xml, 'Key')).toEqual(KEYS)
    expect(elementOf(xml, 'IsTruncated')).toBe('false')
    expect(xml).not.toContain('<NextKeyMarker>')
  })

  test.each([1, 2, 3, 5, 11, 12, 1000])('in pages of %i lists every upload once', async (size) => {
    const ids: string[] = []
    for (let query = { 'max-uploads': String(size) }; ; ) {
      const xml = await (await list(query)).text()
      ids.push(...texts(xml, 'UploadId'))
      if (elementOf(xml, 'IsTruncated') === 'false') break
      const markers = { 'key-marker': elementOf(xml, 'NextKeyMarker')!, 'upload-id-marker': elementOf(xml, 'NextUploadIdMarker')! }
      query = { 'max-uploads': String(size), ...markers }
    }
    expect(ids).toEqual(uploads.map(({ id }) => id))
  })

  test.each([1, 2, 3, 4, 1000])('in pages of %i lists every common prefix once', async (size) => {
    const found: string[] = []
    for (let query: Record<string, string> = {}, pages = 0; pages < 20; pages++) {
      const xml = await (await list({ delimiter: '/', 'max-uploads': String(size), ...query })).text()
      expect(texts(xml, 'Key').length + prefixes(xml).length).toBeLessThanOrEqual(size)
      found.push(...texts(xml, 'Key'), ...prefixes(xml))
      if (elementOf(xml, 'IsTruncated') === 'false') break
      const id = elementOf(xml, 'NextUploadIdMarker')
      query = { 'key-marker': elementOf(xml, 'NextKeyMarker')!, ...(id && { 'upload-id-marker': id }) }
    }
    expect(found.toSorted()).toEqual(['a', 'a b/', 'dir/', 'z', '\uff5e/', '\u{1f5ff}/', '\u{1f600}'].toSorted())
  })

  test('an upload-id-marker goes on behind that upload, prefixes of higher keys included', async () => {
    const tilde = uploads.find(({ key }) => key === '\uff5e/1')!
    const xml = await (await list({ delimiter: '/', 'key-marker': tilde.key, 'upload-id-marker': tilde.id })).text()
    expect([texts(xml, 'Key'), prefixes(xml)]).toEqual([['\u{1f600}'], ['\u{1f5ff}/']])
  })

  test('an upload-id-marker without a key-marker is ignored', async () => {
    expect(texts(await (await list({ 'upload-id-marker': uploads[5]!.id })).text(), 'UploadId')).toHaveLength(KEYS.length)
  })

  test('a key-marker alone goes on behind all uploads of the key', async () => {
    expect(texts(await (await list({ 'key-marker': 'dir/y' })).text(), 'Key')).toEqual(KEYS.slice(7))
  })

  test('a key-marker that is a common prefix goes on behind the group', async () => {
    const xml = await (await list({ delimiter: '/', 'key-marker': 'dir/' })).text()
    expect([texts(xml, 'Key'), prefixes(xml)]).toEqual([
      ['z', '\u{1f600}'],
      ['\uff5e/', '\u{1f5ff}/'],
    ])
  })

  test('a prefix selects', async () => {
    const xml = await (await list({ prefix: 'dir/' })).text()
    expect(texts(xml, 'Key')).toEqual(['dir/x', 'dir/y', 'dir/y', 'dir/y'])
    expect(elementOf(xml, 'Prefix')).toBe('dir/')
  })

  test('answers on the path of an object as well', async () => {
    const response = await signedFetch('GET', `/${own.name}/any/key`, { query: { uploads: '' } })
    expect(texts(await response.text(), 'UploadId')).toHaveLength(KEYS.length)
  })

  test.each([
    [{ 'encoding-type': 'base64' }, 501, 'NotImplemented', 'Unrecognized encoding-type "base64" not implemented'],
    [{ 'encoding-type': '' }, 501, 'NotImplemented', 'Unrecognized encoding-type "" not implemented'],
    [{ 'max-uploads': 'abc' }, 400, 'InvalidArgument', 'Argument max-uploads must be an integer between 0 and 2147483647'],
    [{ 'max-uploads': '-1' }, 400, 'InvalidArgument', 'Argument max-uploads must be an integer between 0 and 2147483647'],
  ] as [Record<string, string>, number, string, string][])('refuses %j', async (query, status, code, message) => {
    await expectError(await list(query), status, code, message)
  })

  test('of a bucket that does not exist is NoSuchBucket', async () => {
    await expectNoSuchBucket(await signedFetch('GET', `/${uniqueName('none')}`, { query: { uploads: '' } }))
  })

  test('open uploads keep their bucket from being deleted; finished ones do not', async () => {
    const name = uniqueName('blocked')
    expect((await signedFetch('PUT', `/${name}`)).status).toBe(200)
    const blocked = { send: (method: string, key: string, request?: SignedRequest) => signedFetch(method, `/${name}/${key}`, request) }
    const upload = await openUpload(blocked, 'open')
    await upload.part(1, 'abc')
    await expectError(await signedFetch('DELETE', `/${name}`), 409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.')
    await upload.abort()
    expect((await signedFetch('DELETE', `/${name}`)).status).toBe(204)
  })
})

describe('a multipart upload with a customer key', () => {
  const notApplicable = 'The encryption parameters are not applicable to this object.'

  test('is read with that key alone', async () => {
    const bytes = Buffer.concat([PART_A, TAIL])
    const upload = await openUpload(bucket, 'sealed', customerKey(1))
    const first = await upload.put(1, PART_A, customerKey(1))
    expect(first.headers.get('x-amz-server-side-encryption-customer-algorithm')).toBe('AES256')
    expect(first.headers.get('x-amz-server-side-encryption-customer-key-md5')).toBe(
      customerKey(1)['x-amz-server-side-encryption-customer-key-md5'],
    )
    const parts = [{ number: 1, etag: first.headers.get('etag')! }, await upload.part(2, TAIL, customerKey(1))]
    await upload.finish(parts)

    const got = await bucket.get('sealed', customerKey(1))
    expect(got.headers.get('x-amz-server-side-encryption-customer-algorithm')).toBe('AES256')
    expectSameBytes(await bytesOf(got), bytes)
    const range = await bucket.get('sealed', { ...customerKey(1), range: `bytes=${PART_BYTES - 5}-${PART_BYTES + 5}` })
    expectSameBytes(await bytesOf(range), bytes.subarray(PART_BYTES - 5, PART_BYTES + 6))

    const text =
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.'
    await expectError(await bucket.get('sealed'), 400, 'InvalidRequest', text)
    await expectError(await bucket.get('sealed', customerKey(2)), 403, 'AccessDenied', 'Access Denied')
  })

  test.each([
    ['no key', {}],
    ['another key', customerKey(2)],
  ])('refuses parts with %s', async (_what, headers) => {
    const upload = await openUpload(bucket, 'sealed-parts', customerKey(1))
    for (const body of [TAIL, PART_A]) {
      const response = await upload.put(1, body, headers)
      expect([response.status, elementOf(await response.text(), 'Code')]).toEqual([400, 'InvalidRequest'])
    }
    expect(await (await upload.send('GET')).text()).not.toContain('<Part>')
  })

  test('an upload without one refuses parts with one', async () => {
    const upload = await openUpload(bucket, 'open-parts')
    await expectError(await upload.put(1, TAIL, customerKey(1)), 400, 'InvalidRequest', notApplicable)
  })
})

describe('clients', () => {
  const body = someBytes(20 * MIB, 15)

  test('lib-storage uploads 20 MiB in parts', async () => {
    const params = { Bucket: bucket.name, Key: 'lib-storage', Body: body, ContentType: 'video/mp4', Metadata: { by: 'lib' } }
    await new Upload({ client: bucket.s3, params, partSize: 6 * MIB, queueSize: 4 }).done()
    const got = await bucket.get('lib-storage')
    expect([got.headers.get('content-type'), got.headers.get('x-amz-meta-by')]).toEqual(['video/mp4', 'lib'])
    const parts = [0, 6, 12, 18].map((at) => body.subarray(at * MIB, (at + 6) * MIB))
    expect(got.headers.get('etag')).toBe(multipartEtag(...parts))
    expectSameBytes(await bytesOf(got), body)
  })

  test('minio puts 20 MiB in parts', async () => {
    const { endpoint, accessKeyId: accessKey, secretAccessKey: secretKey } = inject('server')
    const { hostname: endPoint, port } = new URL(endpoint)
    const minio = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey, region: 'auto', partSize: 8 * MIB })
    const pieces = Readable.from(Array.from({ length: 20 }, (_, n) => body.subarray(n * MIB, (n + 1) * MIB)))
    const { etag } = await minio.putObject(bucket.name, 'minio', pieces, body.length, { 'Content-Type': 'video/mp4' })
    expect(etag).toMatch(/^[0-9a-f]{32}-\d+$/)
    const stat = await minio.statObject(bucket.name, 'minio')
    expect([stat.size, stat.etag]).toEqual([body.length, etag])
    expectSameBytes(await bytesOf(await bucket.get('minio')), body)
  })
})
