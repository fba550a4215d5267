import { DeleteObjectCommand, DeleteObjectsCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { expectError, expectNoSuchKey, expectPreconditionFailed } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { etagOf, lentBucket } from './support/objects.ts'

const bucket = lentBucket()
const BODY = 'what is to be deleted'
const ETAG = etagOf(BODY)
const OTHER = etagOf('another')
const [PAST, FUTURE] = ['Mon, 01 Jan 2001 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT']

const exists = async (key: string) => (await bucket.head(key)).status === 200
const lastModified = async (key: string) => (await bucket.head(key)).headers.get('last-modified')!

describe('DeleteObject', () => {
  const send = (key: string, headers: Record<string, string>) => bucket.send('DELETE', key, { headers })

  test.each<[Record<string, string>, holds: boolean]>([
    [{ 'if-match': ETAG }, true],
    [{ 'if-match': ETAG.slice(1, -1) }, true],
    [{ 'if-match': '*' }, true],
    [{ 'if-match': `${OTHER}, ${ETAG}` }, true],
    [{ 'if-match': OTHER }, false],
    [{ 'if-match': `W/${ETAG}` }, false],
    [{ 'if-none-match': OTHER }, true],
    [{ 'if-none-match': ETAG }, false],
    [{ 'if-none-match': '*' }, false],
    [{ 'if-unmodified-since': FUTURE }, true],
    [{ 'if-unmodified-since': PAST }, false],
    [{ 'if-modified-since': FUTURE }, false],
    [{ 'x-amz-if-match-size': String(BODY.length) }, true],
    [{ 'x-amz-if-match-size': '1' }, false],
    [{ 'x-amz-if-match-last-modified-time': PAST }, false],
    [{ 'if-match': ETAG, 'x-amz-if-match-size': String(BODY.length + 1) }, false],
    [{ 'if-match': OTHER, 'x-amz-if-match-size': String(BODY.length) }, false],
  ])('%o: %s', async (headers, holds) => {
    const key = uniqueName('conditional')
    await bucket.put(key, BODY)
    const response = await send(key, headers)
    if (holds) expect([response.status, await response.text()]).toEqual([204, ''])
    else await expectPreconditionFailed(response)
    expect(await exists(key)).toBe(!holds)
  })

  test('at the time that HEAD shows', async () => {
    await bucket.put('timed', BODY)
    const time = { 'x-amz-if-match-last-modified-time': await lastModified('timed'), 'x-amz-if-match-size': String(BODY.length) }
    expect((await send('timed', { ...time, 'if-match': ETAG })).status).toBe(204)
    expect(await exists('timed')).toBe(false)
  })

  test.each<Record<string, string>>([{ 'if-match': '*' }, { 'if-match': ETAG }, { 'x-amz-if-match-size': '1' }])(
    '%o needs an object, as on S3',
    async (headers) => {
      await expectNoSuchKey(await send('never-there', headers))
      await bucket.put('gone', BODY)
      expect((await send('gone', {})).status).toBe(204)
      await expectNoSuchKey(await send('gone', headers))
    },
  )

  test('of nothing succeeds if no condition needs an object', async () => {
    expect((await send('never-there', { 'if-none-match': '*' })).status).toBe(204)
    expect((await send('never-there', { 'if-unmodified-since': PAST })).status).toBe(204)
  })

  test.each([
    ['x-amz-if-match-size', 'many', 'x-amz-if-match-size must be a number of bytes.'],
    ['x-amz-if-match-size', '-1', 'x-amz-if-match-size must be a number of bytes.'],
    ['x-amz-if-match-size', '', 'x-amz-if-match-size must be a number of bytes.'],
    ['x-amz-if-match-last-modified-time', 'yesterday', 'x-amz-if-match-last-modified-time must be a date.'],
  ])('refuses %s: %j, and deletes nothing', async (name, value, message) => {
    await bucket.put('kept', BODY)
    await expectError(await send('kept', { [name]: value }), 400, 'InvalidArgument', message)
    expect(await exists('kept')).toBe(true)
  })

  test('of several at once, one deletes what they all saw', async () => {
    await bucket.put('raced', BODY)
    const answers = await Promise.all(Array.from({ length: 5 }, () => send('raced', { 'if-match': ETAG })))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404])
  })
})

