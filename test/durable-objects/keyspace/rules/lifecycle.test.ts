import { evictDurableObject } from 'cloudflare:test'
import { beforeAll, describe, expect, test } from 'vitest'
import { nextDueMs } from '../../../../durable-objects/keyspace/chores/chore.ts'
import { KEYSPACE_CHORES } from '../../../../durable-objects/keyspace/chores/chores.ts'
import { expire } from '../../../../durable-objects/keyspace/chores/expire.ts'
import type { Context } from '../../../../durable-objects/keyspace/context.ts'
import { commitObject } from '../../../../durable-objects/keyspace/objects/objects.ts'
import { followSetting } from '../../../../durable-objects/keyspace/rules/follow-setting.ts'
import { DEFAULT_LIFECYCLE, type LifecycleRule } from '../../../../src/core/lifecycle.ts'
import type { LockRule } from '../../../../src/core/locks.ts'
import type { ObjectHead } from '../../../../src/core/object.ts'
import { unwrap } from '../../../../src/core/outcome.ts'
import { ATTRIBUTES, DAY_MS, fakeBlob, GRACE_MS, HOUR_MS, randomBytes, TestBucket, uploadOf } from '../../../support/bucket.ts'
import { problemsOf } from '../../../support/check.ts'
import { fsckAll } from '../../../support/fsck.ts'
import { cost, metered } from '../../../support/metered.ts'
import { olderSchema } from '../../../support/older-schema.ts'

const DAY_S = 86_400

let ids = 0
const rule = (parts: Partial<LifecycleRule>): LifecycleRule => ({ id: `rule ${++ids}`, enabled: true, prefix: '', ...parts })
const expireAfter = (days: number, prefix = '') => rule({ prefix, expiration: { ageSeconds: days * DAY_S } })
const transitionAfter = (days: number, prefix = '') => rule({ prefix, transitions: [{ ageSeconds: days * DAY_S }] })

/** A bucket whose clock stands at midnight (UTC), when ages in whole days end. */
async function bucketAtMidnight(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  bucket.nowMs = Math.ceil(bucket.nowMs / DAY_MS) * DAY_MS
  return bucket
}

const setRules = (bucket: TestBucket, ...rules: LifecycleRule[]) => bucket.store.putSetting(bucket.ref, 'lifecycle', rules)

const keysIn = async (bucket: TestBucket): Promise<string[]> =>
  (await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key }) => key)

const headOf = async (bucket: TestBucket, key: string): Promise<ObjectHead> => (await bucket.store.headObject(bucket.at(key), {})).head

const openUpload = async (bucket: TestBucket, key: string) => bucket.store.createMultipartUpload(bucket.at(key), ATTRIBUTES)
const openUploads = async (bucket: TestBucket) =>
  (await bucket.store.listMultipartUploads(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key }) => key)

const sound = async (bucket: TestBucket) => {
  expect(await problemsOf(bucket)).toEqual([])
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
}

