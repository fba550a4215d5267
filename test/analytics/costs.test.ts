import { beforeAll, describe, expect, test } from 'vitest'
import { createAnalytics } from '../../src/analytics/analytics.ts'
import { OperationCounter, type OperationSum } from '../../src/analytics/operation-counter.ts'
import { handle } from '../../src/gateway.ts'
import { env, secrets, TestBucket } from '../support/bucket.ts'
import { countingEnv } from '../support/counting.ts'
import { signedRequest } from '../support/s3.ts'

// The cost of figures: calls behind answers, calls of a question, rows that are kept.

const BUCKET = { jurisdiction: 'default', name: 'photos' } as const
const MINUTE_MS = 60_000
const DAY_MINUTES = 1440

describe('counting', () => {
  test('adds no call before an answer, and one D1 batch behind the answers of a window', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', 10)
    const counting = countingEnv({ ...env, ANALYTICS_SECONDS: '1' })
    const get = async () => {
      const response = await handle(await signedRequest('GET', `/${bucket.ref.name}/a`), counting.env)
      await response.arrayBuffer()
    }
    await get()
    expect(counting.take()).toMatchObject({ bucket: 1, d1: 0, kv: 0 })
    for (let n = 0; n < 20; n++) await get()
    await scheduler.wait(1500)
    const { d1, ...others } = counting.take()
    // The first write of an isolate also proves that the databases are its own: two batches and three statements.
    expect(others).toEqual({ bucket: 20, kv: 0 })
    expect(d1).toBeLessThanOrEqual(6)
    for (let n = 0; n < 20; n++) await get()
    await scheduler.wait(1500)
    expect(counting.take()).toEqual({ bucket: 20, d1: 1, kv: 0 })
    const row = await env.CONTROL.prepare("SELECT sum(requests) AS n FROM operations WHERE bucket = ? AND action = 'GetObject'")
      .bind(bucket.ref.name)
      .first<{ n: number }>()
    expect(row!.n).toBe(41)
  })

  const counterOf = (write: (sums: readonly OperationSum[]) => Promise<void>) => {
    let writes = 0
    const counter = new OperationCounter({ windowMs: 10_000, write, waitUntil: () => writes++, sleep: async () => {} })
    return { counter, writes: () => writes }
  }

  test('starts one write in a window, and another one when the platform has cut the first one off', () => {
    const { counter, writes } = counterOf(async () => {})
    for (let ms = 0; ms < 20_000; ms += 100) counter.count({ op: 'GetObject', bucket: BUCKET, status: 200, nowMs: 1_000_000 + ms })
    expect(writes()).toBe(1)
    counter.count({ op: 'GetObject', bucket: BUCKET, status: 200, nowMs: 1_021_000 })
    expect(writes()).toBe(2)
  })

  test('keeps a bounded number of sums, and every request is in one of them', async () => {
    const written: OperationSum[] = []
    const { counter } = counterOf(async (sums) => {
      written.push(...sums)
    })
    for (let n = 0; n < 5000; n++)
      counter.count({ op: 'GetObject', bucket: { ...BUCKET, name: `bucket-${n}` }, status: 200, nowMs: 1_000_000 })
    await counter.flush()
    expect(written.length).toBeLessThanOrEqual(2001)
    expect(written.reduce((sum, { requests }) => sum + requests, 0)).toBe(5000)
  })

  test('loses the window of a write that failed, and counts on', async () => {
    const written: OperationSum[] = []
    let fails = true
    const { counter } = counterOf(async (sums) => {
      if (fails) throw new Error('D1 is away')
      written.push(...sums)
    })
    const count = () => counter.count({ op: 'GetObject', bucket: BUCKET, status: 200, nowMs: 1_000_000 })
    count()
    await counter.flush()
    fails = false
    count()
    await counter.flush()
    expect(written).toMatchObject([{ requests: 1 }])
  })

  test('keeps no name that nobody has proven to exist', async () => {
    const written: OperationSum[] = []
    const { counter } = counterOf(async (sums) => {
      written.push(...sums)
    })
    const count = (name: string, status: number, code?: 'NoSuchBucket') =>
      counter.count({ op: 'GetObject', bucket: { ...BUCKET, name }, status, code, nowMs: 1_000_000 })
    count('invented', 404, 'NoSuchBucket')
    count('forbidden', 403)
    count('broken', 500)
    count('real', 404)
    count('real', 500)
    await counter.flush()
    expect(written.map(({ bucket, status }) => `${bucket} ${status}`).sort()).toEqual([' 403', ' 404', ' 500', 'real 404', 'real 500'])
  })
})

