import { expect, test } from 'vitest'
import { ATTRIBUTES, env, randomBytes, TestBucket, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { fsckAll } from '../support/fsck.ts'

// The product's fsck and the checker that the tests of faults rely on share no code. Each of them must find the damage that the other one
// finds.

async function populated(): Promise<TestBucket> {
  const bucket = await TestBucket.create()
  for (const [key, size] of Object.entries({ inline: 10, d1: 50, kv: 250 })) await bucket.put(key, size)
  const at = bucket.at('joined')
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  await bucket.store.uploadPart({ at, uploadId, partNumber: 1 }, uploadOf(randomBytes(100)))
  return bucket
}

const change = (query: string) => (bucket: TestBucket) => bucket.query(query)
const someBlob = (tier: string) => `(SELECT id FROM blobs WHERE tier LIKE '${tier}%' LIMIT 1)`

const DAMAGES: [string, (bucket: TestBucket) => Promise<unknown>][] = [
  ['a blob that counts too many references', change(`UPDATE blobs SET refs = refs + 1 WHERE id = ${someBlob('kv')}`)],
  ['a blob that nothing refers to', change(`UPDATE objects SET blob_id = ${someBlob('inline')}, size = 10 WHERE key = 'd1'`)],
  ['an object without its blob', change(`DELETE FROM blobs WHERE id = ${someBlob('inline')}`)],
  ['a live blob on the list of garbage', change(`INSERT INTO garbage SELECT 9e15, id, tier, 3 FROM blobs WHERE id = ${someBlob('kv')}`)],
  ['a wrong counter', change("UPDATE usage SET objects = objects + 1 WHERE storage_class = 'Standard'")],
  ['an upload that miscounts its bytes', change('UPDATE uploads SET bytes = bytes + 1')],
  [
    'a segment that is gone from KV',
    async (bucket) => {
      const [row] = await bucket.query<{ id: string }>("SELECT id FROM blobs WHERE tier = 'kv'")
      await env.SEGMENTS_KV.delete(`${row!.id}/1`)
    },
  ],
  [
    'a segment that is gone from D1',
    async (bucket) => {
      const [row] = await bucket.query<{ id: string }>("SELECT id FROM blobs WHERE tier LIKE 'd1%'")
      await env.SEGMENTS.prepare('DELETE FROM segments WHERE blob_id = ?').bind(row!.id).run()
    },
  ],
]

test('both find a sound bucket sound', async () => {
  const bucket = await populated()
  expect(await problemsOf(bucket)).toEqual([])
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
})

test.each(DAMAGES)('both find %s', async (_, damage) => {
  const bucket = await populated()
  await damage(bucket)
  expect(await problemsOf(bucket)).not.toEqual([])
  expect(await fsckAll(bucket.store, bucket.ref)).not.toEqual([])
})
