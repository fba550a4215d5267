import { evictDurableObject, listDurableObjectIds } from 'cloudflare:test'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { Bucket } from '../../../durable-objects/bucket/bucket.ts'
import { listBuckets } from '../../../src/control/buckets.ts'
import { newVersion } from '../../../src/core/object.ts'
import { unwrap } from '../../../src/core/outcome.ts'
import type { Env } from '../../../src/env.ts'
import { BYTE_TABLES, DAY_MS, env, GRACE_MS, newRef, portsWith, TestBucket } from '../../support/bucket.ts'

const indexed = async ({ ref }: TestBucket) =>
  (await listBuckets(env.CONTROL, { jurisdiction: ref.jurisdiction, prefix: ref.name, limit: 10 })).buckets.filter(
    ({ name }) => name === ref.name,
  )

const CORS_RULE = { allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }

const tables = async (bucket: TestBucket) => (await bucket.query('SELECT name FROM sqlite_master')).length

/** A control database that fails while `down` is true. */
function unreliable() {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const state = { down: true }
  const reach = () => {
    if (state.down) throw new Error('D1 is down')
    return env.CONTROL
  }
  const CONTROL: Partial<D1Database> = { prepare: (query) => reach().prepare(query), batch: (statements) => reach().batch(statements) }
  return { state, env: { ...env, CONTROL: CONTROL as D1Database } satisfies Env }
}

/** Runs `work` on another instance with other bindings, on the same storage. */
const withBindings = <R>(bucket: TestBucket, changed: Env, work: (instance: Bucket) => Promise<R>): Promise<R> =>
  bucket.run(async (_, state) => {
    const instance = new Bucket(state, changed)
    instance.clock = () => bucket.nowMs
    await state.blockConcurrencyWhile(async () => {})
    return work(instance)
  })

describe('a bucket that never existed', () => {
  let bucket: TestBucket
  beforeEach(() => {
    bucket = TestBucket.absent()
  })

  test('answers NoSuchBucket to everything', async () => {
    const { api } = bucket
    const key = 'a'
    const upload = { key, uploadId: 'x' }
    const answers = await Promise.all([
      api.info(),
      api.remove(),
      api.usage(),
      api.getSetting('cors'),
      api.putSetting('cors', []),
      api.begin({ blobId: 'b', tier: 'kv', segments: 1, size: 1, target: { key } }),
      api.lookup({ key, body: true }),
      api.moreSlices({ ownerId: 'x', span: { offset: 0, length: 1 } }),
      api.listObjects({ prefix: '', limit: 1 }),
      api.deleteObjects([key]),
      api.createUpload({ key, httpMetadata: {}, customMetadata: {} }),
      api.completeUpload({ ...upload, parts: [], version: newVersion() }),
      api.abortUpload(upload),
      api.listParts({ ...upload, after: 0, limit: 1 }),
      api.listUploads({ prefix: '', limit: 1 }),
    ])
    expect(answers).toEqual(answers.map(() => ({ ok: false, code: 'NoSuchBucket', detail: {} })))
  })

  test('stores nothing, whatever is asked of it', async () => {
    await bucket.api.lookup({ key: 'a', body: true })
    await bucket.api.putSetting('cors', [])
    await bucket.api.abandon({ blobId: 'b', tier: 'kv', segments: 1 }, { deadlineMs: 1 })
    await expect(bucket.put('a', 10)).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await expect(bucket.put('a', 500)).rejects.toMatchObject({ code: 'NoSuchBucket' })
    expect(await tables(bucket)).toBe(0)
    expect(await bucket.alarmMs()).toBeNull()
    expect(await bucket.segments()).toEqual([])
  })
})

