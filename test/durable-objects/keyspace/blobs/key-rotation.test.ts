import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Bucket } from '../../../../durable-objects/bucket/bucket.ts'
import { noticeKeys } from '../../../../durable-objects/keyspace/blobs/key-marker.ts'
import { readKeyring } from '../../../../src/config.ts'
import { unwrap } from '../../../../src/core/outcome.ts'
import { type Env, segmentBindings } from '../../../../src/env.ts'
import { Keyring } from '../../../../src/segments/keyring.ts'
import { createSegments } from '../../../../src/segments/store.ts'
import type { BucketApi } from '../../../../src/store/bucket-api.ts'
import {
  ATTRIBUTES,
  bytesOf,
  env,
  HOUR_MS,
  portsWith,
  randomBytes,
  TestBucket,
  TINY,
  TINY_SIZES,
  uploadOf,
} from '../../../support/bucket.ts'
import { problemsOf } from '../../../support/check.ts'
import { fsckAll } from '../../../support/fsck.ts'
import { restarted, ringAll } from '../../../support/instance.ts'

const OLD_KEY = env.MASTER_KEY!
const NEW_KEY = new Uint8Array(32).fill(7).toBase64()
const [OLD_ID, NEW_ID] = [OLD_KEY, NEW_KEY].map((key) => new Keyring(key).keyId) as [string, string]
const DURING = { MASTER_KEY: NEW_KEY, OLD_MASTER_KEYS: OLD_KEY }
const AFTERWARDS = { MASTER_KEY: NEW_KEY }
const MINUTE_MS = 60_000

afterEach(() => vi.restoreAllMocks())

/** Starts the Bucket with other master keys and rings its alarms. Returns how often they rang. */
const wake = (bucket: TestBucket, vars: Partial<Env>, ms = MINUTE_MS): Promise<number> =>
  restarted(bucket, vars, (instance, state) => ringAll(bucket, ms, instance, state))

const alarmOf = (bucket: TestBucket, vars: Partial<Env>): Promise<number | null> =>
  restarted(bucket, vars, (_, { storage }) => storage.getAlarm())

/** How many blobs are under each key. */
const keyIds = async (bucket: TestBucket): Promise<Record<string, number>> => {
  const rows = await bucket.query<{ key_id: string; n: number }>('SELECT key_id, count(*) AS n FROM blobs WHERE key_id <> ? GROUP BY 1', '')
  return Object.fromEntries(rows.map(({ key_id, n }) => [key_id, n]))
}

/** The bucket as a Worker with these keys reads it. */
function seenWith(bucket: TestBucket, vars: Partial<Env>): TestBucket {
  const segments = createSegments(segmentBindings(env), readKeyring({ ...env, ...vars }), { config: TINY, sleep: async () => {} })
  return TestBucket.absent(portsWith({ segments }), bucket.ref)
}

/** A Worker that still seals with the old key, and calls this instance. */
const lateWriter = (bucket: TestBucket, instance: Bucket): TestBucket =>
  TestBucket.absent(portsWith({ bucket: () => instance as unknown as BucketApi }), bucket.ref)

async function filled(): Promise<{ bucket: TestBucket; bodies: Map<string, Uint8Array> }> {
  const bucket = await TestBucket.create()
  const bodies = new Map<string, Uint8Array>()
  for (const [key, size] of Object.entries(TINY_SIZES)) bodies.set(key, await bucket.put(key, size))
  // The alarm that was set to sweep these blobs rings, and finds them committed.
  await bucket.pass(2 * HOUR_MS)
  return { bucket, bodies }
}

