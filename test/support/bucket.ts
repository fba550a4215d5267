import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env as bindings } from 'cloudflare:workers'
import type { Bucket } from '../../durable-objects/bucket/bucket.ts'
import type { Context } from '../../durable-objects/keyspace/context.ts'
import { queueBindings, readConfig, readSecrets } from '../../src/config.ts'
import { type BlobRecord, newBlobId, type TierName } from '../../src/core/blob.ts'
import type { Upload } from '../../src/core/byte-source.ts'
import { bytesSource } from '../../src/core/byte-sources.ts'
import type { BucketRef, Jurisdiction, ObjectRef } from '../../src/core/object.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { type Env, segmentBindings } from '../../src/env.ts'
import { newJobId } from '../../src/jobs/job-id.ts'
import { createQueues } from '../../src/queues/queues.ts'
import { createSegments, type SegmentConfig, type Segments } from '../../src/segments/store.ts'
import { createSources } from '../../src/sources/sources.ts'
import type { BucketApi } from '../../src/store/bucket-api.ts'
import type { Ports, SippyPorts } from '../../src/store/ports.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { randomBytes } from './fuzz.ts'

export const env = bindings as unknown as Env
export const secrets = readSecrets(env)

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
export const GRACE_MS = readConfig(env).graceMs

/** Thresholds so low that a hundred bytes take several segments in KV. */
export const TINY: SegmentConfig = { inlineMaxBytes: 16, d1MaxBytes: 64, segmentBytes: 96, chunkBytes: 32 }
/** A size in each tier with {@link TINY}. */
export const TINY_SIZES = { inline: 10, d1: 50, kv: 250 } as const

/** Tests of one file share their storage, so each bucket gets a name of its own. */
let buckets = 0
export const newRef = (jurisdiction: Jurisdiction = 'default'): BucketRef => ({ jurisdiction, name: `bucket-${++buckets}` })

export const stubOf = ({ jurisdiction, name }: BucketRef): DurableObjectStub<Bucket> =>
  env.BUCKETS.get(env.BUCKETS.idFromName(`${jurisdiction}/${name}`)) as DurableObjectStub<Bucket>

/** The ports of the engine on the real bindings; segments are tiny unless `config` says otherwise. */
export function portsWith(changes: Partial<Ports> = {}, config: SegmentConfig = TINY): Ports {
  return {
    bucket: (ref) => stubOf(ref) as unknown as BucketApi,
    segments: createSegments(segmentBindings(env), secrets.keyring, { config, deployment: secrets.accountId, sleep: async () => {} }),
    control: env.CONTROL,
    queues: createQueues(queueBindings(env)),
    sippy: sippyPorts(),
    ...changes,
  }
}

/** The ports of Sippy on the real bindings. Work behind an answer runs on; `settled` of a test waits for it. */
export function sippyPorts(changes: Partial<SippyPorts> = {}): SippyPorts {
  return {
    sources: createSources(secrets.keyring, readConfig(env).sources),
    ready: async () => {},
    note: () => {},
    keepsHttpMetadata: true,
    keepAlive: (work) => void work.catch(() => {}),
    newJobId: ({ jurisdiction }) => newJobId(jurisdiction),
    startJob: async () => true,
    ...changes,
  }
}

/** The methods of a bucket's stub, with some of them replaced. */
export const apiWith = (ref: BucketRef, changes: Partial<BucketApi>): BucketApi =>
  new Proxy(stubOf(ref) as unknown as BucketApi, {
    get: (stub, name) => Reflect.get(changes, name) ?? ((...args: unknown[]) => Reflect.apply(Reflect.get(stub, name), stub, args)),
  })

/** One bucket under test. Its clock is the test's own and a day ahead, so that the platform rings no alarm by itself. */
export class TestBucket {
  readonly ref: BucketRef
  readonly store: Store
  nowMs = Date.now() + DAY_MS
  /** The segments that earlier tests of the file left. */
  readonly #others: Promise<readonly string[]> = storedSegmentNames()

  private constructor(ref: BucketRef, ports: Ports) {
    this.ref = ref
    this.store = createStore(ports)
  }

  static async create(ports: Ports = portsWith(), ref = newRef()): Promise<TestBucket> {
    const bucket = TestBucket.absent(ports, ref)
    await bucket.#others
    await bucket.setClock()
    await bucket.store.createBucket(ref, {})
    return bucket
  }

  /** A bucket that is not created. */
  static absent(ports: Ports = portsWith(), ref = newRef()): TestBucket {
    return new TestBucket(ref, ports)
  }

  get stub(): DurableObjectStub<Bucket> {
    return stubOf(this.ref)
  }

  get api(): BucketApi {
    return this.stub as unknown as BucketApi
  }

  at(key: string): ObjectRef {
    return { bucket: this.ref, key }
  }

  /** Runs `work` inside the Durable Object. */
  run<R>(work: (bucket: Bucket, state: DurableObjectState) => R | Promise<R>): Promise<R> {
    return runInDurableObject(this.stub as never, work as never) as Promise<R>
  }

