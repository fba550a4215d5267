import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../../src/core/errors.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { Store } from '../../../src/store/store.ts'
import { DAY_MS, env, HOUR_MS, secrets, TestBucket } from '../../support/bucket.ts'
import { FAULTS, Gate, Outage } from '../../support/faults.ts'
import { gatedStore, jobs, portsOf, store, TestJob } from '../../support/job.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const keysIn = async (bucket: TestBucket): Promise<string[]> =>
  (await store.listSummaries(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key }) => key)

/** The engine with some operations replaced. */
const storeWith = (changes: Partial<Store>): Store => ({ ...store, ...changes })

async function bucketOf(...keys: string[]): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const key of keys) await bucket.put(key, 10)
  return bucket
}

describe('a job that deletes a prefix', () => {
  test('deletes what is below it, aborts the uploads there, and touches nothing else', async () => {
    const bucket = await bucketOf('a', 'logs/1', 'logs/2', 'logs/3', 'logt')
    const upload = { httpMetadata: {}, customMetadata: {} }
    await store.createMultipartUpload(bucket.at('logs/open'), upload)
    await store.createMultipartUpload(bucket.at('other/open'), upload)
    const job = await TestJob.deletePrefix(bucket.ref, 'logs/', bucket.nowMs)
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { deleted: 3, refused: 0, newer: 0, aborted: 1 } })
    expect(await keysIn(bucket)).toEqual(['a', 'logt'])
    const { items } = await store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })
    expect(items.map(({ key }) => key)).toEqual(['other/open'])
  })

  test('empties a bucket of more keys than one step takes, and it can be deleted', async () => {
    const bucket = await bucketOf()
    await bucket.put('0', 10)
    for (let n = 1; n <= 1200; n++)
      await store.copyObject(bucket.at(`k${n}`), { at: bucket.at('0') }, { directive: 'COPY', httpMetadata: {}, customMetadata: {} })
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ deleted: 1201 })
    await store.deleteBucket(bucket.ref)
  }, 60_000)

  test('leaves locked objects, counts them, and names them in its log', async () => {
    const bucket = await bucketOf('free', 'kept')
    await store.putSetting(bucket.ref, 'locks', [{ id: 'keep', enabled: true, prefix: 'kept', condition: { type: 'Indefinite' } }])
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ deleted: 1, refused: 1 })
    expect(await keysIn(bucket)).toEqual(['kept'])
    expect((await jobs.log(job.id, { limit: 10 })).map(({ message }) => message)).toContainEqual(expect.stringContaining('"kept" stays'))
  })

  test('leaves objects that were written after it was made', async () => {
    const bucket = await bucketOf('old')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    bucket.nowMs += 1
    await bucket.put('new', 10)
    await job.finish()
    expect(await keysIn(bucket)).toEqual(['new'])
    expect((await job.info()).counts).toMatchObject({ deleted: 1, newer: 1 })
  })

  test('is dated by the clock of its bucket, which dates the objects', async () => {
    const bucket = await bucketOf('old')
    const { createdMs } = await jobs.start({ kind: 'delete-prefix', bucket: bucket.ref, params: { prefix: 'none' } })
    expect(createdMs).toBe(bucket.nowMs)
  })

  test('waits while queues have many events to take, so that none is dropped', async () => {
    const bucket = await bucketOf('a')
    const event = "INSERT INTO events (queue_id, seq, event_ms, message) VALUES ('slow', ?, 0, '{}')"
    for (const seq of [1, LIMITS.pendingEvents]) await bucket.query(event, seq)
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.ring()
    expect(await job.info()).toMatchObject({ state: 'running', error: expect.stringContaining('SlowDown') })
    expect(await keysIn(bucket)).toEqual(['a'])
    // A client is not kept waiting.
    await store.deleteObjects(bucket.ref, ['nothing'])
    await bucket.query('DELETE FROM events')
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { deleted: 1 } })
  })

  test('passes over an upload that was forgotten since it was listed', async () => {
    const bucket = await bucketOf()
    for (const key of ['a', 'b']) await store.createMultipartUpload(bucket.at(key), { httpMetadata: {}, customMetadata: {} })
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    const abortMultipartUpload: Store['abortMultipartUpload'] = async (at, uploadId) => {
      if (at.key === 'a') await bucket.query('DELETE FROM uploads WHERE id = ?', uploadId)
      return store.abortMultipartUpload(at, uploadId)
    }
    await job.use((instance) => {
      instance.portsOf = () => portsOf(storeWith({ abortMultipartUpload }))
    })
    await job.finish()
    expect((await job.info()).state).toBe('completed')
    expect((await store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })).items).toEqual([])
  })

  test('is refused for a prefix that no key can have, and for a bucket that is not there', async () => {
    const bucket = await bucketOf()
    const start = (ref: typeof bucket.ref, prefix: unknown) => jobs.start({ kind: 'delete-prefix', bucket: ref, params: { prefix } })
    await expect(start(bucket.ref, 'x'.repeat(1025))).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(start(bucket.ref, undefined)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await expect(start({ ...bucket.ref, name: 'nobody-has-this' }, '')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await expect(jobs.start({ kind: 'constructor', bucket: bucket.ref, params: {} })).rejects.toMatchObject({ code: 'InvalidArgument' })
  })
})

