import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Upload } from '../../src/core/byte-source.ts'
import { byteSource } from '../../src/core/byte-sources.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { outcomeOfAsync, unwrap } from '../../src/core/outcome.ts'
import { AwsChunkedSource } from '../../src/http/aws-chunked.ts'
import { FormFile } from '../../src/http/form/form-file.ts'
import type { CommitObject } from '../../src/store/bucket-api.ts'
import { ATTRIBUTES, randomBytes, stubOf, TestBucket, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { type Gate, gatedBucket, gatedSource } from '../support/faults.ts'
import { type Contents, type Scenario, type Scene, visitEveryCall } from '../support/faulty.ts'

// Every call that an operation makes goes wrong once, in every way. In each case the client gets a success or a clear error, an object has
// its old contents or its new ones, and after the alarms nothing is left behind.

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
beforeAll(() => {
  limits.partMinBytes = 0
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
  vi.restoreAllMocks()
})

const OLD_BYTES = TINY_SIZES.kv
const COPY = { ...ATTRIBUTES, directive: 'COPY' as const }
const customerKey = { key: new Uint8Array(32).fill(7), keyMd5: 'md5-of-7' }

/** The forms in which a client's bytes arrive. */
const FORMS: Record<string, (bytes: Uint8Array, gate: Gate) => Upload> = {
  bytes: (bytes) => uploadOf(bytes),
  'a body': (bytes, gate) => ({ ...uploadOf(bytes), source: gatedSource(byteSource(new Response(bytes as BodyInit).body), gate) }),
  'an aws-chunked body': (bytes, gate) => {
    const wire = new TextEncoder().encode(`0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`)
    const framed = new Blob([`${bytes.length.toString(16)}\r\n`, bytes as never, '\r\n', wire])
    const body = gatedSource(byteSource(framed.stream()), gate)
    return { ...uploadOf(bytes), source: new AwsChunkedSource(body, { announced: ['x-amz-checksum-crc32'] }) }
  },
  // Its size is not known before its end: zeros follow the bytes in the stored blob.
  'an upload form': (bytes, gate) => {
    const after = '\r\n--b\r\nContent-Disposition: form-data; name="submit"\r\n\r\nx\r\n--b--\r\n'
    const body = gatedSource(byteSource(new Blob([bytes as never, after]).stream()), gate)
    const allowed = { minBytes: 1, maxBytes: bytes.length + 20 }
    const source = new FormFile(body, { begun: new Uint8Array(), boundary: 'b', mostBytes: bytes.length + 60, allowed, readBytes: 40 })
    return { ...uploadOf(bytes), source, size: source.size, actualSize: source.actualSize }
  },
}

const put =
  (size: number, options: { old?: boolean; form?: string } = {}): Scenario =>
  async ({ bucket, store, gate }) => {
    const old = options.old ? await bucket.put('a', OLD_BYTES) : null
    const fresh = randomBytes(size)
    const upload = FORMS[options.form ?? 'bytes']!(fresh, gate)
    return { before: { a: old }, after: { a: fresh }, act: () => store.putObject(bucket.at('a'), upload, ATTRIBUTES) }
  }

/** A Bucket without room for inline bytes. */
const fullBucket = (gate: Gate) => ({
  bucket: (ref: Parameters<typeof stubOf>[0]) => {
    const api = gatedBucket(stubOf(ref) as never, gate)
    const commitObject = (commit: CommitObject) =>
      commit.blob.inline
        ? gate.pass('bucket.commitObject', async () => ({ ok: true as const, value: { kind: 'inline-full' as const } }))
        : api.commitObject(commit)
    return new Proxy(api, { get: (target, name) => (name === 'commitObject' ? commitObject : Reflect.get(target, name)) })
  },
})

const copyInside: Scenario = async ({ bucket, store }) => {
  const source = await bucket.put('source', OLD_BYTES)
  const old = await bucket.put('a', OLD_BYTES)
  const act = () => store.copyObject(bucket.at('a'), { at: bucket.at('source') }, COPY)
  return { before: { a: old, source }, after: { a: source, source }, act }
}

const copyAcross =
  (size: number): Scenario =>
  async ({ bucket, store }) => {
    const other = await TestBucket.create()
    const source = await other.put('source', size)
    const old = await bucket.put('a', OLD_BYTES)
    const act = () => store.copyObject(bucket.at('a'), { at: other.at('source') }, COPY)
    return { before: { a: old }, after: { a: source }, other: [other], act }
  }

/** A copy within a bucket that must copy the bytes, because the copy loses the customer's key. */
const unseal =
  (size: number): Scenario =>
  async ({ bucket, store }) => {
    const at = bucket.at('sealed')
    const source = randomBytes(size)
    await bucket.store.putObject(at, uploadOf(source), { ...ATTRIBUTES, customerKey })
    const old = await bucket.put('a', OLD_BYTES)
    const act = () => store.copyObject(bucket.at('a'), { at, customerKey }, COPY)
    return { before: { a: old }, after: { a: source }, act }
  }

const OLD_TAGS = [{ key: 'colour', value: 'red' }]
const NEW_TAGS = [{ key: 'colour', value: 'blue' }]

async function putTagged({ bucket }: Scene): Promise<Uint8Array> {
  const bytes = randomBytes(OLD_BYTES)
  await bucket.store.putObject(bucket.at('a'), uploadOf(bytes), { ...ATTRIBUTES, tags: OLD_TAGS })
  return bytes
}

/** The tags go with the bytes: no fault leaves the new bytes with the old tags. */
const overwriteTagged =
  (size: number): Scenario =>
  async (scene) => {
    const old = await putTagged(scene)
    const fresh = randomBytes(size)
    const act = () => scene.store.putObject(scene.bucket.at('a'), uploadOf(fresh), { ...ATTRIBUTES, tags: NEW_TAGS })
    return { before: { a: { bytes: old, tags: OLD_TAGS } }, after: { a: { bytes: fresh, tags: NEW_TAGS } }, act }
  }

const tagAgain: Scenario = async (scene) => {
  const bytes = await putTagged(scene)
  const act = () => scene.store.putObjectTags(scene.bucket.at('a'), NEW_TAGS)
  return { before: { a: { bytes, tags: OLD_TAGS } }, after: { a: { bytes, tags: NEW_TAGS } }, act }
}

const copyTagged: Scenario = async (scene) => {
  const other = await TestBucket.create()
  const source = randomBytes(TINY_SIZES.d1)
  await other.store.putObject(other.at('source'), uploadOf(source), { ...ATTRIBUTES, tags: NEW_TAGS })
  const old = await putTagged(scene)
  const act = () => scene.store.copyObject(scene.bucket.at('a'), { at: other.at('source') }, COPY)
  return { before: { a: { bytes: old, tags: OLD_TAGS } }, after: { a: { bytes: source, tags: NEW_TAGS } }, other: [other], act }
}

const completeTagged: Scenario = async (scene) => {
  const old = await putTagged(scene)
  const at = scene.bucket.at('a')
  const { uploadId } = await scene.bucket.store.createMultipartUpload(at, { ...ATTRIBUTES, tags: NEW_TAGS })
  const bytes = randomBytes(OLD_BYTES)
  const part = await scene.bucket.store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(bytes))
  const act = () => scene.store.completeMultipartUpload(at, { uploadId, parts: [part] })
  return { before: { a: { bytes: old, tags: OLD_TAGS } }, after: { a: { bytes, tags: NEW_TAGS } }, act }
}

