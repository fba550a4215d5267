import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteBucketLifecycleCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  type LifecycleRule,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, inject, test } from 'vitest'
import { expectError } from './support/answers.ts'
import { signedFetch, uniqueName, withBucket } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest } from './support/rest.ts'

const bucket = lentBucket()
const { s3, name: Bucket } = bucket
const client = cloudflare()
const account_id = () => inject('server').accountId

const DAY_MS = 86_400_000
const DEFAULT: LifecycleRule = {
  ID: 'Default Multipart Abort Rule',
  Status: 'Enabled',
  Filter: { Prefix: '' },
  AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
}

const put = (...Rules: LifecycleRule[]) =>
  s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }))
const rules = async () => (await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules

const expire = (ID: string, Days: number, Prefix: string): LifecycleRule => ({
  ID,
  Status: 'Enabled',
  Filter: { Prefix },
  Expiration: { Days },
})

/** The rule that an `x-amz-expiration` tells, and its age in days, which ends at the midnight (UTC) behind them. */
function expirationOf(header: string | undefined) {
  const [, date, ruleId] = /^expiry-date="([^"]+ GMT)", rule-id="([^"]*)"$/.exec(header ?? '') ?? []
  const dueMs = Date.parse(date ?? '')
  return { ruleId, days: dueMs % DAY_MS === 0 ? Math.floor((dueMs - Date.now()) / DAY_MS) : date }
}

describe('the configuration', () => {
  test('is the default rule, what was put, or nothing', async () => {
    await withBucket(async (Bucket) => {
      const get = new GetBucketLifecycleConfigurationCommand({ Bucket })
      expect((await s3.send(get)).Rules).toEqual([DEFAULT])
      await s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
      await expect(s3.send(get)).rejects.toMatchObject({
        name: 'NoSuchLifecycleConfiguration',
        message: 'The lifecycle configuration does not exist.',
      })
      await s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
      expect((await client.r2.buckets.lifecycle.get(Bucket, { account_id: account_id() })).rules).toEqual([])
    })
  })

  test("takes the reference's example", async () => {
    const example: LifecycleRule[] = [
      { ID: 'Delete 2019 Documents', Status: 'Enabled', Filter: { Prefix: '2019/' }, Expiration: { Date: new Date('2099-01-01') } },
      { ID: 'Transition', Status: 'Enabled', Filter: { Prefix: '' }, Transitions: [{ Days: 30, StorageClass: 'STANDARD_IA' }] },
      { ...expire('Delete Old Logs', 90, 'logs/'), Status: 'Disabled' },
      { ID: 'Abort', Status: 'Enabled', Filter: { Prefix: 'useruploads/' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ]
    await put(...example)
    expect(await rules()).toEqual(example)
  })

  test('comes back as it was written', async () => {
    const written: LifecycleRule[] = [
      { ID: 'old form', Status: 'Enabled', Prefix: 'a/', Expiration: { Days: 1 } },
      { ID: 'empty', Status: 'Disabled', Prefix: '', Expiration: { Days: 2 } },
      { ID: 'new form', Status: 'Enabled', Filter: { Prefix: 'b/' }, Expiration: { Days: 3 } },
    ]
    await put(...written)
    expect(await rules()).toEqual(written)
  })

  test('takes dates at midnight (UTC) alone', async () => {
    const dated = (date: string) => put({ ID: 'd', Status: 'Enabled', Prefix: 'a/', Expiration: { Date: new Date(date) } })
    await dated('2099-01-01')
    await expect(dated('1970-08-22T19:08:21Z')).rejects.toMatchObject({
      name: 'InvalidArgument',
      message: "'Date' must be at midnight GMT",
    })
  })

  test('is one for S3 and REST', async () => {
    await put({
      ID: 'both',
      Status: 'Enabled',
      Prefix: 'a/',
      Expiration: { Days: 30 },
      Transitions: [{ Days: 7, StorageClass: 'STANDARD_IA' }],
    })
    const seen = [
      {
        id: 'both',
        enabled: true,
        conditions: { prefix: 'a/' },
        deleteObjectsTransition: { condition: { type: 'Age' as const, maxAge: 30 * 86_400 } },
        storageClassTransitions: [{ condition: { type: 'Age' as const, maxAge: 7 * 86_400 }, storageClass: 'InfrequentAccess' as const }],
      },
    ]
    expect((await client.r2.buckets.lifecycle.get(Bucket, { account_id: account_id() })).rules).toEqual(seen)
    const half = { ...seen[0]!, id: 'half', conditions: { prefix: 'b/' }, future: true }
    await client.r2.buckets.lifecycle.update(Bucket, { account_id: account_id(), rules: [...seen, half] })
    expect((await client.r2.buckets.lifecycle.get(Bucket, { account_id: account_id() })).rules).toEqual([...seen, half])
    expect((await rules())?.map(({ ID }) => ID)).toEqual(['both', 'half'])
  })

  test('filters by tags and sizes, which REST refuses to show', async () => {
    const filters: LifecycleRule['Filter'][] = [
      { Tag: { Key: 'a', Value: '1' } },
      { ObjectSizeGreaterThan: 0 },
      { ObjectSizeLessThan: 500 },
      {
        And: {
          Prefix: 'p/',
          Tags: [
            { Key: 'a', Value: '1' },
            { Key: 'b', Value: '' },
          ],
          ObjectSizeGreaterThan: 1,
          ObjectSizeLessThan: 9,
        },
      },
    ]
    const written = filters.map((Filter, n): LifecycleRule => ({ ID: `${n}`, Status: 'Enabled', Filter, Expiration: { Days: 1 } }))
    await put(...written)
    expect(await rules()).toEqual(written)
    const restPath = `/accounts/{account}/r2/buckets/${Bucket}/lifecycle`
    const refusal = { code: 10501, message: expect.stringContaining('The lifecycle rule "0" selects objects by tags or sizes.') }
    expect(await rest('GET', restPath)).toMatchObject({ status: 501, errors: [refusal] })
    expect(await rules()).toEqual(written)
    await expect(
      put({ ID: 'up', Status: 'Enabled', Filter: filters[0], AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
    ).rejects.toMatchObject({ name: 'InvalidRequest', message: 'AbortIncompleteMultipartUpload cannot be specified with Tags.' })
    await put(DEFAULT)
  })

  test('holds a thousand rules', async () => {
    const thousand = Array.from({ length: 1000 }, (_, n) => expire(`rule ${n}`, 30, `${n}/`))
    await put(...thousand)
    expect(await rules()).toHaveLength(1000)
    await expect(put(...thousand, expire('one more', 1, ''))).rejects.toMatchObject({ name: 'MalformedXML' })
    const long = thousand.map((rule) => ({ ...rule, Filter: { Prefix: rule.Filter!.Prefix!.padEnd(300, 'x') } }))
    await expect(put(...long)).rejects.toMatchObject({ name: 'InvalidArgument', message: expect.stringContaining('too long') })
  })

  test('is refused whole when a rule is wrong', async () => {
    await put(DEFAULT)
    await expect(put(expire('good', 1, 'a/'), expire('bad', 0, 'b/'))).rejects.toMatchObject({ name: 'InvalidArgument' })
    await expect(put(expire('same', 1, 'a/'), expire('same', 1, 'b/'))).rejects.toMatchObject({ name: 'InvalidArgument' })
    await expect(put({ ...expire('tagged', 1, ''), Filter: { Tag: { Key: 'a', Value: '*' } } })).rejects.toMatchObject({
      name: 'InvalidArgument',
    })
    const restPath = `/accounts/{account}/r2/buckets/${Bucket}/lifecycle`
    const twice = [1, 2].map(() => ({ id: 'same', enabled: true }))
    expect(await rest('PUT', restPath, { body: { rules: twice } })).toMatchObject({ status: 400, errors: [{ code: 10029 }] })
    expect(await rest('PUT', restPath, { body: { rules: [{ id: 1 }] } })).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
    expect(await rest('PUT', restPath, { body: '{' })).toMatchObject({ status: 400, errors: [{ code: 10040 }] })
    await expectError(
      await signedFetch('PUT', `/${Bucket}`, { query: { lifecycle: '' }, body: '<LifecycleConfiguration>' }),
      400,
      'MalformedXML',
      'The XML you provided was not well formed or did not validate against our published schema.',
    )
    expect(await rules()).toEqual([DEFAULT])
  })

  test('of no bucket is 404', async () => {
    const absent = uniqueName('absent')
    await expectError(
      await signedFetch('GET', `/${absent}`, { query: { lifecycle: '' } }),
      404,
      'NoSuchBucket',
      'The specified bucket does not exist.',
    )
    expect(await rest('GET', `/accounts/{account}/r2/buckets/${absent}/lifecycle`)).toMatchObject({
      status: 404,
      errors: [{ code: 10006 }],
    })
  })

  test('is written into the audit log', async () => {
    await withBucket(async (Bucket) => {
      await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules: [DEFAULT] } }))
      await s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
      const { result } = await rest<{ action: { info: string }; resource: { id: string } }[]>(
        'GET',
        '/accounts/{account}/audit_logs?per_page=50',
      )
      const own = result.filter(({ resource }) => resource.id === Bucket).map(({ action }) => action.info)
      expect(own.toSorted()).toEqual(['CreateBucket', 'DeleteBucketLifecycleConfiguration', 'PutBucketLifecycleConfiguration'])
    })
  })
})

describe('a governed object', () => {
  test('says when it expires, wherever it is written or read', async () => {
    await put(expire('thirty days/é', 30, 'a/'), expire('later', 60, ''))
    const soon = { ruleId: 'thirty%20days%2F%C3%A9', days: 30 }
    const Key = 'a/1'
    expect(expirationOf((await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))).Expiration)).toEqual(soon)
    expect(expirationOf((await s3.send(new GetObjectCommand({ Bucket, Key }))).Expiration)).toEqual(soon)
    expect(expirationOf((await s3.send(new HeadObjectCommand({ Bucket, Key }))).Expiration)).toEqual(soon)
    const copy = await s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/${Key}` }))
    expect(expirationOf(copy.Expiration)).toEqual({ ruleId: 'later', days: 60 })
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'a/parts' }))
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'a/parts', UploadId, PartNumber: 1, Body: 'x' }))
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
    const completed = await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key: 'a/parts', UploadId, MultipartUpload }))
    expect(expirationOf(completed.Expiration)).toEqual(soon)
    await s3.send(new DeleteBucketLifecycleCommand({ Bucket }))
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).Expiration).toBeUndefined()
    expect((await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))).Expiration).toBeUndefined()
  })

  test('goes when its time has come, and so does one that was there before the rule', async () => {
    for (const key of ['gone/1', 'stays/1']) await bucket.put(key, 'x')
    await put({ ID: 'past', Status: 'Enabled', Filter: { Prefix: 'gone/' }, Expiration: { Date: new Date('2020-01-01') } })
    await bucket.put('gone/2', 'x')
    const listed = async (Prefix: string) => (await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))).KeyCount
    await expect.poll(() => listed('gone/'), { timeout: 20_000 }).toBe(0)
    expect(await listed('stays/')).toBe(1)
  })

  test('goes when it is tagged for it, and the others stay', async () => {
    const Date2020 = new Date('2020-01-01')
    await bucket.put('tags/now', 'x', { 'x-amz-tagging': 'goes=now' })
    for (const key of ['tags/later', 'tags/never']) await bucket.put(key, 'x')
    const And = { Prefix: 'tags/', Tags: [{ Key: 'goes', Value: 'now' }] }
    await put({ ID: 'tagged', Status: 'Enabled', Filter: { And }, Expiration: { Date: Date2020 } })
    const listed = async () => (await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'tags/' }))).Contents?.map(({ Key }) => Key)
    await expect.poll(listed, { timeout: 20_000 }).toEqual(['tags/later', 'tags/never'])
    const TagSet = And.Tags
    await s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'tags/later', Tagging: { TagSet } }))
    await expect.poll(listed, { timeout: 20_000 }).toEqual(['tags/never'])
  })

  test('moves to Infrequent Access when its time has come', async () => {
    await bucket.put('cold/1', 'x')
    const kept = async () => {
      const { headers } = await bucket.head('cold/1')
      return ['last-modified', 'etag', 'content-length'].map((name) => headers.get(name))
    }
    const before = await kept()
    const past = { Date: new Date('2020-01-01'), StorageClass: 'STANDARD_IA' } as const
    await put({ ID: 'cold', Status: 'Enabled', Filter: { Prefix: 'cold/' }, Transitions: [past] })
    await expect.poll(async () => (await bucket.head('cold/1')).headers.get('x-amz-storage-class'), { timeout: 20_000 }).toBe('STANDARD_IA')
    expect(await kept()).toEqual(before)
  })
})

test('an upload says when it is aborted, and by which rule', async () => {
  await put({ ID: 'three days', Status: 'Enabled', Filter: { Prefix: 'up/' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } })
  const created = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'up/1' }))
  expect(created.AbortRuleId).toBe('three%20days')
  expect(Math.round((created.AbortDate!.getTime() - Date.now()) / DAY_MS)).toBe(3)
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key: 'up/1', UploadId: created.UploadId }))
  expect(listed).toMatchObject({ AbortRuleId: 'three%20days', AbortDate: created.AbortDate })
  const other = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'other' }))
  expect([other.AbortDate, other.AbortRuleId]).toEqual([undefined, undefined])
})
