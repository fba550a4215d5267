import { describe, expect, test } from 'vitest'
import { risingId } from '../../../src/core/ids.ts'
import { KvTier } from '../../../src/segments/tiers/kv-tier.ts'
import { concat, kv, kvWith, newBlobId, pattern, settle } from '../support.ts'

const spanOf = (offset: number, length: number) => ({ n: 0, firstChunk: 0, lastChunk: 0, sealed: { offset, length } })

/** A namespace in which gets go through `get`; records how long the tier waits. */
function tierWith(changes: object) {
  const waits: number[] = []
  const tier = new KvTier(kvWith(changes), async (ms) => waits.push(ms))
  return { tier, waits }
}

/** A stored segment of `size` bytes. */
async function stored(size: number) {
  const id = newBlobId()
  await kv.put(`${id}/0`, pattern(size))
  return id
}

const readAll = async (tier: KvTier, id: string, span: ReturnType<typeof spanOf>, step: number) => {
  const source = await tier.read(id)(span)
  const pieces: Uint8Array[] = []
  for (let piece = await source.read(step); piece.byteLength > 0; piece = await source.read(step)) pieces.push(piece)
  return concat(pieces)
}

describe('a read', () => {
  test('that misses is tried again, and no longer accepts an absence that a location has cached for long', async () => {
    const id = await stored(10)
    const ttls: unknown[] = []
    let misses = 3
    const get = (key: string, options: { type: 'stream'; cacheTtl: number }) => {
      ttls.push(options.cacheTtl)
      return misses-- > 0 ? Promise.resolve(null) : kv.get(key, options)
    }
    const { tier, waits } = tierWith({ get })
    expect(await readAll(tier, id, spanOf(0, 10), 10)).toEqual(pattern(10))
    expect(waits).toEqual([50, 100, 200])
    expect(ttls).toEqual([31_536_000, 30, 30, 30])
  })

  test('that fails is tried again', async () => {
    const id = await stored(10)
    let failures = 2
    const get = (key: string, options: { type: 'stream' }) =>
      failures-- > 0 ? Promise.reject(new Error('KV GET failed: 503')) : kv.get(key, options)
    expect(await readAll(tierWith({ get }).tier, id, spanOf(0, 10), 10)).toEqual(pattern(10))
  })

  test('gives up after about half a minute and says why in the cause', async () => {
    const { tier, waits } = tierWith({ get: async () => null })
    const id = newBlobId()
    const lost = tier.read(id)(spanOf(0, 10))
    await expect(lost).rejects.toMatchObject({ code: 'ServiceUnavailable', cause: { message: `Segment ${id}/0 is missing in KV` } })
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(31_150)
  })

  test('of a late segment is tried for as long, however long ago its upload began', async () => {
    const tenMinutesAgo = risingId(Date.now() - 600_000)
    for (const [n, leastMs, mostMs] of [
      [0, 500, 2000],
      [20, 30_000, 40_000],
    ] as const) {
      const { tier, waits } = tierWith({ get: async () => null })
      await expect(tier.read(tenMinutesAgo)({ ...spanOf(0, 10), n })).rejects.toMatchObject({ code: 'ServiceUnavailable' })
      const waitedMs = waits.reduce((sum, ms) => sum + ms, 0)
      expect(waitedMs).toBeGreaterThan(leastMs)
      expect(waitedMs).toBeLessThan(mostMs)
    }
  })

  test('goes on where a connection was lost', async () => {
    const id = await stored(1000)
    let gets = 0
    const get = async (key: string, options: { type: 'stream' }) => {
      const stream = (await kv.get(key, options)) as ReadableStream<Uint8Array>
      return ++gets > 2 ? stream : brokenAfter(stream, 450)
    }
    expect(await readAll(tierWith({ get }).tier, id, spanOf(100, 900), 150)).toEqual(pattern(1000).subarray(100))
    expect(gets).toBe(3)
  })

  test('fails when a value is shorter than recorded, however often it is read', async () => {
    const id = await stored(20)
    await expect(readAll(new KvTier(kv), id, spanOf(0, 21), 21)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
  })

  test('skips to an offset far into a value', async () => {
    const id = await stored(3_000_000)
    expect(await readAll(new KvTier(kv), id, spanOf(2_999_990, 5), 100)).toEqual(pattern(3_000_000).subarray(2_999_990, 2_999_995))
  })

  test('stops the upstream when it is cancelled, and a read that waits fails', async () => {
    let cancelled = false
    const cancel = () => {
      cancelled = true
    }
    const endless = () => new ReadableStream({ type: 'bytes', cancel })
    const source = await tierWith({ get: async () => endless() }).tier.read(newBlobId())(spanOf(0, 10))
    const waiting = source.read(10).catch((error) => error)
    await source.cancel()
    expect(await waiting).toMatchObject({ code: 'ServiceUnavailable' })
    expect(cancelled).toBe(true)
  })
})

test('a read that is cancelled while it waits for a lost connection leaves no stream open', async () => {
  const id = await stored(100)
  let gets = 0
  let cancelled = 0
  const second = Promise.withResolvers<ReadableStream>()
  const cancel = () => {
    cancelled++
  }
  const get = async (key: string, options: { type: 'stream' }) =>
    gets++ === 0 ? brokenAfter((await kv.get(key, options)) as ReadableStream<Uint8Array>, 10) : second.promise
  const source = await tierWith({ get }).tier.read(id)(spanOf(0, 100))
  const reading = source.read(100).catch((error) => error)
  await settle()
  await source.cancel()
  second.resolve(new ReadableStream({ type: 'bytes', cancel }))
  expect(await reading).toMatchObject({ code: 'ServiceUnavailable' })
  expect([gets, cancelled]).toEqual([2, 1])
})

describe('a write', () => {
  test('of a put that fails at once rejects instead of waiting for a reader', async () => {
    const writer = tierWith({ put: async () => Promise.reject(new Error('KV PUT failed: 429')) }).tier.write(newBlobId())
    await writer.begin(1000)
    await expect(writer.append(pattern(500))).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      cause: { message: 'KV PUT failed: 429' },
    })
    await writer.abort(new Error('given up'))
  })

  test('keeps two puts open at most', async () => {
    let open = 0
    let most = 0
    const put = async (key: string, value: ReadableStream) => {
      most = Math.max(most, ++open)
      await kv.put(key, value)
      await settle()
      open--
    }
    const writer = tierWith({ put }).tier.write(newBlobId())
    for (let n = 0; n < 6; n++) {
      await writer.begin(10)
      await writer.append(pattern(10))
    }
    await writer.finish()
    expect([most, open]).toEqual([2, 0])
  })

  test('of a value larger than KV takes is refused by us, since a local server may take it', async () => {
    await expect(new KvTier(kv).write(newBlobId()).begin(25 * 1024 * 1024 + 1)).rejects.toThrow(RangeError)
  })

  test('that is not as long as announced fails', async () => {
    const writer = new KvTier(kv).write(newBlobId())
    await writer.begin(10)
    await writer.append(pattern(9))
    await expect(writer.finish()).rejects.toThrow()
  })
})