const remove =
  (...keys: string[]): Scenario =>
  async ({ bucket, store }) => {
    const before = Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await bucket.put(key, OLD_BYTES)] as const)))
    const after = Object.fromEntries(keys.map((key) => [key, null]))
    const act = () => (keys.length === 1 ? store.deleteObject(bucket.at(keys[0]!)) : store.deleteObjects(bucket.ref, keys))
    return { before, after, act }
  }

/** S3 answers a conditional delete that is sent again with 404: the object is gone, and nothing is left that could recognise the request. */
const conditionalRemove =
  (...keys: string[]): Scenario =>
  async (scene) => {
    const { bucket, store } = scene
    const arranged = await remove(...keys)(scene)
    const entries = await Promise.all(
      keys.map(async (key) => {
        const { etag } = (await bucket.store.headObject(bucket.at(key), {})).head
        return { key, onlyIf: { conditions: { ifMatch: [{ etag, weak: false }] }, size: OLD_BYTES } }
      }),
    )
    const act = async () => {
      const deleted = await store.deleteObjects(bucket.ref, entries)
      for (const { failure } of deleted) if (failure && failure.code !== 'NoSuchKey') unwrap(failure)
    }
    return { ...arranged, act }
  }

const rename =
  (options: { old?: boolean } = {}): Scenario =>
  async ({ bucket, store }) => {
    const source = await bucket.put('source', TINY_SIZES.d1)
    const old = options.old ? await bucket.put('a', OLD_BYTES) : null
    const { etag } = (await bucket.store.headObject(bucket.at('source'), {})).head
    const conditions = { ifMatch: [{ etag, weak: false }] }
    const act = () =>
      store.renameObject(bucket.at('a'), { key: 'source', conditions }, options.old ? {} : { conditions: { ifNoneMatch: '*' } })
    return { before: { a: old, source }, after: { a: source, source: null }, act }
  }