describe('creating a bucket', () => {
  test('puts it into the index before the answer', async () => {
    const bucket = TestBucket.absent()
    await bucket.setClock()
    const info = await bucket.store.createBucket(bucket.ref, { location: 'weur', storageClass: 'InfrequentAccess' })
    expect(info).toEqual({ ...bucket.ref, createdMs: bucket.nowMs, location: 'weur', storageClass: 'InfrequentAccess' })
    expect(await indexed(bucket)).toEqual([info])
    expect(await bucket.store.headBucket(bucket.ref)).toEqual(info)
  })

  test('and changing it rings no alarm once the account knows, and takes none away that something else waits for', async () => {
    const bucket = await TestBucket.create()
    expect(await bucket.alarmMs()).toBeNull()
    await bucket.store.putSetting(bucket.ref, 'cors', [CORS_RULE] as never)
    expect(await bucket.alarmMs()).toBeNull()
    await bucket.put('a', 250)
    await bucket.store.deleteObject(bucket.at('a'))
    await bucket.store.deleteSetting(bucket.ref, 'cors')
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + GRACE_MS)
    await bucket.empty()
  })

  test('twice is refused and changes nothing', async () => {
    const bucket = await TestBucket.create()
    const before = await bucket.store.headBucket(bucket.ref)
    bucket.nowMs += 5
    await expect(bucket.store.createBucket(bucket.ref, {})).rejects.toMatchObject({ code: 'BucketAlreadyOwnedByYou' })
    expect(await bucket.store.headBucket(bucket.ref)).toEqual(before)
  })

  test('at once from many sides succeeds once', async () => {
    const bucket = TestBucket.absent()
    const answers = await Promise.all(Array.from({ length: 8 }, () => bucket.api.create({ ...bucket.ref, storageClass: 'Standard' })))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await indexed(bucket)).toHaveLength(1)
  })

  test('succeeds while the index is down, which the alarm makes good', async () => {
    const bucket = TestBucket.absent()
    const { state, env: failing } = unreliable()
    const info = { ...bucket.ref, storageClass: 'Standard' as const }
    expect(await withBindings(bucket, failing, (instance) => instance.create(info))).toMatchObject({ ok: true })
    expect(await indexed(bucket)).toEqual([])
    await withBindings(bucket, failing, (instance) => instance.alarm())
    expect(await indexed(bucket)).toEqual([])
    expect(await bucket.alarmMs()).toBeLessThanOrEqual(bucket.nowMs + 10_000)
    state.down = false
    await withBindings(bucket, failing, (instance) => instance.alarm())
    expect(await indexed(bucket)).toMatchObject([bucket.ref])
  })

  test('keeps jurisdictions apart', async () => {
    const [here, there] = [newRef(), newRef('eu')]
    await TestBucket.create(portsWith(), here)
    await TestBucket.create(portsWith(), { ...here, jurisdiction: 'eu' })
    await expect(portsWith().bucket(there).info()).resolves.toMatchObject({ ok: false })
    await expect(
      portsWith()
        .bucket({ ...here, jurisdiction: 'eu' })
        .info(),
    ).resolves.toMatchObject({ value: { jurisdiction: 'eu' } })
  })
})

