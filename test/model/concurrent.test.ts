import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { BucketApi } from '../../src/store/bucket-api.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { ATTRIBUTES, bytesOf, portsWith, stubOf, TestBucket, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { Random } from '../support/random.ts'
import { type Event, isLinearizable, refusedIf, removed, saw, type Value, wrote, wroteIf } from './linearizable.ts'
import { md5 } from './model.ts'

// Clients that work on the same keys at once. In whichever order their calls arrive, each key behaves as if every call had happened at one
// moment between its start and its end.

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
beforeAll(() => {
  limits.partMinBytes = 0
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
})

const KEYS = ['a', 'b'] as const
const key = fc.constantFrom(...KEYS)
const bytes = fc.constantFrom(10, 50, 250)
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), key, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('create' as const), key, bytes }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('replace' as const), key, bytes }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get' as const), key, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('copy' as const), key, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('list' as const), key, bytes }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('multipart' as const), key, bytes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('alarm' as const), key, bytes }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** Pseudo-random delays before and after each call to the Bucket, in milliseconds, so that calls overtake each other. */
function jitter(api: BucketApi, random: Random): BucketApi {
  return new Proxy(api, {
    get:
      (stub, name) =>
      async (...args: unknown[]) => {
        await scheduler.wait(random.below(4))
        const answer = await Reflect.apply(Reflect.get(stub, name), stub, args)
        await scheduler.wait(random.below(4))
        return answer
      },
  })
}

/** The calls of all clients to each key. */
class History {
  readonly events: Record<string, Event[]> = { a: [], b: [] }
  #moment = 0

  /** Runs a call and records its meaning for each key. */
  async call<T>(name: string, work: () => Promise<T>, meaning: (answer: T | StoreError) => Partial<Record<string, Event['apply']>>) {
    const startMs = ++this.#moment
    const answer = await work().catch((error: unknown) => {
      if (error instanceof StoreError) return error
      throw error
    })
    const endMs = ++this.#moment
    for (const [key, apply] of Object.entries(meaning(answer))) if (apply) this.events[key]!.push({ name, startMs, endMs, apply })
  }
}

const isNothing = (value: Value) => value === null

/** One client. It knows the last ETag that it saw of each key. */
class Client {
  readonly #bucket: TestBucket
  readonly #store: Store
  readonly #history: History
  readonly #random: Random
  readonly #seen = new Map<string, string>()

  /** The bytes that it writes, and the time that its calls take, depend only on its own random numbers, and not on the other clients. */
  constructor(bucket: TestBucket, history: History, random: Random) {
    this.#bucket = bucket
    this.#store = createStore(portsWith({ bucket: (ref) => jitter(stubOf(ref) as never, random) }))
    this.#history = history
    this.#random = random
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this[each.do](each)
  }

  async put({ key, bytes }: Step): Promise<void> {
    await this.#write(key, bytes, undefined)
  }

  async create({ key, bytes }: Step): Promise<void> {
    await this.#write(key, bytes, { conditions: { ifNoneMatch: '*' }, holds: isNothing })
  }

  /** Only if the key still has the ETag that this client saw last. */
  async replace({ key, bytes }: Step): Promise<void> {
    const etag = this.#seen.get(key) ?? md5(new Uint8Array(0))
    await this.#write(key, bytes, { conditions: { ifMatch: [{ etag, weak: false }] }, holds: (value) => value === etag })
  }

  async get({ key }: Step): Promise<void> {
    const store = this.#store
    const read = async () => {
      const got = await store.getObject(this.#bucket.at(key), {})
      if (got.kind !== 'found') throw new Error('Without conditions there is always an object')
      // The bytes must have the MD5 in the ETag: this shows a read of mixed versions.
      if (!got.head.etag.includes('-')) expect(md5(await bytesOf(got.body))).toBe(got.head.etag)
      return got.head.etag
    }
    await this.#history.call(`get ${key}`, read, (etag) => ({ [key]: saw(this.#note(key, etag, 'NoSuchKey')) }))
  }

  async delete({ key }: Step): Promise<void> {
    const store = this.#store
    await this.#history.call(
      `delete ${key}`,
      () => store.deleteObject(this.#bucket.at(key)),
      () => ({ [key]: removed }),
    )
  }

  /** Copies to the other key. */
  async copy({ key }: Step): Promise<void> {
    const store = this.#store
    const to = key === 'a' ? 'b' : 'a'
    const copy = () => store.copyObject(this.#bucket.at(to), { at: this.#bucket.at(key) }, { ...ATTRIBUTES, directive: 'COPY' })
    await this.#history.call(`copy ${key} to ${to}`, copy, (head) => {
      const etag = this.#note(key, head instanceof StoreError ? head : head.etag, 'NoSuchKey')
      return { [key]: saw(etag), ...(etag !== null && { [to]: wrote(etag) }) }
    })
  }

