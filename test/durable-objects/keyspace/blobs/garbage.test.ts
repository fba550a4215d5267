import { afterEach, describe, expect, test, vi } from 'vitest'
import { Bucket } from '../../../../durable-objects/bucket/bucket.ts'
import { newBlobId, type TierName } from '../../../../src/core/blob.ts'
import { unwrap } from '../../../../src/core/outcome.ts'
import { segmentBindings } from '../../../../src/env.ts'
import { createTiers } from '../../../../src/segments/store.ts'
import type { Begin } from '../../../../src/store/bucket-api.ts'
import { openFound } from '../../../../src/store/objects/read-body.ts'
import {
  ATTRIBUTES,
  BYTE_TABLES,
  brokenUpload,
  DAY_MS,
  env,
  fakeBlob,
  GRACE_MS,
  HOUR_MS,
  portsWith,
  randomBytes,
  TestBucket,
} from '../../../support/bucket.ts'
import { problemsOf } from '../../../support/check.ts'
import { countingEnv } from '../../../support/counting.ts'
import { restarted, ringAll } from '../../../support/instance.ts'

/** Begins a blob and writes its segments, as the engine does, but commits nothing. */
async function beginBlob(bucket: TestBucket, { segments = 3, size = 1000, tier = 'kv' as Begin['tier'] } = {}) {
  const blobId = newBlobId()
  const begin: Begin = { blobId, tier, segments, size, target: { key: 'a' } }
  const begun = unwrap(await bucket.api.begin(begin))
  const writer = createTiers(segmentBindings(env))(tier as TierName).write(blobId)
  for (let n = 0; n < segments; n++) {
    await writer.begin(1)
    await writer.append(new Uint8Array(1))
  }
  await writer.finish()
  const blob = { ...fakeBlob(size), id: blobId, tier: tier as 'kv', segmentBytes: Math.ceil(size / segments) }
  return { begin, begun, commit: () => bucket.api.commitObject({ ...ATTRIBUTES, key: 'a', etag: '0'.repeat(32), blob, begun }) }
}

afterEach(() => vi.restoreAllMocks())