describe('removing a bucket', () => {
  test('takes it out of the index, and the alarm empties its storage', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', 250)
    await bucket.store.deleteObject(bucket.at('a'))
    await bucket.store.deleteBucket(bucket.ref)
    expect(await indexed(bucket)).toEqual([])
    await expect(bucket.store.headBucket(bucket.ref)).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await bucket.pass(10_000)
    expect(await bucket.segments()).not.toEqual([]) // Reads of the last object have time to finish.
    await bucket.pass(GRACE_MS)
    expect(await bucket.segments()).toEqual([])
    expect(await tables(bucket)).toBe(0)
    expect(await bucket.alarmMs()).toBeNull()
  })

  test('is refused while there is an object or an open upload', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', 10)
    await expect(bucket.store.deleteBucket(bucket.ref)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
    await bucket.store.deleteObject(bucket.at('a'))
    const { uploadId } = await bucket.store.createMultipartUpload(bucket.at('a'), { httpMetadata: {}, customMetadata: {} })
    await expect(bucket.store.deleteBucket(bucket.ref)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    await bucket.store.deleteBucket(bucket.ref)
  })

  test('succeeds while the index is down, which the alarm makes good', async () => {
    const bucket = await TestBucket.create()
    const { state, env: failing } = unreliable()
    expect(await withBindings(bucket, failing, (instance) => instance.remove())).toMatchObject({ ok: true })
    await withBindings(bucket, failing, (instance) => instance.alarm())
    expect(await indexed(bucket)).toHaveLength(1)
    expect(await tables(bucket)).toBeGreaterThan(0) // It must keep the record of what the index lacks.
    state.down = false
    await withBindings(bucket, failing, (instance) => instance.alarm())
    expect(await indexed(bucket)).toEqual([])
    expect(await tables(bucket)).toBe(0)
  })

  test('and creating it again at once leaves nothing of the old one but what is swept', async () => {
    const bucket = await TestBucket.create()
    await bucket.store.putSetting(bucket.ref, 'cors', [CORS_RULE])
    await bucket.put('a', 250)
    await bucket.store.deleteObject(bucket.at('a'))
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.store.createBucket(bucket.ref, {})
    await expect(bucket.store.getSetting(bucket.ref, 'cors')).rejects.toMatchObject({ code: 'NoSuchCORSConfiguration' })
    const body = await bucket.put('b', 250)
    await bucket.pass(DAY_MS)
    expect(await bucket.get('b')).toEqual(body)
    expect(await indexed(bucket)).toHaveLength(1)
    await bucket.empty()
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })

  test('a bucket whose storage was emptied can be created again', async () => {
    const bucket = await TestBucket.create()
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.pass(10_000)
    expect(await tables(bucket)).toBe(0)
    await bucket.store.createBucket(bucket.ref, {})
    const body = await bucket.put('a', 50)
    expect(await bucket.get('a')).toEqual(body)
    await bucket.empty()
  })

  test('with an upload begun refuses its commit, and sweeps what was written', async () => {
    const bucket = await TestBucket.create()
    const { api } = bucket
    const begun = unwrap(await api.begin({ blobId: 'f'.repeat(32), tier: 'kv', segments: 1, size: 9, target: { key: 'a' } }))
    await env.SEGMENTS_KV.put(`${'f'.repeat(32)}/0`, 'bytes')
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.pass(begun.deadlineMs - bucket.nowMs)
    expect(await bucket.segments()).toHaveLength(1)
    await bucket.pass(60_000)
    expect(await bucket.segments()).toEqual([])
    expect(await tables(bucket)).toBe(0)
  })
})

describe('an instance', () => {
  test('that is evicted and started again knows everything, and migrates nothing', async () => {
    const bucket = await TestBucket.create()
    const body = await bucket.put('a', 250)
    const schema = await bucket.query('SELECT * FROM sqlite_master')
    const version = await bucket.query("SELECT * FROM config WHERE name = 'schema'")
    expect(version).toHaveLength(1)
    const alarmMs = await bucket.alarmMs()
    await evictDurableObject(bucket.stub)
    expect(await bucket.get('a')).toEqual(body)
    expect(await bucket.query('SELECT * FROM sqlite_master')).toEqual(schema)
    expect(await bucket.query("SELECT * FROM config WHERE name = 'schema'")).toEqual(version)
    expect(await bucket.query('SELECT count(*) AS n FROM usage')).toEqual([{ n: 2 }])
    expect(await bucket.alarmMs()).toBe(alarmMs)
    await bucket.setClock()
    await bucket.empty()
  })
})

test('one Durable Object for each bucket that was ever asked for', async () => {
  const before = (await listDurableObjectIds(env.BUCKETS)).length
  const bucket = await TestBucket.create()
  await bucket.put('a', 10)
  await bucket.put('b', 500)
  expect((await listDurableObjectIds(env.BUCKETS)).length).toBe(before + 1)
})
