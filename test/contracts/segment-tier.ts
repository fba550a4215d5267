import { describe, expect, test } from 'vitest'
import { newBlobId } from '../../src/core/blob.ts'
import type { ByteSource } from '../../src/core/byte-source.ts'
import type { SegmentSpan } from '../../src/core/read-plan.ts'
import type { SegmentLabel, SegmentTier, StoredSegment } from '../../src/segments/tier.ts'

const bytes = (size: number, seed: number) => new Uint8Array(size).map((_, i) => (i * 7 + seed) & 0xff)

/** A span by its place in the segment: tiers look at no more. */
const spanOf = (n: number, offset: number, length: number): SegmentSpan => ({ n, firstChunk: 0, lastChunk: 0, sealed: { offset, length } })

async function store(tier: SegmentTier, blobId: string, segments: readonly Uint8Array[], label?: SegmentLabel): Promise<void> {
  const writer = tier.write(blobId, label)
  for (const segment of segments) {
    await writer.begin(segment.byteLength)
    // In two pieces, as chunks come.
    const half = segment.byteLength >> 1
    if (half > 0) await writer.append(segment.subarray(0, half))
    await writer.append(segment.subarray(half))
  }
  await writer.finish()
}

/** Everything that a tier lists of one blob. */
async function listed(tier: SegmentTier, blobId: string): Promise<StoredSegment[]> {
  const found: StoredSegment[] = []
  for (let after: string | undefined; ; ) {
    const page = await tier.list(after)
    found.push(...page.segments.filter((segment) => segment.blobId === blobId))
    if (page.next === undefined) return found.sort((a, b) => a.n - b.n)
    after = page.next
  }
}

async function drain(source: ByteSource, size: number): Promise<Uint8Array> {
  const pieces: number[] = []
  for (let piece = await source.read(size); piece.byteLength > 0; piece = await source.read(size)) pieces.push(...piece)
  return new Uint8Array(pieces)
}

/** What every place for sealed segments promises. */
export function segmentTierContract(name: string, open: () => SegmentTier): void {
  describe(`${name} as a segment tier`, () => {
    const segments = [bytes(100, 1), bytes(100, 2), bytes(33, 3)]

    test('gives back every segment as it was written', async () => {
      const tier = open()
      const id = newBlobId()
      await store(tier, id, segments)
      const spans = segments.map((segment, n) => spanOf(n, 0, segment.byteLength))
      const opener = tier.read(id, spans)
      for (const [n, segment] of segments.entries()) expect(await drain(await opener(spans[n]!), 40)).toEqual(segment)
    })

    test('reads from any offset up to the end of the span', async () => {
      const tier = open()
      const id = newBlobId()
      await store(tier, id, segments)
      for (const [n, offset, length] of [
        [0, 1, 99],
        [0, 2, 3],
        [1, 50, 25],
        [1, 99, 1],
        [2, 31, 2],
      ] as const) {
        const span = spanOf(n, offset, length)
        const source = await tier.read(id, [span])(span)
        expect(await drain(source, 10)).toEqual(segments[n]!.subarray(offset, offset + length))
        await source.cancel()
      }
    })

    test('opens two segments at once', async () => {
      const tier = open()
      const id = newBlobId()
      await store(tier, id, segments)
      const spans = [spanOf(0, 0, 100), spanOf(1, 0, 100)]
      const opener = tier.read(id, spans)
      const [first, second] = [await opener(spans[0]!), await opener(spans[1]!)]
      expect(await drain(second, 100)).toEqual(segments[1])
      expect(await drain(first, 100)).toEqual(segments[0])
    })

    test('keeps segments that are larger than a stream buffer', async () => {
      const tier = open()
      const id = newBlobId()
      const large = bytes(1_000_003, 5)
      await store(tier, id, [large])
      const span = spanOf(0, 700_001, 300_002)
      expect(await drain(await tier.read(id, [span])(span), 65_536)).toEqual(large.subarray(700_001))
    })

    test('says that a missing segment is not to be had now', async () => {
      const span = spanOf(0, 0, 10)
      await expect(open().read(newBlobId(), [span])(span)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    })

    test('lets go of a source before, during and after reading', async () => {
      const tier = open()
      const id = newBlobId()
      await store(tier, id, segments)
      for (const reads of [0, 1, 10]) {
        const span = spanOf(0, 0, 100)
        const source = await tier.read(id, [span])(span)
        for (let i = 0; i < reads; i++) await source.read(10)
        await source.cancel()
        await source.cancel()
      }
    })

    test('deletes a range of segments, and twice does no harm', async () => {
      const tier = open()
      const id = newBlobId()
      await store(tier, id, segments)
      await tier.delete([{ blobId: id, from: 1, to: 3 }])
      await tier.delete([{ blobId: id, from: 1, to: 3 }])
      const missing = spanOf(1, 0, 1)
      await expect(tier.read(id, [missing])(missing)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
      const kept = spanOf(0, 0, 100)
      expect(await drain(await tier.read(id, [kept])(kept), 100)).toEqual(segments[0])
      await tier.delete([{ blobId: id, from: 0, to: 1 }])
      await expect(tier.read(id, [kept])(kept)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    })

    test('touches no other blob', async () => {
      const tier = open()
      const [mine, other] = [newBlobId(), newBlobId()]
      await store(tier, mine, [bytes(10, 1)])
      await store(tier, other, [bytes(10, 2)])
      await tier.delete([{ blobId: mine, from: 0, to: 1 }])
      const span = spanOf(0, 0, 10)
      expect(await drain(await tier.read(other, [span])(span), 10)).toEqual(bytes(10, 2))
    })

    test('tells the lengths of the segments that are there, whoever stored them', async () => {
      const tier = open()
      for (const label of [{ bucket: 'default/photos', deadlineMs: 5000 }, undefined]) {
        const id = newBlobId()
        const sizes = [98, 99, 100, 33]
        await store(
          tier,
          id,
          sizes.map((size) => bytes(size, 1)),
          label,
        )
        await tier.delete([{ blobId: id, from: 1, to: 2 }])
        expect(await tier.lengths(id, { from: 0, to: 5 })).toEqual([98, null, 100, 33, null])
        expect(await tier.lengths(id, { from: 2, to: 3 })).toEqual([100])
        expect(await tier.lengths(id, { from: 2, to: 2 })).toEqual([])
      }
    })

    test('lists every segment with its label, page by page', async () => {
      const tier = open()
      const label = { bucket: 'default/photos', deadlineMs: 5000 }
      const [labelled, bare] = [newBlobId(), newBlobId()]
      await store(
        tier,
        labelled,
        Array.from({ length: 250 }, (_, n) => bytes(1, n)),
        label,
      )
      await store(tier, bare, segments)
      expect(await listed(tier, labelled)).toEqual(Array.from({ length: 250 }, (_, n) => ({ blobId: labelled, n, label })))
      expect(await listed(tier, bare)).toEqual([0, 1, 2].map((n) => ({ blobId: bare, n, label: undefined })))
    })

    test('leaves nothing in flight after a writer gave up', async () => {
      const writer = open().write(newBlobId())
      await writer.begin(100)
      await writer.append(bytes(50, 1))
      await writer.abort(new Error('The client went away'))
    })
  })
}
