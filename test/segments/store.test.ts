import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlobRecord } from '../../src/core/blob.ts'
import { storedSegments } from '../../src/core/blob.ts'
import { createSegments, createTiers } from '../../src/segments/store.ts'
import { concat, counting, d1, ignored, keyring, kv, newBlobId, owner, pattern, TestSource } from './support.ts'

const TINY = { inlineMaxBytes: 20, d1MaxBytes: 60, segmentBytes: 24, chunkBytes: 8 }
const LABEL = { bucket: 'default/photos', deadlineMs: 5000 }
const segments = createSegments({ kv, d1: [d1] }, keyring, { config: TINY })

const put = async (store: typeof segments, size: number, more: { inline?: boolean } = {}): Promise<BlobRecord> =>
  store.write(store.plan({ id: newBlobId(), size, ...more }), { source: new TestSource(pattern(size)), owner, digests: ignored })

const bytesOf = async (stream: ReadableStream) => new Uint8Array(await new Response(stream).arrayBuffer())

test('any range of any list of slices reads back as it was written, in every tier', async () => {
  const sizes = fc.array(fc.integer({ min: 0, max: 130 }), { minLength: 1, maxLength: 4 })
  const cases = fc.record({ sizes, cuts: fc.array(fc.tuple(fc.nat(130), fc.nat(130)), { minLength: 4, maxLength: 4 }) })
  await fc.assert(
    fc.asyncProperty(cases, async ({ sizes, cuts }) => {
      const blobs = await Promise.all(sizes.map((size) => put(segments, size)))
      const slices = blobs.map((blob, i) => {
        const [a, b] = cuts[i]!.map((cut) => cut % (blob.size + 1)) as [number, number]
        return { blob, span: { offset: Math.min(a, b), length: Math.abs(a - b) } }
      })
      const expected = concat(slices.map(({ blob, span }) => pattern(blob.size).subarray(span.offset, span.offset + span.length)))
      const request = { slices, length: expected.byteLength, owner }
      expect(await bytesOf(await segments.openBody(request))).toEqual(expected)
      expect(await segments.readAll(request)).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

test('blobs of the default sizes read back from each tier', async () => {
  const store = createSegments({ kv, d1: [d1] }, keyring)
  for (const size of [0, 65_536, 65_537, 524_288, 524_289, 9_000_001, 25_200_000]) {
    const blob = await put(store, size)
    const span = { offset: Math.floor(size / 3), length: size - Math.floor(size / 3) }
    const body = await bytesOf(await store.openBody({ slices: [{ blob, span }], length: span.length, owner }))
    expect(Buffer.compare(body, pattern(size).subarray(span.offset))).toBe(0)
  }
}, 30_000)

describe('the calls to the platform', () => {
  /** A store whose calls are counted. */
  function counted() {
    const [keys, database] = [counting(kv), counting(d1)]
    const store = createSegments({ kv: keys.binding, d1: [database.binding] }, keyring, { config: TINY })
    return { store, kvCalls: keys.calls, d1Calls: database.calls }
  }
  const get = async (store: typeof segments, blob: BlobRecord, span = { offset: 0, length: blob.size }) =>
    bytesOf(await store.openBody({ slices: [{ blob, span }], length: span.length, owner }))

  test('of an inline blob are none', async () => {
    const { store, kvCalls, d1Calls } = counted()
    const blob = await put(store, 20)
    expect(blob.tier).toBe('inline')
    expect(await get(store, blob)).toEqual(pattern(20))
    expect([kvCalls, d1Calls]).toEqual([{}, {}])
  })

  test('of a D1 blob are one batch to write and one query to read, however many rows it has', async () => {
    const { store, kvCalls, d1Calls } = counted()
    const blob = await put(store, 60)
    expect([blob.tier, storedSegments(blob)]).toEqual(['d1:0', 3])
    expect([d1Calls.batch, d1Calls.prepare]).toEqual([1, 1])
    expect(await get(store, blob)).toEqual(pattern(60))
    expect([d1Calls.batch, d1Calls.prepare]).toEqual([1, 2])
    expect(kvCalls).toEqual({})
  })

  test('of a KV blob are a put for each segment and a get for each segment that a range touches', async () => {
    const { store, kvCalls, d1Calls } = counted()
    const blob = await put(store, 240)
    expect(kvCalls).toEqual({ put: 10 })
    expect(await get(store, blob)).toEqual(pattern(240))
    expect(kvCalls).toEqual({ put: 10, get: 10 })
    await get(store, blob, { offset: 24, length: 24 })
    expect(kvCalls).toEqual({ put: 10, get: 11 })
    await get(store, blob, { offset: 47, length: 2 })
    expect(kvCalls).toEqual({ put: 10, get: 13 })
    expect(d1Calls).toEqual({})
  })

  test('to delete are one call in D1 and one call for each segment in KV', async () => {
    const [keys, database] = [counting(kv), counting(d1)]
    const tiers = createTiers({ kv: keys.binding, d1: [database.binding] })
    const [small, large] = [await put(segments, 60), await put(segments, 100)]
    await tiers(small.tier).delete([{ blobId: small.id, from: 0, to: storedSegments(small) }])
    await tiers(large.tier).delete([{ blobId: large.id, from: 0, to: storedSegments(large) }])
    expect(database.calls).toEqual({ prepare: 1, batch: 1 })
    expect(keys.calls).toEqual({ delete: 5 })
    await expect(get(segments, small)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  })
})

test('an inline blob for which there is no room moves out as it is', async () => {
  const blob = await put(segments, 20)
  const { tier } = segments.plan({ id: blob.id, size: 20, inline: false })
  const moved = await segments.moveOut(blob, { tier, label: LABEL })
  expect(moved).toEqual({ ...blob, tier: 'd1:0', inline: undefined })
  expect('inline' in moved).toBe(false)
  expect(storedSegments(moved)).toBe(1)
  const slices = [{ blob: moved, span: { offset: 5, length: 10 } }]
  expect(await segments.readAll({ slices, length: 10, owner })).toEqual(pattern(20).subarray(5, 15))
})

test('without databases it moves to KV', async () => {
  const store = createSegments({ kv, d1: [] }, keyring, { config: TINY })
  const blob = await put(store, 20)
  const { tier } = store.plan({ id: blob.id, size: 20, inline: false })
  const moved = await store.moveOut(blob, { tier, label: LABEL })
  expect(moved.tier).toBe('kv')
  expect(await store.readAll({ slices: [{ blob: moved, span: { offset: 0, length: 20 } }], length: 20, owner })).toEqual(pattern(20))
})

test('an altered row of D1 is noticed', async () => {
  const blob = await put(segments, 60)
  await d1.prepare("UPDATE segments SET data = 'AAAA' || substr(data, 5) WHERE blob_id = ? AND n = 1").bind(blob.id).run()
  const slices = [{ blob, span: { offset: 0, length: 60 } }]
  await expect(segments.readAll({ slices, length: 60, owner })).rejects.toMatchObject({ code: 'InternalError' })
})

test('a record that names a database that is not bound says so', () => {
  expect(() => createTiers({ kv, d1: [d1] })('d1:1')).toThrow('no segment tier d1:1')
})
