import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { StorageClass } from '../../../src/core/object.ts'
import { ATTRIBUTES, DAY_MS, HOUR_MS, TestBucket, uploadOf } from '../../support/bucket.ts'
import { FAULTS, Gate } from '../../support/faults.ts'
import { gatedStore, jobs, portsOf, store, TestJob } from '../../support/job.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const classesIn = async (bucket: TestBucket): Promise<Record<string, StorageClass>> =>
  Object.fromEntries(
    (await store.listSummaries(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key, storageClass }) => [key, storageClass]),
  )

async function bucketOf(objects: Record<string, StorageClass>): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const [key, storageClass] of Object.entries(objects)) {
    await store.putObject(bucket.at(key), uploadOf(new Uint8Array(1000)), { ...ATTRIBUTES, storageClass })
  }
  return bucket
}

const migrate = (bucket: TestBucket, from: StorageClass, to: StorageClass) =>
  TestJob.start({ kind: 'storage-class', bucket: bucket.ref, params: { from, to } }, bucket.nowMs)

const TO_STANDARD = ['InfrequentAccess', 'Standard'] as const

describe('a job that changes storage classes', () => {
  test('moves every object of one class, the first key too, and changes nothing else about it', async () => {
    const bucket = await bucketOf({ a: 'InfrequentAccess', b: 'Standard', c: 'InfrequentAccess' })
    const before = await store.headObject(bucket.at('a'), {})
    bucket.nowMs += HOUR_MS
    const job = await migrate(bucket, ...TO_STANDARD)
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { moved: 2 } })
    expect(await classesIn(bucket)).toEqual({ a: 'Standard', b: 'Standard', c: 'Standard' })
    const after = await store.headObject(bucket.at('a'), {})
    expect(after).toEqual(JSON.parse(JSON.stringify(before).replace('InfrequentAccess', 'Standard')))
    expect(await bucket.get('c')).toEqual(new Uint8Array(1000))
  })

  test('moves the figures with the objects, and counts what R2 bills for leaving Infrequent Access early', async () => {
    const bucket = await bucketOf({ a: 'InfrequentAccess', b: 'InfrequentAccess' })
    bucket.nowMs += 10 * DAY_MS
    await (await migrate(bucket, ...TO_STANDARD)).finish()
    expect(await store.bucketUsage(bucket.ref)).toMatchObject({
      Standard: { objects: 2, payloadBytes: 2000 },
      InfrequentAccess: { objects: 0, payloadBytes: 0, retrievedBytes: 2000, earlyDeletionByteDays: 2000 * 20 },
    })
    await (await migrate(bucket, 'Standard', 'InfrequentAccess')).finish()
    expect(await store.bucketUsage(bucket.ref)).toMatchObject({
      Standard: { objects: 0, payloadBytes: 0, earlyDeletionByteDays: 0 },
      InfrequentAccess: { objects: 2, payloadBytes: 2000, retrievedBytes: 2000 },
    })
  })

  test('moves a locked object too, and leaves one that was written after it was made', async () => {
    const bucket = await bucketOf({ kept: 'InfrequentAccess' })
    await store.putSetting(bucket.ref, 'locks', [{ id: 'keep', enabled: true, condition: { type: 'Indefinite' } }])
    const job = await migrate(bucket, ...TO_STANDARD)
    bucket.nowMs += 1
    await store.putObject(bucket.at('new'), uploadOf(new Uint8Array(1)), { ...ATTRIBUTES, storageClass: 'InfrequentAccess' })
    await job.finish()
    expect(await classesIn(bucket)).toEqual({ kept: 'Standard', new: 'InfrequentAccess' })
  })

  test('gives each object the due date that the lifecycle rules say for its new class', async () => {
    const bucket = await bucketOf({ a: 'InfrequentAccess' })
    await store.putSetting(bucket.ref, 'lifecycle', [{ id: 'ia', enabled: true, prefix: '', transitions: [{ ageSeconds: 86_400 }] }])
    await (await migrate(bucket, ...TO_STANDARD)).finish()
    expect(await classesIn(bucket)).toEqual({ a: 'Standard' })
    await bucket.pass(2 * DAY_MS)
    expect(await classesIn(bucket)).toEqual({ a: 'InfrequentAccess' })
  })

  test.each([{ from: 'Standard', to: 'Standard' }, { from: 'Glacier', to: 'Standard' }, { to: 'Standard' }, {}])(
    'is refused for %j',
    async (params) => {
      const bucket = await bucketOf({})
      const start = jobs.start({ kind: 'storage-class', bucket: bucket.ref, params })
      await expect(start).rejects.toMatchObject({ code: 'InvalidArgument' })
    },
  )

  test('survives a restart at every call of its steps, in every way a call can go wrong', async () => {
    const calls = await callsOf()
    expect(new Set(calls)).toEqual(new Set(['moveObjects']))
    for (const fault of FAULTS) for (const at of calls.keys()) await callsOf({ fault, at })
  }, 120_000)
})

/** Runs a job whose store goes wrong at one call, and checks that it completes and that no object is counted twice. */
async function callsOf(trap?: { fault: (typeof FAULTS)[number]; at: number }): Promise<readonly string[]> {
  const bucket = await bucketOf({ a: 'InfrequentAccess', b: 'InfrequentAccess' })
  const job = await migrate(bucket, ...TO_STANDARD)
  const gate = await job.run((instance, state) => {
    const end = () => state.abort('A crash')
    const made = new Gate(trap && { ...trap, end, meanwhile: () => bucket.pass(HOUR_MS) })
    instance.portsOf = () => portsOf(gatedStore(made))
    return made
  })
  await gate.client(job.ring()).catch(() => {})
  await job.setClock()
  if (trap?.fault === 'down') await job.use((instance) => void Object.assign(instance, { portsOf: () => portsOf(store) }))
  await job.finish()
  expect((await job.info()).state, `${trap?.fault} at ${trap?.at}`).toBe('completed')
  expect(await classesIn(bucket)).toEqual({ a: 'Standard', b: 'Standard' })
  expect(await store.bucketUsage(bucket.ref)).toMatchObject({
    Standard: { objects: 2, payloadBytes: 2000 },
    InfrequentAccess: { objects: 0, payloadBytes: 0, retrievedBytes: 2000 },
  })
  return gate.calls
}