describe('a blob that was begun', () => {
  test.each(['kv', 'd1:0'])('in %s and never committed is swept after its deadline, not before', async (tier) => {
    const bucket = await TestBucket.create()
    const { begun } = await beginBlob(bucket, { tier })
    expect(begun.deadlineMs).toBeGreaterThanOrEqual(bucket.nowMs + HOUR_MS)
    await bucket.pass(begun.deadlineMs - bucket.nowMs)
    expect(await bucket.segments()).toHaveLength(3)
    await bucket.pass(60_000)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })

  test('has more time the larger it is: at least 64 KiB a second', async () => {
    const bucket = await TestBucket.create()
    const size = 5 * 1024 ** 3
    const { begun } = await beginBlob(bucket, { size, segments: 0 })
    expect(begun.deadlineMs - bucket.nowMs).toBe(HOUR_MS + (size / (64 * 1024)) * 1000)
    await bucket.pass(30 * DAY_MS)
  })

  test('and committed at its deadline is there to stay', async () => {
    const bucket = await TestBucket.create()
    const { begun, commit } = await beginBlob(bucket)
    bucket.nowMs = begun.deadlineMs
    expect(await commit()).toMatchObject({ ok: true, value: { kind: 'committed' } })
    await bucket.pass(30 * DAY_MS)
    expect(await bucket.segments()).toHaveLength(3)
    expect(await bucket.rows('garbage')).toBe(0)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('cannot be committed later, and the old object stays', async () => {
    const bucket = await TestBucket.create()
    const old = await bucket.put('a', 50)
    const { begun, commit } = await beginBlob(bucket)
    bucket.nowMs = begun.deadlineMs + 1
    expect(await commit()).toMatchObject({ ok: false, code: 'RequestTimeout' })
    expect(await bucket.get('a')).toEqual(old)
    await bucket.pass(60_000)
    expect(await commit()).toMatchObject({ ok: false, code: 'RequestTimeout' })
    expect(await bucket.get('a')).toEqual(old)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('and given up cannot be committed, and is swept at the next alarm', async () => {
    const bucket = await TestBucket.create()
    const { begin, begun, commit } = await beginBlob(bucket)
    await bucket.api.abandon(begin, begun)
    expect(await commit()).toMatchObject({ ok: false, code: 'RequestTimeout' })
    await bucket.pass(60_000)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })

  test('and committed cannot be given up any more', async () => {
    const bucket = await TestBucket.create()
    const { begin, begun, commit } = await beginBlob(bucket)
    unwrap(await commit())
    await bucket.api.abandon(begin, begun)
    await bucket.pass(30 * DAY_MS)
    expect(await bucket.segments()).toHaveLength(3)
    await bucket.empty()
  })

  test('and committed twice is one object', async () => {
    const bucket = await TestBucket.create()
    const { commit } = await beginBlob(bucket)
    const committed = await commit()
    expect(committed).toMatchObject({ ok: true, value: { kind: 'committed' } })
    expect(await commit()).toEqual(committed)
    expect(await problemsOf(bucket)).toEqual([])
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('is not begun for a key whose conditions fail already', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', 10)
    const target = { key: 'a', conditions: { ifNoneMatch: '*' as const } }
    const answer = await bucket.api.begin({ blobId: newBlobId(), tier: 'kv', segments: 1, size: 1, target })
    expect(answer).toMatchObject({ ok: false, code: 'PreconditionFailed' })
    expect(await bucket.rows('garbage')).toBe(0)
  })
})

describe('the bytes of an object', () => {
  test('that is overwritten or deleted stay for as long as a read may last', async () => {
    const bucket = await TestBucket.create()
    const old = await bucket.put('a', 250)
    const found = unwrap(await bucket.api.lookup({ key: 'a', body: true }))
    await bucket.put('a', 10)
    await bucket.pass(GRACE_MS - 1)
    if (found.kind !== 'found') throw new Error('There are no conditions')
    expect(await bucket.segments()).toHaveLength(3)
    expect(await openFound(portsWith(), bucket.ref, found)).toEqual(old)
    await bucket.pass(1)
    expect(await bucket.segments()).toEqual([])
  })

  test('inline go at once: whoever reads them has them already', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', 10)
    await bucket.store.deleteObject(bucket.at('a'))
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })
})

describe('the alarm', () => {
  test('is safe to repeat and re-arms for what is next', async () => {
    const bucket = await TestBucket.create()
    const kept = await bucket.put('kept', 250)
    const { begun } = await beginBlob(bucket)
    await bucket.put('gone', 50)
    await bucket.store.deleteObject(bucket.at('gone'))
    for (let i = 0; i < 4; i++) await bucket.ring()
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + GRACE_MS)
    await bucket.pass(GRACE_MS)
    expect(await bucket.alarmMs()).toBe(begun.deadlineMs + 60_000)
    expect(await bucket.get('kept')).toEqual(kept)
    await bucket.pass(DAY_MS)
    expect(await bucket.alarmMs()).toBeNull()
    await bucket.run((instance) => instance.alarm())
    expect(await bucket.get('kept')).toEqual(kept)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('deletes a large blob in bounded steps', async () => {
    const bucket = await TestBucket.create()
    await beginBlob(bucket, { segments: 410 })
    bucket.nowMs += DAY_MS
    await bucket.ring()
    expect(await bucket.segments()).toHaveLength(210)
    expect(await bucket.alarmMs()).toBe(bucket.nowMs)
    expect(await bucket.pass()).toBe(2)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows('garbage')).toBe(0)
  }, 20_000)

  test('deletes all the blobs of a database with one call', async () => {
    const bucket = await TestBucket.create()
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      await bucket.put(key, 50)
      await bucket.store.deleteObject(bucket.at(key))
    }
    const { env: counted, take } = countingEnv(env)
    await restarted(bucket, { SEGMENTS: counted.SEGMENTS, CONTROL: counted.CONTROL }, async (instance, state) => {
      await ringAll(bucket, GRACE_MS, instance, state)
    })
    expect(take().d1).toBe(1)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })

  test('tries again a minute later what a store refused, and does the rest meanwhile', async () => {
    const bucket = await TestBucket.create()
    await beginBlob(bucket)
    await beginBlob(bucket, { tier: 'd1:0' })
    bucket.nowMs += DAY_MS
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const delete_ = async () => {
      throw new Error('KV is down')
    }
    await bucket.run(async (_, state) => {
      const instance = new Bucket(state, { ...env, SEGMENTS_KV: { delete: delete_ } as unknown as KVNamespace })
      instance.clock = () => bucket.nowMs
      await state.blockConcurrencyWhile(async () => {})
      await instance.alarm()
    })
    expect((await bucket.segments()).map((name) => name.slice(0, 2))).toEqual(['kv', 'kv', 'kv'])
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + 60_000)
    await bucket.ring()
    expect(await bucket.segments()).toHaveLength(3)
    await bucket.pass(60_000)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })
})

test('a body that ends early leaves no bytes behind, and the old object', async () => {
  const bucket = await TestBucket.create()
  const old = await bucket.put('a', 50)
  for (const size of [5, 50, 300]) {
    const upload = brokenUpload(randomBytes(size), size + 1)
    await expect(bucket.store.putObject(bucket.at('a'), upload, ATTRIBUTES)).rejects.toMatchObject({ code: 'IncompleteBody' })
  }
  expect(await bucket.get('a')).toEqual(old)
  await bucket.pass(60_000)
  expect(await bucket.segments()).toHaveLength(1)
  expect(await bucket.rows('garbage')).toBe(0)
  await bucket.empty()
})
