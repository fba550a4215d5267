import { describe, expect, test } from 'vitest'
import type { BlobRecord, BlobSlice } from '../../src/core/blob.ts'
import { planBlob } from '../../src/segments/config.ts'
import { openBody, readAll } from '../../src/segments/reader.ts'
import { KvTier } from '../../src/segments/tiers/kv-tier.ts'
import { writeBlob } from '../../src/segments/writer.ts'
import { concat, customerKey, ignored, keyring, kv, kvWith, MemoryTier, newBlobId, owner, pattern, settle, TestSource } from './support.ts'

const config = { inlineMaxBytes: 0, d1MaxBytes: 0, segmentBytes: 30, chunkBytes: 10 }
const keyFor = (blob: BlobRecord) => keyring.openDataKey(owner, blob)

async function stored(tier: MemoryTier | KvTier, size: number, forOwner = owner): Promise<BlobRecord> {
  const plan = planBlob({ id: newBlobId(), size, databases: 0, inline: false }, config)
  const key = await keyring.newDataKey(forOwner, plan.id)
  return writeBlob({ plan, source: new TestSource(pattern(size)), key, digests: ignored, tiers: () => tier })
}

const whole = (blob: BlobRecord): BlobSlice => ({ blob, span: { offset: 0, length: blob.size } })
const bytesOf = async (stream: ReadableStream) => new Uint8Array(await new Response(stream).arrayBuffer())

/** Opens all of some blobs. */
const open = (tier: MemoryTier | KvTier, ...blobs: BlobRecord[]) =>
  openBody({ slices: blobs.map(whole), length: blobs.reduce((sum, { size }) => sum + size, 0), keyFor, tiers: () => tier })

describe('a body', () => {
  test('is the bytes of its slices, in order', async () => {
    const tier = new MemoryTier()
    const [a, b] = [await stored(tier, 95), await stored(tier, 41)]
    const slices = [
      { blob: a, span: { offset: 3, length: 40 } },
      { blob: b, span: { offset: 40, length: 1 } },
      { blob: a, span: { offset: 0, length: 95 } },
    ]
    const expected = concat([pattern(95).subarray(3, 43), pattern(41).subarray(40), pattern(95)])
    const read = { slices, length: 136, keyFor, tiers: () => tier }
    expect(await bytesOf(await openBody(read))).toEqual(expected)
    expect(await readAll(read)).toEqual(expected)
    expect(tier.open).toBe(0)
  })

  test.each([0, 5, 95])('of %i bytes has a known length', async (size) => {
    const tier = new MemoryTier()
    const body = await open(tier, await stored(tier, size))
    // KV takes a stream only if it knows its length.
    await kv.put('known-length', body)
    expect(new Uint8Array((await kv.get('known-length', 'arrayBuffer'))!)).toEqual(pattern(size))
  })

  test('of no slices is empty', async () => {
    const read = { slices: [], length: 0, keyFor, tiers: () => new MemoryTier() }
    expect(await bytesOf(await openBody(read))).toEqual(new Uint8Array(0))
    expect(await readAll(read)).toEqual(new Uint8Array(0))
  })

  test('touches only the segments that hold the range', async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 300)
    const slices = [{ blob, span: { offset: 95, length: 30 } }]
    await readAll({ slices, length: 30, keyFor, tiers: () => tier })
    expect(tier.opened).toEqual([`${blob.id}/3`, `${blob.id}/4`])
  })

  test('has one segment opened ahead, and no more, however slow the client is', async () => {
    const tier = new MemoryTier()
    const reader = (await open(tier, await stored(tier, 300))).getReader()
    await settle()
    expect(tier.opened).toHaveLength(2)
    expect(tier.open).toBe(2)
    await reader.cancel()
    await settle()
    expect(tier.open).toBe(0)
  })

  test('takes the slices of a long list one by one', async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 30)
    let asked = 0
    async function* slices() {
      for (; asked < 500; asked++) yield { blob, span: { offset: asked % 30, length: 1 } }
    }
    const reader = (await openBody({ slices: slices(), length: 500, keyFor, tiers: () => tier })).getReader()
    await settle()
    expect(asked).toBeLessThan(6)
    let at = 0
    for (let step = await reader.read(); !step.done; step = await reader.read())
      for (const byte of step.value) expect(byte).toBe(pattern(30)[at++ % 30])
    expect(at).toBe(500)
    expect(tier.open).toBe(0)
  })
})

