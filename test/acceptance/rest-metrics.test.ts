import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { describe, expect, inject, test } from 'vitest'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'

type AccountBilled = { infrequentAccess: { retrievedBytes: number; earlyDeletionByteDays: number } }

const { accountId: account_id } = inject('server')
const client = cloudflare()
const bucket = lentBucket()

/** What wrangler asks, with more to know. */
const QUERY = `query getR2StorageMetrics($accountTag: String, $filter: R2StorageAdaptiveGroupsFilter_InputObject) {
  viewer { accounts(filter: { accountTag: $accountTag }) {
    r2StorageAdaptiveGroups(limit: 10, filter: $filter, orderBy: [datetime_DESC]) {
      max { objectCount payloadSize metadataSize uploadCount } dimensions { datetime } } } } }`

async function graphql(query: string, variables: object = {}) {
  const response = await restFetch('POST', '/graphql', { body: { query, variables }, headers: { 'content-type': 'application/json' } })
  // biome-ignore lint/suspicious/noExplicitAny: each query has its own shape.
  return (await response.json()) as { data: any; errors: { message: string }[] | null }
}

async function figuresOf(bucketName: string, filter: object = {}) {
  const { data, errors } = await graphql(QUERY, { accountTag: account_id, filter: { bucketName, ...filter } })
  expect(errors).toBeNull()
  return data.viewer.accounts[0].r2StorageAdaptiveGroups
}

/** The newest figures. When a minute ends while a test runs, that minute has a row of its own. */
const newestOf = async (bucketName: string, filter?: object) => (await figuresOf(bucketName, filter)).slice(0, 1)

describe('the figures of a bucket', () => {
  test('are exact at once: objects, bytes, metadata, open uploads', async () => {
    expect(await newestOf(bucket.name)).toMatchObject([{ max: { objectCount: 0, payloadSize: 0, metadataSize: 0, uploadCount: 0 } }])
    await bucket.put('a', 'x'.repeat(1000), { 'content-type': 'text/plain', 'x-amz-meta-n': 'v' })
    await bucket.put('b', 'x'.repeat(500), { 'content-type': 'a/b', 'x-amz-storage-class': 'STANDARD_IA' })
    const place = { Bucket: bucket.name, Key: 'c' }
    const { UploadId } = await bucket.s3.send(new CreateMultipartUploadCommand(place))
    await bucket.s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: 'part' }))
    expect(await newestOf(bucket.name)).toEqual([
      {
        max: { objectCount: 2, payloadSize: 1500, metadataSize: 15, uploadCount: 1 },
        dimensions: { datetime: expect.stringMatching(/Z$/) },
      },
    ])
    expect(await newestOf(bucket.name, { storageClass: 'InfrequentAccess' })).toMatchObject([{ max: { objectCount: 1, payloadSize: 500 } }])
    await bucket.s3.send(new AbortMultipartUploadCommand({ ...place, UploadId }))
    await bucket.put('a', 'y')
    expect(await newestOf(bucket.name)).toMatchObject([{ max: { objectCount: 2, payloadSize: 501, uploadCount: 0 } }])
  })

  test('are none for a bucket, an account or a time that there is not', async () => {
    expect(await figuresOf('nowhere-at-all')).toEqual([])
    expect(await figuresOf(`eu_${bucket.name}`)).toEqual([])
    expect(await figuresOf(bucket.name, { datetime_leq: '2020-01-01T00:00:00Z' })).toEqual([])
    const { data } = await graphql(QUERY, { accountTag: '0'.repeat(32), filter: {} })
    expect(data.viewer.accounts).toEqual([])
  })

  test('are grouped by the dimensions that are asked for', async () => {
    const query = `{ viewer { accounts { r2StorageAdaptiveGroups(limit: 1000, filter: { bucketName_in: ["${bucket.name}", "nowhere"] }) {
      ...figures } } } } fragment figures on AccountR2StorageAdaptiveGroups { max { objectCount } dimensions { bucketName storageClass } }`
    const { data } = await graphql(query)
    expect(data.viewer.accounts[0].r2StorageAdaptiveGroups).toHaveLength(2)
  })
})