  async list(): Promise<void> {
    const store = this.#store
    await this.#history.call(
      'list',
      () => store.listObjects(this.#bucket.ref, { prefix: '', limit: 10 }),
      (page) => {
        if (page instanceof StoreError) throw page
        return Object.fromEntries(KEYS.map((key) => [key, saw(page.items.find((head) => head.key === key)?.etag ?? null)]))
      },
    )
  }

  async multipart({ key, bytes }: Step): Promise<void> {
    const store = this.#store
    const at = this.#bucket.at(key)
    const { uploadId } = await store.createMultipartUpload(at, ATTRIBUTES)
    const parts: Awaited<ReturnType<typeof store.uploadPart>>[] = []
    for (const partNumber of [1, 2]) parts.push(await store.uploadPart({ at, uploadId, partNumber }, uploadOf(this.#random.bytes(bytes))))
    // Two completions at once: one of them comes too late.
    const endings: string[] = []
    const complete = () => store.completeMultipartUpload(at, { uploadId, parts })
    const completion = () =>
      this.#history.call(`complete ${key}`, complete, (head) => {
        endings.push(head instanceof StoreError ? head.code : 'done')
        return head instanceof StoreError ? {} : { [key]: wrote(head.etag) }
      })
    await Promise.all([completion(), completion()])
    expect(endings.sort()).toEqual(['NoSuchUpload', 'done'])
  }

  async alarm(): Promise<void> {
    await this.#bucket.pass(60_000)
  }

  async #write(
    key: string,
    bytes: number,
    only: { conditions: Parameters<TestBucket['store']['putObject']>[2]['conditions']; holds: (value: Value) => boolean } | undefined,
  ): Promise<void> {
    const body = this.#random.bytes(bytes)
    const options = { ...ATTRIBUTES, conditions: only?.conditions }
    const put = () => this.#store.putObject(this.#bucket.at(key), uploadOf(body), options)
    await this.#history.call(`put ${key}`, put, (head) => {
      const etag = this.#note(key, head instanceof StoreError ? head : head.etag, 'PreconditionFailed')
      if (!only) return { [key]: wrote(md5(body)) }
      return { [key]: etag === null ? refusedIf(only.holds) : wroteIf(only.holds, etag) }
    })
  }

  /** The ETag of an answer; `null` for the one failure that counts as an answer. */
  #note(key: string, answer: string | StoreError, failure: StoreError['code']): Value {
    if (answer instanceof StoreError) {
      if (answer.code !== failure) throw answer
      return null
    }
    this.#seen.set(key, answer)
    return answer
  }
}

test(
  'every key is linearizable under concurrent clients',
  async () => {
    const clients = fc.array(fc.array(step, { minLength: 1, maxLength: 6, size: 'max' }), { minLength: 2, maxLength: 5, size: 'max' })
    const property = fc.asyncProperty(clients, fc.nat(), async (scripts, seed) => {
      const bucket = await TestBucket.create()
      const history = new History()
      await Promise.all(scripts.map((script, n) => new Client(bucket, history, new Random(seed, n)).run(script)))
      for (const key of KEYS) {
        const events = history.events[key]!
        expect(isLinearizable(events, null), events.map(({ name, startMs, endMs }) => `${startMs}-${endMs} ${name}`).join(', ')).toBe(true)
      }
      expect(await problemsOf(bucket)).toEqual([])
      await bucket.empty()
      expect(await bucket.segments()).toEqual([])
      await bucket.close()
    })
    await holds(property, 12, 0.2)
  },
  timeLimit(60_000),
)
