import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BlobLayout, chunkCount, planChunks, planSegments, SEAL_BYTES, sealedSegmentBytes } from '../../src/core/read-plan.ts'

const layouts = fc
  .record({ size: fc.nat(200), chunkBytes: fc.integer({ min: 1, max: 20 }), perSegment: fc.integer({ min: 1, max: 5 }) })
  .map(({ size, chunkBytes, perSegment }): BlobLayout => ({ size, chunkBytes, segmentBytes: chunkBytes * perSegment }))

const spanWithin = (size: number) =>
  fc.tuple(fc.nat(size), fc.nat(size)).map(([a, b]) => ({ offset: Math.min(a, b), length: Math.abs(a - b) }))

test('the chunks of a plan give the bytes of the span, in order, and no other chunk is fetched', () => {
  const cases = layouts.chain((layout) => spanWithin(layout.size).map((span) => ({ layout, span })))
  fc.assert(
    fc.property(cases, ({ layout, span }) => {
      const chunks = planSegments(layout, span).flatMap((segment) => planChunks(layout, segment, span))
      const bytes = chunks.flatMap(({ index, from, to }) =>
        Array.from({ length: to - from }, (_, i) => index * layout.chunkBytes + from + i),
      )
      expect(bytes).toEqual(Array.from({ length: span.length }, (_, i) => span.offset + i))
      if (layout.size > 0) expect(chunks.every(({ from, to }) => to > from)).toBe(true)
    }),
  )
})

test('the sealed bytes of a plan are where a naive walk over the stored chunks finds them', () => {
  const cases = layouts.chain((layout) => spanWithin(layout.size).map((span) => ({ layout, span })))
  fc.assert(
    fc.property(cases, ({ layout, span }) => {
      // Every sealed byte of every segment, named by the chunk it belongs to.
      const stored = new Map<number, number[]>()
      for (let index = 0; index < chunkCount(layout); index++) {
        const n = Math.floor((index * layout.chunkBytes) / layout.segmentBytes)
        const length = Math.min(layout.chunkBytes, layout.size - index * layout.chunkBytes) + SEAL_BYTES
        stored.set(n, [...(stored.get(n) ?? []), ...new Array<number>(length).fill(index)])
      }
      for (const [n, bytes] of stored) expect(sealedSegmentBytes(layout, n)).toBe(bytes.length)
      for (const segment of planSegments(layout, span)) {
        const { offset, length } = segment.sealed
        const expected = planChunks(layout, segment, span).flatMap(({ index, sealedBytes }) => new Array<number>(sealedBytes).fill(index))
        expect(stored.get(segment.n)!.slice(offset, offset + length)).toEqual(expected)
      }
    }),
  )
})

test('an empty blob has one empty chunk, so that it is authenticated', () => {
  const layout = { size: 0, chunkBytes: 4, segmentBytes: 8 }
  const [segment, ...others] = planSegments(layout, { offset: 0, length: 0 })
  expect(others).toEqual([])
  expect(segment).toEqual({ n: 0, firstChunk: 0, lastChunk: 0, sealed: { offset: 0, length: SEAL_BYTES } })
  expect(planChunks(layout, segment!, { offset: 0, length: 0 })).toEqual([{ index: 0, sealedBytes: SEAL_BYTES, from: 0, to: 0 }])
})

test('nothing is fetched for no bytes of a blob that has some', () => {
  expect(planSegments({ size: 9, chunkBytes: 4, segmentBytes: 8 }, { offset: 3, length: 0 })).toEqual([])
})
