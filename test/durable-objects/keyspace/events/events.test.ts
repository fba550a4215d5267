import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { listAudit } from '../../../../src/control/audit.ts'
import { LIMITS } from '../../../../src/core/limits.ts'
import { ATTRIBUTES, commitFake, DAY_MS, env, fakeBlob, secrets, TestBucket, uploadOf } from '../../../support/bucket.ts'
import { bindQueues, CREATIONS, DELETIONS, type EventMessage, FakeQueue, notify, queueIdOf } from '../../../support/queues.ts'

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterAll(() => vi.restoreAllMocks())

const ALL = [...CREATIONS, ...DELETIONS]
const refuse = async () => {
  throw new Error('The queue refuses')
}

/** A bucket that notifies a queue of everything. */
async function telling(actions = ALL): Promise<{ bucket: TestBucket; queue: FakeQueue }> {
  const bucket = await TestBucket.create()
  const queue = new FakeQueue()
  await bindQueues(bucket, { events: queue })
  await notify(bucket, 'events', { actions })
  return { bucket, queue }
}

const put = (bucket: TestBucket, key: string) => commitFake(bucket, key)

/** Many changes in one call into the instance. */
const putMany = (bucket: TestBucket, keys: readonly string[]) =>
  bucket.run(async (instance) => {
    for (const key of keys) await instance.commitObject({ ...ATTRIBUTES, key, blob: fakeBlob(1), etag: '0'.repeat(32) })
  })