describe('a job', () => {
  test('is paused, resumed and canceled, and says when it cannot be', async () => {
    const bucket = await bucketOf('a')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    expect(await jobs.request(job.id, 'pause')).toMatchObject({ state: 'paused' })
    await job.ring()
    expect(await keysIn(bucket)).toEqual(['a'])
    await expect(jobs.request(job.id, 'pause')).resolves.toMatchObject({ state: 'paused' })
    expect(await jobs.request(job.id, 'resume')).toMatchObject({ state: 'running' })
    expect(await jobs.request(job.id, 'cancel')).toMatchObject({ state: 'canceled', endedMs: job.nowMs })
    await job.ring()
    expect(await keysIn(bucket)).toEqual(['a'])
    await expect(jobs.request(job.id, 'resume')).rejects.toMatchObject({ code: 'InvalidRequest' })
  })

  test('keeps the work of a step during which it was canceled', async () => {
    const bucket = await bucketOf('a', 'b')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.use((instance) => {
      const deleteObjects: Store['deleteObjects'] = async (...args) => {
        const deleted = await store.deleteObjects(...args)
        await instance.request('cancel')
        return deleted
      }
      instance.portsOf = () => portsOf(storeWith({ deleteObjects }))
    })
    await job.ring()
    expect(await job.info()).toMatchObject({ state: 'canceled', counts: { deleted: 2 } })
  })

  test('that nobody made is not found, and an id that no job can have wakes nothing', async () => {
    await expect(jobs.get('0'.repeat(32))).rejects.toMatchObject({ code: 'NoSuchJob' })
    await expect(jobs.get('../x')).rejects.toMatchObject({ code: 'NoSuchJob' })
    await expect(jobs.log('0'.repeat(32), { limit: 1 })).rejects.toMatchObject({ code: 'NoSuchJob' })
    await expect(jobs.request('0'.repeat(32), 'pause')).rejects.toMatchObject({ code: 'NoSuchJob' })
  })

  test('tries a step again later and later, gives up after ten times, and goes on when it is resumed', async () => {
    const bucket = await bucketOf('a')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    const broken = () => Promise.reject(new Outage('KV is away'))
    await job.use((instance) => {
      instance.portsOf = () => portsOf(storeWith({ deleteObjects: broken }))
    })
    const waits: number[] = []
    while ((await job.info()).state === 'running' && waits.length < 20) {
      await job.ring()
      const alarmMs = (await job.alarmMs()) ?? 0
      waits.push(alarmMs - job.nowMs)
      job.nowMs = Math.max(job.nowMs, alarmMs)
    }
    expect(waits).toHaveLength(10)
    expect(waits[7]).toBeGreaterThan(waits[0]! * 10)
    expect(Math.max(...waits.slice(0, 9))).toBeLessThanOrEqual(5 * 60_000)
    expect(await job.info()).toMatchObject({ state: 'failed', error: 'The platform did not answer.' })
    await job.restart()
    await jobs.request(job.id, 'resume')
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { deleted: 1 } })
    expect((await job.info()).error).toBeUndefined()
  })

  test('of a kind that this version does not know fails, and says so in the list', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.run((_, { storage }) => {
      storage.sql.exec("UPDATE config SET value = replace(value, 'delete-prefix', 'of-tomorrow') WHERE name = 'job'")
    })
    await job.ring()
    expect(await job.info()).toMatchObject({ state: 'failed', error: expect.stringContaining('InvalidArgument') })
    expect((await jobs.list({ bucket: bucket.ref, limit: 1 })).jobs[0]?.state).toBe('failed')
  })

  test('fails at once when its bucket is gone', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await store.deleteBucket(bucket.ref)
    await job.ring()
    expect(await job.info()).toMatchObject({ state: 'failed', error: expect.stringContaining('NoSuchBucket') })
  })

  test('makes a bounded number of calls in an alarm, however much there is to do', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    let calls = 0
    const endless: Partial<Store> = {
      listSummaries: async () => {
        calls++
        return { items: [], delimitedPrefixes: [], truncated: true, last: { key: 'k' } }
      },
    }
    await job.use((instance) => {
      instance.portsOf = () => portsOf(storeWith(endless))
    })
    await job.ring()
    expect(calls).toBeGreaterThan(5)
    expect(calls).toBeLessThan(500)
    expect(await job.alarmMs()).toBe(job.nowMs)
    const before = calls
    await job.ring()
    expect(calls).toBe(2 * before)
  })

  test('survives a restart at every call of its steps, in every way a call can go wrong', async () => {
    const calls = await callsOf()
    expect(new Set(calls)).toEqual(new Set(['listSummaries', 'deleteObjects', 'listMultipartUploads', 'abortMultipartUpload']))
    for (const fault of FAULTS) for (const at of calls.keys()) await callsOf({ fault, at })
  }, 120_000)

  test('of which a newer version made the tables is left alone', async () => {
    const bucket = await bucketOf('a')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    // A version whose migrations earlier code cannot ignore has no row, or a higher number, in `compatible_from`.
    await job.run((_, { storage }) => {
      storage.sql.exec("UPDATE config SET value = '99' WHERE name = 'schema'")
      storage.sql.exec("DELETE FROM config WHERE name = 'compatible_from'")
    })
    await job.restart()
    await expect(job.info()).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    await job.ring()
    expect(await keysIn(bucket)).toEqual(['a'])
  })
})

