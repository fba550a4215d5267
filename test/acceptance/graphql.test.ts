import { getIntrospectionQuery } from 'graphql'
import { describe, expect, inject, test } from 'vitest'
import { queriesOf } from './support/graphql-queries.ts'
import { lentBucket } from './support/objects.ts'
import { restFetch } from './support/rest.ts'

const { accountId: accountTag } = inject('server')
const bucket = lentBucket()
const own = lentBucket()

type Rows = { count: number; sum: Record<string, number>; max: Record<string, number>; dimensions: Record<string, string | number> }[]

async function graphql(body: object, path = '/graphql') {
  const response = await restFetch('POST', path, { body, headers: { 'content-type': 'application/json' } })
  // biome-ignore lint/suspicious/noExplicitAny: each query has its own shape.
  return (await response.json()) as { data: any; errors: { message: string }[] | null }
}

/** The rows of the only dataset of a query. */
async function rowsOf(dataset: string, asked: string, selection: string): Promise<Rows> {
  const query = `{ viewer { accounts(filter: { accountTag: "${accountTag}" }) { rows: ${dataset}${asked} ${selection} } } }`
  const { data, errors } = await graphql({ query })
  expect(errors).toBeNull()
  return data.viewer.accounts[0].rows
}

const windowAround = (): { start: string; end: string } => ({
  start: new Date(Date.now() - 86_400_000).toISOString(),
  end: new Date(Date.now() + 60_000).toISOString(),
})

describe('a query as people send it', () => {
  const names = queriesOf({ accountTag: '', bucketName: '', start: '', end: '' }).map(({ who }) => who)

  test.each(names)('is answered: %s', async (who) => {
    await bucket.put('seen', 'x'.repeat(10))
    await (await bucket.get('seen')).text()
    const sent = queriesOf({ accountTag, bucketName: bucket.name, ...windowAround() }).find((one) => one.who === who)!
    const { query, operationName, variables } = sent
    const { data, errors } = await graphql({ query, operationName, variables }, who.includes('exporter') ? '/graphql/' : undefined)
    expect(errors).toBeNull()
    for (const field of sent.fields) {
      const rows = data.viewer.accounts[0][field] as unknown[]
      if (field === 'errors') expect(Array.isArray(rows)).toBe(true)
      else expect(rows.length).toBeGreaterThan(0)
    }
  })

  test('may ask for the schema', async () => {
    const { data, errors } = await graphql({ query: getIntrospectionQuery() })
    expect(errors).toBeNull()
    expect(data.__schema.types.length).toBeGreaterThan(20)
    const ofType = await graphql({ query: '{ __type(name: "AccountR2OperationsAdaptiveGroupsDimensions") { fields { name } } }' })
    const fields = ofType.data.__type.fields.map(({ name }: { name: string }) => name)
    expect(fields).toEqual(
      expect.arrayContaining([
        'actionType',
        'actionStatus',
        'bucketName',
        'objectName',
        'responseStatusCode',
        'storageClass',
        'eyeballRegion',
        'date',
        'datetimeFifteenMinutes',
      ]),
    )
  })
})

describe('operations', () => {
  test('are counted for every face under the names of R2, with their bytes', async () => {
    await own.put('a', 'x'.repeat(1000))
    await (await own.get('a')).text()
    await (await own.get('a', { range: 'bytes=0-9' })).text()
    await own.head('a')
    expect((await own.get('missing')).status).toBe(404)
    const key = `/accounts/{account}/r2/buckets/${own.name}/objects/b`
    expect((await restFetch('PUT', key, { body: 'y'.repeat(500) })).status).toBe(200)
    await (await restFetch('GET', key)).text()
    expect((await restFetch('DELETE', key)).status).toBe(200)
    const asked = `(filter: { bucketName: "${own.name}" }, orderBy: [actionType_ASC, responseStatusCode_ASC])`
    const rows = await rowsOf(
      'r2OperationsAdaptiveGroups',
      asked,
      '{ sum { requests responseBytes responseObjectSize } dimensions { actionType responseStatusCode actionStatus priceClass } }',
    )
    const sums = rows.map(({ sum, dimensions }) => [
      dimensions.actionType,
      dimensions.responseStatusCode,
      dimensions.actionStatus,
      dimensions.priceClass,
      sum.requests,
      sum.responseBytes,
      sum.responseObjectSize,
    ])
    expect(sums.filter(([action]) => /Object$/.test(String(action)))).toEqual([
      ['DeleteObject', 200, 'success', 'free', 1, 0, 0],
      ['GetObject', 200, 'success', 'B', 2, 1500, 1500],
      ['GetObject', 206, 'success', 'B', 1, 10, 1000],
      ['GetObject', 404, 'userError', 'B', 1, 0, 0],
      ['HeadObject', 200, 'success', 'B', 1, 0, 1000],
      ['PutObject', 200, 'success', 'A', 2, 0, 1500],
    ])
    const [traffic] = await rowsOf(
      'r2BandwidthUsageAdaptiveGroups',
      `(filter: { bucketName: "${own.name}" })`,
      '{ sum { bytesUpload bytesDownload } }',
    )
    expect(traffic!.sum).toEqual({ bytesUpload: 1500, bytesDownload: 1510 })
  })

  test('on buckets that do not exist leave no name behind', async () => {
    const name = `nobody-${Date.now()}`
    await restFetch('GET', `/accounts/{account}/r2/buckets/${name}/objects`)
    expect(await rowsOf('r2OperationsAdaptiveGroups', `(filter: { bucketName: "${name}" })`, '{ sum { requests } }')).toEqual([])
  })
})

describe('a mistake in a query', () => {
  test.each([
    [
      'an order by an unselected dimension',
      '{ viewer { accounts { r2OperationsAdaptiveGroups(orderBy: [date_ASC]) { count } } } }',
      'cannot order by date: it is neither aggregated, nor a dimension',
    ],
    [
      'a limit that is too large',
      '{ viewer { accounts { r2OperationsAdaptiveGroups(limit: 10001) { count } } } }',
      'not greater than 10000',
    ],
    [
      'a pattern in the middle',
      '{ viewer { accounts { r2OperationsAdaptiveGroups(filter: { bucketName_like: "a%b%c" }) { count } } } }',
      'A pattern has the form',
    ],
    ['no time', '{ viewer { accounts { r2OperationsAdaptiveGroups(filter: { datetime_geq: "soon" }) { count } } } }', '"soon" is no time'],
    [
      'a missing variable',
      'query Q($tag: string!) { viewer { accounts(filter: { accountTag: $tag }) { accountTag } } }',
      'Variable "$tag"',
    ],
    ['an unknown variable', '{ viewer { accounts(filter: { accountTag: $tag }) { accountTag } } }', 'Variable "$tag" is not defined'],
    [
      'many aliases',
      `{ viewer { accounts { ${Array.from({ length: 21 }, (_, n) => `a${n}: r2OperationsAdaptiveGroups { count }`).join(' ')} } } }`,
      'A query asks for 20 datasets at most',
    ],
    [
      'too many comparisons',
      `{ viewer { accounts { r2OperationsAdaptiveGroups(filter: { OR: [${'{ actionType: "x" } '.repeat(81)}] }) { count } } } }`,
      'A filter has 80 comparisons at most',
    ],
    ['no operation', 'fragment F on account { accountTag }', 'Must provide an operation.'],
  ])('is answered clearly: %s', async (_, query, message) => {
    const { data, errors } = await graphql({ query })
    expect(data).toBeNull()
    expect(errors![0]!.message).toContain(message)
  })
})