test('what Infrequent Access is billed for besides storage is counted: reads and copies, and objects that go early', async () => {
  const billed = async () => {
    const { data } = await graphql(`{ viewer { accounts {
      r2StorageAdaptiveGroups(limit: 1, filter: { bucketName: "${bucket.name}", storageClass: "InfrequentAccess" }) {
        max { retrievedBytes earlyDeletionByteDays } } } } }`)
    return data.viewer.accounts[0].r2StorageAdaptiveGroups[0].max
  }
  const account = async () => (await rest<AccountBilled>('GET', '/accounts/{account}/r2/metrics')).result.infrequentAccess
  const [own, all] = [await billed(), await account()]
  await bucket.put('cold', 'x'.repeat(1000), { 'x-amz-storage-class': 'STANDARD_IA' })
  await (await bucket.get('cold')).text()
  await (await bucket.get('cold', { range: 'bytes=0-9' })).text()
  await bucket.head('cold')
  const headers = { 'x-amz-copy-source': bucket.path('cold'), 'x-amz-storage-class': 'STANDARD' }
  expect((await bucket.send('PUT', 'cold', { headers })).status).toBe(200)
  await (await bucket.get('cold')).text()
  const after = { retrievedBytes: own.retrievedBytes + 2010, earlyDeletionByteDays: own.earlyDeletionByteDays + 29 * 1000 }
  expect(await billed()).toEqual(after)
  const { retrievedBytes, earlyDeletionByteDays } = await account()
  expect(retrievedBytes - all.retrievedBytes).toBeGreaterThanOrEqual(2010)
  expect(earlyDeletionByteDays - all.earlyDeletionByteDays).toBeGreaterThanOrEqual(29_000)
})

test('the account has the sum of its buckets, by storage class', async () => {
  const before = await client.r2.buckets.metrics.list({ account_id })
  await bucket.put('more', 'x'.repeat(12_345), { 'x-amz-storage-class': 'STANDARD_IA' })
  const after = await client.r2.buckets.metrics.list({ account_id })
  expect(after.infrequentAccess!.published!.payloadSize! - before.infrequentAccess!.published!.payloadSize!).toBeGreaterThanOrEqual(12_345)
  expect(after.standard).toMatchObject({ published: { objects: expect.any(Number) }, uploaded: { payloadSize: expect.any(Number) } })
  expect(await rest('GET', '/accounts/{account}/r2/metrics')).toMatchObject({ status: 200 })
})