describe('what is told', () => {
  test('of each way to store and to delete an object', async () => {
    const { bucket, queue } = await telling()
    const { store } = bucket
    const other = await TestBucket.create()
    await other.put('there', 20)
    await bucket.put('a', 5)
    await store.copyObject(bucket.at('b'), { at: bucket.at('a') }, { ...ATTRIBUTES, directive: 'COPY' })
    await store.copyObject(bucket.at('c'), { at: other.at('there') }, { ...ATTRIBUTES, directive: 'COPY' })
    const { uploadId } = await store.createMultipartUpload(bucket.at('d'), ATTRIBUTES)
    const part = await store.uploadPart({ at: bucket.at('d'), uploadId, partNumber: 1 }, uploadOf(new Uint8Array(7)))
    await store.completeMultipartUpload(bucket.at('d'), { uploadId, parts: [part] })
    await store.deleteObject(bucket.at('a'))
    await store.deleteObjects(bucket.ref, ['b', 'nothing'])
    await bucket.ring()
    expect(queue.told).toEqual([
      'PutObject a',
      'CopyObject b',
      'CopyObject c',
      'CompleteMultipartUpload d',
      'DeleteObject a',
      'DeleteObject b',
    ])
    const [stored, copied, across, completed, deleted] = queue.messages
    const time = new Date(bucket.nowMs).toISOString()
    const at = { account: secrets.accountId, bucket: bucket.ref.name, eventTime: time }
    expect(stored).toEqual({ ...at, action: 'PutObject', object: { key: 'a', size: 5, eTag: expect.stringMatching(/^[0-9a-f]{32}$/) } })
    expect(copied).toMatchObject({
      object: { key: 'b', size: 5, eTag: stored!.object.eTag },
      copySource: { bucket: bucket.ref.name, object: 'a' },
    })
    expect(across).toMatchObject({ object: { size: 20 }, copySource: { bucket: other.ref.name, object: 'there' } })
    expect(completed!.object.eTag).toMatch(/^[0-9a-f]{32}-1$/)
    expect(deleted).toEqual({ ...at, action: 'DeleteObject', object: { key: 'a' } })
  })

  test('of a rename, as of a copy and a deletion', async () => {
    const { bucket, queue } = await telling()
    await bucket.put('from', 5)
    await bucket.put('to', 6)
    await bucket.store.renameObject(bucket.at('to'), { key: 'from' })
    await bucket.store.renameObject(bucket.at('to'), { key: 'to' })
    await bucket.ring()
    expect(queue.told).toEqual(['PutObject from', 'PutObject to', 'CopyObject to', 'DeleteObject from'])
    expect(queue.messages[2]).toMatchObject({ object: { key: 'to', size: 5 }, copySource: { bucket: bucket.ref.name, object: 'from' } })
  })

  test('of what a lifecycle rule deletes', async () => {
    const { bucket, queue } = await telling()
    const rule = { id: 'r', enabled: true, prefix: 'old', expiration: { ageSeconds: 86_400 } }
    await bucket.store.putSetting(bucket.ref, 'lifecycle', [rule])
    for (const key of ['old/1', 'new']) await put(bucket, key)
    await bucket.pass(2 * DAY_MS)
    expect(queue.told).toEqual(['PutObject old/1', 'PutObject new', 'LifecycleDeletion old/1'])
    expect(queue.messages[2]).toMatchObject({ object: { key: 'old/1' }, eventTime: new Date(bucket.nowMs).toISOString() })
  })

  test('only of what a rule asks for, to the queue that it names', async () => {
    const bucket = await TestBucket.create()
    const [images, gone] = [new FakeQueue(), new FakeQueue()]
    await bindQueues(bucket, { images, 'what-is-gone': gone })
    await notify(bucket, 'images', { actions: CREATIONS, prefix: 'img/', suffix: '.png' })
    await notify(bucket, 'what-is-gone', { actions: DELETIONS, prefix: 'img/' }, { actions: DELETIONS, suffix: '.txt', prefix: 'b' })
    for (const key of ['img/a.png', 'img/a.jpg', 'a.png', 'b.txt']) await put(bucket, key)
    await bucket.api.deleteObjects(['img/a.jpg', 'a.png', 'b.txt'])
    await bucket.ring()
    expect(images.told).toEqual(['PutObject img/a.png'])
    expect(gone.told).toEqual(['DeleteObject img/a.jpg', 'DeleteObject b.txt'])
    expect(await bucket.rows('events', 'queue_retries')).toBe(0)
  })

  test('nothing of what failed, and nothing once the rules are gone', async () => {
    const { bucket, queue } = await telling()
    const conditions = { ifMatch: [{ etag: 'x', weak: false }] }
    const failed = await bucket.api.commitObject({ ...ATTRIBUTES, key: 'a', blob: fakeBlob(1), etag: '0'.repeat(32), conditions })
    expect(failed).toMatchObject({ ok: false, code: 'PreconditionFailed' })
    await put(bucket, 'b')
    await bucket.ring()
    await bucket.api.removeNotificationRules(await queueIdOf('events'))
    await put(bucket, 'c')
    await bucket.ring()
    expect(queue.told).toEqual(['PutObject b'])
  })
})