/** An open upload of two parts, of which one was replaced, and a third part that the client will not list. */
async function openUpload({ bucket }: Scene) {
  const at = bucket.at('a')
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  const bodies = [randomBytes(OLD_BYTES), randomBytes(TINY_SIZES.d1), randomBytes(OLD_BYTES)]
  await bucket.store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(randomBytes(OLD_BYTES)))
  const parts = []
  for (const [index, body] of bodies.entries()) {
    parts.push(await bucket.store.uploadPart({ at, uploadId, partNumber: index + 1 }, uploadOf(body)))
  }
  return { at, uploadId, bodies, parts }
}

const concat = (bodies: readonly Uint8Array[]) => new Uint8Array(bodies.flatMap((body) => [...body]))

const create: Scenario = async ({ bucket, store }) => {
  const old = await bucket.put('a', OLD_BYTES)
  return { before: { a: old }, after: { a: old }, act: () => store.createMultipartUpload(bucket.at('a'), ATTRIBUTES) }
}

const part =
  (size: number): Scenario =>
  async (scene) => {
    const old = await scene.bucket.put('a', OLD_BYTES)
    const { at, uploadId } = await openUpload(scene)
    const act = () => scene.store.uploadPart({ at, uploadId, partNumber: 2 }, uploadOf(randomBytes(size)))
    return { before: { a: old }, after: { a: old }, act }
  }

const copiedPart =
  (from: 'inside' | 'across'): Scenario =>
  async (scene) => {
    const { at, uploadId } = await openUpload(scene)
    const home = from === 'inside' ? scene.bucket : await TestBucket.create()
    const source = await home.put('source', TINY_SIZES.d1)
    const contents: Contents = from === 'inside' ? { source } : {}
    const range = { offset: 3, length: 40 }
    const act = () => scene.store.uploadPartCopy({ at, uploadId, partNumber: 2 }, { at: home.at('source') }, { range })
    return { before: contents, after: contents, other: from === 'inside' ? [] : [home], act }
  }

const complete: Scenario = async (scene) => {
  const old = await scene.bucket.put('a', OLD_BYTES)
  const { at, uploadId, bodies, parts } = await openUpload(scene)
  const act = () => scene.store.completeMultipartUpload(at, { uploadId, parts: parts.slice(0, 2) })
  return { before: { a: old }, after: { a: concat(bodies.slice(0, 2)) }, act }
}

/** A client that lost the first answer sends the completion again. */
const completeAgain: Scenario = async (scene) => {
  const { at, uploadId, bodies, parts } = await openUpload(scene)
  const listed = { uploadId, parts: parts.slice(0, 2), conditions: { ifNoneMatch: '*' as const }, isRepeatable: true }
  const whole = concat(bodies.slice(0, 2))
  const act = async () => {
    await outcomeOfAsync(() => scene.store.completeMultipartUpload(at, listed)).catch(() => {})
    await scene.store.completeMultipartUpload(at, listed)
  }
  return { before: { a: null }, after: { a: whole }, act }
}

const abort: Scenario = async (scene) => {
  const old = await scene.bucket.put('a', OLD_BYTES)
  const { at, uploadId } = await openUpload(scene)
  return { before: { a: old }, after: { a: old }, act: () => scene.store.abortMultipartUpload(at, uploadId) }
}

/** Locks objects for longer than the operation may take, but not until the end, when everything is deleted. */
const lock = ({ bucket }: Scene) => {
  const condition = { type: 'Age', maxAgeSeconds: 3 * 86_400 } as const
  return bucket.store.putSetting(bucket.ref, 'locks', [{ id: 'three days', enabled: true, condition }])
}

/** A lock refuses an undisturbed call. A disturbed call may get another error, but never a success. */
const refused = async (work: Promise<unknown>): Promise<void> => {
  const outcome = await outcomeOfAsync(() => work)
  if (outcome.ok) throw new Error('A locked object was overwritten')
  if (outcome.code !== 'ObjectLockedByBucketPolicy') unwrap(outcome)
}

const lockedPut: Scenario = async (scene) => {
  const old = await scene.bucket.put('a', OLD_BYTES)
  await lock(scene)
  const act = () => refused(scene.store.putObject(scene.bucket.at('a'), uploadOf(randomBytes(OLD_BYTES)), ATTRIBUTES))
  return { before: { a: old }, after: { a: old }, act }
}

