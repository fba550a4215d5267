import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { newBlobId } from '../../src/core/blob.ts'
import { DEFAULT_LIFECYCLE, type LifecycleRule } from '../../src/core/lifecycle.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { ATTRIBUTES, DAY_MS, env, GRACE_MS, HOUR_MS, newRef, randomBytes, TestBucket, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { FAULTS, type Fault, Gate, gatedD1, gatedKv, type Trap } from '../support/faults.ts'

// Every call of an alarm goes wrong once, in every way, and so does every write to the account's index of buckets. The alarms that follow
// finish the work and do not touch anything that is in use.

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
beforeAll(() => {
  limits.partMinBytes = 0
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
  vi.restoreAllMocks()
})

const LIMIT_MS = 120_000

/** Makes calls that a Bucket itself makes go wrong. A crash ends its instance; the next instance has the real bindings. */
class BucketGate {
  readonly #bucket: TestBucket
  #gate = new Gate()
  #crashed = false

  constructor(bucket: TestBucket) {
    this.#bucket = bucket
  }

  get calls(): readonly string[] {
    return this.#gate.calls
  }

  async close(trap?: Trap): Promise<void> {
    await this.#bucket.run((instance, state) => {
      const end = () => {
        this.#crashed = true
        state.abort('A crash')
      }
      const gate = new Gate(trap && { ...trap, end })
      this.#gate = gate
      const changes = {
        SEGMENTS_KV: gatedKv(env.SEGMENTS_KV, gate),
        SEGMENTS: gatedD1(env.SEGMENTS, gate),
        CONTROL: gatedD1(env.CONTROL, gate),
      }
      Object.assign(instance, { env: { ...env, ...changes } })
    })
  }

  /** Runs `work`, which a crash of the Bucket may interrupt. Returns whether it ended. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!this.#crashed) throw error
      await this.#bucket.setClock()
      return false
    }
  }

  /** Gives the instance the real bindings again. */
  async open(): Promise<void> {
    await this.#bucket.run((instance) => {
      Object.assign(instance, { env })
    })
  }
}

/** Rules that are set after the objects were written, so that an alarm has to walk to these objects first. */
const RULES: readonly LifecycleRule[] = [
  ...DEFAULT_LIFECYCLE,
  { id: 'old', enabled: true, prefix: 'old', expiration: { ageSeconds: 86_400 } },
  { id: 'kept', enabled: true, prefix: 'kept', transitions: [{ ageSeconds: 3600 }] },
]

/** A bucket with one of everything that an alarm deletes, and with an object that shares bytes with a deleted one. */
async function litteredBucket() {
  const bucket = await TestBucket.create()
  const { store } = bucket
  for (const size of [250, 50]) await bucket.put('dead', size)
  const at = bucket.at('joined')
  const { uploadId } = await store.createMultipartUpload(at, ATTRIBUTES)
  const bodies = [randomBytes(100), randomBytes(50)]
  const parts = []
  for (const [index, body] of bodies.entries()) {
    parts.push(await store.uploadPart({ at, uploadId, partNumber: index + 1 }, uploadOf(body)))
  }
  await store.completeMultipartUpload(at, { uploadId, parts })
  // A piece of the first part stays in use when the object of both parts is deleted.
  const kept = await store.createMultipartUpload(bucket.at('kept'), ATTRIBUTES)
  const part = { at: bucket.at('kept'), uploadId: kept.uploadId, partNumber: 1 }
  const slice = await store.uploadPartCopy(part, { at }, { range: { offset: 10, length: 80 } })
  await store.completeMultipartUpload(bucket.at('kept'), { uploadId: kept.uploadId, parts: [slice] })
  await store.deleteObjects(bucket.ref, ['dead', 'joined'])
  await bucket.put('old', 250)
  await store.putSetting(bucket.ref, 'lifecycle', RULES)
  const open = await store.createMultipartUpload(at, ATTRIBUTES)
  await store.uploadPart({ at, uploadId: open.uploadId, partNumber: 1 }, uploadOf(randomBytes(100)))
  const blobId = newBlobId()
  unwrap(await bucket.api.begin({ blobId, tier: 'kv', segments: 2, size: 150, target: { key: 'lost' } }))
  await env.SEGMENTS_KV.put(`${blobId}/0`, 'a segment that was written before its Worker was lost')
  return { bucket, kept: bodies[0]!.slice(10, 90) }
}

