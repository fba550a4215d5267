import { beforeAll, describe, expect, test } from 'vitest'
import type { Upload } from '../../../src/core/byte-source.ts'
import { bytesSource } from '../../../src/core/byte-sources.ts'
import type { CommitObject } from '../../../src/store/bucket-api.ts'
import { createStore } from '../../../src/store/store.ts'
import { ATTRIBUTES, apiWith, GRACE_MS, portsWith, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../../support/bucket.ts'
import { problemsOf } from '../../support/check.ts'
import { fsckAll } from '../../support/fsck.ts'

// An upload whose size is known at its end only: the source adds zeros up to the size that was announced.

const padded = (bytes: Uint8Array, zeros: number): Upload => {
  const whole = new Uint8Array(bytes.length + zeros)
  whole.set(bytes)
  return { ...uploadOf(bytes), source: bytesSource(whole), size: whole.length, actualSize: () => bytes.length }
}

describe.each(Object.entries(TINY_SIZES))('an object of a padded blob: %s', (tier, size) => {
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
  })

  test('is the data without the zeros, for readers, copies and fsck', async () => {
    const bytes = randomBytes(size - 5)
    const plain = await bucket.store.putObject(bucket.at('plain'), uploadOf(bytes), ATTRIBUTES)
    const head = await bucket.store.putObject(bucket.at(tier), padded(bytes, 5), ATTRIBUTES)
    expect([head.size, head.etag, head.checksum]).toEqual([bytes.length, plain.etag, plain.checksum])
    await bucket.store.copyObject(bucket.at('copy'), { at: bucket.at(tier) }, { ...ATTRIBUTES, directive: 'COPY' })
    expect(await bucket.get(tier)).toEqual(bytes)
    expect(await bucket.get('copy')).toEqual(bytes)
    expect(await problemsOf(bucket)).toEqual([])
    expect(await fsckAll(bucket.store, bucket.ref, { deep: true })).toEqual([])
  })

  test('is deleted with all its bytes', async () => {
    await bucket.store.deleteObjects(bucket.ref, [tier, 'copy', 'plain'])
    // The sweep of the composite makes its blob garbage, which has a grace period of its own.
    for (let n = 0; n < 2; n++) await bucket.pass(2 * GRACE_MS)
    expect(await bucket.rows('blobs', 'extents', 'garbage')).toBe(0)
    expect(await bucket.segments()).toEqual([])
  })

  test('is committed once, although the commit arrives twice', async () => {
    const commitObject = async (commit: CommitObject) => {
      await bucket.api.commitObject(commit)
      return bucket.api.commitObject(commit)
    }
    const store = createStore(portsWith({ bucket: (ref) => apiWith(ref, { commitObject }) }))
    const bytes = randomBytes(size - 5)
    await store.putObject(bucket.at(tier), padded(bytes, 5), ATTRIBUTES)
    expect(await bucket.get(tier)).toEqual(bytes)
    expect(await problemsOf(bucket)).toEqual([])
  })
})