describe('a bucket that wakes under another master key', () => {
  test('rewrites its keys by itself, and can be read without the old one afterwards', async () => {
    const { bucket, bodies } = await filled()
    expect(await keyIds(bucket)).toEqual({ [OLD_ID]: 3 })
    expect(await alarmOf(bucket, DURING)).toBe(bucket.nowMs + MINUTE_MS)
    expect(await wake(bucket, DURING)).toBe(1)
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 3 })
    const after = seenWith(bucket, AFTERWARDS)
    for (const [key, body] of bodies) expect(await after.get(key)).toEqual(body)
    expect(await problemsOf(bucket)).toEqual([])
    expect(await fsckAll(after.store, bucket.ref)).toEqual([])
  })

  test('does so once: later it looks at one row, and sets no alarm', async () => {
    const { bucket } = await filled()
    await wake(bucket, DURING)
    for (const vars of [DURING, AFTERWARDS]) expect(await alarmOf(bucket, vars)).toBe(null)
    expect(await rowsToLook(bucket, DURING)).toBe(1)
  })

  test('goes on in bounded steps', async () => {
    const bucket = await TestBucket.create()
    for (let i = 0; i < 1001; i++) await bucket.put(`${i}`, 1)
    await restarted(bucket, DURING, async (instance, state) => {
      bucket.nowMs += MINUTE_MS
      await state.storage.deleteAlarm()
      await instance.alarm()
      expect(await state.storage.getAlarm()).toBe(bucket.nowMs)
    })
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 500, [OLD_ID]: 501 })
    // After a start in between, as after an eviction, the walk continues where the last step ended.
    expect(await wake(bucket, DURING)).toBe(2)
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 1001 })
  }, 30_000)

  test("leaves customers' keys alone", async () => {
    const bucket = await TestBucket.create()
    const customerKey = { key: randomBytes(32), keyMd5: 'x' }
    const body = randomBytes(TINY_SIZES.kv)
    await bucket.store.putObject(bucket.at('a'), uploadOf(body), { ...ATTRIBUTES, customerKey })
    await wake(bucket, DURING)
    expect(await keyIds(bucket)).toEqual({ ssec: 1 })
    const got = await seenWith(bucket, AFTERWARDS).store.getObject(bucket.at('a'), { customerKey })
    if (got.kind !== 'found') throw new Error('It is there')
    expect(await bytesOf(got.body)).toEqual(body)
  })

  test('and is empty, or was removed, has nothing to do', async () => {
    const bucket = await TestBucket.create()
    await wake(bucket, DURING)
    expect(await alarmOf(bucket, DURING)).toBe(null)
    await bucket.store.deleteBucket(bucket.ref)
    expect(await wake(bucket, DURING)).toBeLessThanOrEqual(1)
    expect(await alarmOf(bucket, DURING)).toBe(null)
  })
})

/** The number of rows that a Bucket reads when it starts, to find out whether there is something to rewrite. */
const rowsToLook = (bucket: TestBucket, vars: Partial<Env>): Promise<number> =>
  bucket.run((_, { storage }) => {
    const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = []
    const exec = (...args: Parameters<SqlStorage['exec']>) => {
      const cursor = storage.sql.exec(...args)
      cursors.push(cursor)
      return cursor
    }
    const context = { sql: { exec } as unknown as SqlStorage, keyring: readKeyring({ ...env, ...vars }), now: () => 0, wakeAt: () => {} }
    noticeKeys(context as never)
    return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0)
  })

test('a deployment that never changed its master key reads and writes no row for it, and sets no alarm', async () => {
  const { bucket } = await filled()
  expect(await rowsToLook(bucket, {})).toBe(0)
  expect(await alarmOf(bucket, {})).toBe(null)
  expect(await bucket.query("SELECT * FROM config WHERE name = 'keys'")).toEqual([])
})

describe('a data key that comes in under the old master key', () => {
  test('after the rotation is rewritten, too', async () => {
    const { bucket } = await filled()
    await wake(bucket, DURING)
    const late = await restarted(bucket, DURING, async (instance, { storage }) => {
      const body = await lateWriter(bucket, instance).put('late', TINY_SIZES.kv)
      expect(await storage.getAlarm()).toBe(bucket.nowMs + MINUTE_MS)
      return body
    })
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 3, [OLD_ID]: 1 })
    await wake(bucket, DURING)
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 4 })
    expect(await seenWith(bucket, AFTERWARDS).get('late')).toEqual(late)
  })

  test('while a step of the walk is at work is not passed over', async () => {
    const { bucket } = await filled()
    const late = randomBytes(10)
    await restarted(bucket, DURING, async (instance, state) => {
      const rewrap = Keyring.prototype.rewrapDataKey
      vi.spyOn(Keyring.prototype, 'rewrapDataKey').mockImplementationOnce(async function (this: Keyring, ...args) {
        await lateWriter(bucket, instance).put('late', late)
        return rewrap.apply(this, args)
      })
      await ringAll(bucket, MINUTE_MS, instance, state)
      await ringAll(bucket, MINUTE_MS, instance, state)
    })
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 4 })
    expect(await seenWith(bucket, AFTERWARDS).get('late')).toEqual(late)
  })

  test('out of an import is rewritten when the import is through', async () => {
    const { bucket, bodies } = await filled()
    const { report: text } = unwrap(await bucket.api.exportPage())
    await wake(bucket, DURING)
    for (const key of bodies.keys()) await bucket.store.deleteObject(bucket.at(key))
    await restarted(bucket, DURING, async (instance) => unwrap(await instance.importLines(text)))
    expect(await keyIds(bucket)).toEqual({ [OLD_ID]: 3 })
    expect(await wake(bucket, DURING)).toBeGreaterThanOrEqual(1)
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 3 })
    for (const [key, body] of bodies) expect(await seenWith(bucket, AFTERWARDS).get(key)).toEqual(body)
  })
})

