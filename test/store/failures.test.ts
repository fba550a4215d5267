import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Bucket } from '../../durable-objects/bucket/bucket.ts'
import { commitObject } from '../../durable-objects/keyspace/objects/objects.ts'
import { type Env, segmentBindings } from '../../src/env.ts'
import { createSegments } from '../../src/segments/store.ts'
import type { BucketApi } from '../../src/store/bucket-api.ts'
import type { Ports } from '../../src/store/ports.ts'
import { createStore } from '../../src/store/store.ts'
import {
  ATTRIBUTES,
  apiWith,
  BYTE_TABLES,
  brokenUpload,
  env,
  fakeBlob,
  GRACE_MS,
  HOUR_MS,
  portsWith,
  randomBytes,
  secrets,
  stubOf,
  TestBucket,
  TINY,
  TINY_SIZES,
  uploadOf,
} from '../support/bucket.ts'

type Size = keyof typeof TINY_SIZES

/** The engine on bindings of which some are replaced. */
const portsOn = (changed: Partial<Env>): Ports =>
  portsWith({ segments: createSegments(segmentBindings({ ...env, ...changed }), secrets.keyring, { config: TINY, sleep: async () => {} }) })

const put = (ports: Ports, bucket: TestBucket, size: number) =>
  createStore(ports).putObject(bucket.at('a'), uploadOf(randomBytes(size)), ATTRIBUTES)

let bucket: TestBucket
let old: Uint8Array

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  bucket = await TestBucket.create()
  old = await bucket.put('a', TINY_SIZES.d1)
})
afterEach(() => vi.restoreAllMocks())

/** The write that failed is as if it had never been: at once for readers, after the sweep for the stores too. */
async function expectNothingHappened(sweepMs = 60_000): Promise<void> {
  expect(await bucket.get('a')).toEqual(old)
  await bucket.pass(sweepMs)
  expect(await bucket.get('a')).toEqual(old)
  expect(await bucket.segments()).toHaveLength(1)
  expect(await bucket.rows(...BYTE_TABLES)).toBe(2)
  await bucket.store.deleteObject(bucket.at('a'))
  await bucket.pass(GRACE_MS)
  expect(await bucket.segments()).toEqual([])
  expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
}

