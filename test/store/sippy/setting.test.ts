import { describe, expect, test } from 'vitest'
import { commitObject, deleteObjects } from '../../../durable-objects/keyspace/objects/objects.ts'
import { takeCopy } from '../../../durable-objects/keyspace/sippy/copies.ts'
import { newMeasure } from '../../../src/core/operations.ts'
import { BINDING_OPERATIONS } from '../../../src/faces/binding/operations.ts'
import { handle } from '../../../src/gateway.ts'
import { Keyring } from '../../../src/segments/keyring.ts'
import { openSecrets, sippyPurpose } from '../../../src/sources/secrets.ts'
import { env, fakeBlob, TestBucket } from '../../support/bucket.ts'
import { countingEnv } from '../../support/counting.ts'
import { textObject } from '../../support/faulty-source.ts'
import { restarted } from '../../support/instance.ts'
import { cost, metered } from '../../support/metered.ts'
import { signedRequest } from '../../support/s3.ts'
import { SOURCE_KEYS, sippyBucket } from '../../support/sippy.ts'

const sealedIn = async (bucket: TestBucket) => {
  const [row] = await bucket.query<{ value: string }>("SELECT value FROM config WHERE name = 'sippy'")
  return JSON.parse(row!.value).sealed as string
}

describe('the credentials', () => {
  test('are sealed for this bucket, and again when the master key was rotated', async () => {
    const { bucket } = await sippyBucket({})
    const NEW = new Uint8Array(32).fill(9).toBase64()
    const before = await sealedIn(bucket)
    expect(before).not.toContain(SOURCE_KEYS.secretAccessKey)
    await restarted(bucket, { MASTER_KEY: NEW, OLD_MASTER_KEYS: env.MASTER_KEY }, () => {})
    const after = await sealedIn(bucket)
    expect(after).not.toBe(before)
    expect(await openSecrets(new Keyring(NEW), sippyPurpose(bucket.ref), after)).toEqual(SOURCE_KEYS)
  })

  test('go with the bucket', async () => {
    const { bucket } = await sippyBucket({})
    await bucket.store.deleteBucket(bucket.ref)
    expect(await bucket.query("SELECT value FROM config WHERE name = 'sippy'").catch(() => [])).toEqual([])
  })
})

describe('a bucket without Sippy pays nothing', () => {
  test('no call for a miss', async () => {
    const bucket = await TestBucket.create()
    const counting = countingEnv(env)
    const send = async (method: string) => (await handle(await signedRequest(method, `/${bucket.ref.name}/absent`), counting.env)).status
    await send('GET')
    counting.take()
    expect(await send('GET')).toBe(404)
    expect(counting.take()).toEqual({ bucket: 1, d1: 0, kv: 0 })
    expect(await send('HEAD')).toBe(404)
    expect(counting.take()).toEqual({ bucket: 1, d1: 0, kv: 0 })
  })

  test('no row for a write or a deletion; with Sippy a copy that was under way costs its row', async () => {
    const written = async (bucket: TestBucket) => {
      const commit = { blob: fakeBlob(5), key: 'k', etag: 'e', httpMetadata: {}, customMetadata: {} }
      const put = cost(
        await metered(bucket, (context) =>
          commitObject(context, { ...commit, blob: { ...commit.blob, tier: 'inline', inline: new Uint8Array(5) } }),
        ),
      )
      const del = cost(await metered(bucket, (context) => deleteObjects(context, ['k'])))
      return { put: put.written, del: del.written }
    }
    const plain = await written(await TestBucket.create())
    const { bucket } = await sippyBucket({})
    expect(await written(bucket)).toEqual(plain)
    const taken = await metered(bucket, (context) => takeCopy(context, { key: 'k', etag: 'e', size: 5 }))
    expect(taken.result.kind).toBe('now')
    expect((await written(bucket)).put).toBeGreaterThan(plain.put)
  })
})

test('the binding reads an absent object from the source, with a version that stays the same', async () => {
  const sippy = await sippyBucket({ objects: { k: textObject('hello') } })
  const call = {
    store: sippy.bucket.store,
    measure: newMeasure(),
    grant: { bucket: sippy.bucket.ref, mayWrite: false, createIfMissing: false },
  }
  const head = await BINDING_OPERATIONS.head(call, 'k')
  const got = await BINDING_OPERATIONS.get(call, 'k', {})
  expect(head).toMatchObject({ key: 'k', size: 5 })
  expect(got?.object.version).toBe(head?.version)
  expect(await new Response(got?.body).text()).toBe('hello')
  expect(await BINDING_OPERATIONS.head(call, 'absent')).toBeNull()
  await sippy.settled()
  expect(await sippy.has('k')).toBe(true)
})
