import { describe, expect, test } from 'vitest'
import { storedSegments } from '../../src/core/blob.ts'
import type { ByteSource } from '../../src/core/byte-source.ts'
import { StoreError } from '../../src/core/errors.ts'
import { BufferWriter } from '../../src/segments/buffer-writer.ts'
import { planBlob } from '../../src/segments/config.ts'
import type { SegmentTier, SegmentWriter } from '../../src/segments/tier.ts'
import { KvTier } from '../../src/segments/tiers/kv-tier.ts'
import { writeBlob } from '../../src/segments/writer.ts'
import { concat, ignored, keyring, kv, kvWith, MemoryTier, newBlobId, owner, pattern, settle, TestSource } from './support.ts'

/** Everything in KV, in chunks of 10 bytes and segments of 3 chunks. */
const planOf = (size: number) =>
  planBlob({ id: newBlobId(), size, databases: 0, inline: false }, { inlineMaxBytes: 0, d1MaxBytes: 0, segmentBytes: 30, chunkBytes: 10 })

async function write(size: number, source: ByteSource, tier: SegmentTier, more: object = {}) {
  const plan = planOf(size)
  const key = await keyring.newDataKey(owner, plan.id)
  return writeBlob({ plan, source, key, digests: ignored, tiers: () => tier, ...more })
}

/** A tier whose writer is `writer`. */
const tierOf = (writer: SegmentWriter): SegmentTier => Object.assign(new MemoryTier(), { write: () => writer })

describe('an upload', () => {
  test('whose client sends nothing more for long is given up', async () => {
    const plan = planBlob({ id: newBlobId(), size: 400_000, databases: 0 }, { inlineMaxBytes: 0, d1MaxBytes: 0, segmentBytes: 400_000 })
    const key = await keyring.newDataKey(owner, plan.id)
    const source = { read: () => new Promise<never>(() => {}), cancel: async () => {} }
    const writing = writeBlob({ plan, source, key, digests: ignored, tiers: () => new MemoryTier(), idleMs: 50 })
    await expect(writing).rejects.toMatchObject({ code: 'RequestTimeout' })
  })

  test.each([0, 1, 9, 10, 11, 30, 31, 95])('of %i bytes is hashed in order, sealed in chunks and cut into segments', async (size) => {
    const tier = new MemoryTier()
    const source = new TestSource(pattern(size))
    const seen: Uint8Array[] = []
    const blob = await write(size, source, tier, { digests: { update: (bytes: Uint8Array) => seen.push(bytes) } })
    expect(concat(seen)).toEqual(pattern(size))
    expect(blob).toMatchObject({ size, tier: 'kv', chunkBytes: 10, segmentBytes: 30, keyId: keyring.keyId })
    const lengths = [...tier.segments.values()].map((sealed) => sealed.byteLength)
    expect(lengths).toHaveLength(storedSegments(blob))
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(size + 16 * Math.max(1, Math.ceil(size / 10)))
    expect(source.cancelled).toBe(0)
  })

  test('asks the source for its end, so that a trailer is parsed', async () => {
    const source = new TestSource(pattern(20))
    await write(20, source, new MemoryTier())
    expect(source.reads).toBe(3)
  })

  test('stores nothing that is plain', async () => {
    const tier = new MemoryTier()
    const text = new TextEncoder().encode('secret'.repeat(5))
    await write(30, new TestSource(text), tier)
    expect(new TextDecoder().decode([...tier.segments.values()][0])).not.toContain('secret')
  })

  test('of an inline blob comes back in the record', async () => {
    const plan = planBlob(
      { id: newBlobId(), size: 25, databases: 0 },
      { inlineMaxBytes: 30, d1MaxBytes: 0, segmentBytes: 30, chunkBytes: 10 },
    )
    const key = await keyring.newDataKey(owner, plan.id)
    const noTier = () => {
      throw new Error('No tier is needed')
    }
    const blob = await writeBlob({ plan, source: new TestSource(pattern(25)), key, digests: ignored, tiers: noTier })
    expect(blob.inline?.byteLength).toBe(25 + 3 * 16)
    expect(structuredClone(blob)).toEqual(blob)
  })

  test('reads the next chunk while the present one is being written', async () => {
    const events: string[] = []
    const source = new TestSource(pattern(40))
    const read = source.read.bind(source)
    source.read = (size) => {
      events.push('read')
      return read(size)
    }
    class Slow extends BufferWriter {
      override async append(sealed: Uint8Array) {
        events.push('append')
        await settle(1)
        events.push('appended')
        await super.append(sealed)
      }
    }
    await write(40, source, tierOf(new Slow()))
    // Never more than one chunk is read beyond the one that is sealed while another is written.
    expect(events.slice(0, 5)).toEqual(['read', 'read', 'append', 'read', 'appended'])
    const ahead = events.map(
      (_, i) => events.slice(0, i + 1).filter((e) => e === 'read').length - events.slice(0, i + 1).filter((e) => e === 'appended').length,
    )
    expect(Math.max(...ahead)).toBeLessThanOrEqual(3)
  })
})