/**
 * Runs a job whose store goes wrong at one call, ends the instance there if the fault does so, and checks that the job completes. Returns
 * the calls.
 */
async function callsOf(trap?: { fault: (typeof FAULTS)[number]; at: number }): Promise<readonly string[]> {
  const bucket = await bucketOf('a', 'b')
  await store.createMultipartUpload(bucket.at('open'), { httpMetadata: {}, customMetadata: {} })
  const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
  const gate = await job.run((instance, state) => {
    const end = () => state.abort('A crash')
    const made = new Gate(trap && { ...trap, end, meanwhile: () => bucket.pass(HOUR_MS) })
    instance.portsOf = () => portsOf(gatedStore(made))
    return made
  })
  await gate.client(job.ring()).catch(() => {})
  await job.setClock()
  // A store that is `down` is repaired here; after any other fault the job continues by itself.
  if (trap?.fault === 'down') await job.use((instance) => void Object.assign(instance, { portsOf: () => portsOf(store) }))
  await job.finish()
  expect((await job.info()).state, `${trap?.fault} at ${trap?.at}`).toBe('completed')
  expect(await keysIn(bucket)).toEqual([])
  return gate.calls
}

describe('the number of jobs', () => {
  const start = (bucket: TestBucket) => jobs.start({ kind: 'delete-prefix', bucket: bucket.ref, params: { prefix: 'x/' } })

  test('that run at the same time in one bucket is limited, and a job that has ended makes room', async () => {
    const [bucket, other] = [await bucketOf(), await bucketOf()]
    const made: TestJob[] = []
    for (let n = 0; n < LIMITS.runningJobs; n++) made.push(await TestJob.deletePrefix(bucket.ref, 'x/', bucket.nowMs + DAY_MS))
    await expect(start(bucket)).rejects.toMatchObject({ code: 'TooManyRequests' })
    await start(other)
    await made[0]!.finish()
    await start(bucket)
  })

  test('that are started one after the other is limited, apart from changes of the configuration', async () => {
    const bucket = await bucketOf()
    for (let n = 0; n < 100; n++) await store.admitJob(bucket.ref)
    await expect(start(bucket)).rejects.toMatchObject({ code: 'TooManyRequests', message: expect.stringContaining('new jobs') })
    await store.putBucketStorageClass(bucket.ref, 'InfrequentAccess')
    bucket.nowMs += 30_000
    await start(bucket)
    await expect(start(bucket)).rejects.toMatchObject({ code: 'TooManyRequests' })
  })

  test('of requests that one job takes is limited, since the audit log keeps each', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    for (let n = 0; n < 10; n++) for (const request of ['pause', 'resume'] as const) await jobs.request(job.id, request)
    await expect(jobs.request(job.id, 'pause')).rejects.toMatchObject({ code: 'TooManyRequests' })
    job.nowMs += 30_000
    await jobs.request(job.id, 'pause')
  })
})

