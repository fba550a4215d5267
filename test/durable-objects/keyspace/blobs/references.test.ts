import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../../../src/core/limits.ts'
import { ATTRIBUTES, BYTE_TABLES, GRACE_MS, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../../../support/bucket.ts'

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
/** Small parts are allowed here, so that composite bodies are cheap to make. */
beforeAll(() => {
  limits.partMinBytes = 0
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
})

const copy = (bucket: TestBucket, from: string, to: string) =>
  bucket.store.copyObject(bucket.at(to), { at: bucket.at(from) }, { ...ATTRIBUTES, directive: 'COPY' })

/** Makes `key` from whole uploads and from ranges of other objects. */
async function compose(
  bucket: TestBucket,
  key: string,
  pieces: readonly (Uint8Array | { from: string; offset: number; length: number })[],
) {
  const at = bucket.at(key)
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  const parts = []
  for (const [index, piece] of pieces.entries()) {
    const ref = { at, uploadId, partNumber: index + 1 }
    const part =
      piece instanceof Uint8Array
        ? await bucket.store.uploadPart(ref, uploadOf(piece))
        : await bucket.store.uploadPartCopy(ref, { at: bucket.at(piece.from) }, { range: piece })
    parts.push({ partNumber: part.partNumber, etag: part.etag })
  }
  await bucket.store.completeMultipartUpload(at, { uploadId, parts })
}

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length < 2 ? [[...items]] : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))

/** Four objects that share blobs: an original, its copy, a composite of both and of bytes of its own, and a range of that composite. */
async function sharing(bucket: TestBucket, size: number): Promise<Map<string, Uint8Array>> {
  const body = await bucket.put('original', size)
  await copy(bucket, 'original', 'copy')
  const own = randomBytes(TINY_SIZES.kv)
  await compose(bucket, 'composite', [
    { from: 'original', offset: 0, length: size },
    own,
    { from: 'copy', offset: 2, length: size - 4 },
    randomBytes(0),
  ])
  const composite = new Uint8Array([...body, ...own, ...body.slice(2, size - 2)])
  await compose(bucket, 'range', [{ from: 'composite', offset: 1, length: size + own.length }])
  return new Map([
    ['original', body],
    ['copy', body],
    ['composite', composite],
    ['range', composite.slice(1, 1 + size + own.length)],
  ])
}

describe.each(Object.entries(TINY_SIZES))('objects that share a blob in %s', (_, size) => {
  test('can be deleted in every order: the others stay whole, and the last takes the bytes with it', async () => {
    const bucket = await TestBucket.create()
    for (const order of permutations(['original', 'copy', 'composite', 'range'])) {
      const bodies = await sharing(bucket, size)
      for (const key of order) {
        await bucket.store.deleteObject(bucket.at(key))
        bodies.delete(key)
        await bucket.pass(2 * GRACE_MS)
        for (const [other, body] of bodies) expect(await bucket.get(other)).toEqual(body)
      }
      await bucket.pass(2 * GRACE_MS)
      expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
      expect(await bucket.segments()).toEqual([])
    }
  }, 30_000)
})

test('an object copied onto itself keeps its bytes', async () => {
  const bucket = await TestBucket.create()
  const body = await bucket.put('a', TINY_SIZES.kv)
  for (let i = 0; i < 3; i++) await copy(bucket, 'a', 'a')
  await bucket.pass(3 * GRACE_MS)
  expect(await bucket.get('a')).toEqual(body)
  expect(await bucket.query('SELECT refs FROM blobs')).toEqual([{ refs: 1 }])
  await bucket.empty()
  expect(await bucket.segments()).toEqual([])
})

test('an object may be made of ranges of what it replaces', async () => {
  const bucket = await TestBucket.create()
  const body = await bucket.put('a', TINY_SIZES.kv)
  await compose(bucket, 'a', [
    { from: 'a', offset: 100, length: 150 },
    { from: 'a', offset: 0, length: 100 },
  ])
  await compose(bucket, 'a', [
    { from: 'a', offset: 150, length: 100 },
    { from: 'a', offset: 0, length: 150 },
  ])
  await bucket.pass(3 * GRACE_MS)
  expect(await bucket.get('a')).toEqual(body)
  expect(await bucket.rows('blobs')).toBe(2) // The blob, and the last of three composites.
  await bucket.empty()
  expect(await bucket.segments()).toEqual([])
  expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
})

test('a composite of composites is one step away from its bytes', async () => {
  const bucket = await TestBucket.create()
  const body = await bucket.put('level-0', TINY_SIZES.kv)
  for (let level = 1; level <= 5; level++) {
    const from = `level-${level - 1}`
    await compose(bucket, `level-${level}`, [
      { from, offset: 0, length: 120 },
      { from, offset: 120, length: 130 },
    ])
  }
  expect(await bucket.get('level-5')).toEqual(body)
  const deep = await bucket.query("SELECT 1 FROM extents e JOIN blobs b ON b.id = e.blob_id WHERE b.tier = 'composite'")
  expect(deep).toEqual([])
  await bucket.empty()
  expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
})

test('a reader of a composite that was deleted meanwhile gets the rest of its slices', async () => {
  const bucket = await TestBucket.create()
  const body = await bucket.put('a', TINY_SIZES.kv)
  const pieces = Array.from({ length: 600 }, (_, i) => ({ from: 'a', offset: i % 200, length: 7 }))
  await compose(bucket, 'b', pieces)
  const whole = await bucket.get('b')
  expect(whole).toEqual(new Uint8Array(pieces.flatMap(({ offset, length }) => [...body.slice(offset, offset + length)])))
  const found = await bucket.api.lookup({ key: 'b', body: true })
  if (!found.ok || found.value.kind !== 'found') throw new Error('The object is there')
  expect(found.value.body.slices).toHaveLength(500)
  await bucket.store.deleteObject(bucket.at('b'))
  await bucket.store.deleteObject(bucket.at('a'))
  await bucket.pass(GRACE_MS - 1)
  const rest = await bucket.api.moreSlices(found.value.body.rest!)
  expect(rest).toMatchObject({ ok: true, value: { slices: { length: 100 } } })
  await bucket.empty()
  expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  expect(await bucket.segments()).toEqual([])
}, 20_000)
