import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { segmentBindings } from '../../src/env.ts'
import { createSegments } from '../../src/segments/store.ts'
import { KvTier } from '../../src/segments/tiers/kv-tier.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { ATTRIBUTES, bytesOf, env, portsWith, randomBytes, secrets, TestBucket, TINY, uploadOf } from '../support/bucket.ts'
import { EventualKv, MINUTE_MS, type Mishaps } from '../support/kv-double.ts'

// KV at its worst. A read returns the bytes that were written, or an error, and nothing waits for ever.

/** Short, since these tests really wait that long. */
const KV_TIMEOUT_MS = 30
/** A little more than three segments, of three chunks each. */
const BYTES = 300

/** The engine at two locations, with one KV. */
async function twoPlaces() {
  const kv = new EventualKv()
  const engineAt = (location: string): Store => {
    const bindings = { ...segmentBindings(env), kv: kv.at(location) }
    const options = { config: TINY, sleep: kv.sleep, timeoutMs: KV_TIMEOUT_MS }
    return createStore(portsWith({ segments: createSegments(bindings, secrets.keyring, options) }))
  }
  return { kv, here: engineAt('here'), there: engineAt('there'), bucket: await TestBucket.create() }
}
type Places = Awaited<ReturnType<typeof twoPlaces>>

async function put({ bucket, here }: Places, size = BYTES): Promise<Uint8Array> {
  const bytes = randomBytes(size)
  await here.putObject(bucket.at('a'), uploadOf(bytes), ATTRIBUTES)
  return bytes
}

async function read({ bucket }: Places, from: Store, range?: { offset: number; length: number }): Promise<Uint8Array> {
  const got = await from.getObject(bucket.at('a'), { range })
  if (got.kind !== 'found') throw new Error('Without conditions there is always an object')
  return bytesOf(got.body)
}

const unavailable = { code: 'ServiceUnavailable' }

describe('a value that is not seen everywhere yet', () => {
  test('is read at once where it was written', async () => {
    const places = await twoPlaces()
    places.kv.lagMs = MINUTE_MS
    const bytes = await put(places)
    expect(await read(places, places.here)).toEqual(bytes)
    expect(places.kv.nowMs).toBe(0)
  })

  test('is read elsewhere within half a minute, or not yet, but never in part', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(MINUTE_MS), fc.nat(MINUTE_MS), async (lagMs, laterMs) => {
        const places = await twoPlaces()
        places.kv.lagMs = lagMs
        const bytes = await put(places)
        places.kv.nowMs += laterMs
        const started = places.kv.nowMs
        const ending = await read(places, places.there).catch((error: StoreError) => error.code)
        // The location caches the miss of the first try for half a minute; the last try comes after that.
        expect(places.kv.nowMs - started).toBeLessThan(2 * 32_000)
        if (lagMs - laterMs < 30_000) expect(ending).toEqual(bytes)
        else expect([bytes, unavailable.code]).toContainEqual(ending)
        // The miss is cached for this time only.
        places.kv.nowMs += MINUTE_MS + 30_000
        expect(await read(places, places.there)).toEqual(bytes)
      }),
      { numRuns: 20 },
    )
  }, 30_000)
})

test('a value that is deleted but still seen is not read: the Bucket knows', async () => {
  const places = await twoPlaces()
  await put(places)
  const old = [...places.kv.values.keys()]
  const fresh = await put(places)
  for (const key of old) await places.kv.at('here').delete(key)
  expect(await read(places, places.there)).toEqual(fresh)
  await places.there.deleteObject(places.bucket.at('a'))
  await expect(read(places, places.here)).rejects.toMatchObject({ code: 'NoSuchKey' })
})

/** The kinds of damage to stored segments. */
const KINDS = ['missing', 'empty', 'short', 'long', 'flipped', 'swapped', 'of another blob'] as const

const damage = fc.record({ segment: fc.nat(3), kind: fc.constantFrom(...KINDS), at: fc.nat(1000), other: fc.nat(3) })
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