describe('the tables', () => {
  /** A busy bucket: 40 kinds of operations in every minute. */
  const KINDS = 40
  const analyticsMinute = (minute: number): OperationSum[] =>
    Array.from({ length: KINDS }, (_, kind) => ({
      ...{ minute, bucket: 'a-busy-bucket-with-a-rather-long-name', action: `Action${kind % 20}`, status: 200 + Math.floor(kind / 20) },
      ...{ isInfrequent: false, requests: 1000, responseBytes: 123_456_789, objectBytes: 123_456_789 },
    }))

  test('of a busy bucket stay small, and nothing of the sums is lost', async () => {
    const { addStatements, maintenanceStatements } = await import('../../src/analytics/operation-tables.ts')
    const db = env.CONTROL
    await db.prepare('DELETE FROM operations').run()
    const start = 30_000_000 - (30_000_000 % 15)
    const hours = 60
    await db.prepare("INSERT INTO storage_changes VALUES ('old', 1000, 'Standard', 1, 1, 1, 1, 1, 1, 1)").run()
    // Every write is followed by maintenance once in a quarter hour, as an isolate does it.
    for (let quarter = 0; quarter < hours * 4; quarter++) {
      const sums = Array.from({ length: 15 }, (_, n) => analyticsMinute(start + quarter * 15 + n)).flat()
      const nowMs = (start + quarter * 15 + 15) * MINUTE_MS
      await db.batch([...addStatements(db, sums, 'WEUR'), ...maintenanceStatements(db, nowMs)])
    }
    const total = await db
      .prepare('SELECT count(*) AS rows, sum(requests) AS requests, min(minute) AS first FROM operations')
      .first<Record<string, number>>()
    expect(total!.requests).toBe(hours * 60 * KINDS * 1000)
    const minutes = 2 * DAY_MINUTES
    const quarters = (hours * 60 - minutes) / 15
    expect(total!.rows).toBeLessThanOrEqual((minutes + 15 + quarters) * KINDS)
    // From there on a day adds 96 rows a kind: 31 days stay far below 50 MB at 110 bytes a row.
    const rowsOf31Days = (minutes + 15 + 29 * 96) * KINDS
    expect(rowsOf31Days * 110).toBeLessThan(50_000_000 / 2 + 2_000_000)
    const bytes = await bytesOfTable(db)
    expect(bytes / total!.rows!).toBeLessThan(110)
    // A month later an hour of rows goes with each write, until none is left.
    const later = (start + 33 * DAY_MINUTES) * MINUTE_MS
    for (let n = 0; n < hours + 3; n++) await db.batch(maintenanceStatements(db, later + n * 15 * MINUTE_MS))
    expect((await db.prepare('SELECT count(*) AS rows FROM operations').first<{ rows: number }>())!.rows).toBe(0)
    expect(
      (await db.prepare('SELECT count(*) AS rows FROM storage_changes WHERE minute < ?').bind(start).first<{ rows: number }>())!.rows,
    ).toBe(0)
    expect((await db.prepare('SELECT count(*) AS rows FROM operation_totals').first<{ rows: number }>())!.rows).toBe(0)
  }, 120_000)

  /** The bytes that the values of the table take, with a byte of header for each. */
  async function bytesOfTable(db: D1Database): Promise<number> {
    const row = await db
      .prepare(
        `SELECT sum(length(bucket) + length(action) + length(storage_class) + length(region) + 5 + 2 + 4 + 6 + 6 + 12) AS bytes FROM operations`,
      )
      .first<{ bytes: number }>()
    return row!.bytes
  }
})

describe('the account metrics of 10,000 buckets', () => {
  const BUCKETS = 10_000
  const counting = countingEnv({ ...env, ANALYTICS_SECONDS: '10' })

  beforeAll(async () => {
    await env.CONTROL.prepare(
      `INSERT INTO buckets SELECT 'default', 'many-' || value, 1000000, NULL, 'Standard'
       FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < ${BUCKETS}) SELECT value FROM n)`,
    ).run()
    await env.CONTROL.prepare('UPDATE storage_buckets SET until_ms = 0').run()
    await env.CONTROL.prepare(
      "UPDATE storage_now SET objects = 3, payload_bytes = 50 WHERE bucket LIKE 'many-%' AND storage_class = 'Standard'",
    ).run()
  }, 60_000)

  const ask = async () => {
    const request = new Request(`http://localhost/client/v4/accounts/${secrets.accountId}/r2/metrics`, {
      headers: { authorization: `Bearer ${env.ROOT_TOKEN}` },
    })
    const response = await handle(request, counting.env)
    return (await response.json()) as { result: { standard: { published: { objects: number; payloadSize: number } } } }
  }

  test('ask the Buckets that may have changed, and no other', async () => {
    await ask()
    counting.take()
    const { result } = await ask()
    expect(result.standard.published).toMatchObject({ objects: 3 * BUCKETS, payloadSize: 50 * BUCKETS })
    expect(counting.take()).toEqual({ bucket: 0, d1: 2, kv: 0 })
    await env.CONTROL.prepare("UPDATE storage_buckets SET until_ms = 9000000000000 WHERE bucket IN ('many-1', 'many-2', 'many-77')").run()
    const corrected = await ask()
    // These Buckets do not exist, so they store nothing.
    expect(corrected.result.standard.published.objects).toBe(3 * (BUCKETS - 3))
    expect(counting.take()).toEqual({ bucket: 3, d1: 2, kv: 0 })
  })

  test('read the same number of rows as for one bucket', async () => {
    const analytics = createAnalytics({ db: countingRows(env.CONTROL), windowMs: 10_000, waitUntil: () => {}, ready: async () => {} })
    await env.CONTROL.prepare('UPDATE storage_buckets SET until_ms = 0').run()
    rowsRead = 0
    await analytics.accountUsage({ nowMs: Date.now(), ask: async () => new Map() })
    expect(rowsRead).toBeLessThan(20)
  })

  let rowsRead = 0
  /** A database that adds up the rows that its queries read. */
  function countingRows(db: D1Database): D1Database {
    const noted = (result: D1Result) => {
      rowsRead += result.meta.rows_read
      return result
    }
    const statement = (real: D1PreparedStatement): D1PreparedStatement =>
      ({
        real,
        bind: (...values: unknown[]) => statement(real.bind(...values)),
        all: async () => noted(await real.all()),
      }) as unknown as D1PreparedStatement
    return {
      prepare: (query: string) => statement(db.prepare(query)),
      batch: async (statements: { real: D1PreparedStatement }[]) => (await db.batch(statements.map(({ real }) => real))).map(noted),
    } as unknown as D1Database
  }
})