describe('GraphQL', () => {
  test.each([
    ['{ viewer {', 'Syntax Error'],
    ['{ nothing }', 'Cannot query field "nothing"'],
    ['{ viewer { accounts { r2OperationsAdaptiveGroups(limit: 1) { sum { visits } } } } }', 'Cannot query field'],
  ])('says what is wrong: %s', async (query, message) => {
    const answer = await graphql(query)
    expect(answer.data).toBeNull()
    expect(answer.errors![0]!.message).toContain(message)
  })

  test('answers nothing that is too long', async () => {
    const { errors } = await graphql(`{ viewer { ${'accounts { accountTag } '.repeat(900)} } }`)
    expect(errors![0]!.message).toContain('contains more that 3000 tokens')
  })

  const days = Array.from({ length: 60 }, (_, day) => new Date(Date.UTC(2026, 0, 1 + 2 * day)).toISOString().slice(0, 10))
  const minutes = Array.from({ length: 15_000 }, (_, n) => new Date(Date.UTC(2026, 0, 1) + n * 120_000).toISOString())
  const names = Array.from({ length: 10_000 }, (_, n) => `bucket-${n}`)
  const patterns = Array.from({ length: 79 }, (_, n) => ({ bucketName_like: `p%${n}` }))
  const nested = (open: string, close: string, times: number) => `${open.repeat(times)}{ bucketName: "x" }${close.repeat(times)}`

  test.each([
    ['a list of days', 'r2OperationsAdaptiveGroups', '{ date_in: $values }', days, '40 times at most'],
    ['a list of minutes', 'r2StorageAdaptiveGroups', '{ AND: [{ datetime_in: $values }, { datetime_in: $values }] }', minutes, 'at most'],
    ['a list of minutes', 'r2StorageAdaptiveGroups', '{ datetime_in: $values }', minutes, '40 times at most'],
    [
      'lists of days',
      'r2OperationsAdaptiveGroups',
      '{ AND: [{ date_in: $values }, { date_notin: $values }] }',
      days.slice(0, 30),
      '90 values',
    ],
    ['many patterns', 'r2StorageAdaptiveGroups', '{ OR: $values }', patterns, '90 values at most'],
    ['many patterns', 'r2OperationsAdaptiveGroups', '{ OR: $values }', patterns, '90 values at most'],
    ['one list often', 'r2OperationsAdaptiveGroups', `{ OR: [${'{ bucketName_in: $values }'.repeat(9)}] }`, names, '20000 values at most'],
    [
      'a long text often',
      'r2OperationsAdaptiveGroups',
      `{ OR: [${'{ bucketName: $values }'.repeat(9)}] }`,
      'x'.repeat(500_000),
      '20000 values',
    ],
    ['levels of AND', 'r2OperationsAdaptiveGroups', nested('{ AND: [{}, ', ']}', 60), [], 'nested too deeply'],
    ['levels of OR', 'r2OperationsAdaptiveGroups', nested('{ OR: [{}, { AND: [{}, ', ']}]}', 60), [], 'nested too deeply'],
    ['levels of OR', 'r2StorageAdaptiveGroups', nested('{ OR: [{}, ', ']}', 100), [], 'nested too deeply'],
    ['empty groups', 'r2StorageAdaptiveGroups', `{ OR: [${'{}'.repeat(900)}] }`, [], 'comparisons at most'],
  ])('refuses a filter that is too large: %s of %s', async (_, dataset, filter, values, message) => {
    const query = `query ($values: any) { viewer { accounts { ${dataset}(filter: ${filter}) { dimensions { bucketName } } } } }`
    const body = { query, variables: { values } }
    const response = await restFetch('POST', '/graphql', { body, headers: { 'content-type': 'application/json' } })
    const { errors } = (await response.json()) as { errors: { message: string }[] }
    expect(errors.map((error) => error.message)).toEqual([expect.stringContaining(message)])
  })

  test.each([
    ['80 comparisons', `{ OR: [${'{ priceClass_neq: "A" }'.repeat(80)}] }`],
    ['18 levels of OR', nested('{ OR: [{ bucketName: "y" }, ', ']}', 18)],
    ['40 days', `{ date_notin: ${JSON.stringify(days.slice(0, 40))} }`],
    ['groups of nothing', '{ AND: [{}, { OR: [] }], OR: [{}, { AND: [] }] }'],
  ])('takes a large filter: %s', async (_, filter) => {
    const { errors } = await graphql(`{ viewer { accounts { r2OperationsAdaptiveGroups(filter: ${filter}) { count } } } }`)
    expect(errors).toBeNull()
  })

  test('does not group by a dimension that a directive leaves out', async () => {
    const selection = '{ count dimensions { actionType @skip(if: $plain) ...Bucket @include(if: $byBucket) } }'
    const query = `query ($byBucket: bool!, $plain: bool!) { viewer { accounts { r2OperationsAdaptiveGroups ${selection} } } }
      fragment Bucket on AccountR2OperationsAdaptiveGroupsDimensions { bucketName }`
    const ask = async (variables: object) => {
      const response = await restFetch('POST', '/graphql', { body: { query, variables }, headers: { 'content-type': 'application/json' } })
      // biome-ignore lint/suspicious/noExplicitAny: each query has its own shape.
      const { data } = (await response.json()) as { data: any }
      return data.viewer.accounts[0].r2OperationsAdaptiveGroups as { count: number; dimensions: object }[]
    }
    const [whole, ...others] = await ask({ byBucket: false, plain: true })
    expect(others).toEqual([])
    expect(whole!.dimensions).toEqual({})
    const byAction = await ask({ byBucket: false, plain: false })
    expect(new Set(byAction.map(({ dimensions }) => JSON.stringify(dimensions))).size).toBe(byAction.length)
    expect(byAction.length).toBeGreaterThan(1)
  })

  test('runs one of several operations, each with its own fragments and variables', async () => {
    const query = `query One { viewer { accounts { ...Tag } } } fragment Tag on account { accountTag }
      query Two($since: Date) { viewer { accounts { ...Since } } }
      fragment Since on account { r2OperationsAdaptiveGroups(filter: { date_geq: $since }) { count } }`
    const body = { query, operationName: 'One' }
    const response = await restFetch('POST', '/graphql', { body, headers: { 'content-type': 'application/json' } })
    expect(await response.json()).toMatchObject({ data: { viewer: { accounts: [{ accountTag: expect.any(String) }] } }, errors: null })
  })

  test('needs a token', async () => {
    expect((await restFetch('POST', '/graphql', { body: { query: '{ viewer { accounts { accountTag } } }' }, token: null })).status).toBe(
      401,
    )
  })
})
