import { beforeAll, describe, expect, test } from 'vitest'
import { commitObject } from '../../durable-objects/keyspace/objects/objects.ts'
import { createUpload } from '../../durable-objects/keyspace/uploads/uploads.ts'
import { newBlobId } from '../../src/core/blob.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { CHECKSUM_ALGORITHMS, newVersion } from '../../src/core/object.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { segmentBindings } from '../../src/env.ts'
import { DEFAULT_SEGMENT_CONFIG } from '../../src/segments/config.ts'
import { createSegments } from '../../src/segments/store.ts'
import type { BodyRest, BodySlices, ObjectAttributes } from '../../src/store/bucket-api.ts'
import { ATTRIBUTES, env, fakeBlob, portsWith, randomBytes, secrets, TestBucket, uploadOf } from '../support/bucket.ts'

// What production enforces and a local server does not, or enforces where a test with small numbers would not notice.

const KIB = 1024
const MIB = 1024 * KIB

/** About what a value takes on its way through RPC: V8 writes the names of an object's properties each time. */
function serializedBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength + 16
  if (typeof value === 'string') return 6 + (/[\u0100-\uffff]/.test(value) ? 2 * value.length : value.length)
  if (value === null || typeof value !== 'object') return 10
  return Object.entries(value).reduce((sum, [name, member]) => sum + 4 + name.length + serializedBytes(member), 10)
}

/** Far enough from the limit for an estimate. */
const MOST = LIMITS.rpcBytes - 4 * MIB

const key = (i: number) => `${i}`.padStart(5, '0').padEnd(LIMITS.keyBytes, 'k')
const thousand = Array.from({ length: 1000 }, (_, i) => key(i))

describe('the largest messages between the engine and a Bucket', () => {
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
  })

  const commitAll = (attributes: ObjectAttributes) =>
    bucket.change((context) => {
      for (const name of thousand) commitObject(context, { ...attributes, key: name, blob: fakeBlob(1), etag: 'e'.repeat(32) })
    })

  test('a completion of 10,000 parts with every checksum', async () => {
    const checksums = Object.fromEntries(CHECKSUM_ALGORITHMS.map((name) => [name, 'x'.repeat(44)]))
    const parts = Array.from({ length: LIMITS.partMax }, (_, i) => ({ partNumber: i + 1, etag: 'e'.repeat(32), checksums }))
    const complete = { key: key(0), uploadId: 'u'.repeat(64), parts, version: newVersion() }
    expect(serializedBytes(complete)).toBeLessThan(MOST)
    expect(await bucket.api.completeUpload(complete)).toMatchObject({ ok: false, code: 'NoSuchUpload' })
  })

  test('a deletion of 1,000 of the longest keys, and its answer', async () => {
    expect(serializedBytes(thousand)).toBeLessThan(MOST)
    const answer = unwrap(await bucket.api.deleteObjects(thousand))
    expect(answer).toHaveLength(1000)
    expect(serializedBytes(answer)).toBeLessThan(MOST)
  })

  test('a list of 1,000 of the longest keys with the largest metadata', async () => {
    const customMetadata = { name: '\u{1f600}'.repeat(2046) } // 8,192 as R2 counts: two bytes a UTF-16 unit.
    await commitAll({ httpMetadata: {}, customMetadata })
    const page = unwrap(await bucket.api.listObjects({ prefix: '', limit: 1000, includeMetadata: true }))
    expect(page.items).toHaveLength(1000)
    expect(page.items[999]!.customMetadata).toEqual(customMetadata)
    expect(serializedBytes(page)).toBeLessThan(MOST)
    // Headers may bring a hundred times more than user metadata may be.
    await commitAll({ httpMetadata: { contentDisposition: 'x'.repeat(100 * KIB) }, customMetadata })
    const short = unwrap(await bucket.api.listObjects({ prefix: '', limit: 1000, includeMetadata: true }))
    expect(serializedBytes(short)).toBeLessThan(MOST)
    expect(short).toMatchObject({ truncated: true, last: { key: short.items.at(-1)!.key } })
    const rest = unwrap(await bucket.api.listObjects({ prefix: '', limit: 1, after: short.last }))
    expect(rest.items[0]!.key).toBe(thousand[short.items.length])
    expect(unwrap(await bucket.api.listObjects({ prefix: '', limit: 1000 })).items).toHaveLength(1000)
  }, 60_000)

  test('a list of 1,000 uploads to the longest keys, and of 1,000 delimited prefixes', async () => {
    await bucket.change((context) => {
      for (const name of thousand) createUpload(context, { ...ATTRIBUTES, key: name })
    })
    const page = unwrap(await bucket.api.listUploads({ prefix: '', limit: 1000 }))
    expect(page.items).toHaveLength(1000)
    expect(serializedBytes(page)).toBeLessThan(MOST)
    const folded = unwrap(await bucket.api.listUploads({ prefix: '', delimiter: 'k', limit: 1000 }))
    expect(folded.delimitedPrefixes).toHaveLength(1000)
  })

  test('the largest inline body', async () => {
    const inline = new Uint8Array(LIMITS.sqliteValueBytes)
    const blob = { ...fakeBlob(inline.byteLength - 480, 'inline'), inline }
    const customMetadata = { name: 'm'.repeat(8000) }
    unwrap(await bucket.api.commitObject({ key: key(0), blob, etag: 'e', httpMetadata: {}, customMetadata }))
    const found = unwrap(await bucket.api.lookup({ key: key(0), body: true }))
    expect(serializedBytes(found)).toBeLessThan(2 * MIB)
    const columns = ['id', 'tier', 'key_id', 'wrapped_key', 'bytes'].map((name) => `coalesce(length(CAST(${name} AS BLOB)), 0)`)
    const [row] = await bucket.query<{ bytes: number }>(`SELECT max(${columns.join(' + ')} + 9 * 4) AS bytes FROM blobs`)
    expect(row!.bytes).toBeLessThan(2_000_000)
  })

  test.each([
    ['10,000 parts in KV', 10_000, undefined],
    ['1,000 pieces of the largest inline blob that is usual', 1000, DEFAULT_SEGMENT_CONFIG.inlineMaxBytes],
    ['40 pieces of the largest inline blob that can be configured', 40, LIMITS.sqliteValueBytes - 16],
  ])(
    'a lookup of %s, page by page',
    async (_, count, inlineBytes) => {
      const size = inlineBytes ?? LIMITS.partMinBytes
      const blob = fakeBlob(size, inlineBytes === undefined ? 'kv' : 'inline')
      const ownerId = newBlobId()
      await bucket.run((_instance, { storage: { sql } }) => {
        const { id, tier, chunkBytes, segmentBytes, wrappedKey, keyId, inline = null } = blob
        sql.exec(
          'INSERT INTO blobs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
          id,
          count,
          size,
          tier,
          chunkBytes,
          segmentBytes,
          wrappedKey,
          keyId,
          inline,
        )
        sql.exec("INSERT INTO blobs VALUES (?, 1, ?, 'composite', 0, 0, NULL, NULL, NULL)", ownerId, count * size)
        for (let n = 0; n < count; n++) sql.exec('INSERT INTO extents VALUES (?, ?, ?, ?, 0, ?)', ownerId, n * size, size, id, n + 1)
      })
      let slices = 0
      let rest: BodyRest | undefined = { ownerId, span: { offset: 0, length: count * size } }
      while (rest) {
        const page: BodySlices = unwrap(await bucket.api.moreSlices(rest))
        expect(serializedBytes(page)).toBeLessThan(12 * MIB)
        expect(page.slices.every(({ span }) => span.offset === 0 && span.length === size)).toBe(true)
        slices += page.slices.length
        rest = page.rest
      }
      expect(slices).toBe(count)
    },
    60_000,
  )
})

