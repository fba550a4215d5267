import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { isolateMemory, MemoryBudget } from '../../src/core/memory-budget.ts'
import { segmentBindings } from '../../src/env.ts'
import { createSegments } from '../../src/segments/store.ts'
import { createStore } from '../../src/store/store.ts'
import { ATTRIBUTES, env, portsWith, secrets } from '../support/bucket.ts'
import { ROOT, signedRequest } from '../support/s3.ts'
import { attack, type Ground, judge, prepare } from './support.ts'

// Bodies that are opened for a read or a copy that fails all the same, and copies at once.

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

test('21: copies that have memory for one of them follow each other, since none holds a part of what the other one needs', async () => {
  // The clock stands still: whoever waits does so until there is room, however busy the machine is.
  const memory = new MemoryBudget(4 * MIB, { now: () => 0, sleep: (ms) => scheduler.wait(ms) })
  const segments = createSegments(segmentBindings(env), secrets.keyring, { deployment: secrets.accountId, memory })
  const store = createStore(portsWith({ segments }))
  const at = (name: string, key: string) => ({ bucket: { jurisdiction: 'default', name } as const, key })
  const copies = ['one', 'other'].map((key) =>
    store.copyObject(at(ground.theirs, key), { at: at(ground.mine, 'large') }, { ...ATTRIBUTES, directive: 'COPY' }),
  )
  for (const { size } of await Promise.all(copies)) expect(size).toBe(3 * MIB)
  for (let n = 0; n < 100 && memory.heldBytes > 0; n++) await scheduler.wait(20)
  expect(memory.heldBytes).toBe(0)
}, 20_000)