test('a master key that comes back has everything under it again', async () => {
  const { bucket, bodies } = await filled()
  await wake(bucket, DURING)
  // First the old key comes back alone, then together with the new one.
  expect(await alarmOf(bucket, {})).toBe(null)
  await expect(bucket.put('more', 10)).rejects.toThrow(`under the master key ${NEW_ID}, which is not configured`)
  expect(await wake(bucket, { MASTER_KEY: OLD_KEY, OLD_MASTER_KEYS: NEW_KEY })).toBe(1)
  await bucket.put('more', 10)
  expect(await keyIds(bucket)).toEqual({ [OLD_ID]: 4 })
  for (const [key, body] of bodies) expect(await bucket.get(key)).toEqual(body)
})

describe('a master key that is not configured', () => {
  const THIRD_KEY = new Uint8Array(32).fill(9).toBase64()
  const WITHOUT = { MASTER_KEY: NEW_KEY, OLD_MASTER_KEYS: THIRD_KEY }

  test('is told once and named, the alarm ends, and the rest is rewritten as soon as the key is there', async () => {
    const { bucket, bodies } = await filled()
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await wake(bucket, WITHOUT)).toBe(1)
    expect(await wake(bucket, WITHOUT)).toBe(0)
    const { jurisdiction, name } = bucket.ref
    expect(log.mock.calls).toEqual([
      [`Data keys of ${jurisdiction}/${name} are under master keys that are not configured: ${OLD_ID}. Put them into OLD_MASTER_KEYS.`],
    ])
    expect(await keyIds(bucket)).toEqual({ [OLD_ID]: 3 })
    expect(await wake(bucket, { MASTER_KEY: NEW_KEY, OLD_MASTER_KEYS: `${THIRD_KEY},${OLD_KEY}` })).toBe(1)
    for (const [key, body] of bodies) expect(await seenWith(bucket, AFTERWARDS).get(key)).toEqual(body)
  })

  test('does not hold up the keys that can be rewritten, and a damaged one is not looked at for ever', async () => {
    const { bucket } = await filled()
    await bucket.query('UPDATE blobs SET wrapped_key = zeroblob(40) WHERE id = (SELECT min(id) FROM blobs)')
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect(await wake(bucket, DURING)).toBe(1)
    expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 2, [OLD_ID]: 1 })
    expect(log).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^Data keys of .* are damaged: blobs [0-9a-f]{32}\.$/))
    expect(await wake(bucket, DURING)).toBe(0)
  })

  test('no line of the log has a master key or a data key in it', async () => {
    const { bucket } = await filled()
    const lines: unknown[] = []
    for (const level of ['error', 'warn'] as const) vi.spyOn(console, level).mockImplementation((...args) => void lines.push(...args))
    await wake(bucket, WITHOUT)
    vi.spyOn(Keyring.prototype, 'rewrapDataKey').mockRejectedValueOnce(new Error('The runtime has no entropy'))
    await wake(bucket, DURING)
    expect(lines.length).toBeGreaterThanOrEqual(2)
    for (const key of [OLD_KEY, NEW_KEY, THIRD_KEY]) expect(lines.map(String).join('\n')).not.toContain(key)
  })
})

test('a step that fails is tried again a minute later', async () => {
  const { bucket } = await filled()
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  await restarted(bucket, DURING, async (instance, state) => {
    vi.spyOn(Keyring.prototype, 'rewrapDataKey').mockRejectedValueOnce(new Error('Not now'))
    expect(await ringAll(bucket, MINUTE_MS, instance, state)).toBe(1)
    expect(warn).toHaveBeenCalledOnce()
    expect(await state.storage.getAlarm()).toBe(bucket.nowMs + MINUTE_MS)
    expect(await ringAll(bucket, MINUTE_MS, instance, state)).toBe(1)
  })
  expect(await keyIds(bucket)).toEqual({ [NEW_ID]: 3 })
})

test('a Bucket without secrets keeps its alarms', async () => {
  const { bucket } = await filled()
  await restarted(bucket, { MASTER_KEY: '' }, (instance) => instance.alarm())
  expect(await keyIds(bucket)).toEqual({ [OLD_ID]: 3 })
})
