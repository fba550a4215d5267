import { describe, expect, test } from 'vitest'
import type { Bucket } from '../../../durable-objects/bucket/bucket.ts'
import { createAnalytics } from '../../../src/analytics/analytics.ts'
import { bucketLabel } from '../../../src/core/bucket-label.ts'
import { unwrap } from '../../../src/core/outcome.ts'
import type { Env } from '../../../src/env.ts'
import { bucketAsker } from '../../../src/faces/rest/metrics/ask-buckets.ts'
import { ATTRIBUTES, DAY_MS, env, fakeBlob, newRef, TestBucket } from '../../support/bucket.ts'
import { unindexBucket } from '../../support/index-bucket.ts'
import { restarted, ringAll } from '../../support/instance.ts'

const MINUTE_MS = 60_000
const ON: Partial<Env> = { ANALYTICS_SECONDS: '10' }

const commit = async (instance: Bucket, key: string, size: number) =>
  unwrap(await instance.commitObject({ ...ATTRIBUTES, key, blob: fakeBlob(size), etag: '0'.repeat(32) }))

const rows = async <T>(sql: string, ...bindings: unknown[]): Promise<T[]> =>
  (
    await env.CONTROL.prepare(sql)
      .bind(...bindings)
      .all<T>()
  ).results

const stored = async (bucket: TestBucket) =>
  (
    await rows<{ objects: number; payload_bytes: number; minute: number }>(
      "SELECT objects, payload_bytes, minute FROM storage_now WHERE bucket = ? AND storage_class = 'Standard'",
      bucketLabel(bucket.ref),
    )
  )[0]!

const points = (bucket: TestBucket) =>
  rows<{ minute: number; objects: number }>(
    'SELECT minute, objects FROM storage_changes WHERE bucket = ? ORDER BY minute',
    bucketLabel(bucket.ref),
  )

const settledMs = async (bucket: TestBucket) =>
  (await rows<{ until_ms: number }>('SELECT until_ms FROM storage_buckets WHERE bucket = ?', bucketLabel(bucket.ref)))[0]!.until_ms

describe('a Bucket', () => {
  test('writes a point soon after its first change, and none while nothing changes', async () => {
    const bucket = await TestBucket.create()
    await restarted(bucket, ON, async (instance, state) => {
      expect(await settledMs(bucket)).toBeGreaterThan(bucket.nowMs + 1000 * DAY_MS)
      await ringAll(bucket, 20_000, instance, state)
      expect(await settledMs(bucket)).toBeLessThan(bucket.nowMs + 17 * MINUTE_MS)
      bucket.nowMs += 60 * MINUTE_MS
      await commit(instance, 'a', 100)
      await commit(instance, 'b', 50)
      await ringAll(bucket, 11_000, instance, state)
      expect(await stored(bucket)).toMatchObject({ objects: 2, payload_bytes: 150, minute: Math.floor(bucket.nowMs / MINUTE_MS) })
      expect(await points(bucket)).toHaveLength(1)
      expect(await settledMs(bucket)).toBe(bucket.nowMs + 16 * MINUTE_MS)
      await ringAll(bucket, DAY_MS, instance, state)
      await ringAll(bucket, DAY_MS, instance, state)
      expect(await points(bucket)).toHaveLength(1)
      expect(await state.storage.getAlarm()).toBeNull()
    })
  })

  test('that changes all the time writes a point in a quarter hour', async () => {
    const bucket = await TestBucket.create()
    await restarted(bucket, ON, async (instance, state) => {
      for (let minute = 0; minute < 120; minute++) {
        await commit(instance, `key-${minute}`, 1)
        await ringAll(bucket, MINUTE_MS, instance, state)
      }
      const found = await points(bucket)
      expect(found.length).toBeGreaterThanOrEqual(7)
      expect(found.length).toBeLessThanOrEqual(9)
      await ringAll(bucket, 16 * MINUTE_MS, instance, state)
      expect(await stored(bucket)).toMatchObject({ objects: 120, payload_bytes: 120 })
      expect((await points(bucket)).reduce((sum, { objects }) => sum + objects, 0)).toBe(120)
    })
  })

  test('that the database does not answer writes the point later, and the difference is right', async () => {
    const bucket = await TestBucket.create()
    let fails = true
    const CONTROL = new Proxy(env.CONTROL, {
      get: (db, name) =>
        name === 'batch' && fails ? () => Promise.reject(new Error('D1 is away')) : (Reflect.get(db, name) as () => unknown).bind(db),
    })
    await restarted(bucket, { ...ON, CONTROL }, async (instance, state) => {
      await commit(instance, 'a', 7)
      await ringAll(bucket, 30_000, instance, state)
      expect(await stored(bucket)).toMatchObject({ objects: 0 })
      fails = false
      await ringAll(bucket, 2 * MINUTE_MS, instance, state)
      expect(await stored(bucket)).toMatchObject({ objects: 1, payload_bytes: 7 })
    })
  })

  test('writes nothing when analytics is off', async () => {
    const bucket = await TestBucket.create()
    await restarted(bucket, { ANALYTICS_SECONDS: '0' }, async (instance, state) => {
      await commit(instance, 'a', 7)
      await ringAll(bucket, DAY_MS, instance, state)
      expect(await points(bucket)).toEqual([])
    })
  })
})

describe('the figures of the account', () => {
  const analytics = createAnalytics({ db: env.CONTROL, windowMs: 10_000, waitUntil: () => {}, ready: async () => {} })

  test('are the points, corrected by the Buckets that may have changed since', async () => {
    const [settled, busy] = [await TestBucket.create(), await TestBucket.create()]
    const asked: string[] = []
    const count = async (nowMs: number) => {
      const ask = bucketAsker({
        bucketUsage: (ref) => {
          asked.push(ref.name)
          return settled.store.bucketUsage(ref)
        },
      })
      return (await analytics.accountUsage({ nowMs, ask })).Standard.objects
    }
    const before = await count(settled.nowMs)
    for (const bucket of [settled, busy]) {
      await restarted(bucket, ON, async (instance, state) => {
        await commit(instance, 'a', 10)
        await ringAll(bucket, MINUTE_MS, instance, state)
        if (bucket === busy) await commit(instance, 'b', 10)
      })
    }
    asked.length = 0
    expect(await count(busy.nowMs)).toBe(before + 3)
    expect(asked).toContain(busy.ref.name)
    asked.length = 0
    // A quarter hour later, without a word from the Buckets, both have their points.
    await restarted(busy, ON, (instance, state) => ringAll(busy, 15 * MINUTE_MS, instance, state))
    expect(await count(settled.nowMs + DAY_MS)).toBe(before + 3)
    expect(asked).not.toContain(settled.ref.name)
    expect(asked).not.toContain(busy.ref.name)
  })

  test('lose a bucket with its removal, and its history stays', async () => {
    const bucket = await TestBucket.create(undefined, newRef('eu'))
    const total = async () =>
      (await rows<{ n: number }>("SELECT payload_bytes AS n FROM storage_account WHERE storage_class = 'Standard'"))[0]!.n
    const before = await total()
    await restarted(bucket, ON, async (instance, state) => {
      await commit(instance, 'a', 1000)
      await ringAll(bucket, MINUTE_MS, instance, state)
    })
    expect(await total()).toBe(before + 1000)
    await unindexBucket(env.CONTROL, bucket.ref)
    expect(await total()).toBe(before)
    expect((await points(bucket)).length).toBeGreaterThan(0)
    expect((await points(bucket)).reduce((sum, { objects }) => sum + objects, 0)).toBe(0)
  })
})