describe('an object that a rule governs', () => {
  test('is deleted when it is due, not before, and so are its bytes', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(30, 'logs/'))
    await bucket.put('logs/old', 250)
    await bucket.put('kept', 250)
    await bucket.pass(29 * DAY_MS)
    await bucket.put('logs/young', 50)
    await bucket.pass(DAY_MS - 1)
    expect(await keysIn(bucket)).toEqual(['kept', 'logs/old', 'logs/young'])
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + 1)
    await bucket.pass(1)
    expect(await keysIn(bucket)).toEqual(['kept', 'logs/young'])
    expect(await bucket.api.usage()).toMatchObject({ value: { Standard: { objects: 2, payloadBytes: 300 } } })
    await sound(bucket)
    await bucket.pass(29 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['kept'])
    await bucket.pass(GRACE_MS)
    await sound(bucket)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('starts anew when it is overwritten, and is left alone by rules when it is deleted', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(10))
    for (const key of ['overwritten', 'deleted']) await bucket.put(key, 10)
    await bucket.pass(9 * DAY_MS)
    const body = await bucket.put('overwritten', 10)
    await bucket.store.deleteObject(bucket.at('deleted'))
    await bucket.pass(9 * DAY_MS)
    expect(await bucket.get('overwritten')).toEqual(body)
    await bucket.pass(DAY_MS)
    expect(await keysIn(bucket)).toEqual([])
    expect(await bucket.rows('objects', 'blobs')).toBe(0)
  })

  test('on a date is deleted on that date, and what comes later at once', async () => {
    const bucket = await bucketAtMidnight()
    const dateMs = bucket.nowMs + 5 * DAY_MS
    await setRules(bucket, rule({ expiration: { dateMs } }))
    await bucket.put('a', 10)
    await bucket.pass(5 * DAY_MS - 1)
    expect(await keysIn(bucket)).toEqual(['a'])
    await bucket.pass(1)
    expect(await keysIn(bucket)).toEqual([])
    await bucket.put('late', 10)
    await bucket.pass()
    expect(await keysIn(bucket)).toEqual([])
  })

  test('moves to Infrequent Access as the object it is, and is deleted later', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, transitionAfter(30), expireAfter(50))
    const body = await bucket.put('a', 250)
    const before = await headOf(bucket, 'a')
    await bucket.pass(30 * DAY_MS)
    expect(await headOf(bucket, 'a')).toEqual({ ...before, storageClass: 'InfrequentAccess' })
    expect(await bucket.get('a')).toEqual(body)
    expect(await bucket.api.usage()).toMatchObject({
      value: { Standard: { objects: 0, payloadBytes: 0 }, InfrequentAccess: { objects: 1, payloadBytes: 250 } },
    })
    await sound(bucket)
    await bucket.pass(20 * DAY_MS - 1)
    expect(await keysIn(bucket)).toEqual(['a'])
    await bucket.pass(1)
    expect(await keysIn(bucket)).toEqual([])
    // The last ten of the 30 days that Infrequent Access bills at least.
    expect(await bucket.api.usage()).toMatchObject({ value: { InfrequentAccess: { earlyDeletionByteDays: 10 * 250 } } })
    await sound(bucket)
  })

  test('is not moved within the 24 hours before its deletion', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, transitionAfter(30), expireAfter(31))
    await bucket.put('a', 10)
    await bucket.pass(31 * DAY_MS - 1)
    expect(await headOf(bucket, 'a')).toMatchObject({ storageClass: 'Standard' })
    await bucket.pass(1)
    expect(await keysIn(bucket)).toEqual([])
  })

  test('in Infrequent Access is waited for no more, when nothing but a transition is asked for', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, transitionAfter(1))
    const infrequent = { ...ATTRIBUTES, storageClass: 'InfrequentAccess' as const }
    await bucket.store.putObject(bucket.at('there'), uploadOf(randomBytes(5)), infrequent)
    await bucket.pass(HOUR_MS)
    expect(await bucket.alarmMs()).toBeNull()
    await bucket.put('on its way', 5)
    await bucket.pass(2 * DAY_MS)
    expect(await bucket.alarmMs()).toBeNull()
    expect(await bucket.query('SELECT DISTINCT due_ms, storage_class FROM objects')).toEqual([
      { due_ms: null, storage_class: 'InfrequentAccess' },
    ])
  })

  test('and a copy or a multipart object as well, shares its body with those that stay', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(1, 'short/'))
    const body = await bucket.put('short/a', 250)
    await bucket.store.copyObject(bucket.at('long/a'), { at: bucket.at('short/a') }, { ...ATTRIBUTES, directive: 'COPY' })
    const at = bucket.at('short/joined')
    const { uploadId } = await openUpload(bucket, 'short/joined')
    const part = await bucket.store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(randomBytes(100)))
    await bucket.store.completeMultipartUpload(at, { uploadId, parts: [part] })
    await bucket.pass(DAY_MS)
    await bucket.pass(GRACE_MS)
    expect(await keysIn(bucket)).toEqual(['long/a'])
    expect(await bucket.get('long/a')).toEqual(body)
    await sound(bucket)
  })

  test('far in the future wakes the bucket once a year', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, rule({ expiration: { dateMs: Date.UTC(9999, 0) } }))
    await bucket.put('a', 10)
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + 365 * DAY_MS)
    await bucket.pass(365 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a'])
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + 365 * DAY_MS)
  })

  test('waits for a day at most while queues have too much to be told', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(1))
    await bucket.put('a', 10)
    const fillOutbox = () =>
      bucket.run((_, { storage: { sql } }) => {
        sql.exec(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
           INSERT INTO events SELECT 'slow', i, ?, '{}' FROM n`,
          bucket.nowMs,
        )
        sql.exec('INSERT OR REPLACE INTO queue_retries VALUES (?, 1, ?)', 'slow', bucket.nowMs + 100 * DAY_MS)
      })
    const emptyOutbox = () => bucket.run((_, { storage: { sql } }) => void sql.exec('DELETE FROM events'))
    await fillOutbox()
    await bucket.pass(DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a'])
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + DAY_MS)
    await emptyOutbox()
    await bucket.ring()
    expect(await keysIn(bucket)).toEqual([])
    await bucket.put('b', 10)
    await fillOutbox()
    await bucket.pass(2 * DAY_MS)
    expect(await keysIn(bucket)).toEqual([])
  })
})

describe('dates that an earlier version gave, to the second', () => {
  test('are midnights when the alarm has walked past them, in bounded steps', async () => {
    const bucket = await bucketAtMidnight()
    await bucket.pass(10 * HOUR_MS)
    const middayMs = bucket.nowMs
    await setRules(bucket, expireAfter(1))
    await fillWith(bucket, 5000)
    await bucket.run((_, { storage: { sql } }) => {
      sql.exec('UPDATE objects SET due_ms = uploaded_ms + ?', DAY_MS)
      olderSchema(sql, 5)
    })
    await evictDurableObject(bucket.stub)
    await bucket.setClock()
    expect(await bucket.query('SELECT over, prefix FROM lifecycle_walk')).toEqual([{ over: 'objects', prefix: '' }])
    // The instance that starts sets its alarm by the real clock, which is a day behind the test's.
    expect(await bucket.alarmMs()).toBeLessThanOrEqual(middayMs)
    expect(await bucket.pass()).toBe(3)
    expect(await bucket.query('SELECT DISTINCT due_ms FROM objects')).toEqual([{ due_ms: middayMs + 38 * HOUR_MS }])
    expect(await bucket.alarmMs()).toBe(middayMs + 38 * HOUR_MS)
  })
})

describe('heads', () => {
  test('tell when and by which rule, from the rules as they are: of writes, reads and copies, not of listings', async () => {
    const bucket = await bucketAtMidnight()
    const rules = [expireAfter(30), expireAfter(10, 'a')]
    await setRules(bucket, ...rules)
    const by = (rule: LifecycleRule, days: number, sinceMs = bucket.nowMs) => ({ dueMs: sinceMs + days * DAY_MS, ruleId: rule.id })
    const put = await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(5)), ATTRIBUTES)
    expect(put.expiration).toEqual(by(rules[1]!, 10))
    expect((await headOf(bucket, 'a')).expiration).toEqual(by(rules[1]!, 10))
    const ifNoneMatch = { ifNoneMatch: '*' as const }
    const unmodified = await bucket.store.getObject(bucket.at('a'), { conditions: ifNoneMatch })
    expect(unmodified).toMatchObject({ kind: 'not-modified', head: { expiration: by(rules[1]!, 10) } })
    const copy = await bucket.store.copyObject(bucket.at('b'), { at: bucket.at('a') }, { ...ATTRIBUTES, directive: 'COPY' })
    expect(copy.expiration).toEqual(by(rules[0]!, 30))
    const { items } = await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 10, includeMetadata: true })
    expect(items.map(({ expiration }) => expiration)).toEqual([undefined, undefined])
    await setRules(bucket)
    expect((await headOf(bucket, 'a')).expiration).toBeUndefined()
  })

  test('of uploads tell when they are aborted', async () => {
    const bucket = await bucketAtMidnight()
    const created = await openUpload(bucket, 'a')
    const abortion = { dueMs: bucket.nowMs + 7 * DAY_MS, ruleId: 'Default Multipart Abort Rule' }
    expect(created.abortion).toEqual(abortion)
    const listParts = () => bucket.store.listParts(bucket.at('a'), { uploadId: created.uploadId, after: 0, limit: 10 })
    expect((await listParts()).upload.abortion).toEqual(abortion)
    await setRules(bucket)
    expect((await listParts()).upload.abortion).toBeUndefined()
    expect((await openUpload(bucket, 'b')).abortion).toBeUndefined()
  })
})

describe('an open upload', () => {
  test('is aborted by the rule that is due first, and stays when there is none', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, rule({ prefix: 'u', abortAfterSeconds: 2 * DAY_S }), rule({ prefix: 'user/', abortAfterSeconds: DAY_S }))
    for (const key of ['user/a', 'u', 'other']) await openUpload(bucket, key)
    await bucket.pass(DAY_MS)
    expect(await openUploads(bucket)).toEqual(['other', 'u'])
    await bucket.pass(DAY_MS)
    expect(await openUploads(bucket)).toEqual(['other'])
    await bucket.pass(100 * DAY_MS)
    expect(await openUploads(bucket)).toEqual(['other'])
    await sound(bucket)
  })

  test('follows a change of rules', async () => {
    const bucket = await bucketAtMidnight()
    for (const key of ['a', 'a', 'b']) await openUpload(bucket, key)
    await setRules(bucket, rule({ prefix: 'a', abortAfterSeconds: 3 * DAY_S }))
    await bucket.pass(3 * DAY_MS)
    expect(await openUploads(bucket)).toEqual(['b'])
    await bucket.pass(30 * DAY_MS)
    expect(await openUploads(bucket)).toEqual(['b'])
    await setRules(bucket, ...DEFAULT_LIFECYCLE)
    await bucket.pass()
    expect(await openUploads(bucket)).toEqual([])
  })

  test('that lived for long is remembered for seven days all the same when it is finished', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket)
    const { uploadId } = await openUpload(bucket, 'a')
    await bucket.pass(100 * DAY_MS)
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    await bucket.pass(7 * DAY_MS - 1)
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    await bucket.pass(1)
    expect(await bucket.rows('uploads')).toBe(0)
  })
})

describe('a change of rules', () => {
  test('governs what was there before, in both directions', async () => {
    const bucket = await bucketAtMidnight()
    for (const key of ['a/1', 'a/2', 'b/1']) await bucket.put(key, 10)
    await bucket.pass(10 * DAY_MS)
    await setRules(bucket, expireAfter(20, 'a/'))
    await bucket.pass()
    expect(await bucket.query('SELECT key FROM objects WHERE due_ms IS NOT NULL ORDER BY key')).toEqual([{ key: 'a/1' }, { key: 'a/2' }])
    await setRules(bucket, expireAfter(20, 'b/'))
    await bucket.pass(10 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a/1', 'a/2'])
    await setRules(bucket, expireAfter(5))
    await bucket.pass()
    expect(await keysIn(bucket)).toEqual([])
    expect(await bucket.rows('lifecycle_walk')).toBe(0)
  })

  test('that comes before the alarm counts, whatever the row says', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(1))
    await bucket.put('a', 10)
    bucket.nowMs += 2 * DAY_MS
    await setRules(bucket, expireAfter(30))
    await bucket.pass()
    expect(await keysIn(bucket)).toEqual(['a'])
    await bucket.run((_, { storage }) => storage.sql.exec('UPDATE objects SET due_ms = 1'))
    await bucket.ring()
    expect(await keysIn(bucket)).toEqual(['a'])
    await setRules(bucket)
    await bucket.run((_, { storage }) => storage.sql.exec('UPDATE objects SET due_ms = 1'))
    await bucket.ring()
    expect(await bucket.query('SELECT key, due_ms FROM objects')).toEqual([{ key: 'a', due_ms: null }])
  })

  test('where nothing is below its prefixes costs a look, and no walk', async () => {
    const bucket = await bucketAtMidnight()
    await bucket.put('a', 10)
    const { result: _, ...meter } = await metered(bucket, (context) => {
      const after = [expireAfter(1, 'b/'), transitionAfter(1, 'c/'), rule({ prefix: 'a', abortAfterSeconds: 1 })]
      followSetting(context, 'lifecycle', { before: [], after })
    })
    expect(meter.written).toBe(0)
    expect(meter.read).toBeLessThanOrEqual(3)
    expect(meter.plans.filter((plan) => !plan.startsWith('SEARCH'))).toEqual([])
  })

  test('starts again at the first key of a prefix that is walked already', async () => {
    const bucket = await bucketAtMidnight()
    await fillWith(bucket, 5000)
    await setRules(bucket, expireAfter(30))
    await bucket.ring()
    await setRules(bucket, expireAfter(60))
    await bucket.pass()
    expect(await bucket.query('SELECT DISTINCT due_ms - uploaded_ms AS days FROM objects')).toEqual([{ days: 60 * DAY_MS }])
  })
})

describe('a lock', () => {
  const lock = (condition: LockRule['condition'], prefix = '') => ({ id: `lock ${++ids}`, enabled: true, prefix, condition })
  const setLocks = (bucket: TestBucket, ...rules: LockRule[]) => bucket.store.putSetting(bucket.ref, 'locks', rules)
  const forDays = (days: number) => ({ type: 'Age', maxAgeSeconds: days * DAY_S }) as const
  const forGood = { type: 'Indefinite' } as const

  test('wins: the deletion waits for its end', async () => {
    const bucket = await bucketAtMidnight()
    await setLocks(bucket, lock(forDays(90), 'kept/'))
    await setRules(bucket, expireAfter(30))
    for (const key of ['kept/a', 'free']) await bucket.put(key, 10)
    await bucket.pass(30 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['kept/a'])
    expect(await bucket.alarmMs()).toBe(bucket.nowMs + 60 * DAY_MS)
    await bucket.pass(60 * DAY_MS - 1)
    expect(await keysIn(bucket)).toEqual(['kept/a'])
    await bucket.pass(1)
    expect(await keysIn(bucket)).toEqual([])
    await sound(bucket)
  })

  test('without end is waited for no more than it must, and its removal brings the deletion back', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(30, 'a/'))
    await bucket.put('a/1', 10)
    await bucket.put('b/1', 10)
    await setLocks(bucket, lock(forGood))
    await bucket.pass(100 * DAY_MS)
    expect(await keysIn(bucket)).toEqual(['a/1', 'b/1'])
    expect(await bucket.alarmMs()).toBeNull()
    await setLocks(bucket)
    await bucket.pass()
    expect(await keysIn(bucket)).toEqual(['b/1'])
  })

  test('that is set, lengthened or shortened moves the deletion of what is there', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, expireAfter(10))
    await bucket.put('a', 10)
    const due = async () => {
      await bucket.pass()
      return (await bucket.query<{ days: number }>('SELECT (due_ms - uploaded_ms) / ? AS days FROM objects', DAY_MS))[0]!.days
    }
    expect(await due()).toBe(10)
    for (const days of [40, 80, 20]) {
      await setLocks(bucket, lock(forDays(days)))
      expect(await due()).toBe(days)
    }
    await bucket.pass(20 * DAY_MS)
    expect(await keysIn(bucket)).toEqual([])
  })

  test('does not keep an object from becoming Infrequent Access', async () => {
    const bucket = await bucketAtMidnight()
    await setLocks(bucket, lock(forGood))
    await setRules(bucket, transitionAfter(10), expireAfter(10.5))
    await bucket.put('a', 10)
    await bucket.pass(10 * DAY_MS)
    expect(await headOf(bucket, 'a')).toMatchObject({ storageClass: 'InfrequentAccess' })
    await sound(bucket)
  })

  test('of objects that nothing would delete is followed by no walk', async () => {
    const bucket = await bucketAtMidnight()
    for (const key of ['a/1', 'b/1']) await bucket.put(key, 10)
    await setRules(bucket, transitionAfter(1), expireAfter(1, 'a/'))
    await bucket.pass()
    await setLocks(bucket, lock(forGood, 'b/'))
    expect(await bucket.rows('lifecycle_walk')).toBe(0)
    await setLocks(bucket, lock(forGood))
    expect(await bucket.query('SELECT prefix FROM lifecycle_walk')).toEqual([{ prefix: 'a/' }])
  })
})

/** Objects `key-0000001` and so on without bytes, stored now. They have no blobs: nothing here reads their bodies. */
async function fillWith(bucket: TestBucket, count: number): Promise<void> {
  await bucket.run((_, { storage: { sql } }) => {
    sql.exec(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO objects (key, version, blob_id, size, etag, uploaded_ms, storage_class, metadata_bytes)
       SELECT printf('key-%07d', i), 'v', printf('blob-%07d', i), 0, 'e', ?, 'Standard', 0 FROM n`,
      count,
      bucket.nowMs,
    )
    sql.exec("UPDATE usage SET objects = objects + ? WHERE storage_class = 'Standard'", count)
  })
}

