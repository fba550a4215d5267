import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { GroupsQuery } from '../../src/analytics/groups.ts'
import { storageGroups } from '../../src/analytics/storage-groups.ts'
import { pointStatements } from '../../src/analytics/storage-tables.ts'
import { bucketLabel } from '../../src/core/bucket-label.ts'
import type { StorageClass } from '../../src/core/object.ts'
import { mapUsage } from '../../src/core/usage.ts'
import { env } from '../support/bucket.ts'
import { indexBucket } from '../support/index-bucket.ts'

// Storage over time. The fold of this test looks at every minute of the window; the answer works from the changes alone.

const NOW = Math.floor(Date.UTC(2026, 10, 20, 12) / 60_000)
const HOURS = 30
const FIRST = NOW - HOURS * 60
const BUCKETS = [
  { jurisdiction: 'default', name: 'one' },
  { jurisdiction: 'default', name: 'two' },
  { jurisdiction: 'eu', name: 'one' },
] as const
const CLASSES: readonly StorageClass[] = ['Standard', 'InfrequentAccess']

interface Point {
  readonly minute: number
  readonly bucket: number
  readonly figures: readonly [number, number]
}

const point: fc.Arbitrary<Point> = fc.record({
  minute: fc.integer({ min: FIRST + 1, max: NOW }),
  bucket: fc.integer({ min: 0, max: BUCKETS.length - 1 }),
  figures: fc.tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 })),
})

const usageOf = (objects: number) => mapUsage((name) => (name === 'objects' ? objects : name === 'payloadBytes' ? objects * 10 : 0))

async function write(points: readonly Point[]): Promise<void> {
  const db = env.CONTROL
  await db.batch(['buckets', 'storage_now', 'storage_buckets', 'storage_changes'].map((table) => db.prepare(`DELETE FROM ${table}`)))
  await db.prepare('UPDATE storage_account SET objects = 0, payload_bytes = 0, created_minute = 9000000000000').run()
  for (const bucket of BUCKETS) await indexBucket(db, { ...bucket, createdMs: FIRST * 60_000, storageClass: 'Standard' })
  for (const { minute, bucket, figures } of points) {
    const usage = { Standard: usageOf(figures[0]), InfrequentAccess: usageOf(figures[1]) }
    const times = { nowMs: minute * 60_000, untilMs: 0 }
    await db.batch(pointStatements(db, { bucket: bucketLabel(BUCKETS[bucket]!), ...times, usage, garbage: 0, backlog: 0 }))
  }
}

/** The figure of a bucket and class at a minute: that of its last point. */
function valueAt(points: readonly Point[], bucket: number, storageClass: number, minute: number): number {
  return points.findLast((one) => one.bucket === bucket && one.minute <= minute)?.figures[storageClass as 0 | 1] ?? 0
}

const iso = (minute: number) => new Date(minute * 60_000).toISOString().replace('.000Z', 'Z')

interface Window {
  readonly start: number
  readonly stop: number
}

/** The largest sum in each group and slot, minute by minute. */
function fold(points: readonly Point[], dimensions: readonly string[], { start, stop }: Window): Map<string, number> {
  const found = new Map<string, number>()
  for (let minute = Math.max(start, FIRST); minute < Math.min(stop, NOW + 1); minute++) {
    const sums = new Map<string, number>()
    for (const [bucket, ref] of BUCKETS.entries()) {
      for (const [index, storageClass] of CLASSES.entries()) {
        const values: Record<string, string> = {
          bucketName: bucketLabel(ref),
          storageClass,
          date: iso(minute).slice(0, 10),
          datetimeHour: iso(minute - (minute % 60)),
        }
        const key = JSON.stringify(dimensions.map((name) => values[name]))
        sums.set(key, (sums.get(key) ?? 0) + valueAt(points, bucket, index, minute))
      }
    }
    for (const [key, sum] of sums) found.set(key, Math.max(found.get(key) ?? 0, sum))
  }
  return found
}

const present = { nowMs: NOW * 60_000, ask: async () => new Map(), changed: [], all: false }