describe('delivery', () => {
  test('follows the change at once, without the alarm', async () => {
    const { bucket, queue } = await telling()
    await put(bucket, 'a')
    await vi.waitFor(() => expect(queue.told).toEqual(['PutObject a']))
    await vi.waitFor(async () => expect(await bucket.rows('events')).toBe(0))
  })

  test('sends one batch at a time, in order, with what came meanwhile in the next', async () => {
    const { bucket, queue } = await telling()
    const open = queue.hold()
    await put(bucket, 'a')
    await vi.waitFor(() => expect(queue.calls).toBe(1))
    for (const key of ['b', 'c', 'b']) await put(bucket, key)
    expect(queue.calls).toBe(1)
    await bucket.run(() => open())
    await bucket.ring()
    expect(queue.batches.map((batch) => batch.map(({ object }) => object.key))).toEqual([['a'], ['b', 'c', 'b']])
  })

  test('an alarm that rings meanwhile waits, and sends nothing twice', async () => {
    const { bucket, queue } = await telling()
    const open = queue.hold()
    await put(bucket, 'a')
    await vi.waitFor(() => expect(queue.calls).toBe(1))
    const ringing = bucket.ring()
    await bucket.run(() => open())
    await ringing
    expect(queue.told).toEqual(['PutObject a'])
  })

  test('keeps to 100 messages and 256 KB a batch', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'first')
    await bucket.ring()
    const long = Array.from({ length: 120 }, (_, i) => `${i}`.padEnd(1024, '\u0001')) // Each character takes six bytes in JSON.
    await putMany(bucket, [...Array.from({ length: 150 }, (_, i) => `short-${i}`), ...long])
    queue.onSend = async () => {}
    await bucket.pass(DAY_MS / 24)
    expect(queue.told).toHaveLength(271)
    const bytes = (batch: EventMessage[]) => batch.reduce((sum, message) => sum + Buffer.byteLength(JSON.stringify(message)), 0)
    for (const batch of queue.batches) {
      expect(batch.length).toBeLessThanOrEqual(LIMITS.queueBatchMessages)
      expect(bytes(batch)).toBeLessThanOrEqual(LIMITS.queueBatchBytes)
    }
    expect(queue.batches[0]).toHaveLength(100)
    expect(queue.batches.length).toBeLessThanOrEqual(6)
  })

  test('goes on with the next alarm when there is very much', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'first')
    await bucket.ring()
    const values = `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10500)
                    INSERT INTO events SELECT queue_id, i, event_ms, '{"n":' || i || '}' FROM events, n`
    await bucket.query(values)
    queue.onSend = async () => {}
    expect(await bucket.pass(60_000)).toBe(2)
    expect(queue.batches).toHaveLength(105)
    expect(await bucket.rows('events')).toBe(0)
  })

  test('a queue that refuses does not hold up another', async () => {
    const bucket = await TestBucket.create()
    const [broken, sound] = [new FakeQueue(), new FakeQueue()]
    broken.onSend = refuse
    await bindQueues(bucket, { broken, sound })
    await notify(bucket, 'broken', { actions: CREATIONS, prefix: 'a' })
    await notify(bucket, 'sound', { actions: CREATIONS, prefix: 'b' })
    for (const key of ['a1', 'b1', 'a2', 'b2']) await put(bucket, key)
    await bucket.ring()
    expect(sound.told).toEqual(['PutObject b1', 'PutObject b2'])
    expect(await bucket.rows('events')).toBe(2)
    broken.onSend = async () => {}
    await bucket.pass(60_000)
    expect(broken.told).toEqual(['PutObject a1', 'PutObject a2'])
  })

  test('backs off from a queue that refuses, up to five minutes, and not for longer once it accepts', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'a')
    const delays: number[] = []
    await bucket.ring()
    for (let n = 0; n < 12; n++) {
      const [{ due_ms } = { due_ms: 0 }] = await bucket.query<{ due_ms: number }>('SELECT due_ms FROM queue_retries')
      delays.push(due_ms - bucket.nowMs)
      const calls = queue.calls
      await bucket.pass(due_ms - bucket.nowMs - 1)
      await put(bucket, 'b') // A new change does not bring the retry forward.
      await bucket.ring()
      expect(queue.calls).toBe(calls)
      await bucket.pass(1)
      expect(queue.calls).toBe(calls + 1)
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1000))
    queue.onSend = async () => {}
    await bucket.pass(300_000)
    expect(queue.told).toEqual(['PutObject a', ...Array(12).fill('PutObject b')])
    expect(await bucket.rows('queue_retries', 'events')).toBe(0)
    queue.onSend = refuse
    await put(bucket, 'c')
    await bucket.ring()
    expect(await bucket.query('SELECT attempts FROM queue_retries')).toEqual([{ attempts: 1 }])
  })

  test('a restart neither loses messages nor forgets the backoff', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'a')
    for (const ms of [0, 1000, 2000, 4000]) await bucket.pass(ms)
    const { calls } = queue
    await restart(bucket, queue)
    await put(bucket, 'b')
    await bucket.ring()
    expect(queue.calls).toBe(calls)
    queue.onSend = async () => {}
    await bucket.pass(8000)
    expect(queue.told).toEqual(['PutObject a', 'PutObject b'])
  })

  test('a crash between the commit and the send is made good by the alarm, which was set by the commit', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = () => new Promise(() => {})
    await put(bucket, 'a')
    await vi.waitFor(() => expect(queue.calls).toBe(1))
    await restart(bucket, queue)
    queue.onSend = async () => {}
    expect(await bucket.alarmMs()).toBeLessThanOrEqual(bucket.nowMs + 10_000)
    await bucket.pass(10_000)
    expect(queue.told).toEqual(['PutObject a'])
  })

  test('an alarm that was lost is set again by the next instance', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'a')
    await bucket.ring()
    await bucket.run((_, { storage }) => storage.deleteAlarm())
    await restart(bucket, queue)
    expect(await bucket.alarmMs()).not.toBeNull()
  })
})