describe('a write that fails', () => {
  test.each(Object.entries(TINY_SIZES))('since its body of %s ends early', async (_, size) => {
    const upload = brokenUpload(randomBytes(size), size + 1)
    await expect(bucket.store.putObject(bucket.at('a'), upload, ATTRIBUTES)).rejects.toMatchObject({ code: 'IncompleteBody' })
    await expectNothingHappened()
  })

  test.each(Object.entries(TINY_SIZES))('since its body of %s goes on', async (_, size) => {
    const upload = brokenUpload(randomBytes(size + 1), size)
    await expect(bucket.store.putObject(bucket.at('a'), upload, ATTRIBUTES)).rejects.toMatchObject({ code: 'IncompleteBody' })
    await expectNothingHappened()
  })

  test.each(Object.entries(TINY_SIZES))('since its body of %s is not what the client says', async (_, size) => {
    const upload = uploadOf(randomBytes(size), { contentMd5: new Uint8Array(16).toBase64() })
    await expect(bucket.store.putObject(bucket.at('a'), upload, ATTRIBUTES)).rejects.toMatchObject({ code: 'BadDigest' })
    await expectNothingHappened()
  })

  test.each([0, 1, 2])('since the put of segment %d to KV fails', async (failing) => {
    let puts = 0
    const SEGMENTS_KV = new Proxy(env.SEGMENTS_KV, {
      get: (kv, name) => {
        if (name !== 'put') return Reflect.get(kv, name).bind(kv)
        return (key: string, value: ReadableStream) => {
          if (puts++ < failing) return kv.put(key, value)
          return value.cancel().then(() => Promise.reject(new Error('KV PUT failed: 500')))
        }
      },
    })
    await expect(put(portsOn({ SEGMENTS_KV }), bucket, TINY_SIZES.kv)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    await expectNothingHappened()
  })

  test('since D1 fails, and KV as well', async () => {
    const SEGMENTS = { prepare: () => env.SEGMENTS.prepare('SELECT ?, ?, ?'), batch: async () => Promise.reject(new Error('D1_ERROR')) }
    const SEGMENTS_KV = {
      put: (_: string, value: ReadableStream) => value.cancel().then(() => Promise.reject(new Error('KV PUT failed: 500'))),
    }
    const ports = portsOn({ SEGMENTS: SEGMENTS as unknown as D1Database, SEGMENTS_KV: SEGMENTS_KV as unknown as KVNamespace })
    await expect(put(ports, bucket, TINY_SIZES.d1)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    await expectNothingHappened()
  })

  test.each(Object.entries(TINY_SIZES))('since the commit of a body in %s is refused', async (_, size) => {
    const commitObject = async () => ({ ok: false as const, code: 'PreconditionFailed' as const, detail: {} })
    const ports = portsWith({ bucket: (ref) => apiWith(ref, { commitObject }) })
    await expect(put(ports, bucket, size)).rejects.toMatchObject({ code: 'PreconditionFailed' })
    await expectNothingHappened()
  })

  test.each(Object.entries(TINY_SIZES))('since the commit of a body in %s never arrives', async (_, size) => {
    const commitObject = async () => Promise.reject(new Error('Network connection lost.'))
    const ports = portsWith({ bucket: (ref) => apiWith(ref, { commitObject }) })
    await expect(put(ports, bucket, size)).rejects.toThrow('Network connection lost.')
    await expectNothingHappened()
  })

  test('and cannot even be given up: the journal remembers', async () => {
    const lost = async () => Promise.reject(new Error('Network connection lost.'))
    const ports = portsWith({ bucket: (ref) => apiWith(ref, { commitObject: lost, abandon: lost }) })
    await expect(put(ports, bucket, TINY_SIZES.kv)).rejects.toThrow('Network connection lost.')
    await bucket.pass(60_000)
    expect(await bucket.segments()).toHaveLength(1 + 3)
    await expectNothingHappened(2 * HOUR_MS)
  })

  test('since the sweeper may have been there', async () => {
    const commitObject: BucketApi['commitObject'] = async (commit) => {
      bucket.nowMs = commit.begun!.deadlineMs + 1
      return (stubOf(bucket.ref) as unknown as BucketApi).commitObject(commit)
    }
    const ports = portsWith({ bucket: (ref) => apiWith(ref, { commitObject }) })
    await expect(put(ports, bucket, TINY_SIZES.kv)).rejects.toMatchObject({ code: 'RequestTimeout' })
    await expectNothingHappened()
  })
})

test('a commit whose answer is lost was a commit: the new object is there, whole', async () => {
  const commitObject: BucketApi['commitObject'] = async (commit) => {
    await (stubOf(bucket.ref) as unknown as BucketApi).commitObject(commit)
    throw new Error('Network connection lost.')
  }
  const ports = portsWith({ bucket: (ref) => apiWith(ref, { commitObject }) })
  await expect(put(ports, bucket, TINY_SIZES.kv)).rejects.toThrow('Network connection lost.')
  await bucket.pass(2 * GRACE_MS)
  expect(await bucket.get('a')).toHaveLength(TINY_SIZES.kv)
  await bucket.empty()
  expect(await bucket.segments()).toEqual([])
})

test.each<[Size, string[]]>([
  ['d1', ['SEGMENTS']],
  ['kv', ['SEGMENTS_KV']],
])('a read from %s that cannot be had is a 503 before the first byte', async (size, [binding]) => {
  await bucket.put('a', TINY_SIZES[size])
  const down = {
    get: () => Promise.reject(new Error('down')),
    prepare: () => env.SEGMENTS.prepare('SELECT * FROM missing WHERE ? AND ? AND ?'),
  }
  const store = createStore(portsOn({ [binding!]: down }))
  await expect(store.getObject(bucket.at('a'), {})).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  await bucket.empty()
})

describe('a bucket whose inline budget is spent', () => {
  /** The Bucket's methods on an instance with a budget of one byte. */
  const broke = (): Ports =>
    portsWith({
      bucket: (ref) => {
        const answer = (name: keyof BucketApi) => (argument: never) =>
          bucket.run(async (_, state) => {
            const instance = new Bucket(state, { ...env, INLINE_BUDGET_BYTES: '1' })
            instance.clock = () => bucket.nowMs
            await state.blockConcurrencyWhile(async () => {})
            return (instance[name] as (value: never) => unknown)(argument)
          })
        return apiWith(ref, { commitObject: answer('commitObject') as never, commitPart: answer('commitPart') as never })
      },
    })

  test.each([0, 1, TINY_SIZES.inline])('stores a small body of %d bytes in D1', async (size) => {
    await put(broke(), bucket, size)
    expect(await bucket.query('SELECT size, tier, bytes FROM blobs')).toEqual([{ size, tier: 'd1:0', bytes: null }])
    expect(await bucket.get('a')).toHaveLength(size)
    await bucket.pass(2 * HOUR_MS)
    expect(await bucket.get('a')).toHaveLength(size)
    expect(await bucket.segments()).toHaveLength(1)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })

  test('stores a small part there too', async () => {
    const store = createStore(broke())
    const at = bucket.at('a')
    const { uploadId } = await store.createMultipartUpload(at, ATTRIBUTES)
    const body = randomBytes(TINY_SIZES.inline)
    const claims = { checksumAlgorithm: 'CRC32' as const }
    const { etag } = await store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(body, claims))
    await store.completeMultipartUpload(at, { uploadId, parts: [{ partNumber: 1, etag }] })
    expect(await bucket.get('a')).toEqual(body)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('says so before it changes anything', async () => {
    const commit = { ...ATTRIBUTES, key: 'a', blob: fakeBlob(1, 'inline'), etag: 'e' }
    const full = await bucket.change((context) => commitObject(context, commit), { vars: { INLINE_BUDGET_BYTES: '1' } })
    expect(full).toEqual({ kind: 'inline-full' })
    expect(await bucket.get('a')).toEqual(old)
  })
})