describe('an upload is refused and everything is let go', () => {
  const incomplete = { code: 'IncompleteBody' }

  test.each([
    [0, 1],
    [10, 9],
    [10, 11],
    [35, 29],
    [35, 30],
    [35, 34],
    [35, 100],
  ])('when %i bytes are announced and %i come', async (size, actual) => {
    const source = new TestSource(pattern(actual))
    const tier = new MemoryTier()
    await expect(write(size, source, tier)).rejects.toMatchObject(incomplete)
    expect(source.cancelled).toBe(1)
    expect(tier.segments.size).toBe(0)
  })

  test.each([0, 10, 25, 40, 89])('when the source fails after %i bytes, with its own error', async (failAfter) => {
    const source = new TestSource(pattern(90), failAfter)
    await expect(write(90, source, new KvTier(kv))).rejects.toThrow('The connection was lost')
    expect(source.cancelled).toBe(1)
  })

  test('when a signature turns out wrong at the very end', async () => {
    const source = new TestSource(pattern(20))
    const read = source.read.bind(source)
    source.read = async (size) => {
      if (size === 1) throw new StoreError('SignatureDoesNotMatch')
      return read(size)
    }
    await expect(write(20, source, new KvTier(kv))).rejects.toMatchObject({ code: 'SignatureDoesNotMatch' })
  })

  test.each([0, 1, 2, 3])('when put number %i fails, with the cause of it', async (failing) => {
    let puts = 0
    const put = async (key: string, value: ReadableStream) => {
      if (puts++ === failing) throw new Error('KV PUT failed: 429 Too Many Requests')
      await kv.put(key, value)
    }
    const source = new TestSource(pattern(100))
    const failed = write(100, source, new KvTier(kvWith({ put })))
    await expect(failed).rejects.toMatchObject({ code: 'ServiceUnavailable', cause: { message: 'KV PUT failed: 429 Too Many Requests' } })
    expect(source.cancelled).toBe(1)
  })

  test('when its deadline passes, since the sweeper may come', async () => {
    let time = 1000
    const update = () => {
      time += 10
    }
    const source = new TestSource(pattern(50))
    await expect(write(50, source, new MemoryTier(), { digests: { update }, deadlineMs: 1015, now: () => time })).rejects.toMatchObject({
      code: 'RequestTimeout',
    })
    expect(source.cancelled).toBe(1)
  })

  test('with the failure that came first', async () => {
    class Failing extends BufferWriter {
      override async append() {
        throw new Error('first')
      }
    }
    const source = new TestSource(pattern(30))
    const read = source.read.bind(source)
    source.read = async (size) => {
      if (source.reads === 2) {
        await settle(20)
        throw new Error('second')
      }
      return read(size)
    }
    await expect(write(30, source, tierOf(new Failing()))).rejects.toThrow('first')
  })
})

test('a segment that was begun and given up is not stored', async () => {
  const source = new TestSource(pattern(90), 45)
  const plan = planOf(90)
  const key = await keyring.newDataKey(owner, plan.id)
  const tier = new KvTier(kv)
  await expect(writeBlob({ plan, source, key, digests: ignored, tiers: () => tier })).rejects.toThrow()
  expect(await kv.get(`${plan.id}/1`, 'arrayBuffer')).toBeNull()
})
