import { describe, expect, test } from 'vitest'
import type { StartJob } from '../../../src/jobs/jobs.ts'
import { commitFake, env, TestBucket } from '../../support/bucket.ts'
import { portsOf, store, TestJob } from '../../support/job.ts'

// The cost of a job, in steps and in calls of its Bucket. JOB_KEYS=1000000 counts at full size, which takes minutes.

const KEYS = Number((env as unknown as Record<string, string | undefined>).JOB_KEYS ?? 12_000)
const STEPS = KEYS / 1000

/** A bucket of that many objects, which share one body. */
async function bucketOfKeys(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  await commitFake(bucket, 'k0000000')
  const columns = (await bucket.query<{ name: string }>("SELECT name FROM pragma_table_info('objects')")).map(({ name }) => name)
  const copied = columns.map((name) => (name === 'key' ? "printf('k%07d', n)" : name)).join(', ')
  await bucket.query(
    `WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ? - 1)
     INSERT INTO objects (${columns.join(', ')}) SELECT ${copied} FROM number, objects WHERE key = 'k0000000'`,
    KEYS,
  )
  await bucket.query('UPDATE blobs SET refs = ?', KEYS)
  await bucket.query("UPDATE usage SET objects = ?, payload_bytes = ? WHERE storage_class = 'Standard'", KEYS, KEYS)
  return bucket
}

/** Runs a job to its end. Returns the calls of its Bucket, its alarms, and its steps. */
async function costOf(start: StartJob, nowMs: number) {
  const calls: Record<string, number> = {}
  let steps = 0
  const counting = new Proxy(store, {
    get: (target, name: keyof typeof store) => {
      calls[name] = (calls[name] ?? 0) + 1
      return target[name]
    },
  })
  const job = await TestJob.start(start, nowMs)
  await job.use((instance) => {
    instance.portsOf = () => {
      steps++
      return portsOf(counting)
    }
  })
  const alarms = await job.finish(STEPS + 10)
  return { info: await job.info(), calls, steps, alarms }
}

describe(`a job over ${KEYS} keys`, () => {
  test('that empties a bucket takes one step of two calls a thousand keys', async () => {
    const bucket = await bucketOfKeys()
    const { info, calls, steps, alarms } = await costOf({ kind: 'delete-prefix', bucket: bucket.ref, params: { prefix: '' } }, bucket.nowMs)
    expect(info).toMatchObject({ state: 'completed', counts: { deleted: KEYS, refused: 0 } })
    expect({ steps, calls }).toEqual({ steps: STEPS, calls: { listSummaries: STEPS, deleteObjects: STEPS, listMultipartUploads: 1 } })
    expect(alarms).toBeLessThanOrEqual(Math.ceil(STEPS / 20))
    expect(await bucket.rows('objects')).toBe(0)
    expect(await store.bucketUsage(bucket.ref)).toMatchObject({ Standard: { objects: 0, payloadBytes: 0 } })
  }, 1_800_000)

  test('that changes storage classes takes one step of one call a thousand keys', async () => {
    const bucket = await bucketOfKeys()
    const params = { from: 'Standard', to: 'InfrequentAccess' }
    const { info, calls, steps } = await costOf({ kind: 'storage-class', bucket: bucket.ref, params }, bucket.nowMs)
    expect(info).toMatchObject({ state: 'completed', counts: { moved: KEYS } })
    expect({ steps, calls }).toEqual({ steps: STEPS, calls: { moveObjects: STEPS } })
    expect(await store.bucketUsage(bucket.ref)).toMatchObject({ Standard: { objects: 0 }, InfrequentAccess: { objects: KEYS } })
  }, 1_800_000)
})
