import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunkCount } from '../../src/core/read-plan.ts'
import { ChunkCipher } from '../../src/segments/chunk-cipher.ts'
import { keyring, newBlobId, owner, pattern } from './support.ts'

/** A blob of `size` bytes, sealed chunk by chunk. */
async function sealedBlob(size: number, chunkBytes: number) {
  const blob = { id: newBlobId(), size, chunkBytes, segmentBytes: chunkBytes * 4 }
  const { key } = await keyring.newDataKey(owner, blob.id)
  const cipher = new ChunkCipher(key, blob)
  const plain = Array.from({ length: chunkCount(blob) }, (_, i) => pattern(size).subarray(i * chunkBytes, (i + 1) * chunkBytes))
  const sealed = await Promise.all(plain.map((chunk, i) => cipher.seal(i, chunk)))
  return { blob, key, cipher, plain, sealed }
}

const refused = { code: 'InternalError' }
const shapes = fc.record({ size: fc.nat(60), chunkBytes: fc.integer({ min: 1, max: 16 }) })

test('every chunk opens to what was sealed and is longer by the tag', async () => {
  await fc.assert(
    fc.asyncProperty(shapes, async ({ size, chunkBytes }) => {
      const { cipher, plain, sealed } = await sealedBlob(size, chunkBytes)
      const opened = await Promise.all(sealed.map((chunk, i) => cipher.open(i, chunk)))
      expect(opened).toEqual(plain)
      expect(sealed.map((chunk) => chunk.byteLength)).toEqual(plain.map((chunk) => chunk.byteLength + 16))
    }),
    { numRuns: 40 },
  )
})

test('a change to any byte of a chunk, or cutting it, is noticed', async () => {
  const cases = shapes.chain(({ size, chunkBytes }) =>
    fc.record({ size: fc.constant(size), chunkBytes: fc.constant(chunkBytes), at: fc.nat(), flip: fc.integer({ min: 1, max: 255 }) }),
  )
  await fc.assert(
    fc.asyncProperty(cases, async ({ size, chunkBytes, at, flip }) => {
      const { cipher, sealed } = await sealedBlob(size, chunkBytes)
      const index = at % sealed.length
      const altered = sealed[index]!.slice()
      altered[at % altered.byteLength]! ^= flip
      await expect(cipher.open(index, altered)).rejects.toMatchObject(refused)
      await expect(cipher.open(index, sealed[index]!.subarray(0, -1))).rejects.toMatchObject(refused)
    }),
    { numRuns: 60 },
  )
})

test('a chunk does not open at the place of another', async () => {
  const { cipher, sealed } = await sealedBlob(40, 10)
  for (const [i, chunk] of sealed.entries()) {
    for (const j of sealed.keys()) if (i !== j) await expect(cipher.open(j, chunk)).rejects.toMatchObject(refused)
  }
})

test('a blob that was cut at a chunk boundary does not pass for a shorter one, nor a longer one for itself', async () => {
  const { blob, key, sealed } = await sealedBlob(40, 10)
  const shorter = new ChunkCipher(key, { ...blob, size: 30 })
  await expect(shorter.open(2, sealed[2]!)).rejects.toMatchObject(refused)
  const longer = new ChunkCipher(key, { ...blob, size: 50 })
  await expect(longer.open(3, sealed[3]!)).rejects.toMatchObject(refused)
})

test('a chunk opens for its own blob and chunk size alone, even under the same key', async () => {
  const { blob, key, sealed } = await sealedBlob(10, 10)
  await expect(new ChunkCipher(key, { ...blob, id: newBlobId() }).open(0, sealed[0]!)).rejects.toMatchObject(refused)
  await expect(new ChunkCipher(key, { ...blob, chunkBytes: 11 }).open(0, sealed[0]!)).rejects.toMatchObject(refused)
})

test('an empty blob is one empty sealed chunk', async () => {
  const { cipher, sealed } = await sealedBlob(0, 10)
  expect(sealed).toHaveLength(1)
  expect(await cipher.open(0, sealed[0]!)).toEqual(new Uint8Array(0))
})
