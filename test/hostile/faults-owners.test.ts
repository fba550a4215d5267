import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JURISDICTIONS } from '../../src/core/object.ts'
import { segmentBindings } from '../../src/env.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { labelOf, ownerOf } from '../../src/segments/label.ts'
import { createSegments } from '../../src/segments/store.ts'
import type { OrphansOptions } from '../../src/store/maintenance/fsck.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { apiWith, env, newRef, portsWith, secrets, TestBucket, TINY, TINY_SIZES } from '../support/bucket.ts'
import { fsckAll } from '../support/fsck.ts'

// Tools, versions and keys that meet data which is not theirs.

/** The engine of another deployment over the same KV and D1: another account and master key, and Buckets that know nothing. */
function staging(deployment = 'f'.repeat(32)): Store {
  const keyring = new Keyring(new Uint8Array(32).fill(7).toBase64())
  const segments = createSegments(segmentBindings(env), keyring, { config: TINY, deployment })
  const nothing = { knownBlobs: async () => ({ segments: {}, exists: true, nowMs: Date.now() * 2 }) }
  return createStore(portsWith({ segments, bucket: (ref) => apiWith(ref, nothing) }))
}

async function repairAll(store: Store, options: OrphansOptions = {}) {
  const [findings, strangers] = [[] as unknown[], new Map<string, number>()]
  for (let cursor: OrphansOptions['cursor']; ; ) {
    const { report, next } = await store.fsckOrphans({ ...options, cursor, repair: true })
    findings.push(...report.findings)
    for (const [id, count] of Object.entries(report.strangers ?? {})) strangers.set(id, (strangers.get(id) ?? 0) + count)
    cursor = next as OrphansOptions['cursor']
    if (!cursor) return { findings, strangers }
  }
}

async function threeTiers(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const [key, size] of Object.entries(TINY_SIZES)) await bucket.put(key, size)
  return bucket
}

describe('7: a second deployment over the same stores', () => {
  test('deletes nothing of the first, by any of its repairs, and says whose the segments are', async () => {
    const bucket = await threeTiers()
    const stored = await bucket.segments()
    expect(stored.length).toBeGreaterThan(1)
    const { findings, strangers } = await repairAll(staging())
    expect(findings).toEqual([])
    expect(strangers.get(secrets.accountId)).toBeGreaterThanOrEqual(stored.length)
    for (const options of [{ gone: bucket.ref }, { oldLabels: true }, { gone: bucket.ref, oldLabels: true }]) {
      expect((await repairAll(staging(), options)).findings).toEqual([])
    }
    expect(await bucket.segments()).toEqual(stored)
    for (const key of Object.keys(TINY_SIZES)) await bucket.get(key)
  })

  test('deletes nothing that names no deployment, unless its operator says that it may', async () => {
    const old = portsWith({ segments: createSegments(segmentBindings(env), secrets.keyring, { config: TINY }) })
    const bucket = await TestBucket.create(old)
    for (const [key, size] of Object.entries(TINY_SIZES)) await bucket.put(key, size)
    const stored = await bucket.segments()
    const { findings } = await repairAll(staging())
    expect(findings).toContainEqual(expect.objectContaining({ problem: 'orphan-segment', repaired: false }))
    expect(await bucket.segments()).toEqual(stored)
    expect((await repairAll(staging(), { oldLabels: true })).findings).toContainEqual(expect.objectContaining({ repaired: true }))
    expect(await bucket.segments()).toEqual([])
  })
})

test('7: segments without a deployment are read, checked and swept as they always were', async () => {
  const old = portsWith({ segments: createSegments(segmentBindings(env), secrets.keyring, { config: TINY }) })
  const before = await TestBucket.create(old)
  for (const [key, size] of Object.entries(TINY_SIZES)) await before.put(key, size)
  const store = createStore(portsWith())
  expect(await fsckAll(store, before.ref, { repair: true, deep: true })).toEqual([])
  for (const key of Object.keys(TINY_SIZES)) expect((await store.getObject(before.at(key), {})).kind).toBe('found')
  await before.empty()
  expect(await before.segments()).toEqual([])
})

test('7: a bucket whose object has no tables is no evidence', async () => {
  const bucket = await threeTiers()
  const stored = await bucket.segments()
  const lost = { knownBlobs: async () => ({ segments: {}, exists: false, nowMs: Date.now() * 2 }) }
  const store = createStore(portsWith({ bucket: (ref) => apiWith(ref, lost) }))
  const { findings } = await repairAll(store)
  expect(findings).toContainEqual(expect.objectContaining({ at: expect.objectContaining({ doubt: 'no-bucket' }), repaired: false }))
  expect(await bucket.segments()).toEqual(stored)
  await repairAll(store, { gone: newRef() })
  expect(await bucket.segments()).toEqual(stored)
  await repairAll(store, { gone: bucket.ref })
  expect(await bucket.segments()).toEqual([])
})

test('7: a label comes back as it was made, and other text is no label', () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,40}[a-z0-9]$/)
  const deployment = fc.option(fc.stringMatching(/^[0-9a-f]{32}$/), { nil: undefined })
  fc.assert(
    fc.property(fc.constantFrom(...JURISDICTIONS), name, deployment, (jurisdiction, name, deployment) => {
      const bucket = { jurisdiction, name }
      expect(ownerOf(labelOf(bucket, deployment))).toEqual({ deployment, bucket })
    }),
  )
  for (const text of ['', 'default', 'mars/photos', `${'0'.repeat(31)}/default/photos`, 'default/a/b', 'x/default/photos', 'default/No'])
    expect(ownerOf(text), text).toBeUndefined()
})
