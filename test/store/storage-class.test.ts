import { beforeEach, describe, expect, test } from 'vitest'
import type { StorageClass } from '../../src/core/object.ts'
import { ATTRIBUTES, DAY_MS, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { copy } from '../support/full-bucket.ts'

const SIZE = TINY_SIZES.kv
const COPY = { ...ATTRIBUTES, directive: 'COPY' as const }
const customerKey = { key: new Uint8Array(32).fill(7), keyMd5: 'md5-of-7' }

let bucket: TestBucket
const put = (key: string, storageClass: StorageClass, size = SIZE, at = bucket) =>
  at.store.putObject(at.at(key), uploadOf(randomBytes(size)), { ...ATTRIBUTES, storageClass })
const move = (key: string, storageClass: StorageClass) =>
  bucket.store.copyObject(bucket.at(key), { at: bucket.at(key) }, { ...COPY, storageClass })
const billed = async (of = bucket) => {
  const { InfrequentAccess, Standard } = await of.store.bucketUsage(of.ref)
  expect(Standard).toMatchObject({ retrievedBytes: 0, earlyDeletionByteDays: 0 })
  return [InfrequentAccess.retrievedBytes, InfrequentAccess.earlyDeletionByteDays / SIZE]
}

beforeEach(async () => {
  bucket = await TestBucket.create()
})

describe('bytes that are retrieved from Infrequent Access', () => {
  beforeEach(() => put('ia', 'InfrequentAccess'))

  test('are those of every body that is read, as far as it was asked for', async () => {
    await bucket.get('ia')
    const read = (range: { offset: number; length?: number } | { suffix: number }) => bucket.store.getObject(bucket.at('ia'), { range })
    await read({ offset: 10, length: 5 })
    await read({ suffix: 7 })
    expect(await billed()).toEqual([SIZE + 5 + 7, 0])
  })

  test('are none of a head, a condition that fails, a listing, a range that there is not', async () => {
    const at = bucket.at('ia')
    const { head } = await bucket.store.headObject(at, {})
    expect(await bucket.store.getObject(at, { conditions: { ifNoneMatch: [{ etag: head.etag, weak: false }] } })).toMatchObject({
      kind: 'not-modified',
    })
    await expect(bucket.store.getObject(at, { conditions: { ifMatch: [{ etag: 'x', weak: false }] } })).rejects.toMatchObject({
      code: 'PreconditionFailed',
    })
    await expect(bucket.store.getObject(at, { range: { offset: SIZE } })).rejects.toMatchObject({ code: 'InvalidRange' })
    await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 10 })
    expect(await billed()).toEqual([0, 0])
  })

  test('are none of a Standard object', async () => {
    await put('standard', 'Standard')
    await bucket.get('standard')
    await copy(bucket, 'standard', 'copy')
    expect(await billed()).toEqual([0, 0])
  })

  test('are those of a copy, whether its bytes move or not', async () => {
    await copy(bucket, 'ia', 'by reference')
    expect(await billed()).toEqual([SIZE, 0])
    await bucket.store.copyObject(bucket.at('sealed'), { at: bucket.at('ia') }, { ...COPY, customerKey })
    expect(await billed()).toEqual([2 * SIZE, 0])
    const other = await TestBucket.create()
    await other.store.copyObject(other.at('elsewhere'), { at: bucket.at('ia') }, COPY)
    expect([await billed(), await billed(other)]).toEqual([
      [3 * SIZE, 0],
      [0, 0],
    ])
  })

  test('are those of a range that becomes a part', async () => {
    const at = bucket.at('parts')
    const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
    const range = { offset: 3, length: 40 }
    await bucket.store.uploadPartCopy({ at, uploadId, partNumber: 1 }, { at: bucket.at('ia') }, { range })
    expect(await billed()).toEqual([40, 0])
  })

  test('are none of a copy that was refused', async () => {
    await bucket.store.putSetting(bucket.ref, 'locks', [{ id: 'all', enabled: true, condition: { type: 'Indefinite' } }])
    await expect(copy(bucket, 'ia', 'ia')).rejects.toMatchObject({ code: 'ObjectLockedByBucketPolicy' })
    expect(await billed()).toEqual([0, 0])
  })
})

describe('what is left of 30 days of Infrequent Access', () => {
  beforeEach(() => put('ia', 'InfrequentAccess'))

  test('is billed when an object is deleted', async () => {
    bucket.nowMs += 10 * DAY_MS
    await bucket.store.deleteObjects(bucket.ref, ['ia', 'missing'])
    expect(await billed()).toEqual([0, 20])
  })

  test('is billed when an object is replaced, and begins anew', async () => {
    bucket.nowMs += 10 * DAY_MS
    await put('ia', 'InfrequentAccess')
    bucket.nowMs += 5 * DAY_MS
    await put('ia', 'Standard')
    bucket.nowMs += 5 * DAY_MS
    await put('ia', 'Standard')
    expect(await billed()).toEqual([0, 20 + 25])
  })

  test('is billed when an object is moved to Standard, with what moving it retrieves', async () => {
    bucket.nowMs += 29 * DAY_MS
    await move('ia', 'Standard')
    expect(await billed()).toEqual([SIZE, 1])
    await move('ia', 'InfrequentAccess')
    await bucket.store.deleteObject(bucket.at('ia'))
    expect(await billed()).toEqual([SIZE, 1 + 30])
  })

  test('is nothing after 30 days', async () => {
    bucket.nowMs += 30 * DAY_MS
    await bucket.store.deleteObject(bucket.at('ia'))
    expect(await billed()).toEqual([0, 0])
  })

  test('counts from the day that a lifecycle rule moved the object', async () => {
    await bucket.query('UPDATE objects SET uploaded_ms = ?, moved_ms = ?', bucket.nowMs - 400 * DAY_MS, bucket.nowMs - 12 * DAY_MS)
    await bucket.store.deleteObject(bucket.at('ia'))
    expect(await billed()).toEqual([0, 18])
  })

  test('starts at nothing in a bucket that is created again', async () => {
    await bucket.store.deleteObject(bucket.at('ia'))
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.store.createBucket(bucket.ref, {})
    expect(await billed()).toEqual([0, 0])
  })
})
