import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { BANDWIDTH, type Dataset, OPERATIONS } from '../../src/analytics/datasets.ts'
import type { Filter } from '../../src/analytics/filter.ts'
import type { OperationSum } from '../../src/analytics/operation-counter.ts'
import { operationGroups } from '../../src/analytics/operation-groups.ts'
import { addStatements } from '../../src/analytics/operation-tables.ts'
import { env } from '../support/bucket.ts'

// The answer to any question is what a plain fold over the operations comes to. The fold shares no code with the SQL.

const BASE = Date.UTC(2026, 10, 20) / 60_000
const ACTIONS = ['PutObject', 'GetObject', 'HeadObject', 'DeleteObject', 'ListObjects', 'UploadPart', 'UsageSummary']
const BUCKETS = ['', 'a', 'ab', 'eu_a', 'photos']
const STATUSES = [200, 206, 304, 401, 403, 404, 412, 500, 503]

const operation: fc.Arbitrary<OperationSum> = fc.record({
  minute: fc.oneof(fc.integer({ min: BASE, max: BASE + 90 }), fc.integer({ min: BASE, max: BASE + 3 * 1440 })),
  bucket: fc.constantFrom(...BUCKETS),
  action: fc.constantFrom(...ACTIONS),
  status: fc.constantFrom(...STATUSES),
  isInfrequent: fc.boolean(),
  requests: fc.integer({ min: 1, max: 9 }),
  responseBytes: fc.integer({ min: 0, max: 1000 }),
  objectBytes: fc.integer({ min: 0, max: 1000 }),
})

type Value = string | number

const iso = (minute: number) => new Date(minute * 60_000).toISOString().replace('.000Z', 'Z')
const down = (grain: number) => (one: OperationSum) => iso(Math.floor(one.minute / grain) * grain)

/** Each dimension of an operation, as the page says. */
const DIMENSIONS: Record<string, (one: OperationSum) => Value> = {
  date: (one) => iso(one.minute).slice(0, 10),
  datetime: down(1),
  datetimeMinute: down(1),
  datetimeFiveMinutes: down(5),
  datetimeFifteenMinutes: down(15),
  datetimeHour: down(60),
  actionType: (one) => one.action,
  actionStatus: ({ status }) => (status >= 500 ? 'internalError' : status >= 400 ? 'userError' : 'success'),
  bucketName: (one) => one.bucket,
  objectName: () => '',
  responseStatusCode: (one) => one.status,
  storageClass: (one) => (one.isInfrequent ? 'InfrequentAccess' : 'Standard'),
  eyeballRegion: () => 'WEUR',
  priceClass: ({ action, status }) => {
    if (status === 401 || status === 403) return 'free'
    const classes: Record<string, string> = { GetObject: 'B', HeadObject: 'B', UsageSummary: 'B', DeleteObject: 'free' }
    return classes[action] ?? 'A'
  },
}

const FIGURES: Record<string, Record<string, (one: OperationSum) => number>> = {
  [OPERATIONS.name]: {
    requests: (one) => one.requests,
    responseBytes: (one) => one.responseBytes,
    responseObjectSize: (one) => one.objectBytes,
  },
  [BANDWIDTH.name]: {
    bytesUpload: (one) => (/^(PutObject|UploadPart)$/.test(one.action) && one.status < 400 ? one.objectBytes : 0),
    bytesDownload: (one) => one.responseBytes,
  },
}

const term = (dataset: Dataset): fc.Arbitrary<Filter> =>
  fc.constantFrom(...Object.keys(dataset.dimensions)).chain((dimension) => {
    const isTime = /^date/.test(dimension)
    const isNumber = dimension === 'responseStatusCode'
    const value: fc.Arbitrary<Value> = isTime
      ? fc
          .integer({ min: -60, max: 4 * 1440 })
          .map((minute) => (dimension === 'date' ? iso(BASE + minute).slice(0, 10) : iso(BASE + minute)))
      : isNumber
        ? fc.constantFrom(...STATUSES, 250)
        : fc.constantFrom(...ACTIONS, ...BUCKETS, 'success', 'userError', 'Standard', 'A', 'B', 'WEUR')
    const single = fc.record({
      dimension: fc.constant(dimension),
      comparison: fc.constantFrom('eq', 'neq', 'gt', 'geq', 'lt', 'leq'),
      value,
    })
    const several = fc.record({
      dimension: fc.constant(dimension),
      comparison: fc.constantFrom('in', 'notin'),
      value: fc.array(value, { minLength: 1, maxLength: 4 }),
    })
    const pattern = fc.record({
      dimension: fc.constant(dimension),
      comparison: fc.constantFrom('like', 'notlike'),
      value: fc.constantFrom('%Object', 'Get%', '%e%', 'a', 'a%', 'P%t', '%', 'eu_%'),
    })
    return (isTime || isNumber ? fc.oneof(single, several) : fc.oneof(single, several, pattern)) as fc.Arbitrary<Filter>
  })

