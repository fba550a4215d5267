import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Usage } from '../../src/core/bucket.ts'
import { LIMITS } from '../../src/core/limits.ts'
import type { StorageClass } from '../../src/core/object.ts'
import { ATTRIBUTES, BYTE_TABLES, brokenUpload, DAY_MS, GRACE_MS, HOUR_MS, randomBytes, TestBucket, uploadOf } from '../support/bucket.ts'

// Any history of writes, copies, multipart uploads and sweeps, against a plain map of keys to bytes. The bucket, the counters
// and the segment stores must agree with the map at the end, and be empty once everything is deleted.

const KEYS = ['a', 'b', 'c'] as const
type Key = (typeof KEYS)[number]

type PartStep = { readonly bytes: number } | { readonly from: Key; readonly start: number; readonly share: number }

type Step =
  | { readonly do: 'put' | 'broken'; readonly key: Key; readonly bytes: number; readonly storageClass: StorageClass }
  | { readonly do: 'copy'; readonly from: Key; readonly key: Key; readonly storageClass: StorageClass }
  | { readonly do: 'delete'; readonly key: Key }
  | {
      readonly do: 'multipart'
      readonly key: Key
      readonly storageClass: StorageClass
      readonly parts: readonly PartStep[]
      readonly end: 'complete' | 'partly' | 'abort' | 'leave'
    }
  | { readonly do: 'pass'; readonly ms: number }

const key = fc.constantFrom(...KEYS)
const bytes = fc.oneof(fc.constantFrom(0, 1, 16, 17, 64, 65, 192, 300), fc.nat(320))
const storageClass = fc.constantFrom<StorageClass>('Standard', 'InfrequentAccess')
const part: fc.Arbitrary<PartStep> = fc.oneof(
  fc.record({ bytes }),
  fc.record({ from: key, start: fc.double({ min: 0, max: 1, noNaN: true }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('put' as const), key, bytes, storageClass }) },
  // Small, since workerd is loud about a put to KV that is given up; that has a test of its own.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('broken' as const), key, bytes: fc.nat(63), storageClass }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('copy' as const), from: key, key, storageClass }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('multipart' as const),
      key,
      storageClass,
      parts: fc.array(part, { minLength: 1, maxLength: 4 }),
      end: fc.constantFrom(
        'complete' as const,
        'complete' as const,
        'complete' as const,
        'partly' as const,
        'abort' as const,
        'leave' as const,
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, GRACE_MS, 3 * HOUR_MS, 12 * DAY_MS) }) },
)

const NO_FLOWS = { retrievedBytes: 0, earlyDeletionByteDays: 0 }
const NOTHING: Usage = { objects: 0, payloadBytes: 0, metadataBytes: 0, uploads: 0, uploadBytes: 0, ...NO_FLOWS }

/** A plain map of keys to bytes, and what Infrequent Access is billed for. */
class Model {
  readonly #objects = new Map<string, { readonly bytes: Uint8Array; readonly infrequent: boolean; readonly sinceMs: number }>()
  readonly flows = { ...NO_FLOWS }

  bytes = (key: string): Uint8Array | undefined => this.#objects.get(key)?.bytes

