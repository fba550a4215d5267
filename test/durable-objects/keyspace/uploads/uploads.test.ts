import { describe, expect, test } from 'vitest'
import { unwrap } from '../../../../src/core/outcome.ts'
import { ATTRIBUTES, BYTE_TABLES, DAY_MS, fakeBlob, GRACE_MS, HOUR_MS, randomBytes, TestBucket, uploadOf } from '../../../support/bucket.ts'

const open = async (bucket: TestBucket, key: string) => (await bucket.store.createMultipartUpload(bucket.at(key), ATTRIBUTES)).uploadId

const part = async (bucket: TestBucket, key: string, uploadId: string, partNumber = 1, bytes = 250) =>
  bucket.store.uploadPart({ at: bucket.at(key), uploadId, partNumber }, uploadOf(randomBytes(bytes)))

const openUploads = async (bucket: TestBucket) =>
  (await bucket.store.listMultipartUploads(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ uploadId }) => uploadId)

describe('an upload that stays open', () => {
  test('is aborted after seven days, with its parts', async () => {
    const bucket = await TestBucket.create()
    const uploadId = await open(bucket, 'a')
    const { etag } = await part(bucket, 'a', uploadId)
    await bucket.pass(7 * DAY_MS - 1)
    expect(await openUploads(bucket)).toEqual([uploadId])
    await bucket.pass(1)
    expect(await openUploads(bucket)).toEqual([])
    const completing = bucket.store.completeMultipartUpload(bucket.at('a'), { uploadId, parts: [{ partNumber: 1, etag }] })
    await expect(completing).rejects.toMatchObject({ code: 'NoSuchUpload' })
    expect(await bucket.api.usage()).toMatchObject({ value: { Standard: { uploads: 0, uploadBytes: 0 } } })
    await bucket.pass(GRACE_MS)
    expect(await bucket.segments()).toEqual([])
    expect(await bucket.rows(...BYTE_TABLES, 'uploads')).toBe(0)
    expect(await bucket.alarmMs()).toBeNull()
  })

  test('in a crowd is aborted in bounded steps', async () => {
    const bucket = await TestBucket.create()
    for (let i = 0; i < 450; i++) unwrap(await bucket.api.createUpload({ ...ATTRIBUTES, key: `key-${i}` }))
    bucket.nowMs += 7 * DAY_MS
    await bucket.ring()
    expect(await bucket.rows('uploads')).toBe(250)
    expect(await bucket.alarmMs()).toBe(bucket.nowMs)
    await bucket.pass()
    expect(await bucket.rows('uploads', 'garbage')).toBe(0)
  }, 20_000)
})

describe('a finished upload', () => {
  test('is remembered for seven days, so that a repeated abort is no error, and then forgotten', async () => {
    const bucket = await TestBucket.create()
    const [aborted, completed] = [await open(bucket, 'a'), await open(bucket, 'b')]
    const { etag } = await part(bucket, 'b', completed)
    await bucket.store.abortMultipartUpload(bucket.at('a'), aborted)
    await bucket.store.completeMultipartUpload(bucket.at('b'), { uploadId: completed, parts: [{ partNumber: 1, etag }] })
    await bucket.pass(7 * DAY_MS - 1)
    await bucket.store.abortMultipartUpload(bucket.at('a'), aborted)
    await bucket.store.abortMultipartUpload(bucket.at('b'), completed)
    await expect(bucket.store.abortMultipartUpload(bucket.at('a'), completed)).rejects.toMatchObject({ code: 'NoSuchUpload' })
    await bucket.pass(1)
    await expect(bucket.store.abortMultipartUpload(bucket.at('a'), aborted)).rejects.toMatchObject({ code: 'NoSuchUpload' })
    expect(await bucket.rows('uploads')).toBe(0)
    expect(await bucket.get('b')).toHaveLength(250)
    await bucket.empty()
  })

  test('cannot be completed, listed or written to', async () => {
    const bucket = await TestBucket.create()
    const uploadId = await open(bucket, 'a')
    const { etag } = await part(bucket, 'a', uploadId)
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    const gone = { code: 'NoSuchUpload' }
    await expect(part(bucket, 'a', uploadId)).rejects.toMatchObject(gone)
    await expect(part(bucket, 'a', uploadId, 1, 5)).rejects.toMatchObject(gone)
    await expect(bucket.store.listParts(bucket.at('a'), { uploadId, after: 0, limit: 10 })).rejects.toMatchObject(gone)
    const completing = bucket.store.completeMultipartUpload(bucket.at('a'), { uploadId, parts: [{ partNumber: 1, etag }] })
    await expect(completing).rejects.toMatchObject(gone)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })
})