const filterOf = (dataset: Dataset): fc.Arbitrary<Filter> => {
  const part = term(dataset)
  const any = fc.record({ any: fc.array(part, { minLength: 1, maxLength: 3 }) })
  const all = fc.record({ all: fc.array(fc.oneof(part, any), { maxLength: 3 }) })
  return fc.oneof(fc.constant({ all: [] }), all, fc.record({ any: fc.array(all, { minLength: 1, maxLength: 2 }) }))
}

function matches(one: OperationSum, filter: Filter): boolean {
  if ('all' in filter) return filter.all.every((part) => matches(one, part))
  if ('any' in filter) return filter.any.some((part) => matches(one, part))
  const actual = DIMENSIONS[filter.dimension]!(one)
  const given = filter.value as Value
  const list = filter.value as readonly Value[]
  const like = () => {
    const source = String(given)
      .split('%')
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${source.join('.*')}$`).test(String(actual))
  }
  const results: Record<string, () => boolean> = {
    eq: () => actual === given,
    neq: () => actual !== given,
    gt: () => actual > given,
    geq: () => actual >= given,
    lt: () => actual < given,
    leq: () => actual <= given,
    in: () => list.includes(actual),
    notin: () => !list.includes(actual),
    like,
    notlike: () => !like(),
  }
  return results[filter.comparison]!()
}

const questionTo = (dataset: Dataset) =>
  fc
    .record({
      dimensions: fc.subarray(Object.keys(dataset.dimensions), { maxLength: 4 }),
      filter: filterOf(dataset),
      limit: fc.oneof(fc.constant(10_000), fc.integer({ min: 1, max: 5 })),
    })
    .chain(({ dimensions, ...rest }) => {
      const names = [...dimensions, ...Object.keys(FIGURES[dataset.name]!).map((name) => `sum_${name}`), 'count']
      const order = fc.record({ by: fc.constantFrom(...names), descending: fc.boolean() })
      return fc.record({
        dimensions: fc.constant(dimensions),
        orderBy: fc.array(order, { maxLength: 3 }),
        filter: fc.constant(rest.filter),
        limit: fc.constant(rest.limit),
      })
    })

type Question = { dimensions: string[]; orderBy: { by: string; descending: boolean }[]; filter: Filter; limit: number }

function fold(dataset: Dataset, operations: readonly OperationSum[], { dimensions, orderBy, filter, limit }: Question) {
  const groups = Map.groupBy(
    operations.filter((one) => matches(one, filter)),
    (one) => JSON.stringify(dimensions.map((name) => DIMENSIONS[name]!(one))),
  )
  const rows = [...groups].map(([key, members]) => {
    const values = JSON.parse(key) as Value[]
    const total = (read: (one: OperationSum) => number) => members.reduce((sum, one) => sum + read(one), 0)
    return {
      count: total((one) => one.requests),
      dimensions: Object.fromEntries(dimensions.map((name, index) => [name, values[index]!])),
      sum: Object.fromEntries(Object.entries(FIGURES[dataset.name]!).map(([name, read]) => [name, total(read)])),
      avg: { sampleInterval: 1 },
    }
  })
  const orders = [...orderBy, ...dimensions.map((by) => ({ by, descending: false }))]
  const read = (row: (typeof rows)[number], by: string): Value =>
    by === 'count' ? row.count : (row.dimensions[by] ?? row.sum[by.slice(4)]!)
  rows.sort((a, b) => {
    for (const { by, descending } of orders) {
      const [left, right] = [read(a, by), read(b, by)]
      if (left !== right) return (left < right ? -1 : 1) * (descending ? -1 : 1)
    }
    return 0
  })
  return rows.slice(0, limit)
}

describe.each([OPERATIONS, BANDWIDTH])('$name', (dataset) => {
  beforeEach(async () => {
    await env.CONTROL.prepare('DELETE FROM operations').run()
  })

  test('answers what a plain fold over the operations comes to', async () => {
    const property = fc.asyncProperty(
      fc.array(operation, { maxLength: 40 }),
      fc.array(questionTo(dataset), { minLength: 1, maxLength: 6 }),
      async (operations, questions) => {
        await env.CONTROL.prepare('DELETE FROM operations').run()
        // In two writes, as of two isolates: equal kinds add up.
        for (const part of [operations.slice(0, 10), operations.slice(10)])
          await env.CONTROL.batch(addStatements(env.CONTROL, part, 'WEUR'))
        for (const question of questions) {
          expect(await operationGroups(env.CONTROL, dataset, question)).toEqual(fold(dataset, operations, question))
        }
      },
    )
    await fc.assert(property, { numRuns: 60 })
  }, 120_000)
})
