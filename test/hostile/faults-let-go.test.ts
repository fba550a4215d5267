import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isolateMemory } from '../../src/core/memory-budget.ts'
import { ROOT, signedRequest } from '../support/s3.ts'
import { attack, type Ground, judge, prepare, worker } from './support.ts'

// Bodies that are opened for a read or a copy that fails all the same, and many copies at once.

const MIB = 1024 * 1024

let ground: Ground
beforeAll(async () => {
  ground = await prepare()
  const body = 'x'.repeat(3 * MIB)
  await attack(ground, { method: 'PUT', path: `/${ground.mine}/large`, body })
})

/** Whatever was asked for and however it ended, nothing stays claimed. */
afterEach(async () => {
  for (let n = 0; n < 100 && isolateMemory.heldBytes > 0; n++) await scheduler.wait(20)
  expect(isolateMemory.heldBytes).toBe(0)
})

/** Copies across buckets move bytes. Signed by the owner, who may read and write both. */
const copyTo = (key: string, headers: Record<string, string> = {}) =>
  signedRequest('PUT', `/${ground.theirs}/${key}`, {
    credentials: ROOT,
    headers: { 'x-amz-copy-source': `/${ground.mine}/large`, ...headers },
  })

describe('21: what was opened is let go', () => {
  test('by a read that is refused for a header that it asks for', async () => {
    const path = `/${ground.mine}/large?response-content-type=${encodeURIComponent('\u0001')}`
    expect((await attack(ground, { method: 'GET', path })).code).toBe('InvalidArgument')
  })

  test('by a copy that is refused for its metadata', async () => {
    const headers = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-much': 'm'.repeat(8193) }
    expect((await judge(await copyTo('copy', headers))).code).toBe('MetadataTooLarge')
  })
})

test('21: more copies at once than there is memory for wait for each other, and none holds what another one needs', async () => {
  const copies = Array.from({ length: 36 }, async (_, n) => (await worker.fetch(await copyTo(`copy-${n}`))).status)
  expect(new Set(await Promise.all(copies))).toEqual(new Set([200]))
}, 60_000)
