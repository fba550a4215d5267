import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { LockRule } from '../../src/core/locks.ts'
import type { Conditions } from '../../src/core/object.ts'
import { createStore } from '../../src/store/store.ts'
import { ATTRIBUTES, BYTE_TABLES, DAY_MS, GRACE_MS, portsWith, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { Gate } from '../support/faults.ts'
import { gatedPorts } from '../support/faulty.ts'
import { allowSmallParts, copy, multipart } from '../support/full-bucket.ts'

const LOCKED = { code: 'ObjectLockedByBucketPolicy', status: 409 }
const FOR_GOOD: LockRule = { id: 'good', enabled: true, prefix: 'locked/', condition: { type: 'Indefinite' } }
const forDays = (days: number): LockRule => ({ ...FOR_GOOD, id: `${days} days`, condition: { type: 'Age', maxAgeSeconds: days * 86_400 } })

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

let bucket: TestBucket
const lock = (...rules: LockRule[]) => bucket.store.putSetting(bucket.ref, 'locks', rules)
const overwrite = (key: string, size: number, conditions?: Conditions) =>
  bucket.store.putObject(bucket.at(key), uploadOf(randomBytes(size)), { ...ATTRIBUTES, conditions })

beforeEach(async () => {
  bucket = await TestBucket.create()
})

describe('an object that a rule covers', () => {
  let bytes: Uint8Array
  beforeEach(async () => {
    bytes = await bucket.put('locked/a', TINY_SIZES.kv)
    await lock(FOR_GOOD)
  })

  test.each(Object.entries(TINY_SIZES))('is not overwritten by a body that is stored in %s', async (_, size) => {
    await expect(overwrite('locked/a', size)).rejects.toMatchObject(LOCKED)
    expect(await bucket.get('locked/a')).toEqual(bytes)
  })

  test('refuses before a segment is written', async () => {
    const gate = new Gate()
    const store = createStore(gatedPorts(gate))
    await expect(store.putObject(bucket.at('locked/a'), uploadOf(randomBytes(300)), ATTRIBUTES)).rejects.toMatchObject(LOCKED)
    expect(gate.calls).toEqual(['bucket.begin'])
  })

  test('refuses before a condition is looked at', async () => {
    for (const conditions of [{ ifNoneMatch: '*' }, { ifMatch: [{ etag: '0'.repeat(32), weak: false }] }] as const) {
      for (const size of [TINY_SIZES.inline, TINY_SIZES.kv]) {
        await expect(overwrite('locked/a', size, conditions)).rejects.toMatchObject(LOCKED)
      }
    }
  })

  test('is not copied onto, by reference or by bytes, from itself or from elsewhere', async () => {
    await bucket.put('free', TINY_SIZES.d1)
    const other = await TestBucket.create()
    await other.put('source', TINY_SIZES.kv)
    await expect(copy(bucket, 'free', 'locked/a')).rejects.toMatchObject(LOCKED)
    await expect(copy(bucket, 'locked/a', 'locked/a')).rejects.toMatchObject(LOCKED)
    const across = bucket.store.copyObject(bucket.at('locked/a'), { at: other.at('source') }, { ...ATTRIBUTES, directive: 'COPY' })
    await expect(across).rejects.toMatchObject(LOCKED)
    expect(await bucket.get('locked/a')).toEqual(bytes)
  })

  test('can be read and copied from', async () => {
    await copy(bucket, 'locked/a', 'free')
    expect(await bucket.get('free')).toEqual(bytes)
  })

  test('is not deleted, under any spelling of its key', async () => {
    await expect(bucket.store.deleteObject(bucket.at('locked/a'))).rejects.toMatchObject(LOCKED)
    await lock()
    await bucket.put('é'.normalize('NFC'), 1)
    await lock({ ...FOR_GOOD, prefix: 'é'.normalize('NFD') })
    await expect(bucket.store.deleteObject(bucket.at('é'.normalize('NFD')))).rejects.toMatchObject(LOCKED)
  })

  test('stays when others are deleted with it', async () => {
    await bucket.put('free', 1)
    const deleted = await bucket.store.deleteObjects(bucket.ref, ['free', 'locked/a', 'locked/missing'])
    expect(deleted).toEqual([
      { key: 'free' },
      { key: 'locked/a', failure: expect.objectContaining({ code: LOCKED.code }) },
      { key: 'locked/missing' },
    ])
    expect(await bucket.query('SELECT key FROM objects')).toEqual([{ key: 'locked/a' }])
  })

  test('is not replaced by a completed upload, which stays open until it may be', async () => {
    const upload = await multipart(bucket, 'locked/a', [TINY_SIZES.kv, TINY_SIZES.inline])
    await expect(upload.complete()).rejects.toMatchObject(LOCKED)
    expect((await bucket.store.listParts(bucket.at('locked/a'), { uploadId: upload.uploadId, after: 0, limit: 10 })).parts).toHaveLength(2)
    expect(await bucket.get('locked/a')).toEqual(bytes)
    await lock()
    await upload.complete()
    expect((await bucket.get('locked/a')).length).toBe(TINY_SIZES.kv + TINY_SIZES.inline)
  })

  test('is not there yet: then it can be written, once', async () => {
    await overwrite('locked/new', TINY_SIZES.d1)
    await (await multipart(bucket, 'locked/parts', [TINY_SIZES.d1])).complete()
    await copy(bucket, 'locked/a', 'locked/copy')
    for (const key of ['locked/new', 'locked/parts', 'locked/copy']) {
      await expect(bucket.store.deleteObject(bucket.at(key))).rejects.toMatchObject(LOCKED)
    }
    await bucket.store.deleteObject(bucket.at('locked/missing'))
  })

  test('keeps its bucket from being deleted', async () => {
    await expect(bucket.store.deleteBucket(bucket.ref)).rejects.toMatchObject({ code: 'BucketNotEmpty' })
  })
})

describe('rules', () => {
  test('count from the moment that they are set, for objects of before, and no longer than they are there', async () => {
    await bucket.put('locked/a', 1)
    await overwrite('locked/a', 1)
    await lock(FOR_GOOD)
    await expect(overwrite('locked/a', 1)).rejects.toMatchObject(LOCKED)
    await lock({ ...FOR_GOOD, enabled: false })
    await overwrite('locked/a', 1)
    await lock({ ...FOR_GOOD, prefix: undefined })
    await expect(overwrite('locked/a', 1)).rejects.toMatchObject(LOCKED)
    await lock()
    await overwrite('locked/a', 1)
    expect(await bucket.store.getSetting(bucket.ref, 'locks')).toEqual([])
  })

  test('end with the age of an object, which begins anew when it is written', async () => {
    await bucket.put('locked/a', 1)
    await lock(forDays(7), forDays(2))
    bucket.nowMs += 3 * DAY_MS
    await expect(overwrite('locked/a', 1)).rejects.toMatchObject(LOCKED)
    bucket.nowMs += 4 * DAY_MS
    await overwrite('locked/a', 1)
    await expect(bucket.store.deleteObject(bucket.at('locked/a'))).rejects.toMatchObject(LOCKED)
    bucket.nowMs += 7 * DAY_MS
    await bucket.store.deleteObject(bucket.at('locked/a'))
  })

  test('end on a date', async () => {
    await bucket.put('locked/a', 1)
    await lock({ ...FOR_GOOD, condition: { type: 'Date', date: new Date(bucket.nowMs + DAY_MS).toISOString() } })
    await expect(bucket.store.deleteObject(bucket.at('locked/a'))).rejects.toMatchObject(LOCKED)
    bucket.nowMs += DAY_MS
    await bucket.store.deleteObject(bucket.at('locked/a'))
  })

  test('that cannot be kept are refused, and the old ones stay', async () => {
    await lock(FOR_GOOD)
    await expect(lock(FOR_GOOD, FOR_GOOD)).rejects.toMatchObject({ code: 'MalformedJSON' })
    expect(await bucket.store.getSetting(bucket.ref, 'locks')).toEqual([FOR_GOOD])
  })

  test('of a bucket that there is not are neither read nor written', async () => {
    const absent = TestBucket.absent()
    await expect(absent.store.getSetting(absent.ref, 'locks')).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await expect(absent.store.putSetting(absent.ref, 'locks', [FOR_GOOD])).rejects.toMatchObject({ code: 'NoSuchBucket' })
  })

  test('go with their bucket', async () => {
    await lock({ ...FOR_GOOD, prefix: '' })
    await bucket.store.deleteBucket(bucket.ref)
    await bucket.store.createBucket(bucket.ref, {})
    await bucket.put('a', 1)
    await overwrite('a', 1)
  })

  test('are obeyed by an instance that just woke', async () => {
    await bucket.put('locked/a', 1)
    await lock(FOR_GOOD)
    await bucket.run((_, state) => state.abort('evicted')).catch(() => {})
    await expect(overwrite('locked/a', 1)).rejects.toMatchObject(LOCKED)
  })

  test('that change while bytes are on their way decide at the commit, and nothing is left of the bytes', async () => {
    for (const size of Object.values(TINY_SIZES)) {
      const old = await bucket.put('locked/a', TINY_SIZES.inline)
      const upload = uploadOf(randomBytes(size))
      const source = {
        read: async (length: number) => {
          await lock(FOR_GOOD)
          return upload.source.read(length)
        },
        cancel: () => upload.source.cancel(),
      }
      const store = createStore(portsWith())
      await expect(store.putObject(bucket.at('locked/a'), { ...upload, source }, ATTRIBUTES)).rejects.toMatchObject(LOCKED)
      await bucket.pass(GRACE_MS)
      expect(await bucket.segments()).toEqual([])
      expect(await bucket.rows(...BYTE_TABLES)).toBe(2)
      expect(await bucket.get('locked/a')).toEqual(old)
      await lock()
      await bucket.store.deleteObject(bucket.at('locked/a'))
    }
  })
})
