import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { segmentBindings } from '../../src/env.ts'
import { createSegments, type SegmentOptions } from '../../src/segments/store.ts'
import type { Ports } from '../../src/store/ports.ts'
import { createStore } from '../../src/store/store.ts'
import { ATTRIBUTES, env, HOUR_MS, portsWith, randomBytes, secrets, TestBucket, TINY, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { fsckAll } from '../support/fsck.ts'

// Stores that stand in for each other.

let bucket: TestBucket
let nowMs: number
let warn: MockInstance<typeof console.warn>

beforeEach(async () => {
  nowMs = Date.now()
  bucket = await TestBucket.create()
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterEach(() => vi.restoreAllMocks())

/** A database that is full: it reads and deletes, and takes nothing new. */
function fullDatabase() {
  const counts = { batches: 0 }
  const binding = new Proxy(env.SEGMENTS, {
    get: (db, name) => {
      const value = Reflect.get(db, name) as unknown
      if (name !== 'batch') return typeof value === 'function' ? value.bind(db) : value
      return async (statements: D1PreparedStatement[]) => {
        counts.batches++
        if (full) throw new Error('D1_ERROR: Exceeded maximum DB size: SQLITE_FULL')
        return db.batch(statements)
      }
    },
  })
  let full = true
  const relieve = () => {
    full = false
  }
  return { binding, counts, relieve }
}

function portsOn(d1: D1Database[], options: SegmentOptions = {}): Ports {
  const deployment = secrets.accountId
  const bindings = { ...segmentBindings(env), d1 }
  return portsWith({
    segments: createSegments(bindings, secrets.keyring, { config: TINY, deployment, now: () => nowMs, sleep: async () => {}, ...options }),
  })
}

const put = async (ports: Ports, key: string, size: number) => {
  const body = randomBytes(size)
  await createStore(ports).putObject(bucket.at(key), uploadOf(body), ATTRIBUTES)
  return body
}
const tiers = async () => (await bucket.query<{ tier: string }>('SELECT tier FROM blobs ORDER BY id')).map(({ tier }) => tier)

describe('14: a segment database that is full', () => {
  test('has its blobs placed in KV, which is remembered for a minute; then it is asked again', async () => {
    const { binding, counts, relieve } = fullDatabase()
    const ports = portsOn([binding])
    const first = await put(ports, 'first', TINY_SIZES.d1)
    const second = await put(ports, 'second', TINY_SIZES.d1)
    expect([await tiers(), counts.batches]).toEqual([['kv', 'kv'], 1])
    expect([await bucket.get('first'), await bucket.get('second')]).toEqual([first, second])
    relieve()
    nowMs += 61_000
    await put(ports, 'third', TINY_SIZES.d1)
    expect(await tiers()).toEqual(['kv', 'kv', 'd1:0'])
    await bucket.pass(2 * HOUR_MS)
    expect(await fsckAll(bucket.store, bucket.ref, { repair: true, deep: true })).toEqual([])
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test.each([17, 40, 64])('takes no part of %d bytes either, and the upload completes', async (size) => {
    const store = createStore(portsOn([fullDatabase().binding]))
    const at = bucket.at('parts')
    const { uploadId } = await store.createMultipartUpload(at, ATTRIBUTES)
    const body = randomBytes(size)
    const { etag } = await store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(body, { checksumAlgorithm: 'CRC32' }))
    await store.completeMultipartUpload(at, { uploadId, parts: [{ partNumber: 1, etag }] })
    expect(await bucket.get('parts')).toEqual(body)
  })

  test('leaves the bytes of a customer under the key of the customer', async () => {
    const key = randomBytes(32)
    const customerKey = { key, keyMd5: '00' }
    const store = createStore(portsOn([fullDatabase().binding]))
    const body = randomBytes(TINY_SIZES.d1)
    await store.putObject(bucket.at('theirs'), uploadOf(body), { ...ATTRIBUTES, customerKey })
    expect(await tiers()).toEqual(['kv'])
    await expect(bucket.get('theirs')).rejects.toThrow()
    const got = await bucket.store.getObject(bucket.at('theirs'), { customerKey })
    expect(got.kind === 'found' && new Uint8Array(await new Response(got.body).arrayBuffer())).toEqual(body)
  })

  test('is followed by the next database', async () => {
    const ports = portsOn([fullDatabase().binding, env.SEGMENTS])
    const body = await Promise.all(Array.from({ length: 8 }, (_, index) => put(ports, `key-${index}`, TINY_SIZES.d1)))
    expect(new Set(await tiers())).toEqual(new Set(['d1:1']))
    for (const [index, bytes] of body.entries()) {
      const got = await createStore(ports).getObject(bucket.at(`key-${index}`), {})
      expect(got.kind === 'found' && new Uint8Array(await new Response(got.body).arrayBuffer())).toEqual(bytes)
    }
  })
})

describe('14: a segment database that does not answer', () => {
  /** A database whose writes take a while of the test's clock and come to nothing. */
  const hanging = (batch: () => Promise<never>) =>
    new Proxy(env.SEGMENTS, {
      get: (db, name) => {
        const value = Reflect.get(db, name) as unknown
        if (name === 'batch') return batch
        return typeof value === 'function' ? value.bind(db) : value
      },
    })

  test('has its blobs placed in KV, too', async () => {
    const body = await put(portsOn([hanging(() => new Promise(() => {}))], { timeoutMs: 200 }), 'a', TINY_SIZES.d1)
    expect(await tiers()).toEqual(['kv'])
    expect(await bucket.get('a')).toEqual(body)
  })

  test('is one of two that a blob is offered to, however long each takes to fail', async () => {
    let batches = 0
    const slow = hanging(async () => {
      nowMs += 61_000
      if (++batches > 5) throw new Error('in circles')
      throw new Error('D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset')
    })
    await put(portsOn([slow, slow, slow]), 'a', TINY_SIZES.d1)
    expect([await tiers(), batches]).toEqual([['kv'], 2])
  })
})

test('14: a database that fills up is told of at 80 %, once in an hour, and rests when it is nearly full', async () => {
  const { meta } = await env.SEGMENTS.prepare('SELECT 1').all()
  const sized = (share: number) => portsOn([env.SEGMENTS], { databaseBytes: Math.floor(meta.size_after / share) })
  const ports = sized(0.5)
  await put(ports, 'a', TINY_SIZES.d1)
  expect(warn).not.toHaveBeenCalled()
  const warned = sized(0.9)
  for (const key of ['b', 'c']) await put(warned, key, TINY_SIZES.d1)
  expect(warn.mock.calls).toEqual([[expect.stringMatching(/^The segment database d1:0 is 9\d % full: add another one/)]])
  nowMs += 3_600_001
  await put(warned, 'd', TINY_SIZES.d1)
  expect(warn).toHaveBeenCalledTimes(2)
  expect(await tiers()).toEqual(['d1:0', 'd1:0', 'd1:0', 'd1:0'])
  const full = sized(1)
  for (const key of ['e', 'f']) await put(full, key, TINY_SIZES.d1)
  expect((await tiers()).slice(4)).toEqual(['d1:0', 'kv'])
  expect(await full.segments.usage()).toEqual([{ tier: 'd1:0', bytes: expect.any(Number), maxBytes: expect.any(Number) }])
})

test('14: further databases are bindings with numbers, in their order', () => {
  const [second, third] = [{}, {}] as D1Database[]
  const more = { ...env, SEGMENTS_3: third, SEGMENTS_2: second, SEGMENTS_5: {} }
  expect(segmentBindings(more).d1).toEqual([env.SEGMENTS, second, third])
  expect(segmentBindings(more).d1[1]).toBe(second)
})

/** KV that counts, and refuses as the platform does after so many operations of one request. */
function countedKv(most = Number.POSITIVE_INFINITY, lost = false) {
  const counts = { gets: 0, sleptMs: 0 }
  const kv = new Proxy(env.SEGMENTS_KV, {
    get: (binding, name) => {
      const value = Reflect.get(binding, name) as unknown
      if (name !== 'get') return typeof value === 'function' ? value.bind(binding) : value
      return async (...args: [string, 'stream']) => {
        if (++counts.gets > most) throw new Error('KV GET failed: Too many API requests by single worker invocation.')
        return lost ? null : binding.get(...args)
      }
    },
  })
  const sleep = async (ms: number) => {
    counts.sleptMs += ms
  }
  const segments = (options: SegmentOptions = {}) =>
    createSegments({ ...segmentBindings(env), kv }, secrets.keyring, { config: TINY, deployment: secrets.accountId, sleep, ...options })
  return { counts, store: (options?: SegmentOptions) => createStore(portsWith({ segments: segments(options) })) }
}

/** The spare operations and so many more. */
const allowing = (segments: number): SegmentOptions => ({ kvOperations: 50 + segments })
const SEGMENT = TINY.segmentBytes

describe('15: more segments than a request may read', () => {
  test('are refused before the first, with the length that a range may have, which then works', async () => {
    const body = await bucket.put('large', 40 * SEGMENT)
    const { counts, store } = countedKv()
    const refusal = {
      code: 'InvalidRequest',
      message: expect.stringMatching(/takes 40 reads from KV, .* allows a request 80\. Ask for ranges of at most \d+ bytes/),
    }
    await expect(store(allowing(30)).getObject(bucket.at('large'), {})).rejects.toMatchObject(refusal)
    expect(counts.gets).toBe(0)
    const range = { offset: 7, length: 29 * SEGMENT }
    const got = await store(allowing(30)).getObject(bucket.at('large'), { range })
    expect(got.kind === 'found' && new Uint8Array(await new Response(got.body).arrayBuffer())).toEqual(body.subarray(7, 7 + 29 * SEGMENT))
    expect((await store(allowing(40)).getObject(bucket.at('large'), {})).kind).toBe('found')
    expect((await store().getObject(bucket.at('large'), {})).kind).toBe('found')
    expect((await store(allowing(30)).headObject(bucket.at('large'), {})).kind).toBe('found')
  })

  test('that the platform refuses are not asked for again', async () => {
    await bucket.put('cut', 20 * SEGMENT)
    const { counts, store } = countedKv(10)
    await expect(store().getObject(bucket.at('cut'), {})).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    expect(counts.sleptMs).toBe(0)
    expect(counts.gets).toBeLessThanOrEqual(12)
  })
})

describe('23: a segment that is lost', () => {
  const ageOf = async (key: string, ms: number) => {
    const [{ id }] = (await bucket.query<{ id: string }>('SELECT blob_id AS id FROM objects WHERE key = ?', key)) as [{ id: string }]
    vi.spyOn(Date, 'now').mockReturnValue(Number.parseInt(id.slice(0, 12), 16) + ms)
  }

  test('holds a client for two seconds when it is old, and for half a minute when it may only be late', async () => {
    await bucket.put('lost', 2 * SEGMENT)
    for (const [ms, least, most] of [
      [1000, 30_000, 40_000],
      [600_000, 500, 2000],
    ] as const) {
      await ageOf('lost', ms)
      const { counts, store } = countedKv(undefined, true)
      await expect(store().getObject(bucket.at('lost'), {})).rejects.toMatchObject({ code: 'ServiceUnavailable' })
      expect(counts.sleptMs).toBeGreaterThanOrEqual(least)
      expect(counts.sleptMs).toBeLessThanOrEqual(most)
    }
  })
})

test('23: a Bucket without room says so with 507, and takes objects again once it has some', async () => {
  await bucket.query("CREATE TRIGGER full BEFORE INSERT ON objects BEGIN SELECT RAISE(ABORT, 'database or disk is full: SQLITE_FULL'); END")
  for (const size of Object.values(TINY_SIZES)) {
    const full = { code: 'ServiceUnavailable', detail: { status: 507, message: expect.stringContaining('holds 10 GB') } }
    await expect(put(portsWith(), 'a', size)).rejects.toMatchObject(full)
  }
  await bucket.query('DROP TRIGGER full')
  const body = await put(portsWith(), 'a', TINY_SIZES.kv)
  expect(await bucket.get('a')).toEqual(body)
})