  /** Whoever reads or copies pays for as many bytes. */
  retrieve(key: string, length = this.bytes(key)?.length ?? 0): void {
    if (this.#objects.get(key)?.infrequent) this.flows.retrievedBytes += length
  }

  set(key: string, bytes: Uint8Array, storageClass: StorageClass, nowMs: number): void {
    this.delete(key, nowMs)
    this.#objects.set(key, { bytes, infrequent: storageClass === 'InfrequentAccess', sinceMs: nowMs })
  }

  /** Days that have begun are billed as storage; the others of the 30 are billed now. */
  delete(key: string, nowMs: number): void {
    const old = this.#objects.get(key)
    for (let day = 0; old?.infrequent && day < 30; day++) {
      if (old.sinceMs + day * DAY_MS >= nowMs) this.flows.earlyDeletionByteDays += old.bytes.length
    }
    this.#objects.delete(key)
  }
}

/** Parts may be of any size here: the rule has tests of its own, and five mebibytes a part would be slow. */
const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
beforeAll(() => {
  limits.partMinBytes = 0
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
})

async function apply(bucket: TestBucket, model: Model, step: Step): Promise<void> {
  const { store } = bucket
  if (step.do === 'pass') {
    await bucket.pass(step.ms)
  } else if (step.do === 'put') {
    const body = randomBytes(step.bytes)
    await store.putObject(bucket.at(step.key), uploadOf(body), { ...ATTRIBUTES, storageClass: step.storageClass })
    model.set(step.key, body, step.storageClass, bucket.nowMs)
  } else if (step.do === 'broken') {
    const upload = brokenUpload(randomBytes(step.bytes), step.bytes + 1)
    const options = { ...ATTRIBUTES, storageClass: step.storageClass }
    await expect(store.putObject(bucket.at(step.key), upload, options)).rejects.toMatchObject({ code: 'IncompleteBody' })
  } else if (step.do === 'copy') {
    const source = model.bytes(step.from)
    const options = { ...ATTRIBUTES, storageClass: step.storageClass, directive: 'COPY' as const }
    const copying = store.copyObject(bucket.at(step.key), { at: bucket.at(step.from) }, options)
    if (!source) return expect(copying).rejects.toMatchObject({ code: 'NoSuchKey' })
    await copying
    model.retrieve(step.from)
    model.set(step.key, source, step.storageClass, bucket.nowMs)
  } else if (step.do === 'delete') {
    await store.deleteObject(bucket.at(step.key))
    model.delete(step.key, bucket.nowMs)
  } else if (step.do === 'multipart') {
    await multipart(bucket, model, step)
  }
}

async function multipart(bucket: TestBucket, model: Model, step: Extract<Step, { do: 'multipart' }>): Promise<void> {
  const { store } = bucket
  const at = bucket.at(step.key)
  const { uploadId } = await store.createMultipartUpload(at, { ...ATTRIBUTES, storageClass: step.storageClass })
  const listed: { partNumber: number; etag: string; body: Uint8Array }[] = []
  for (const [index, part] of step.parts.entries()) {
    const ref = { at, uploadId, partNumber: index + 1 }
    if ('bytes' in part) {
      const body = randomBytes(part.bytes)
      await store.uploadPart(ref, uploadOf(randomBytes(5))) // A part of the same number is replaced.
      listed.push({ partNumber: index + 1, body, etag: (await store.uploadPart(ref, uploadOf(body))).etag })
      continue
    }
    const source = model.bytes(part.from)
    if (!source || source.length === 0) continue
    const offset = Math.min(Math.floor(part.start * source.length), source.length - 1)
    const length = Math.max(1, Math.floor(part.share * (source.length - offset)))
    const { etag } = await store.uploadPartCopy(ref, { at: bucket.at(part.from) }, { range: { offset, length } })
    model.retrieve(part.from, length)
    listed.push({ partNumber: index + 1, body: source.slice(offset, offset + length), etag })
  }
  const wanted = step.end === 'partly' ? listed.slice(0, 1) : listed
  if (step.end === 'abort') await store.abortMultipartUpload(at, uploadId)
  if (step.end === 'abort' || step.end === 'leave' || wanted.length === 0) return
  await store.completeMultipartUpload(at, { uploadId, parts: wanted })
  const joined = new Uint8Array(wanted.flatMap(({ body }) => [...body]))
  model.set(step.key, joined, step.storageClass, bucket.nowMs)
}

/** The counters, counted again from the rows, and from the model where no rows are left. */
async function recount(bucket: TestBucket, { flows }: Model): Promise<Record<string, Usage>> {
  const rows = await bucket.query<Usage & { class: string }>(
    `SELECT column1 AS class,
      (SELECT count(*) FROM objects WHERE storage_class = column1) AS objects,
      (SELECT total(size) FROM objects WHERE storage_class = column1) AS payloadBytes,
      (SELECT total(metadata_bytes) FROM objects WHERE storage_class = column1) AS metadataBytes,
      (SELECT count(*) FROM uploads WHERE storage_class = column1 AND state = 'open') AS uploads,
      (SELECT total(p.size) FROM parts p JOIN uploads u ON u.id = p.upload_id WHERE u.storage_class = column1 AND u.state = 'open')
        AS uploadBytes
     FROM (VALUES ('Standard'), ('InfrequentAccess'))`,
  )
  return Object.fromEntries(rows.map(({ class: name, ...usage }) => [name, { ...usage, ...(name === 'Standard' ? NO_FLOWS : flows) }]))
}

/** Blobs whose count is not the number of things that refer to them. */
const miscounted = (bucket: TestBucket) =>
  bucket.query(`SELECT id, refs, n FROM (SELECT b.id, b.refs, (SELECT count(*) FROM objects WHERE blob_id = b.id)
    + (SELECT count(*) FROM parts WHERE blob_id = b.id) + (SELECT count(*) FROM extents WHERE blob_id = b.id) AS n FROM blobs b)
    WHERE refs <> n`)

test('whatever happens to a bucket, reads agree with the last writes, counters are exact, and nothing is left at the end', async () => {
  const history = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 24 }), async (steps) => {
    const bucket = await TestBucket.create()
    const model = new Model()
    for (const step of steps) await apply(bucket, model, step)
    for (const key of KEYS) {
      const expected = model.bytes(key)
      model.retrieve(key)
      if (expected) expect(await bucket.get(key)).toEqual(expected)
      else await expect(bucket.get(key)).rejects.toMatchObject({ code: 'NoSuchKey' })
    }
    expect(await bucket.api.usage()).toEqual({ ok: true, value: await recount(bucket, model) })
    expect(await miscounted(bucket)).toEqual([])
    for (const key of KEYS) model.delete(key, bucket.nowMs)
    await bucket.empty()
    expect(await bucket.rows(...BYTE_TABLES, 'uploads')).toBe(0)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.api.usage()).toEqual({ ok: true, value: { Standard: NOTHING, InfrequentAccess: { ...NOTHING, ...model.flows } } })
  })
  await fc.assert(history, { numRuns: 25 })
}, 60_000)