function inflict(kv: EventualKv, names: readonly string[], strangers: readonly string[], change: Damage): void {
  kv.alter(names[change.segment]!, (bytes) => {
    const { kind } = change
    if (kind === 'missing') return null
    if (kind === 'empty') return new Uint8Array(0)
    if (kind === 'swapped') return kv.values.get(names[change.other]!)!.bytes
    if (kind === 'of another blob') return kv.values.get(strangers[change.other]!)!.bytes
    const at = change.at % bytes.length
    if (kind === 'short') return bytes.slice(0, at)
    if (kind === 'long') return new Uint8Array([...bytes.slice(0, at), 0, ...bytes.slice(at)])
    bytes[at]! ^= 1 + (change.at % 255)
    return bytes
  })
}

test('a read gives the right bytes or an error when segments are missing, cut, altered or exchanged', async () => {
  const span = fc.tuple(fc.nat(BYTES - 1), fc.integer({ min: 1, max: BYTES }))
  await fc.assert(
    fc.asyncProperty(damage, span, async (change, [offset, length]) => {
      const places = await twoPlaces()
      await put(places)
      const strangers = [...places.kv.values.keys()]
      const bytes = await put(places)
      const names = [...places.kv.values.keys()].filter((name) => !strangers.includes(name))
      inflict(places.kv, names, strangers, change)
      for (const range of [undefined, { offset, length }]) {
        const expected = range ? bytes.slice(offset, offset + length) : bytes
        const ending = await read(places, places.here, range).catch((error: unknown) => error)
        if (ending instanceof StoreError) expect(['ServiceUnavailable', 'InternalError']).toContain(ending.code)
        else expect(ending).toEqual(expected)
      }
    }),
    { numRuns: 40 },
  )
}, 30_000)

test('an altered segment is an error each time, and the others can still be read', async () => {
  const places = await twoPlaces()
  const bytes = await put(places)
  const [, second] = [...places.kv.values.keys()]
  places.kv.alter(second!, (sealed) => sealed.map((byte, index) => (index === 40 ? byte ^ 1 : byte)))
  for (let times = 0; times < 2; times++) await expect(read(places, places.here)).rejects.toMatchObject({ code: 'InternalError' })
  expect(await read(places, places.here, { offset: 0, length: 96 })).toEqual(bytes.slice(0, 96))
})

describe('a call that fails or never ends', () => {
  const nth = (n: number): ((key: string) => boolean) => {
    let calls = 0
    return () => calls++ === n
  }
  const fails: [string, (n: number) => Mishaps][] = [
    ['fails', (n) => ({ putFails: nth(n) })],
    ['never ends', (n) => ({ putHangs: nth(n) })],
  ]

  test.each(fails)('a put that %s is told to the client, and the old object is whole', async (_, mishaps) => {
    for (const n of [0, 1, 2, 3]) {
      const places = await twoPlaces()
      const old = await put(places)
      places.kv.mishaps = mishaps(n)
      await expect(put(places)).rejects.toMatchObject(unavailable)
      expect(await read(places, places.here)).toEqual(old)
      places.kv.mishaps = {}
      const fresh = await put(places)
      expect(await read(places, places.here)).toEqual(fresh)
    }
  })

  test.each(['getFails', 'getHangs', 'bodyStalls'] as const)('a read whose calls all meet %s is told to come back', async (mishap) => {
    const places = await twoPlaces()
    const bytes = await put(places)
    places.kv.mishaps = { [mishap]: () => true }
    await expect(read(places, places.here)).rejects.toMatchObject(unavailable)
    places.kv.mishaps = {}
    expect(await read(places, places.here)).toEqual(bytes)
  })

  test.each(['getFails', 'bodyStalls'] as const)('a read of which one call meets %s succeeds', async (mishap) => {
    for (const n of [0, 1, 2, 3]) {
      const places = await twoPlaces()
      const bytes = await put(places)
      places.kv.mishaps = { [mishap]: nth(n) }
      expect(await read(places, places.here)).toEqual(bytes)
    }
  })

  test('a delete that never ends is an error, so that the sweep goes on and comes back', async () => {
    const kv = { delete: () => new Promise<never>(() => {}) } as unknown as KVNamespace
    const tier = new KvTier(kv, async () => {}, KV_TIMEOUT_MS)
    await expect(tier.delete([{ blobId: '0'.repeat(32), from: 0, to: 2 }])).rejects.toMatchObject(unavailable)
  })
})