describe('the list of jobs', () => {
  const ids = async (query: Omit<Parameters<typeof jobs.list>[0], 'limit'> = {}) =>
    (await jobs.list({ limit: 1000, ...query })).jobs.map(({ id }) => id)

  test('has the newest first, those of a bucket, page by page', async () => {
    const [one, other] = [await bucketOf(), await bucketOf()]
    const made: string[] = []
    for (const bucket of [one, other, one]) made.push((await TestJob.deletePrefix(bucket.ref, '')).id)
    expect((await ids()).slice(0, 3)).toEqual(made.toReversed())
    expect(await ids({ bucket: one.ref })).toEqual([made[2], made[0]])
    const page = await jobs.list({ bucket: one.ref, limit: 1 })
    expect(page).toMatchObject({ truncated: true, jobs: [{ id: made[2], kind: 'delete-prefix', state: 'running' }] })
    expect(await ids({ bucket: one.ref, after: made[2] })).toEqual([made[0]])
    expect(await ids({ bucket: one.ref, kinds: ['delete-prefix'], states: ['running'] })).toEqual([made[2], made[0]])
    expect(await ids({ bucket: one.ref, states: ['completed', 'failed'] })).toEqual([])
    expect(await ids({ bucket: one.ref, kinds: ['another'] })).toEqual([])
  })

  test('follows the state of a job, soon after if its database was away', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    const stateOf = async () => (await jobs.list({ bucket: bucket.ref, limit: 1 })).jobs[0]?.state
    await job.use((instance) => {
      Object.assign(instance, { env: { ...env, CONTROL: { prepare: () => broken(), batch: () => broken() } } })
    })
    await job.ring()
    expect(await stateOf()).toBe('running')
    await job.restart()
    job.nowMs += HOUR_MS
    await job.ring()
    expect(await stateOf()).toBe('completed')
  })

  test('forgets a job 90 days after its end, and so does its object', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.finish()
    job.nowMs += 90 * DAY_MS
    await job.ring()
    expect(await ids({ bucket: bucket.ref })).toEqual([])
    await expect(job.info()).rejects.toMatchObject({ code: 'NoSuchJob' })
  })

  test('forgets a failed job that nobody resumes for 90 days', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await store.deleteBucket(bucket.ref)
    await job.ring()
    expect((await job.info()).state).toBe('failed')
    const { updatedMs } = await job.info()
    // The first alarm after the end is the one that would have updated the account again.
    job.nowMs = (await job.alarmMs())!
    await job.ring()
    expect(await job.alarmMs()).toBe(updatedMs + 90 * DAY_MS)
    job.nowMs = updatedMs + 90 * DAY_MS
    await job.ring()
    expect(await ids({ bucket: bucket.ref })).toEqual([])
  })

  test('keeps a job that its database cannot forget, and tries again in ten minutes', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.finish()
    job.nowMs += 90 * DAY_MS
    await job.use((instance) => {
      Object.assign(instance, { env: { ...env, CONTROL: { prepare: env.CONTROL.prepare.bind(env.CONTROL), batch: () => broken() } } })
    })
    await job.ring()
    expect(await job.alarmMs()).toBe(job.nowMs + 10 * 60_000)
    await job.use((instance) => void Object.assign(instance, { env }))
    job.nowMs += 10 * 60_000
    await job.ring()
    expect(await ids({ bucket: bucket.ref })).toEqual([])
    await expect(job.info()).rejects.toMatchObject({ code: 'NoSuchJob' })
  })

  test('and the audit log know who started, paused and canceled a job', async () => {
    const bucket = await bucketOf()
    const by = { tokenId: secrets.rootTokenId, tokenName: 'root', face: 'API', method: 'POST', path: '/' } as const
    const { id } = await jobs.start({ kind: 'delete-prefix', bucket: bucket.ref, params: { prefix: 'x' } }, by)
    await jobs.request(id, 'cancel', by).catch((error) => {
      // The job may have ended before the request.
      if (!(error instanceof StoreError)) throw error
    })
    const { results } = await env.CONTROL.prepare('SELECT action, token_id FROM audit WHERE resource_id = ? ORDER BY id')
      .bind(bucket.ref.name)
      .all<{ action: string; token_id: string }>()
    expect(results.filter(({ action }) => action === 'StartJob')).toEqual([{ action: 'StartJob', token_id: by.tokenId }])
  })
})