describe('aborting', () => {
  test('10,000 parts writes a few rows, and leaves the parts to the alarm in bounded steps', async () => {
    const bucket = await TestBucket.create()
    const uploadId = await open(bucket, 'a')
    await bucket.run((_, { storage }) => {
      const { id } = fakeBlob(1)
      for (let n = 1; n <= 10_000; n++) {
        const blobId = `${id.slice(0, 26)}${String(n).padStart(6, '0')}`
        storage.sql.exec("INSERT INTO blobs VALUES (?, 1, 1, 'inline', 1, 1, NULL, NULL, NULL)", blobId)
        storage.sql.exec('INSERT INTO parts VALUES (?, ?, ?, 1, ?, NULL, 0)', uploadId, n, blobId, 'etag')
      }
      storage.sql.exec('UPDATE uploads SET bytes = 10000')
      storage.sql.exec("UPDATE usage SET upload_bytes = 10000 WHERE storage_class = 'Standard'")
    })
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    expect(await bucket.rows('parts')).toBe(10_000)
    expect(await bucket.api.usage()).toMatchObject({ value: { Standard: { uploads: 0, uploadBytes: 0 } } })
    expect(await openUploads(bucket)).toEqual([])
    await bucket.ring()
    expect(await bucket.rows('parts')).toBe(8_000)
    expect(await bucket.alarmMs()).toBe(bucket.nowMs)
    expect(await bucket.pass()).toBeGreaterThanOrEqual(4)
    expect(await bucket.rows('parts', 'blobs', 'garbage')).toBe(0)
  }, 20_000)

  test('while a part is on its way refuses its commit, and its bytes are swept', async () => {
    const bucket = await TestBucket.create()
    const uploadId = await open(bucket, 'a')
    const target = { key: 'a', uploadId }
    const blob = fakeBlob(250)
    const begun = unwrap(await bucket.api.begin({ blobId: blob.id, tier: 'kv', segments: 1, size: 250, target }))
    await bucket.store.abortMultipartUpload(bucket.at('a'), uploadId)
    const commit = await bucket.api.commitPart({ ...target, partNumber: 1, etag: 'e', blob, begun })
    expect(commit).toMatchObject({ ok: false, code: 'NoSuchUpload' })
    await bucket.pass(2 * HOUR_MS)
    expect(await bucket.rows(...BYTE_TABLES)).toBe(0)
  })
})

test('uploads are listed by key in UTF-8 order, then by age, and a marker is never met again', async () => {
  const bucket = await TestBucket.create()
  // U+FFFD sorts before U+1F600 in UTF-8 and behind it in UTF-16.
  const keys = ['a/1', 'a/2', 'b', 'b', '\ufffdz', '\ufffdz', '\u{1f600}/1', '\u{1f600}/2', '\u{1f600}0']
  const ids: string[] = []
  for (const key of keys) {
    bucket.nowMs += 1
    ids.push(await open(bucket, key))
  }
  for (const delimiter of [undefined, '/']) {
    for (let marker = 0; marker < keys.length; marker++) {
      const page = await bucket.store.listMultipartUploads(bucket.ref, {
        prefix: '',
        delimiter,
        after: { key: keys[marker]! },
        afterUploadId: ids[marker],
        limit: 100,
      })
      const rest = keys.map((key, i) => ({ key, uploadId: ids[i]! })).slice(marker + 1)
      const folded = (key: string) => delimiter !== undefined && key.includes(delimiter)
      expect(page.items.map(({ uploadId }) => uploadId)).toEqual(rest.filter(({ key }) => !folded(key)).map(({ uploadId }) => uploadId))
      const groups = [...new Set(rest.filter(({ key }) => folded(key)).map(({ key }) => key.slice(0, key.indexOf('/') + 1)))]
      expect(page.delimitedPrefixes).toEqual(groups)
      expect(page.truncated).toBe(false)
    }
  }
  const outside = { prefix: '\ufffd', after: { key: '\u{1f600}0' }, afterUploadId: ids.at(-1), limit: 100 }
  expect((await bucket.store.listMultipartUploads(bucket.ref, outside)).items).toEqual([])
})