describe('a failure before the first byte is an answer', () => {
  test('when the segment is missing', async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 95)
    tier.segments.clear()
    await expect(open(tier, blob)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  })

  test('when the first chunk was altered, so that no byte of it is seen', async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 95)
    tier.segments.get(`${blob.id}/0`)![3]! ^= 1
    await expect(open(tier, blob)).rejects.toMatchObject({ code: 'InternalError' })
    expect(tier.open).toBe(0)
  })

  test("when the customer's key does not fit, without a read", async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 95, { ...owner, customerKey: customerKey(1) })
    const wrong = {
      slices: [whole(blob)],
      length: 95,
      keyFor: (b: BlobRecord) => keyring.openDataKey({ ...owner, customerKey: customerKey(2) }, b),
      tiers: () => tier,
    }
    await expect(openBody(wrong)).rejects.toMatchObject({ code: 'AccessDenied' })
    expect(tier.opened).toEqual([])
  })

  test('when the list of slices cannot be had', async () => {
    // biome-ignore lint/correctness/useYield: it fails first.
    async function* slices(): AsyncGenerator<BlobSlice> {
      throw new Error('The Bucket is away')
    }
    await expect(openBody({ slices: slices(), length: 1, keyFor, tiers: () => new MemoryTier() })).rejects.toThrow('The Bucket is away')
  })
})

describe('a failure after the first byte aborts the body', () => {
  const cases: [string, (segments: Map<string, Uint8Array>, id: string) => unknown][] = [
    ['a later segment is missing', (segments, id) => segments.delete(`${id}/2`)],
    ['a later chunk was altered', (segments, id) => (segments.get(`${id}/1`)![5]! ^= 1)],
    ['a segment is shorter', (segments, id) => segments.set(`${id}/2`, segments.get(`${id}/2`)!.subarray(0, -1))],
    ['two segments were swapped', (segments, id) => segments.set(`${id}/1`, segments.get(`${id}/2`)!)],
    ['a segment of another blob is in its place', (segments, id) => segments.set(`${id}/1`, new Uint8Array(78))],
  ]
  test.each(cases)('when %s', async (_, alter) => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 95)
    alter(tier.segments, blob.id)
    const reader = (await open(tier, blob)).getReader()
    const seen: Uint8Array[] = []
    const drain = async () => {
      for (let step = await reader.read(); !step.done; step = await reader.read()) seen.push(step.value)
    }
    await expect(drain()).rejects.toThrow()
    const bytes = concat(seen)
    expect(bytes.byteLength).toBeLessThan(95)
    expect(bytes).toEqual(pattern(95).subarray(0, bytes.byteLength))
    await settle()
    expect(tier.open).toBe(0)
  })

  test.each([94, 96])('when the slices are not the %i bytes that were promised', async (length) => {
    const tier = new MemoryTier()
    const slices = [whole(await stored(tier, 95))]
    await expect(openBody({ slices, length, keyFor, tiers: () => tier }).then(bytesOf)).rejects.toThrow()
    await expect(readAll({ slices, length, keyFor, tiers: () => tier })).rejects.toThrow(RangeError)
  })
})

describe('a client that goes away', () => {
  test('stops the upstream, whose rest is not read', async () => {
    const blob = await stored(new KvTier(kv), 3000)
    let read = 0
    let cancelled = 0
    const watched = async (key: string, options: { type: 'stream' }) => {
      const reader = ((await kv.get(key, options)) as ReadableStream<Uint8Array>).getReader()
      return new ReadableStream({
        type: 'bytes',
        async pull(controller) {
          const { value } = await reader.read()
          read += value?.byteLength ?? 0
          if (value) controller.enqueue(value)
        },
        cancel: () => {
          cancelled++
        },
      })
    }
    const body = await open(new KvTier(kvWith({ get: watched })), blob)
    const reader = body.getReader()
    expect((await reader.read()).value?.byteLength).toBe(10)
    await reader.cancel('gone')
    await settle(20)
    expect(cancelled).toBe(2) // This segment and the one ahead.
    expect(read).toBeLessThanOrEqual(2 * 78)
  })

  test('leaves nothing open after some bytes', async () => {
    const tier = new MemoryTier()
    const reader = (await open(tier, await stored(tier, 300))).getReader()
    await reader.read()
    await reader.read()
    await reader.cancel()
    await settle()
    expect(tier.open).toBe(0)
    expect(tier.opened.length).toBeLessThanOrEqual(3)
  })

  test('ends the list of slices', async () => {
    const tier = new MemoryTier()
    const blob = await stored(tier, 10)
    let ended = false
    async function* slices() {
      try {
        for (;;) yield whole(blob)
      } finally {
        ended = true
      }
    }
    const body = await openBody({ slices: slices(), length: 1000, keyFor, tiers: () => tier })
    await body.cancel()
    await settle()
    expect([ended, tier.open]).toEqual([true, 0])
  })
})