function broken(): never {
  throw new Outage('CONTROL is away')
}

describe('a job that has ended', () => {
  test('is deleted on request, with its row and an entry of the audit log; one that runs is not', async () => {
    const bucket = await bucketOf('a')
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await expect(jobs.remove(job.id)).rejects.toMatchObject({ code: 'InvalidRequest' })
    await job.finish()
    await jobs.remove(job.id)
    await expect(job.info()).rejects.toMatchObject({ code: 'NoSuchJob' })
    expect((await jobs.list({ bucket: bucket.ref, limit: 1 })).jobs).toEqual([])
    const entries = await env.CONTROL.prepare("SELECT 1 FROM audit WHERE resource_id = ? AND action = 'DeleteJob'")
      .bind(bucket.ref.name)
      .all()
    expect(entries.results).toHaveLength(1)
  })

  test('is gone for everybody while its database is away, and its row follows', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.finish()
    await job.use((instance) => {
      Object.assign(instance, { env: { ...env, CONTROL: { prepare: () => broken(), batch: () => broken() } } })
    })
    await jobs.remove(job.id)
    await expect(job.info()).rejects.toMatchObject({ code: 'NoSuchJob' })
    await job.restart()
    job.nowMs += HOUR_MS
    await job.ring()
    expect((await jobs.list({ bucket: bucket.ref, limit: 1 })).jobs).toEqual([])
  })
})

describe('the log of a job', () => {
  test('says the type of each line, and is read from an offset', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await jobs.request(job.id, 'pause')
    await jobs.request(job.id, 'resume')
    await job.finish()
    const types = async (offset: number, limit: number) => (await jobs.log(job.id, { offset, limit })).map(({ type }) => type)
    expect(await types(0, 10)).toEqual(['start', 'pause', 'resume', 'complete'])
    expect(await types(1, 2)).toEqual(['pause', 'resume'])
    expect(await types(4, 2)).toEqual([])
  })

  test('that an earlier version wrote is read as it is', async () => {
    const bucket = await bucketOf()
    const job = await TestJob.deletePrefix(bucket.ref, '', bucket.nowMs)
    await job.run((_, { storage }) => {
      storage.sql.exec('ALTER TABLE log DROP COLUMN type')
      storage.sql.exec('ALTER TABLE log DROP COLUMN key')
      storage.sql.exec("UPDATE config SET value = '1' WHERE name = 'schema'")
    })
    await job.restart()
    expect((await jobs.log(job.id, { limit: 1 }))[0]).toMatchObject({ message: 'Started.' })
  })
})
