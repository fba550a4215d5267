import { expect, test } from 'vitest'
import { newVersion } from '../../../src/core/object.ts'
import { unwrap } from '../../../src/core/outcome.ts'
import type { CommitObject, CommitPart } from '../../../src/store/bucket-api.ts'
import { ATTRIBUTES, fakeBlob, randomBytes, TestBucket, uploadOf } from '../../support/bucket.ts'
import { problemsOf } from '../../support/check.ts'

// The platform may repeat a call whose answer was lost. The second call gets the answer of the first one, and changes nothing.

const ETAG = '0'.repeat(32)
const UNIQUE = { ifNoneMatch: '*' as const }

const commitOf = (changes: Partial<CommitObject> = {}): CommitObject => ({
  ...ATTRIBUTES,
  key: 'e\u0301',
  blob: fakeBlob(10, 'inline'),
  etag: ETAG,
  conditions: UNIQUE,
  ...changes,
})

test('a commit of an object is answered with the object, although its condition no longer holds', async () => {
  const bucket = await TestBucket.create()
  const commit = commitOf()
  const first = await bucket.api.commitObject(commit)
  expect(first).toMatchObject({ ok: true, value: { kind: 'committed' } })
  bucket.nowMs += 5
  expect(await bucket.api.commitObject(commit)).toEqual(first)
  expect(await bucket.api.commitObject(commitOf())).toMatchObject({ ok: false, code: 'PreconditionFailed' })
  expect(await problemsOf(bucket)).toEqual([])
})

test('a commit of an object is not made again once its body is shared and its key belongs to another', async () => {
  const bucket = await TestBucket.create()
  const commit = commitOf({ conditions: undefined })
  unwrap(await bucket.api.commitObject(commit))
  await bucket.store.copyObject(bucket.at('copy'), { at: bucket.at(commit.key) }, { ...ATTRIBUTES, directive: 'COPY' })
  const other = unwrap(await bucket.api.commitObject(commitOf({ conditions: undefined })))
  expect(await bucket.api.commitObject(commit)).toMatchObject({ ok: false, code: 'RequestTimeout' })
  expect(await bucket.api.lookup({ key: commit.key, body: false })).toMatchObject({ value: { head: 'value' in other ? other.value : {} } })
  expect(await problemsOf(bucket)).toEqual([])
})

test.each(['inline', 'kv'] as const)('a commit of a part in the tier %s is answered with the part', async (tier) => {
  const bucket = await TestBucket.create()
  const target = { key: 'a', uploadId: (await bucket.store.createMultipartUpload(bucket.at('a'), ATTRIBUTES)).uploadId }
  const blob = fakeBlob(10, tier)
  const begin = { blobId: blob.id, tier, segments: 1, size: 10, target }
  const begun = tier === 'kv' ? unwrap(await bucket.api.begin(begin)) : undefined
  const commit: CommitPart = { ...target, blob, partNumber: 1, etag: ETAG, begun }
  const first = await bucket.api.commitPart(commit)
  expect(first).toMatchObject({ ok: true, value: { kind: 'committed', value: { size: 10, uploadedMs: bucket.nowMs } } })
  bucket.nowMs += 5
  expect(await bucket.api.commitPart(commit)).toEqual(first)
  expect(await bucket.rows('parts', 'blobs')).toBe(2)
  expect(await bucket.api.usage()).toMatchObject({ value: { Standard: { uploads: 1, uploadBytes: 10 } } })
  expect(await bucket.rows('garbage')).toBe(0)
})

async function openUpload(bucket: TestBucket) {
  const at = bucket.at('a')
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  const part = await bucket.store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(randomBytes(250)))
  return { key: 'a', uploadId, parts: [part] }
}

test('a completion is answered with the object', async () => {
  const bucket = await TestBucket.create()
  const complete = { ...(await openUpload(bucket)), version: newVersion(), conditions: UNIQUE }
  const first = await bucket.api.completeUpload(complete)
  expect(first).toMatchObject({ ok: true, value: { version: complete.version, size: 250 } })
  expect(await bucket.api.completeUpload(complete)).toEqual(first)
  expect(await problemsOf(bucket)).toEqual([])
})

test('a client that completes an upload again is told that it is gone, as on R2', async () => {
  const bucket = await TestBucket.create()
  const complete = await openUpload(bucket)
  await bucket.store.completeMultipartUpload(bucket.at('a'), complete)
  await expect(bucket.store.completeMultipartUpload(bucket.at('a'), complete)).rejects.toMatchObject({ code: 'NoSuchUpload' })
})

test('a completion that arrives when its object is overwritten changes nothing', async () => {
  const bucket = await TestBucket.create()
  const complete = { ...(await openUpload(bucket)), version: newVersion() }
  unwrap(await bucket.api.completeUpload(complete))
  const newer = await bucket.put('a', 50)
  expect(await bucket.api.completeUpload(complete)).toMatchObject({ ok: false, code: 'NoSuchUpload' })
  expect(await bucket.get('a')).toEqual(newer)
})

test('a rename is answered with the object, although its source is gone', async () => {
  const bucket = await TestBucket.create()
  const { etag } = await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(10)), ATTRIBUTES)
  const rename = {
    key: 'b',
    source: { key: 'a', conditions: { ifMatch: [{ etag, weak: false }] } },
    conditions: UNIQUE,
    version: newVersion(),
  }
  const first = await bucket.api.renameObject(rename)
  expect(first).toMatchObject({ ok: true, value: { key: 'b', etag, version: rename.version } })
  expect(await bucket.api.renameObject(rename)).toEqual(first)
  expect(await bucket.api.renameObject({ ...rename, version: newVersion() })).toMatchObject({ ok: false, code: 'NoSuchKey' })
  expect(await problemsOf(bucket)).toEqual([])
})