test('a KV key is at most 512 bytes, and a D1 statement has at most 100 parameters', async () => {
  const keys: string[] = []
  const bound: number[] = []
  const put = async (name: string, body: ReadableStream) => {
    keys.push(name)
    await new Response(body).arrayBuffer()
  }
  const kv = { put }
  const prepare = () => ({ bind: (...values: unknown[]) => bound.push(values.length) })
  const d1 = { prepare, batch: async () => [] }
  const bindings = { kv: kv as unknown as KVNamespace, d1: [d1 as unknown as D1Database] }
  const segments = createSegments(bindings, secrets.keyring, { config: { inlineMaxBytes: 0, d1MaxBytes: 2 * MIB, segmentBytes: 64 * KIB } })
  const bucket = await TestBucket.create(portsWith({ segments }))
  await bucket.put('a', 2 * MIB)
  await bucket.put('b', 3 * MIB)
  expect(keys).toHaveLength(48)
  expect(Math.max(...keys.map((name) => name.length))).toBeLessThan(512)
  expect(bound).toHaveLength(32)
  expect(Math.max(...bound)).toBeLessThanOrEqual(100)
})

test('the largest inline body that can be configured still finds a place when the inline budget is spent', async () => {
  // 1.9 MB in a SQLite value; a row of D1 holds base64, which is a third longer.
  const config = { ...DEFAULT_SEGMENT_CONFIG, inlineMaxBytes: 1_424_000 }
  const segments = createSegments(segmentBindings(env), secrets.keyring, { config })
  const bucket = await TestBucket.create(portsWith({ segments }))
  const inline = await segments.write(segments.plan({ id: newBlobId(), size: config.inlineMaxBytes }), {
    source: uploadOf(randomBytes(config.inlineMaxBytes)).source,
    owner: { bucket: bucket.ref },
    digests: { update() {} },
  })
  expect(await segments.moveOut(inline, { tier: 'd1:0', label: { bucket: 'default/photos', deadlineMs: 0 } })).toMatchObject({
    tier: 'd1:0',
  })
  expect(() => createSegments(segmentBindings(env), secrets.keyring, { config: { ...config, inlineMaxBytes: 1_430_000 } })).toThrow(
    RangeError,
  )
})
