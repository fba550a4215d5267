import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BlobLayout, sealedSegmentBytes } from '../../../src/core/read-plan.ts'
import { segmentBindings } from '../../../src/env.ts'
import { DEFAULT_SEGMENT_CONFIG } from '../../../src/segments/config.ts'
import { createSegments } from '../../../src/segments/store.ts'
import { ATTRIBUTES, env, portsWith, randomBytes, secrets, TestBucket, uploadOf } from '../../support/bucket.ts'
import { fsckAll } from '../../support/fsck.ts'
import { allowSmallParts, fullBucket } from '../../support/full-bucket.ts'

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

const deep = (bucket: TestBucket) => fsckAll(bucket.store, bucket.ref, { deep: true })

type Blob = BlobLayout & { id: string }
const blobOf = async (bucket: TestBucket, key: string): Promise<Blob> => {
  const query =
    'SELECT id, size, chunk_bytes AS chunkBytes, segment_bytes AS segmentBytes FROM blobs WHERE id = (SELECT blob_id FROM objects WHERE key = ?)'
  return (await bucket.query<Blob>(query, key))[0]!
}

test('a sound bucket is sound to its last byte, whatever is in it', async () => {
  expect(await deep(await fullBucket())).toEqual([])
})

/** Changes one bit of what is stored, and nothing of its length. Returns where. */
const DAMAGES: Record<string, (bucket: TestBucket) => Promise<{ blobId: string; tier: string; segment: number }>> = {
  async inline(bucket) {
    const { id } = await blobOf(bucket, 'inline')
    await bucket.run((_, { storage: { sql } }) => {
      const bytes = new Uint8Array(sql.exec<{ bytes: ArrayBuffer }>('SELECT bytes FROM blobs WHERE id = ?', id).one().bytes)
      bytes[3]! ^= 1
      sql.exec('UPDATE blobs SET bytes = ? WHERE id = ?', bytes, id)
    })
    return { blobId: id, tier: 'inline', segment: 0 }
  },
  async d1(bucket) {
    const { id } = await blobOf(bucket, 'd1')
    const data = (await env.SEGMENTS.prepare('SELECT data FROM segments WHERE blob_id = ?').bind(id).first<string>('data'))!
    const bytes = Uint8Array.fromBase64(data)
    bytes[bytes.length - 1]! ^= 1
    await env.SEGMENTS.prepare('UPDATE segments SET data = ? WHERE blob_id = ?').bind(bytes.toBase64(), id).run()
    return { blobId: id, tier: 'd1:0', segment: 0 }
  },
  async kv(bucket) {
    const blob = await blobOf(bucket, 'kv')
    const name = `${blob.id}/2`
    const { value, metadata } = await env.SEGMENTS_KV.getWithMetadata(name, 'arrayBuffer')
    const bytes = new Uint8Array(value!)
    expect(bytes.byteLength).toBe(sealedSegmentBytes(blob, 2))
    bytes[bytes.length - 1]! ^= 0x80
    await env.SEGMENTS_KV.put(name, bytes, { metadata })
    return { blobId: blob.id, tier: 'kv', segment: 2 }
  },
}

test.each(Object.keys(DAMAGES))('a bit that changed in %s is found, where it is, and only by a deep check', async (tier) => {
  const bucket = await fullBucket()
  const at = await DAMAGES[tier]!(bucket)
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
  expect(await deep(bucket)).toEqual([{ problem: 'damaged-segment', at, repaired: false }])
})

test('what is missing is told once, by the check of segments', async () => {
  const bucket = await fullBucket()
  await env.SEGMENTS_KV.delete(`${(await blobOf(bucket, 'kv')).id}/1`)
  expect((await deep(bucket)).map(({ problem }) => problem)).toEqual(['missing-segment'])
})

test("what a customer's key protects is passed over", async () => {
  const bucket = await TestBucket.create()
  const customerKey = { key: randomBytes(32), keyMd5: 'x' }
  await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(250)), { ...ATTRIBUTES, customerKey })
  expect(await deep(bucket)).toEqual([])
})

test('a store that does not answer is no finding: the step fails and can be repeated', async () => {
  const bucket = await fullBucket()
  const down = {
    ...env.SEGMENTS,
    prepare: () => {
      throw new Error('D1 is down')
    },
  } as unknown as D1Database
  const segments = createSegments({ ...segmentBindings(env), d1: [down] }, secrets.keyring)
  const other = TestBucket.absent(portsWith({ segments }), bucket.ref)
  await expect(other.store.fsck(bucket.ref, { cursor: { at: 'bytes' }, deep: true })).rejects.toThrow()
  expect(await deep(bucket)).toEqual([])
})

test('a large object and many small ones are read in bounded steps', async () => {
  const bucket = await TestBucket.create(portsWith({}, DEFAULT_SEGMENT_CONFIG))
  await bucket.put('large', 70 * 1024 * 1024)
  for (let i = 0; i < 60; i++) await bucket.put(`${i}`, 10)
  const steps: number[] = []
  for (let cursor: { at: 'bytes'; after?: string; from?: number } | undefined = { at: 'bytes' }; cursor; ) {
    const step: Awaited<ReturnType<typeof bucket.store.fsck>> = await bucket.store.fsck(bucket.ref, {
      cursor,
      deep: true,
      skipOrphans: true,
    })
    expect(step.report).toMatchObject({ phase: 'bytes', findings: [] })
    steps.push(step.report.checked)
    cursor = step.next as typeof cursor
  }
  expect(steps.length).toBeGreaterThanOrEqual(2)
  expect(steps.reduce((sum, n) => sum + n, 0)).toBe(3 + 60)
  await bucket.empty()
}, 60_000)
