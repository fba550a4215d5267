import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BlobRecord, BlobSlice } from '../../../src/core/blob.ts'
import type { BodyRest, BodySlices } from '../../../src/store/bucket-api.ts'
import { checkKvBudget } from '../../../src/store/objects/kv-budget.ts'

const MIB = 1024 ** 2
const SEGMENT = 24 * MIB

/** A whole part in KV. */
function part(size: number): BlobSlice {
  const blob = { id: 'x', size, tier: 'kv', chunkBytes: MIB / 2, segmentBytes: SEGMENT, wrappedKey: new Uint8Array(0), keyId: '' }
  return { blob: blob as BlobRecord, span: { offset: 0, length: size } }
}

/** The body of an object of these parts, in pages of 500 as a Bucket answers them. */
function bodyOf(parts: readonly BlobSlice[]) {
  const pageAt = (at: number): BodySlices => {
    const isLast = at + 500 >= parts.length
    return { slices: parts.slice(at, at + 500), rest: isLast ? undefined : { ownerId: 'x', span: { offset: at + 500, length: 1 } } }
  }
  const length = parts.reduce((sum, { span }) => sum + span.length, 0)
  const more = async ({ span }: BodyRest) => pageAt(span.offset)
  return { first: pageAt(0), read: { length, operations: 1000, more } }
}

const isRead = async (parts: readonly BlobSlice[]): Promise<boolean> => {
  const { first, read } = bodyOf(parts)
  return checkKvBudget(first, read).then(
    () => true,
    () => false,
  )
}

test('15: parts of any sizes are read exactly when their segments fit, however the first page looks', async () => {
  const small = Array.from({ length: 500 }, () => part(5 * MIB))
  // 500 and 214 segments: the first 500 slices alone would say 1,524.
  expect(await isRead([...small, part(5 * 1024 * MIB)])).toBe(true)
  // 500 and 500: the first 500 slices alone would say 605.
  expect(await isRead([...Array.from({ length: 500 }, () => part(SEGMENT)), ...small])).toBe(false)
  const sizes = fc.array(fc.integer({ min: 1, max: 3 * SEGMENT }), { minLength: 1, maxLength: 1500 })
  await fc.assert(
    fc.asyncProperty(sizes, async (bytes) => {
      const needed = bytes.reduce((sum, size) => sum + Math.ceil(size / SEGMENT), 0)
      expect(await isRead(bytes.map(part))).toBe(needed <= 950)
    }),
    { numRuns: 30 },
  )
})

test('15: a body of very many slices is estimated behind some pages, and what was read of them is not asked for again', async () => {
  const { first, read } = bodyOf(Array.from({ length: 5000 }, () => part(MIB)))
  let pages = 0
  const more = (rest: BodyRest) => {
    pages++
    return read.more(rest)
  }
  const known = await checkKvBudget(first, { ...read, operations: 100_000, more })
  expect([pages, known.slices.length, known.rest?.span.offset]).toEqual([3, 2000, 2000])
})
