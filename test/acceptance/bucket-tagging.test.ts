import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketTaggingCommand,
  GetBucketTaggingCommand,
  PutBucketTaggingCommand,
  type Tag,
} from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { expectError, expectNoSuchBucket } from './support/answers.ts'
import { s3Client, signedFetch, uniqueName, withBucket } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { rest } from './support/rest.ts'

const { s3, name: Bucket } = lentBucket()

const MALFORMED_TEXT = 'The XML you provided was not well formed or did not validate against our published schema.'
const TAGS: Tag[] = [
  { Key: 'team', Value: 'red' },
  { Key: 'cost centre', Value: '' },
]
const tag = (key: string, value = '') => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
const tagging = (...tags: string[]) => `<Tagging><TagSet>${tags.join('')}</TagSet></Tagging>`

const put = (TagSet: Tag[], of = Bucket) => s3.send(new PutBucketTaggingCommand({ Bucket: of, Tagging: { TagSet } }))
const get = async (of = Bucket) => (await s3.send(new GetBucketTaggingCommand({ Bucket: of }))).TagSet
const send = (method: string, body?: string, of = Bucket) =>
  signedFetch(method, `/${of}`, { query: { tagging: '' }, ...(body && { body }) })
const expectNone = (response: Response) => expectError(response, 404, 'NoSuchTagSet', 'The TagSet does not exist.')

describe('the tags of a bucket', () => {
  test('are absent at first, replaced as a whole, and removed', async () => {
    await expectNone(await send('GET'))
    await put(TAGS)
    expect(await get()).toEqual(TAGS)
    await put([{ Key: 'only', Value: 'one' }])
    expect(await get()).toEqual([{ Key: 'only', Value: 'one' }])
    await s3.send(new DeleteBucketTaggingCommand({ Bucket }))
    await expectNone(await send('GET'))
    await s3.send(new DeleteBucketTaggingCommand({ Bucket }))
  })

  test('answer as S3 does: 204 without a body, and a document', async () => {
    const answer = await send('PUT', tagging(tag('a', '1')))
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    const got = await send('GET')
    expect(await got.text()).toBe(
      `<?xml version="1.0" encoding="UTF-8"?><Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${tag('a', '1')}</TagSet></Tagging>`,
    )
    expect((await send('DELETE')).status).toBe(204)
  })

  test('are removed by an empty set', async () => {
    await put(TAGS)
    await put([])
    await expectNone(await send('GET'))
  })

  test('may be fifty', async () => {
    const fifty = Array.from({ length: 50 }, (_, n) => ({ Key: `key ${n}`, Value: 'v'.repeat(256) }))
    await put(fifty)
    expect(await get()).toEqual(fifty)
  })

  test.each([
    [
      'fifty-one tags',
      tagging(...Array.from({ length: 51 }, (_, n) => tag(`k${n}`))),
      'BadRequest',
      'Bucket tag count cannot be greater than 50',
    ],
    ['a key twice', tagging(tag('a'), tag('a')), 'InvalidTag', 'Cannot provide multiple Tags with the same key'],
    ['a reserved key', tagging(tag('aws:a')), 'InvalidTag', 'System tags cannot be added/updated by requester'],
    ['a bad key', tagging(tag('a*')), 'InvalidTag', 'The TagKey you have provided is invalid'],
    ['a bad value', tagging(tag('a', '*')), 'InvalidTag', 'The TagValue you have provided is invalid'],
    ['no XML', 'a=b', 'MalformedXML', MALFORMED_TEXT],
  ])('are refused with %s, and the old ones stay', async (_, body, code, message) => {
    await put(TAGS)
    await expectError(await send('PUT', body), 400, code, message)
    expect(await get()).toEqual(TAGS)
  })

  test('of no bucket are 404', async () => {
    const absent = uniqueName('absent')
    for (const method of ['GET', 'PUT', 'DELETE']) {
      await expectNoSuchBucket(await send(method, method === 'PUT' ? tagging() : undefined, absent))
    }
  })

  test('go with the bucket, and do not keep it', async () => {
    const name = uniqueName('tagged')
    await s3.send(new CreateBucketCommand({ Bucket: name }))
    await put(TAGS, name)
    await s3.send(new DeleteBucketCommand({ Bucket: name }))
    await s3.send(new CreateBucketCommand({ Bucket: name }))
    await expectNone(await send('GET', undefined, name))
    await s3.send(new DeleteBucketCommand({ Bucket: name }))
  })

  test('are in the audit log', async () => {
    await withBucket(async (name) => {
      await put(TAGS, name)
      await s3.send(new DeleteBucketTaggingCommand({ Bucket: name }))
      const { result } = await rest<{ action: { info: string }; resource: { id: string } }[]>(
        'GET',
        '/accounts/{account}/audit_logs?per_page=50',
      )
      const own = result.filter(({ resource }) => resource.id === name).map(({ action }) => action.info)
      expect(own.toSorted()).toEqual(['CreateBucket', 'DeleteBucketTagging', 'PutBucketTagging'])
    })
  })
})

describe('CreateBucket', () => {
  test('takes tags', async () => {
    const name = uniqueName('born-tagged')
    await s3Client().send(new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: { Tags: TAGS } }))
    expect(await get(name)).toEqual(TAGS)
    await s3.send(new DeleteBucketCommand({ Bucket: name }))
  })

  test.each([
    ['a reserved key', tag('aws:a'), 'InvalidTag', 'System tags cannot be added/updated by requester'],
    ['half a tag', '<Tag><Key>a</Key></Tag>', 'MalformedXML', MALFORMED_TEXT],
  ])('with %s creates nothing', async (_, tags, code, message) => {
    const name = uniqueName('unborn')
    const body = `<CreateBucketConfiguration><Tags>${tags}</Tags></CreateBucketConfiguration>`
    await expectError(await signedFetch('PUT', `/${name}`, { body }), 400, code, message)
    await expectNoSuchBucket(await signedFetch('GET', `/${name}`))
  })
})