const question = (dimensions: readonly string[], { start, stop }: Window): GroupsQuery => ({
  dimensions,
  filter: {
    all: [
      { dimension: 'datetime', comparison: 'geq', value: iso(start) },
      { dimension: 'datetime', comparison: 'lt', value: iso(stop) },
    ],
  },
  orderBy: [],
  limit: 10_000,
})

describe('storage over time', () => {
  test('is the largest sum at one time, in every group, hour and day', async () => {
    const windows = fc
      .record({ start: fc.integer({ min: FIRST - 600, max: NOW - 10 }), length: fc.integer({ min: 1, max: 2000 }) })
      .map(({ start, length }): Window => ({ start, stop: Math.min(start + length, NOW + 1) }))
      // Later ends count as the present: the clocks of clients differ.
      .map(({ start, stop }): Window => ({ start, stop: stop > NOW - 5 ? NOW + 1 : stop }))
    const dimensions = fc.subarray(['date', 'datetimeHour', 'bucketName', 'storageClass'])
    const questions = fc.array(fc.tuple(dimensions, windows), { minLength: 1, maxLength: 4 })
    const property = fc.asyncProperty(fc.array(point, { maxLength: 15 }), questions, async (unordered, asked) => {
      const points = [...unordered].sort((a, b) => a.minute - b.minute)
      await write(points)
      for (const [selected, window] of asked) {
        const order = ['date', 'datetimeHour', 'bucketName', 'storageClass'].filter((name) => selected.includes(name))
        const groups = await storageGroups(env.CONTROL, question(order, window), present)
        const answered = groups.map(
          (group) => [JSON.stringify(order.map((name) => group.dimensions[name])), group.max!.objectCount] as const,
        )
        expect(new Map(answered)).toEqual(fold(points, order, window))
        for (const { max } of groups) expect(max!.payloadSize).toBe(max!.objectCount! * 10)
      }
    })
    await fc.assert(property, { numRuns: 25 })
  }, 120_000)

  test('has a row for an idle bucket in any window, and none before a bucket was made', async () => {
    await write([{ minute: FIRST + 5, bucket: 0, figures: [7, 0] }])
    const idle = { start: NOW - 600, stop: NOW - 500 }
    const groups = await storageGroups(env.CONTROL, question(['bucketName', 'datetime'], idle), present)
    expect(groups.filter(({ dimensions }) => dimensions.bucketName === 'one').map(({ max }) => max!.objectCount)).toEqual([7, 7])
    expect(await storageGroups(env.CONTROL, question([], { start: FIRST - 600, stop: FIRST - 60 }), present)).toEqual([])
  })

  test('is of the filtered buckets and classes alone', async () => {
    await write([
      { minute: FIRST + 5, bucket: 0, figures: [7, 1] },
      { minute: FIRST + 6, bucket: 2, figures: [20, 2] },
    ])
    const max = async (filter: GroupsQuery['filter']) =>
      (await storageGroups(env.CONTROL, { dimensions: [], filter, orderBy: [], limit: 1 }, present))[0]?.max?.objectCount
    expect(await max({ all: [] })).toBe(30)
    expect(await max({ dimension: 'bucketName', comparison: 'eq', value: 'eu_one' })).toBe(22)
    expect(await max({ dimension: 'bucketName', comparison: 'like', value: 'eu_%' })).toBe(22)
    expect(await max({ dimension: 'storageClass', comparison: 'eq', value: 'InfrequentAccess' })).toBe(3)
    const either = {
      any: [
        { dimension: 'bucketName', comparison: 'eq', value: 'two' },
        { dimension: 'storageClass', comparison: 'neq', value: 'Standard' },
      ],
    }
    expect(await max(either as GroupsQuery['filter'])).toBe(3)
    const mixed = {
      any: [
        { dimension: 'bucketName', comparison: 'eq', value: 'two' },
        { dimension: 'date', comparison: 'gt', value: '2026-01-01' },
      ],
    }
    await expect(max(mixed as GroupsQuery['filter'])).rejects.toThrow('either times or buckets')
  })
})
