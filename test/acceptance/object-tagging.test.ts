import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectTaggingCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectError, expectNoSuchBucket, expectNoSuchKey } from './support/answers.ts'
import { emptyBucket, s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { customerKey } from './support/multipart.ts'
import { lentBucket, md5Hex } from './support/objects.ts'

const bucket = lentBucket()
const { s3, name: Bucket } = bucket

const QUERY_TEXT = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates."
const MALFORMED_TEXT = 'The XML you provided was not well formed or did not validate against our published schema.'

const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const tagging = (...tags: string[]) => `<Tagging><TagSet>${tags.join('')}</TagSet></Tagging>`
const EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet></TagSet></Tagging>'

const sendTagging = (method: string, key: string, body?: string) =>
  bucket.send(method, key, { query: { tagging: '' }, ...(body !== undefined && { body: Buffer.from(body) }) })

/** The tags of an object, as the SDK reads them. */
async function tagsOf(key: string, of = Bucket): Promise<Record<string, string>> {
  const { TagSet } = await s3.send(new GetObjectTaggingCommand({ Bucket: of, Key: key }))
  return Object.fromEntries((TagSet ?? []).map(({ Key, Value }) => [Key!, Value!]))
}

describe('Put, Get and DeleteObjectTagging', () => {
  test('replace, return and remove all tags of an object', async () => {
    await bucket.put('object', 'x')
    expect(await tagsOf('object')).toEqual({})
    await s3.send(
      new PutObjectTaggingCommand({
        Bucket,
        Key: 'object',
        Tagging: {
          TagSet: [
            { Key: 'a', Value: '1' },
            { Key: '東 b', Value: '' },
          ],
        },
      }),
    )
    expect(await tagsOf('object')).toEqual({ a: '1', '東 b': '' })
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'object', Tagging: { TagSet: [{ Key: 'c', Value: '3' }] } }))
    expect(await tagsOf('object')).toEqual({ c: '3' })
    await s3.send(new DeleteObjectTaggingCommand({ Bucket, Key: 'object' }))
    expect(await tagsOf('object')).toEqual({})
    expect(await (await bucket.get('object')).text()).toBe('x')
  })

  test('answer as S3 does: 200 and a document, 200 and 204 without a body, each with the version', async () => {
    const version = (await bucket.put('wire', 'x')).headers.get('x-amz-version-id')
    const put = await sendTagging('PUT', 'wire', tagging(tag('a', '1')))
    const got = await sendTagging('GET', 'wire')
    const removed = await sendTagging('DELETE', 'wire')
    for (const response of [put, got, removed]) expect(response.headers.get('x-amz-version-id')).toBe(version)
    expect([put.status, await put.text()]).toEqual([200, ''])
    expect([got.status, got.headers.get('content-type')]).toEqual([200, 'application/xml'])
    expect(await got.text()).toBe(EMPTY.replace('<TagSet>', `<TagSet>${tag('a', '1')}`))
    expect([removed.status, await removed.text()]).toEqual([204, ''])
    expect(await (await sendTagging('GET', 'wire')).text()).toBe(EMPTY)
  })

  test('leave ETag, Last-Modified, version and metadata as they are', async () => {
    await bucket.put('stable', 'x', { 'x-amz-meta-a': 'b', 'content-type': 'text/x' })
    const { 'x-amz-request-id': _, date: __, ...before } = Object.fromEntries((await bucket.head('stable')).headers)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await sendTagging('PUT', 'stable', tagging(tag('a', '1')))
    const { 'x-amz-request-id': ___, date: ____, ...after } = Object.fromEntries((await bucket.head('stable')).headers)
    expect(after).toEqual({ ...before, 'x-amz-tagging-count': '1' })
  })

  test('of a missing key or bucket are 404', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? tagging() : undefined
      await expectNoSuchKey(await sendTagging(method, 'missing', body))
      const query = { tagging: '' }
      await expectNoSuchBucket(await signedFetch(method, `/${uniqueName('absent')}/key`, { query, ...(body && { body }) }))
    }
  })

  test('name a version that is not there: 501, and nothing changes', async () => {
    await bucket.put('versions', 'x', { 'x-amz-tagging': 'a=1' })
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await bucket.send(method, 'versions', {
        query: { tagging: '', versionId: 'null' },
        body: method === 'PUT' ? tagging() : undefined,
      })
      await expectError(response, 501, 'NotImplemented', 'versionId not implemented')
    }
    expect(await tagsOf('versions')).toEqual({ a: '1' })
  })

  test('need no customer key', async () => {
    await bucket.put('ssec', 'x', customerKey(1))
    expect((await sendTagging('PUT', 'ssec', tagging(tag('a', '1')))).status).toBe(200)
    expect(await tagsOf('ssec')).toEqual({ a: '1' })
    expect(await (await bucket.get('ssec', customerKey(1))).text()).toBe('x')
  })

  test.each([
    ['a body that is no XML', 'a=b', 'MalformedXML', MALFORMED_TEXT],
    ['a tag without a value', tagging('<Tag><Key>a</Key></Tag>'), 'MalformedXML', MALFORMED_TEXT],
    [
      'eleven tags',
      tagging(...Array.from({ length: 11 }, (_, n) => tag(`k${n}`, ''))),
      'BadRequest',
      'Object tags cannot be greater than 10',
    ],
    ['a key twice', tagging(tag('a', '1'), tag('a', '2')), 'InvalidTag', 'Cannot provide multiple Tags with the same key'],
    ['a bad key', tagging(tag('a?', '1')), 'InvalidTag', 'The TagKey you have provided is invalid'],
    ['a long value', tagging(tag('a', 'v'.repeat(257))), 'InvalidTag', 'The TagValue you have provided is invalid'],
    ['a reserved key', tagging(tag('aws:a', '')), 'InvalidTag', 'Your TagKey cannot be prefixed with aws:'],
  ])('refuse %s, and keep the tags', async (_, body, code, message) => {
    await bucket.put('kept', 'x', { 'x-amz-tagging': 'old=1' })
    await expectError(await sendTagging('PUT', 'kept', body), 400, code, message)
    expect(await tagsOf('kept')).toEqual({ old: '1' })
  })
})