  /** Runs `work` in a transaction, as the methods of a Bucket do, with the variables that the test chooses. */
  change<R>(work: (context: Context) => R, options: { vars?: Partial<Env>; sql?: (sql: SqlStorage) => SqlStorage } = {}): Promise<R> {
    return this.run((_, { storage }) => {
      const sql = options.sql?.(storage.sql) ?? storage.sql
      const context: Context = {
        sql,
        config: readConfig({ ...env, ...options.vars }),
        keyring: secrets.keyring,
        now: () => this.nowMs,
        wakeAt: () => {},
        announce: () => {},
      }
      return storage.transactionSync(() => work(context))
    })
  }

  query<T = Record<string, number | string | null>>(query: string, ...bindings: unknown[]): Promise<T[]> {
    return this.run((_, { storage }) => storage.sql.exec(query, ...bindings).toArray() as T[])
  }

  /** The number of rows in these tables, added up. */
  async rows(...tables: string[]): Promise<number> {
    let total = 0
    for (const table of tables) total += (await this.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))[0]!.n
    return total
  }

  alarmMs(): Promise<number | null> {
    return this.run((_, { storage }) => storage.getAlarm())
  }

  /** Moves the clock on and rings every alarm that is due by then, including those that a ring sets. Returns how many rang. */
  async pass(ms = 0): Promise<number> {
    this.nowMs += ms
    for (let rings = 0; ; rings++) {
      const alarmMs = await this.alarmMs()
      if (alarmMs === null || alarmMs > this.nowMs) return rings
      await this.ring()
    }
  }

  /** Rings the alarm once, whether it is due or not. */
  async ring(): Promise<void> {
    await runDurableObjectAlarm(this.stub)
  }

  /** Gives the instance the test's clock: a fresh one, as after an eviction, has the real clock. */
  async setClock(): Promise<void> {
    await this.run((bucket) => {
      bucket.clock = () => this.nowMs
    })
  }

  async put(key: string, bytes: Uint8Array | number): Promise<Uint8Array> {
    const body = typeof bytes === 'number' ? randomBytes(bytes) : bytes
    await this.store.putObject(this.at(key), uploadOf(body), { httpMetadata: {}, customMetadata: {} })
    return body
  }

  async get(key: string): Promise<Uint8Array> {
    const got = await this.store.getObject(this.at(key), {})
    if (got.kind !== 'found') throw new Error('Without conditions there is always an object')
    return bytesOf(got.body)
  }

  /** The segments in KV and D1 that were stored since the test began. */
  async segments(): Promise<string[]> {
    const others = new Set(await this.#others)
    return (await storedSegmentNames()).filter((name) => !others.has(name))
  }

  /** Deletes every object and rings until only the rows of finished uploads are left to expire. */
  async empty(): Promise<void> {
    for (const { key } of (await this.store.listObjects(this.ref, { prefix: '', limit: 1000 })).items) {
      await this.store.deleteObject(this.at(key))
    }
    await this.pass(8 * DAY_MS)
    await this.pass(GRACE_MS)
    await this.pass(GRACE_MS)
  }

  /** Evicts the instance, and so closes its open files: a long run makes thousands of instances. */
  async close(): Promise<void> {
    await evictDurableObject(this.stub)
  }
}

/** The tables that hold bytes or refer to them. */
export const BYTE_TABLES = ['objects', 'extents', 'blobs', 'parts', 'garbage'] as const

/** Every segment that is stored outside the Buckets. */
export async function storedSegmentNames(): Promise<string[]> {
  const { results } = await env.SEGMENTS.prepare('SELECT blob_id, n FROM segments').all<{ blob_id: string; n: number }>()
  const names = results.map(({ blob_id, n }) => `d1 ${blob_id}/${n}`)
  for (let cursor: string | undefined; ; ) {
    const page: KVNamespaceListResult<unknown> = await env.SEGMENTS_KV.list({ cursor })
    names.push(...page.keys.map(({ name }) => `kv ${name}`))
    if (page.list_complete) return names.sort()
    cursor = page.cursor
  }
}

export const uploadOf = (bytes: Uint8Array, claims: Upload['claims'] = {}): Upload => ({
  source: bytesSource(bytes),
  size: bytes.byteLength,
  claims,
})

/** A body that ends too early: it is shorter than announced. */
export const brokenUpload = (bytes: Uint8Array, announced: number): Upload => ({ ...uploadOf(bytes), size: announced })

export async function bytesOf(body: ReadableStream<Uint8Array> | Uint8Array): Promise<Uint8Array> {
  return body instanceof Uint8Array ? body : new Uint8Array(await new Response(body).arrayBuffer())
}

/** The record of a blob whose bytes were never written: a Bucket does not read them. */
export const fakeBlob = (size: number, tier: TierName = 'kv'): BlobRecord => ({
  id: newBlobId(),
  size,
  tier,
  chunkBytes: 1024 * 1024,
  segmentBytes: 24 * 1024 * 1024,
  wrappedKey: new Uint8Array(40),
  keyId: secrets.keyring.keyId,
  ...(tier === 'inline' && { inline: new Uint8Array(size + 16) }),
})

export const ATTRIBUTES = { httpMetadata: {}, customMetadata: {} }

/** Commits an object of a blob that has no bytes. */
export async function commitFake(bucket: TestBucket, key: string, blob = fakeBlob(1)): Promise<void> {
  unwrap(await bucket.api.commitObject({ ...ATTRIBUTES, key, blob, etag: '0'.repeat(32) }))
}

export { randomBytes, type Segments }