describe('a deletion', () => {
  test('has five calls open at most, one for each segment', async () => {
    let open = 0
    let most = 0
    const keys: string[] = []
    const del = async (key: string) => {
      keys.push(key)
      most = Math.max(most, ++open)
      await settle(1)
      open--
    }
    await tierWith({ delete: del }).tier.delete([{ blobId: 'b', from: 3, to: 20 }])
    expect(most).toBe(5)
    expect(keys).toEqual(Array.from({ length: 17 }, (_, i) => `b/${i + 3}`))
  })

  test('that fails says so once nothing is in flight any more', async () => {
    let open = 0
    const del = async (key: string) => {
      open++
      await settle(1)
      open--
      if (key === 'b/2') throw new Error('KV DELETE failed: 500')
    }
    await expect(tierWith({ delete: del }).tier.delete([{ blobId: 'b', from: 0, to: 12 }])).rejects.toMatchObject({
      code: 'ServiceUnavailable',
    })
    expect(open).toBe(0)
  })
})

/** A stream that breaks after some bytes. */
function brokenAfter(stream: ReadableStream<Uint8Array>, bytes: number): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  let left = bytes
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const { value } = await reader.read()
      if (left <= 0 || !value) return controller.error(new Error('Network connection lost'))
      controller.enqueue(value.slice(0, left))
      left = 0
    },
  })
}