/** The rule is set while the bytes are on their way. */
const lockedMeanwhile: Scenario = async (scene) => {
  await scene.bucket.store.putSetting(scene.bucket.ref, 'locks', [])
  const old = await scene.bucket.put('a', OLD_BYTES)
  const { source, ...upload } = uploadOf(randomBytes(OLD_BYTES))
  const locking = { read: (size: number) => lock(scene).then(() => source.read(size)), cancel: () => source.cancel() }
  const act = () => refused(scene.store.putObject(scene.bucket.at('a'), { ...upload, source: locking }, ATTRIBUTES))
  return { before: { a: old }, after: { a: old }, act }
}

const lockedCompletion: Scenario = async (scene) => {
  const old = await scene.bucket.put('a', OLD_BYTES)
  const { at, uploadId, parts } = await openUpload(scene)
  await lock(scene)
  const act = () => refused(scene.store.completeMultipartUpload(at, { uploadId, parts: parts.slice(0, 2) }))
  return { before: { a: old }, after: { a: old }, act }
}

const lockedRename =
  (locked: 'source' | 'a'): Scenario =>
  async (scene) => {
    const { bucket, store } = scene
    const [source, old] = [await bucket.put('source', OLD_BYTES), await bucket.put('a', OLD_BYTES)]
    const condition = { type: 'Age', maxAgeSeconds: 3 * 86_400 } as const
    await bucket.store.putSetting(bucket.ref, 'locks', [{ id: 'three days', enabled: true, prefix: locked, condition }])
    const act = () => refused(store.renameObject(bucket.at('a'), { key: 'source' }))
    return { before: { a: old, source }, after: { a: old, source }, act }
  }

const SCENARIOS: Record<string, Scenario> = {
  'a put inline': put(TINY_SIZES.inline),
  'an overwrite inline': put(TINY_SIZES.inline, { old: true }),
  'an overwrite in D1 with a body': put(TINY_SIZES.d1, { old: true, form: 'a body' }),
  'an overwrite in D1 with an aws-chunked body': put(TINY_SIZES.d1, { old: true, form: 'an aws-chunked body' }),
  'an upload form inline': put(4, { old: true, form: 'an upload form' }),
  'an upload form in D1': put(TINY_SIZES.d1 - 20, { old: true, form: 'an upload form' }),
  'an upload form in KV': put(TINY_SIZES.kv, { old: true, form: 'an upload form' }),
  'an overwrite in KV': put(TINY_SIZES.kv, { old: true }),
  'an overwrite with nothing': put(0, { old: true }),
  'a copy by reference': copyInside,
  'a copy by bytes inline': copyAcross(TINY_SIZES.inline),
  'a copy by bytes in KV': copyAcross(TINY_SIZES.kv),
  'a copy that is sealed again': unseal(TINY_SIZES.d1),
  'an overwrite with tags inline': overwriteTagged(TINY_SIZES.inline),
  'an overwrite with tags in KV': overwriteTagged(TINY_SIZES.kv),
  'a change of tags': tagAgain,
  'a copy by bytes with its tags': copyTagged,
  'a completion with tags': completeTagged,
  'a delete': remove('a'),
  'a delete of many': remove('a', 'b', 'c'),
  'a conditional delete': conditionalRemove('a'),
  'a conditional delete of many': conditionalRemove('a', 'b', 'c'),
  'a rename': rename(),
  'a rename onto another object': rename({ old: true }),
  'the creation of an upload': create,
  'a part inline': part(TINY_SIZES.inline),
  'a part in KV': part(TINY_SIZES.kv),
  'a part copied by reference': copiedPart('inside'),
  'a part copied by bytes': copiedPart('across'),
  'a completion': complete,
  'a completion that is sent again': completeAgain,
  'an abort': abort,
  'an overwrite that a lock refuses': lockedPut,
  'an overwrite that is locked meanwhile': lockedMeanwhile,
  'a completion that a lock refuses': lockedCompletion,
  'a rename that a lock of the source refuses': lockedRename('source'),
  'a rename that a lock of the destination refuses': lockedRename('a'),
}

const LIMIT_MS = 60_000

describe('if any of its calls goes wrong in any way, nothing is lost and nothing is left behind by', () => {
  test.each(Object.entries(SCENARIOS))(
    '%s',
    async (_, scenario) => {
      expect(await visitEveryCall(scenario)).not.toEqual([])
    },
    LIMIT_MS,
  )

  test(
    'a put that finds no room inline',
    async () => {
      const calls = await visitEveryCall(put(TINY_SIZES.inline, { old: true }), fullBucket)
      expect(calls).toEqual(['bucket.commitObject', 'bucket.begin', 'd1.batch', 'bucket.commitObject'])
    },
    LIMIT_MS,
  )
})