describe('x-amz-tagging', () => {
  test('on PutObject gives the object its tags, which GET and HEAD count', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'tagged', Body: 'x', Tagging: 'a=1&b=%E6%9D%B1&c' }))
    expect(await tagsOf('tagged')).toEqual({ a: '1', b: '東', c: '' })
    expect((await s3.send(new GetObjectCommand({ Bucket, Key: 'tagged' }))).TagCount).toBe(3)
    for (const response of [await bucket.head('tagged'), await bucket.get('tagged', { range: 'bytes=0-0' })]) {
      expect(response.headers.get('x-amz-tagging-count')).toBe('3')
    }
  })

  test('that is absent or empty leaves no tags, and no count', async () => {
    for (const headers of [undefined, { 'x-amz-tagging': '' }]) {
      await bucket.put('tagged', 'x', { 'x-amz-tagging': 'a=1' })
      const put = await bucket.put('tagged', 'y', headers)
      expect(put.headers.get('x-amz-tagging-count')).toBeNull()
      expect(await tagsOf('tagged')).toEqual({})
      expect((await bucket.head('tagged')).headers.get('x-amz-tagging-count')).toBeNull()
    }
  })

  test('in a presigned URL counts as the header', async () => {
    // By default the SDK would sign the checksum of an empty body.
    const presigner = s3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' })
    const url = await getSignedUrl(presigner, new PutObjectCommand({ Bucket, Key: 'presigned', Tagging: 'a=1' }))
    const put = await fetch(url, { method: 'PUT', body: 'x' })
    expect([put.status, await put.text()]).toEqual([200, ''])
    expect(await tagsOf('presigned')).toEqual({ a: '1' })
  })

  test('on CreateMultipartUpload gives the tags to the completed object', async () => {
    const at = { Bucket, Key: 'multipart' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...at, Tagging: 'a=1&b=2' }))
    const { ETag } = await s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber: 1, Body: 'x' }))
    await s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }))
    expect(await tagsOf('multipart')).toEqual({ a: '1', b: '2' })
  })

  test.each([
    ['a=1&a=2', 'InvalidArgument', QUERY_TEXT],
    ['a=%', 'InvalidArgument', QUERY_TEXT],
    ['=1', 'InvalidTag', 'The TagKey you have provided is invalid'],
    ['a=%3C', 'InvalidTag', 'The TagValue you have provided is invalid'],
    ['aws:a=1', 'InvalidTag', 'Your TagKey cannot be prefixed with aws:'],
    [Array.from({ length: 11 }, (_, n) => `k${n}=`).join('&'), 'BadRequest', 'Object tags cannot be greater than 10'],
  ])('%s is refused, and nothing is stored', async (header, code, message) => {
    const headers = { 'x-amz-tagging': header }
    await expectError(await bucket.send('PUT', 'refused', { body: 'x', headers }), 400, code, message)
    await expectError(await bucket.send('POST', 'refused', { query: { uploads: '' }, headers }), 400, code, message)
    await expectNoSuchKey(await bucket.get('refused'))
  })
})