describe('a restart', () => {
  const RULES = [expireAfter(30), transitionAfter(1)] as const

  /** Rings each instance once, and then evicts it. Returns how many alarms rang. */
  async function passWithRestarts(bucket: TestBucket): Promise<number> {
    for (let restarts = 0; ; restarts++) {
      await evictDurableObject(bucket.stub)
      await bucket.setClock()
      const alarmMs = await bucket.alarmMs()
      if (alarmMs === null || alarmMs > bucket.nowMs) return restarts
      await bucket.ring()
    }
  }

  test('in the middle of the walk behind a change of rules loses nothing of it', async () => {
    const bucket = await bucketAtMidnight()
    await fillWith(bucket, 9000)
    await setRules(bucket, ...RULES)
    expect(await bucket.rows('lifecycle_walk')).toBe(1)
    expect(await passWithRestarts(bucket)).toBeGreaterThan(4)
    expect(await bucket.rows('lifecycle_walk')).toBe(0)
    expect(await bucket.query('SELECT DISTINCT due_ms FROM objects')).toEqual([{ due_ms: bucket.nowMs + DAY_MS }])
  })

  test('in the middle of transitions and deletions neither loses nor repeats one', async () => {
    const bucket = await bucketAtMidnight()
    await setRules(bucket, ...RULES)
    await bucket.run((_, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1700)
         INSERT INTO blobs SELECT printf('blob-%07d', i), 1, 0, 'inline', 32, 32, x'00', 'k', x'00' FROM n`,
      )
    })
    await fillWith(bucket, 1700)
    await bucket.run((_, { storage: { sql } }) => sql.exec('UPDATE objects SET due_ms = uploaded_ms + ?', DAY_MS))
    bucket.nowMs += DAY_MS
    expect(await passWithRestarts(bucket)).toBeGreaterThanOrEqual(4)
    expect(unwrap(await bucket.api.usage())).toMatchObject({ Standard: { objects: 0 }, InfrequentAccess: { objects: 1700 } })
    expect(await problemsOf(bucket)).toEqual([])
    bucket.nowMs += 29 * DAY_MS
    expect(await passWithRestarts(bucket)).toBeGreaterThanOrEqual(4)
    expect(unwrap(await bucket.api.usage())).toMatchObject({ Standard: { objects: 0 }, InfrequentAccess: { objects: 0 } })
    expect(await bucket.rows('objects', 'blobs')).toBe(0)
  }, 30_000)
})

describe('what an alarm costs', () => {
  const expired = 10
  /** One alarm after the day on which ten objects are due; the bucket has other objects, which are not due. */
  const alarm = (context: Context) => {
    expire(context)
    return nextDueMs(context, KEYSPACE_CHORES)
  }

  async function bucketOf(others: number): Promise<TestBucket> {
    const bucket = await bucketAtMidnight()
    if (others > 0) await fillWith(bucket, others)
    await setRules(bucket, expireAfter(1, 'due/'))
    for (let n = 0; n < expired; n++) await bucket.put(`due/${n}`, 5)
    bucket.nowMs += DAY_MS
    return bucket
  }

  let small: TestBucket
  let large: TestBucket
  beforeAll(async () => {
    small = await bucketOf(0)
    large = await bucketOf(1_000_000)
  }, 120_000)

  test('follows what is due: ten objects among a million cost what they cost alone', async () => {
    const [few, many] = [await metered(small, alarm), await metered(large, alarm)]
    expect(await small.rows('objects')).toBe(0)
    expect(await large.rows('objects')).toBe(1_000_000)
    expect(cost(many)).toEqual(cost(few))
    // For each object: its entry in the index and its row, its blob, the counters. Then one look whether anything else is due.
    expect(many.read).toBeLessThanOrEqual(8 * expired + 10)
    expect(many.written).toBeLessThanOrEqual(4 * expired)
    const nothing = await metered(large, alarm)
    expect(nothing.read).toBeLessThanOrEqual(10)
    expect(nothing.written).toBe(0)
  })

  test('of an object that no rule governs is nothing: a write of it writes no more rows, and sets no alarm', async () => {
    const [free, ruled] = [await bucketAtMidnight(), await TestBucket.create()]
    await setRules(ruled, expireAfter(1, 'elsewhere/'))
    const put = (key: string) => (context: Context) =>
      commitObject(context, { ...ATTRIBUTES, key, blob: fakeBlob(1), etag: '0'.repeat(32) })
    const [one, other] = [await metered(free, put('a')), await metered(ruled, put('a'))]
    expect([one.written, other.written]).toEqual([3, 3])
    expect(other.read).toBeLessThanOrEqual(one.read + 1) // The rules, which an instance reads once.
    await ruled.put('a', 5)
    await ruled.pass(HOUR_MS)
    expect(await ruled.alarmMs()).toBeNull()
    expect((await metered(ruled, put('elsewhere/a'))).written).toBe(4)
  })
})

test('a bucket that is removed forgets its rules and its walks', async () => {
  const bucket = await bucketAtMidnight()
  await bucket.put('a', 10)
  await setRules(bucket, expireAfter(30))
  await bucket.store.deleteObject(bucket.at('a'))
  await bucket.store.deleteBucket(bucket.ref)
  await bucket.store.createBucket(bucket.ref, {})
  expect(await bucket.store.getSetting(bucket.ref, 'lifecycle')).toEqual(DEFAULT_LIFECYCLE)
  expect(await bucket.rows('lifecycle_walk')).toBe(0)
})

test('a check finds an object that the alarm would never look at, and repairs it', async () => {
  const bucket = await bucketAtMidnight()
  await bucket.put('a', 5)
  await setRules(bucket, expireAfter(1))
  await bucket.run((_, { storage }) => storage.sql.exec('UPDATE objects SET due_ms = NULL'))
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([]) // The walk has not run yet.
  await bucket.pass()
  await sound(bucket)
  const dueMs = bucket.nowMs + DAY_MS
  await bucket.run((_, { storage }) => storage.sql.exec('UPDATE objects SET due_ms = NULL'))
  const at = { key: 'a', recorded: 'never', expected: dueMs }
  expect(await fsckAll(bucket.store, bucket.ref, { repair: true })).toEqual([{ problem: 'wrong-due-date', at, repaired: true }])
  await sound(bucket)
  await bucket.pass(DAY_MS)
  expect(await keysIn(bucket)).toEqual([])
})

test('a check goes on while rules move and delete objects, and finds nothing wrong', async () => {
  const bucket = await bucketAtMidnight()
  for (let n = 0; n < 20; n++) await bucket.put(`a/${n}`, 5)
  for (let n = 0; n < 20; n++) await bucket.put(`b/${n}`, 5)
  await setRules(bucket, transitionAfter(1, 'a/'), expireAfter(1, 'b/'))
  await bucket.pass(DAY_MS - 1000)
  let page = unwrap(await bucket.api.check({ repair: false }))
  await bucket.pass(1000)
  const findings = [...page.report.findings]
  while (page.next) {
    page = unwrap(await bucket.api.check({ repair: false, run: page.next }))
    findings.push(...page.report.findings)
  }
  expect(findings).toEqual([])
  expect(unwrap(await bucket.api.usage())).toMatchObject({ Standard: { objects: 0 }, InfrequentAccess: { objects: 20 } })
})