async function sweepLitter(trap?: { fault: Fault; at: number }): Promise<readonly string[]> {
  const { bucket, kept } = await litteredBucket()
  const gate = new BucketGate(bucket)
  await gate.close(trap)
  for (const ms of [GRACE_MS, 2 * HOUR_MS, 8 * DAY_MS]) {
    bucket.nowMs += ms
    await gate.attempt(() => bucket.pass())
    expect(await problemsOf(bucket), `${trap?.fault} at ${trap?.at} of ${gate.calls.join(' ')}`).toEqual([])
  }
  await gate.open()
  for (const ms of [60_000, GRACE_MS, GRACE_MS]) await bucket.pass(ms)
  expect(await bucket.get('kept')).toEqual(kept)
  expect(await problemsOf(bucket)).toEqual([])
  expect(await bucket.query('SELECT key, storage_class, due_ms FROM objects')).toEqual([
    { key: 'kept', storage_class: 'InfrequentAccess', due_ms: null },
  ])
  expect(await bucket.rows('garbage', 'uploads', 'parts', 'lifecycle_walk')).toBe(0)
  await bucket.empty()
  expect(await bucket.segments()).toEqual([])
  return gate.calls
}

test(
  'when an alarm is disturbed at any of its calls, the next alarms finish its work, and nothing in use is harmed',
  async () => {
    const calls = await sweepLitter()
    expect(new Set(calls)).toEqual(new Set(['kv.delete', 'd1.batch']))
    for (const fault of FAULTS) for (const at of calls.keys()) await sweepLitter({ fault, at })
  },
  LIMIT_MS,
)

const indexed = async ({ name }: { name: string }): Promise<boolean> =>
  (await env.CONTROL.prepare('SELECT 1 FROM buckets WHERE name = ?').bind(name).all()).results.length > 0

const tablesOf = (bucket: TestBucket): Promise<unknown[]> =>
  bucket.run((_, { storage }) => storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'objects'").toArray())

test.each(FAULTS)(
  'the index of buckets follows one that is created and removed while a call of the Bucket is %s',
  async (fault) => {
    for (const at of [0, 1, 2, 3]) {
      const ref = newRef()
      const bucket = TestBucket.absent(undefined, ref)
      await bucket.setClock()
      const gate = new BucketGate(bucket)
      await gate.close({ fault, at })
      const created = await gate.attempt(() => bucket.store.createBucket(ref, {}))
      await gate.attempt(() => bucket.pass(10_000))
      if (fault === 'down') await gate.open()
      await bucket.pass(10_000)
      expect(await indexed(ref)).toBe((await bucket.api.info()).ok)
      // A crash before the answer may undo the creation.
      if (created) expect(await indexed(ref)).toBe(true)
      else await bucket.store.ensureBucket(ref)
      await bucket.put('a', 250)
      await expect(bucket.store.deleteBucket(ref)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
      await bucket.store.deleteObject(bucket.at('a'))
      const removed = await gate.attempt(() => bucket.store.deleteBucket(ref))
      await gate.attempt(() => bucket.pass(10_000))
      await gate.attempt(() => bucket.pass(10_000))
      expect(await indexed(ref)).toBe((await bucket.api.info()).ok)
      if (removed) expect(await indexed(ref)).toBe(false)
      else if (await indexed(ref)) await bucket.store.deleteBucket(ref)
      await gate.attempt(() => bucket.pass(GRACE_MS))
      await gate.attempt(() => bucket.pass(60_000))
      expect(await bucket.segments()).toEqual([])
      expect(await tablesOf(bucket)).toEqual([])
    }
  },
  LIMIT_MS,
)