describe('CopyObject', () => {
  const OTHER = uniqueName('tags')
  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: OTHER }))
    await bucket.put('source', 'x', { 'x-amz-tagging': 'a=1&b=2' })
    return async () => {
      await emptyBucket(s3, OTHER)
      await signedFetch('DELETE', `/${OTHER}`)
    }
  })

  test.each([
    ['without a directive', {}, { a: '1', b: '2' }],
    ['COPY', { TaggingDirective: 'COPY', Tagging: 'ignored=1' }, { a: '1', b: '2' }],
    ['REPLACE', { TaggingDirective: 'REPLACE', Tagging: 'c=3' }, { c: '3' }],
    ['REPLACE with nothing', { TaggingDirective: 'REPLACE' }, {}],
    ['replaced metadata', { MetadataDirective: 'REPLACE' }, { a: '1', b: '2' }],
  ] as const)('%s', async (_, options, tags) => {
    const CopySource = `${Bucket}/source`
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource, ...options }))
    expect(await tagsOf('copy')).toEqual(tags)
    await s3.send(new CopyObjectCommand({ Bucket: OTHER, Key: 'copy', CopySource, ...options }))
    expect(await tagsOf('copy', OTHER)).toEqual(tags)
    const headers = { ...customerKey(2), 'x-amz-copy-source': `/${CopySource}`, ...headersOf(options) }
    expect((await bucket.send('PUT', 'sealed', { headers })).status).toBe(200)
    expect(await tagsOf('sealed')).toEqual(tags)
  })

  test('onto itself keeps or replaces the tags', async () => {
    await bucket.put('self', 'x', { 'x-amz-tagging': 'a=1' })
    const copy = { Bucket, Key: 'self', CopySource: `${Bucket}/self` }
    await s3.send(new CopyObjectCommand(copy))
    expect(await tagsOf('self')).toEqual({ a: '1' })
    await s3.send(new CopyObjectCommand({ ...copy, TaggingDirective: 'REPLACE', Tagging: 'b=2' }))
    expect(await tagsOf('self')).toEqual({ b: '2' })
    expect((await bucket.head('self')).headers.get('etag')).toBe(`"${md5Hex('x')}"`)
  })

  test.each(['copy', 'MERGE', 'nonsense'])('does not know the directive %s', async (directive) => {
    const headers = { 'x-amz-copy-source': `/${Bucket}/source`, 'x-amz-tagging-directive': directive }
    await expectError(await bucket.send('PUT', 'none', { headers }), 400, 'InvalidArgument', 'Unknown tagging directive.')
    await expectNoSuchKey(await bucket.get('none'))
  })

  const headersOf = (options: { TaggingDirective?: string; Tagging?: string; MetadataDirective?: string }) => ({
    ...(options.TaggingDirective && { 'x-amz-tagging-directive': options.TaggingDirective }),
    ...(options.Tagging && { 'x-amz-tagging': options.Tagging }),
    ...(options.MetadataDirective && { 'x-amz-metadata-directive': options.MetadataDirective }),
  })
})
