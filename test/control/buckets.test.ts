import { beforeAll, expect, test } from 'vitest'
import { listBuckets } from '../../src/control/buckets.ts'
import { env } from '../support/bucket.ts'
import { indexBucket, unindexBucket } from '../support/index-bucket.ts'

const NAMES = ['a-b', 'a.b', 'a0', 'aa', 'aaa', 'ab', 'b', 'z9']
const entry = (name: string, jurisdiction: 'default' | 'eu' = 'default') => ({
  jurisdiction,
  name,
  createdMs: 7,
  storageClass: 'Standard' as const,
})

beforeAll(async () => {
  for (const name of NAMES.toReversed()) await indexBucket(env.CONTROL, entry(name))
  await indexBucket(env.CONTROL, entry('aa', 'eu'))
})

const list = async (query: Partial<Parameters<typeof listBuckets>[1]>) => {
  const page = await listBuckets(env.CONTROL, { jurisdiction: 'default', limit: 1000, ...query })
  return [page.buckets.map(({ name }) => name), page.truncated] as const
}

test('buckets are listed by name, those of one jurisdiction', async () => {
  expect(await list({})).toEqual([NAMES, false])
  expect(await list({ jurisdiction: 'eu' })).toEqual([['aa'], false])
  expect(await list({ jurisdiction: 'fedramp' })).toEqual([[], false])
})

test('a prefix keeps the names that begin with it', async () => {
  expect(await list({ prefix: 'aa' })).toEqual([['aa', 'aaa'], false])
  expect(await list({ prefix: 'a' })).toEqual([NAMES.slice(0, 6), false])
  expect(await list({ prefix: 'z99' })).toEqual([[], false])
})

test('pages of any size together are the whole list', async () => {
  for (const limit of [1, 2, 3, 7, 8]) {
    const names: string[] = []
    for (let startAfter: string | undefined; ; startAfter = names.at(-1)) {
      const [page, truncated] = await list({ limit, startAfter })
      names.push(...page)
      expect(page.length).toBeLessThanOrEqual(limit)
      if (!truncated) break
    }
    expect(names).toEqual(NAMES)
  }
})

test('a row can be written again and be taken out again', async () => {
  await indexBucket(env.CONTROL, { ...entry('b'), location: 'apac', storageClass: 'InfrequentAccess' })
  const { buckets } = await listBuckets(env.CONTROL, { jurisdiction: 'default', prefix: 'b', limit: 10 })
  expect(buckets).toEqual([{ ...entry('b'), location: 'apac', storageClass: 'InfrequentAccess' }])
  await unindexBucket(env.CONTROL, { jurisdiction: 'eu', name: 'b' })
  expect(await list({ prefix: 'b' })).toEqual([['b'], false])
  await unindexBucket(env.CONTROL, entry('b'))
  await unindexBucket(env.CONTROL, entry('b'))
  expect(await list({ prefix: 'b' })).toEqual([[], false])
})