/** Ends the instance; the next instance has the same queue. */
async function restart(bucket: TestBucket, queue: FakeQueue): Promise<void> {
  await bucket.run((_, state) => state.abort('A crash')).catch(() => {})
  await bucket.setClock()
  await bindQueues(bucket, { events: queue })
}

describe('a queue that is gone', () => {
  test('is tried for four days; then its messages are dropped, and no alarm is left', async () => {
    const { bucket } = await telling()
    await bindQueues(bucket, {})
    await put(bucket, 'a')
    await bucket.pass(10_000)
    await bucket.pass(2 * DAY_MS)
    await put(bucket, 'b')
    expect(await bucket.rows('events')).toBe(2)
    await bucket.pass(2 * DAY_MS)
    expect(
      (await bucket.query<{ message: string }>('SELECT message FROM events')).map(({ message }) => JSON.parse(message).object.key),
    ).toEqual(['b'])
    await bucket.pass(2 * DAY_MS)
    expect(await bucket.rows('events')).toBe(0)
    await bucket.pass(DAY_MS)
    expect(await bucket.alarmMs()).toBeNull()
  })

  test('keeps the last 100,000 messages', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'first')
    await bucket.ring()
    await bucket.query(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100003)
                        INSERT INTO events SELECT queue_id, i, event_ms, '{}' FROM events, n`)
    await bucket.pass(60_000)
    expect(await bucket.query('SELECT min(seq) AS first, max(seq) AS last FROM events')).toEqual([{ first: 4, last: 100_003 }])
  })
})

describe('a bucket with rules', () => {
  test('cannot be deleted; without them it can, and still tells of what happened before', async () => {
    const { bucket, queue } = await telling()
    queue.onSend = refuse
    await put(bucket, 'a')
    await bucket.api.deleteObjects(['a'])
    expect(await bucket.api.remove()).toMatchObject({ ok: false, code: 'BucketNotEmpty' })
    await bucket.api.removeNotificationRules(await queueIdOf('events'))
    expect(await bucket.api.remove()).toMatchObject({ ok: true })
    queue.onSend = async () => {}
    await bucket.pass(DAY_MS)
    expect(queue.told).toEqual(['PutObject a', 'DeleteObject a'])
    await bucket.pass(DAY_MS)
    await bucket.run((_, { storage }) => {
      expect([...storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'events'")]).toEqual([])
    })
  })

  test('notes each change of them in the audit log', async () => {
    const { bucket } = await telling(['PutObject'])
    bucket.nowMs++
    await bucket.api.removeNotificationRules(await queueIdOf('events'))
    const log = await listAudit(env.CONTROL, { filters: [{ field: 'resourceId', values: [bucket.ref.name] }], ascending: true, limit: 9 })
    expect(log.map(({ action }) => action)).toEqual([
      'CreateBucket',
      'PutBucketNotificationConfiguration',
      'DeleteBucketNotificationConfiguration',
    ])
    expect(log[1]).toMatchObject({ newValue: [{ queueName: 'events', rules: [{ actions: ['PutObject'] }] }] })
  })
})