describe('DeleteObjects', () => {
  const send = (...objects: string[]) =>
    signedFetch('POST', `/${bucket.name}`, {
      query: { delete: '' },
      body: Buffer.from(`<Delete>${objects.map((object) => `<Object>${object}</Object>`).join('')}</Delete>`),
    })
  const texts = (xml: string, name: string) => [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text]) => text)

  test('deletes the objects whose conditions hold, and says why it did not delete the others', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const key of keys) await bucket.put(key, BODY)
    const response = await send(
      `<Key>a</Key><ETag>${ETAG}</ETag>`,
      `<Key>b</Key><ETag>${OTHER}</ETag>`,
      `<Key>c</Key><ETag>*</ETag><Size>${BODY.length}</Size><LastModifiedTime>${await lastModified('c')}</LastModifiedTime>`,
      `<Key>d</Key><Size>1</Size>`,
      `<Key>e</Key><LastModifiedTime>2001-01-01T00:00:00Z</LastModifiedTime>`,
      '<Key>f</Key>',
      '<Key>missing</Key><ETag>*</ETag>',
      '<Key>missing</Key>',
      '<Key>a</Key><ETag>*</ETag>',
    )
    const xml = await response.text()
    expect(response.status).toBe(200)
    expect(texts(xml.replaceAll(/<Error>.*?<\/Error>/g, ''), 'Key')).toEqual(['a', 'c', 'f', 'missing'])
    const errors = texts(xml, 'Code')
    expect(errors).toEqual(['PreconditionFailed', 'PreconditionFailed', 'PreconditionFailed', 'NoSuchKey', 'NoSuchKey'])
    expect(await Promise.all(keys.map(exists))).toEqual([false, true, false, true, true, false])
  })

  test.each([
    ['<ETag></ETag>', 'PreconditionFailed'],
    ['<ETag/>', 'PreconditionFailed'],
    [`<ETag>*, ${ETAG}</ETag>`, 'PreconditionFailed'],
    [`<ETag>W/${ETAG}</ETag>`, 'PreconditionFailed'],
  ])('%s is a condition that no object meets', async (condition, code) => {
    await bucket.put('kept', BODY)
    expect(texts(await (await send(`<Key>kept</Key>${condition}`)).text(), 'Code')).toEqual([code])
    expect(await exists('kept')).toBe(true)
  })

  test.each(['<Size>x</Size>', '<Size/>', '<LastModifiedTime>x</LastModifiedTime>', '<LastModifiedTime/>'])(
    'refuses %s, and deletes nothing',
    async (condition) => {
      await bucket.put('kept', BODY)
      const response = await send('<Key>kept</Key>', `<Key>other</Key>${condition}`)
      expect([response.status, texts(await response.text(), 'Code')]).toEqual([400, ['InvalidArgument']])
      expect(await exists('kept')).toBe(true)
    },
  )
})

test('the AWS SDK sends the conditions of both', async () => {
  const Bucket = bucket.name
  const Key = 'sdk'
  await bucket.put(Key, BODY)
  const { LastModified, ContentLength } = await bucket.s3.send(new HeadObjectCommand({ Bucket, Key }))
  const stale = bucket.s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: OTHER }))
  await expect(stale).rejects.toMatchObject({ name: 'PreconditionFailed', $metadata: { httpStatusCode: 412 } })
  const wrong = bucket.s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatchSize: 1, IfMatchLastModifiedTime: LastModified }))
  await expect(wrong).rejects.toMatchObject({ name: 'PreconditionFailed' })
  const object = { Key, ETag: ETAG, Size: ContentLength, LastModifiedTime: LastModified }
  const many = await bucket.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ ...object, Size: 1 }, object, object] } }))
  expect(many.Deleted).toEqual([{ Key }])
  expect(many.Errors?.map(({ Code }) => Code)).toEqual(['PreconditionFailed', 'NoSuchKey'])
  const gone = bucket.s3.send(new DeleteObjectCommand({ Bucket, Key, IfMatch: '*' }))
  await expect(gone).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } })
})
