import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readSecrets } from '../../../src/config.ts'
import { type Env, segmentBindings } from '../../../src/env.ts'
import { renderError } from '../../../src/faces/s3/render-error.ts'
import { Keyring } from '../../../src/segments/keyring.ts'
import { createSegments } from '../../../src/segments/store.ts'
import { ATTRIBUTES, env, portsWith, randomBytes, TestBucket, TINY, TINY_SIZES, uploadOf } from '../../support/bucket.ts'
import { fsckAll } from '../../support/fsck.ts'
import { allowSmallParts, copy, fullBucket, multipart } from '../../support/full-bucket.ts'

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

const NEW_KEY = new Uint8Array(32).fill(7).toBase64()
const OLD_KEY = env.MASTER_KEY!

/** The same bucket as a deployment with other master keys sees it. */
function withKeys(bucket: TestBucket, vars: Partial<Env>): TestBucket {
  const { keyring } = readSecrets({ ...env, ...vars })
  const segments = createSegments(segmentBindings(env), keyring, { config: TINY, sleep: async () => {} })
  const other = TestBucket.absent(portsWith({ segments }), bucket.ref)
  other.nowMs = bucket.nowMs
  return other
}
const during = (bucket: TestBucket) => withKeys(bucket, { MASTER_KEY: NEW_KEY, OLD_MASTER_KEYS: OLD_KEY })
const afterwards = (bucket: TestBucket) => withKeys(bucket, { MASTER_KEY: NEW_KEY })

async function rotateAll(bucket: TestBucket) {
  const total = { checked: 0, rewrapped: 0, lost: 0 }
  for (let after: string | undefined; ; ) {
    const step = await bucket.store.rotateKeys(bucket.ref, after)
    total.checked += step.report.checked
    total.rewrapped += step.report.rewrapped
    total.lost += step.report.findings.length
    after = step.next
    if (after === undefined) return total
  }
}

const contents = async (bucket: TestBucket) => {
  const { items } = await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000 })
  return Promise.all(items.map(async ({ key }) => [key, (await bucket.get(key)).toHex()]))
}

test('everything is readable before, during and after a rotation, and afterwards without the old key', async () => {
  const bucket = await fullBucket()
  const open = await multipart(bucket, 'resumed', [TINY_SIZES.kv, TINY_SIZES.inline])
  const before = await contents(bucket)
  const rotating = during(bucket)
  expect(await contents(rotating)).toEqual(before)
  const late = await rotating.put('new', TINY_SIZES.kv)
  await copy(rotating, 'kv', 'copy of old')
  const { checked, rewrapped, lost } = await rotateAll(rotating)
  expect({ lost, rewrapped }).toEqual({ lost: 0, rewrapped: checked - 1 })
  const done = afterwards(bucket)
  await open.complete()
  for (const [key, bytes] of before) expect((await done.get(key!)).toHex()).toBe(bytes)
  expect(await done.get('new')).toEqual(late)
  expect((await done.get('resumed')).byteLength).toBe(TINY_SIZES.kv + TINY_SIZES.inline)
  expect(await fsckAll(done.store, done.ref)).toEqual([])
  expect(await rotateAll(rotating)).toMatchObject({ rewrapped: 0, lost: 0 })
})

test('goes on from step to step', async () => {
  const bucket = await TestBucket.create()
  for (let i = 0; i < 501; i++) await bucket.put(`${i}`, 1)
  const first = await during(bucket).store.rotateKeys(bucket.ref)
  expect(first).toMatchObject({ report: { checked: 500, rewrapped: 500 }, next: expect.any(String) })
  expect(await during(bucket).store.rotateKeys(bucket.ref, first.next)).toEqual({
    report: { checked: 1, rewrapped: 1, findings: [] },
    next: undefined,
  })
})

test("a customer's key is left alone", async () => {
  const bucket = await TestBucket.create()
  const customerKey = { key: randomBytes(32), keyMd5: 'x' }
  const body = randomBytes(TINY_SIZES.kv)
  await bucket.store.putObject(bucket.at('a'), uploadOf(body), { ...ATTRIBUTES, customerKey })
  expect(await rotateAll(during(bucket))).toEqual({ checked: 1, rewrapped: 0, lost: 0 })
  const got = await afterwards(bucket).store.getObject(bucket.at('a'), { customerKey })
  if (got.kind !== 'found') throw new Error('It is there')
  expect(new Uint8Array(await new Response(got.body as BodyInit).arrayBuffer())).toEqual(body)
})

test('a blob that was deleted or wrapped anew meanwhile stays what it is', async () => {
  const bucket = await TestBucket.create()
  await bucket.put('a', 1)
  const [{ id }] = (await bucket.query<{ id: string }>('SELECT id FROM blobs')) as [{ id: string }]
  const key = { wrappedKey: new Uint8Array(40), keyId: 'feedfeed' }
  const keys = [
    { ...key, blobId: id, oldKeyId: 'cafecafe' },
    { ...key, blobId: 'gone', oldKeyId: 'cafecafe' },
  ]
  expect(await bucket.api.rewrapKeys(keys)).toEqual({ ok: true, value: 0 })
  expect((await bucket.get('a')).byteLength).toBe(1)
})

describe('when a master key is lost', () => {
  test.each(Object.entries(TINY_SIZES))('an object in %s says so, with its own code, and the others are served', async (_, size) => {
    const bucket = await TestBucket.create()
    await bucket.put('lost', size)
    const lost = afterwards(bucket)
    const body = await lost.put('fine', size)
    const error = await lost.get('lost').catch((error) => error)
    const message = `Master key ${new Keyring(OLD_KEY).keyId} is not configured.`
    expect(error).toMatchObject({ code: 'EncryptionKeyUnavailable', message })
    const response = renderError(error, 'GET')
    expect(response.status).toBe(400)
    expect(await response.text()).toContain(`<Code>EncryptionKeyUnavailable</Code><Message>${message}</Message>`)
    expect(await lost.get('fine')).toEqual(body)
    expect(await rotateAll(lost)).toEqual({ checked: 2, rewrapped: 0, lost: 1 })
  })

  test('an object can still be listed, replaced and deleted', async () => {
    const bucket = await fullBucket()
    const lost = afterwards(bucket)
    expect((await lost.store.listObjects(lost.ref, { prefix: '', limit: 10 })).items.length).toBeGreaterThan(3)
    await lost.put('kv', 1)
    expect((await lost.get('kv')).byteLength).toBe(1)
    await lost.store.deleteObject(lost.at('composite'))
    await expect(lost.store.getObject(lost.at('composite'), {})).rejects.toMatchObject({ code: 'NoSuchKey' })
  })
})
