import { describe, expect, inject, test } from 'vitest'
import { parseExposition } from './support/exposition.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'

const PATH = '/accounts/{account}/r2/metrics/prometheus'
const bucket = lentBucket()
const other = lentBucket()

async function scrape(query = '') {
  const response = await restFetch('GET', `${PATH}${query}`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return parseExposition(await response.text())
}

type Families = Awaited<ReturnType<typeof scrape>>

const sumOf = (families: Families, name: string, labels: Record<string, string>): number =>
  families
    .get(name)!
    .samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels.get(label) === value))
    .reduce((sum, { value }) => sum + value, 0)

describe('a scrape', () => {
  test('has counters of operations, bytes and errors, and gauges of each bucket', async () => {
    await bucket.put('a', 'x'.repeat(100))
    const before = await scrape()
    await bucket.put('b', 'x'.repeat(50))
    await (await bucket.get('a')).text()
    expect((await bucket.get('missing')).status).toBe(404)
    const after = await scrape()
    const grown = (name: string, labels: Record<string, string>) => sumOf(after, name, labels) - sumOf(before, name, labels)
    const own = { bucket: bucket.name }
    expect(grown('cairn_r2_operations_total', { ...own, action: 'PutObject', status: '200', class: 'A' })).toBe(1)
    expect(grown('cairn_r2_operations_total', { ...own, action: 'GetObject' })).toBe(2)
    expect(grown('cairn_r2_errors_total', { ...own, action: 'GetObject', kind: 'userError' })).toBe(1)
    expect(grown('cairn_r2_response_bytes_total', { ...own, action: 'GetObject' })).toBe(100)
    expect(grown('cairn_r2_upload_bytes_total', own)).toBe(50)
    for (const gauge of ['objects', 'payload_bytes', 'metadata_bytes', 'open_uploads', 'garbage_blobs', 'event_backlog']) {
      const samples = after.get(`cairn_r2_${gauge}`)!.samples.filter(({ labels }) => labels.get('bucket') === bucket.name)
      expect(samples.length).toBeGreaterThan(0)
    }
    expect([...after.values()].filter(({ type }) => type === 'counter').map(({ name }) => name)).toEqual([
      'cairn_r2_operations_total',
      'cairn_r2_errors_total',
      'cairn_r2_response_bytes_total',
      'cairn_r2_upload_bytes_total',
    ])
  })

  test('is of the named buckets alone, if it names some', async () => {
    await bucket.put('a', 'x')
    await other.put('a', 'x')
    const names = (families: Families) =>
      new Set([...families.values()].flatMap(({ samples }) => samples.map(({ labels }) => labels.get('bucket'))))
    expect(names(await scrape(`?bucket_name=${bucket.name}`))).toEqual(new Set([bucket.name]))
    expect(names(await scrape(`?bucket_name=${bucket.name}&bucket_name=${other.name}`))).toEqual(new Set([bucket.name, other.name]))
    expect(names(await scrape('?bucket_name=%22%5C%0A'))).toEqual(new Set())
  })

  test('needs a token that may list the buckets', async () => {
    expect((await restFetch('GET', PATH, { token: null })).status).toBe(401)
  })
})

describe('the cost on R2', () => {
  type Cost = { operations: Record<string, number>; gigabyteMonths: number; usd: Record<string, number>; usdAfterFreeTier: number }

  test('is estimated from operations and daily peaks', async () => {
    const cost = async () =>
      (await rest<{ since: string; until: string; standard: Cost; infrequentAccess: Cost }>('GET', '/accounts/{account}/r2/metrics/cost'))
        .result
    const before = await cost()
    await bucket.put('a', 'x'.repeat(1000))
    await (await bucket.get('a')).text()
    await bucket.put('cold', 'x'.repeat(2000), { 'x-amz-storage-class': 'STANDARD_IA' })
    const after = await cost()
    const grown = (name: 'standard' | 'infrequentAccess', of: string) => after[name].operations[of]! - before[name].operations[of]!
    expect(grown('standard', 'A')).toBe(1)
    expect(grown('standard', 'B')).toBeGreaterThanOrEqual(1)
    expect(grown('infrequentAccess', 'A')).toBe(1)
    expect(after.since).toMatch(/-01$/)
    const { operations, gigabyteMonths, usd, usdAfterFreeTier } = after.standard
    expect(usd.operations).toBeCloseTo((operations.A! * 4.5 + operations.B! * 0.36) / 1e6, 9)
    expect(usd.storage).toBeCloseTo(gigabyteMonths * 0.015, 9)
    expect(usdAfterFreeTier).toBe(0)
    expect(after.infrequentAccess.gigabyteMonths).toBeGreaterThan(0)
  })

  test('of another period is none', async () => {
    const { result } = await rest<{ standard: Cost }>('GET', '/accounts/{account}/r2/metrics/cost?since=2100-01-01&until=2100-01-31')
    expect(result.standard).toMatchObject({ operations: { A: 0, B: 0 }, gigabyteMonths: 0 })
  })

  test.each([
    ['since=soon', 'must be a date'],
    ['since=2020-01-01&until=2020-01-31', 'go back 31 days'],
    ['since=2020-01-01', 'go back 31 days'],
    ['since=2100-01-02&until=2100-01-01', 'must not be a later day'],
    ['until=2020-01-01', 'must not be a later day'],
  ])('is not told for a period without figures: %s', async (query, message) => {
    const { status, errors } = await rest('GET', `/accounts/{account}/r2/metrics/cost?${query}`)
    expect([status, errors[0]!.message]).toEqual([400, expect.stringContaining(message)])
  })
})

test('the SDK reads the account metrics', async () => {
  const metrics = await cloudflare().r2.buckets.metrics.list({ account_id: inject('server').accountId })
  expect(metrics.standard!.published!.objects).toBeGreaterThan(0)
})
