import { expect, test } from 'vitest'
import type { Context } from '../../../../durable-objects/keyspace/context.ts'
import { copyObject } from '../../../../durable-objects/keyspace/objects/copy.ts'
import { commitObject, deleteObjects, lookup } from '../../../../durable-objects/keyspace/objects/objects.ts'
import { objectTags, putObjectTags } from '../../../../durable-objects/keyspace/objects/tags.ts'
import { createUpload } from '../../../../durable-objects/keyspace/uploads/uploads.ts'
import type { TagSet } from '../../../../src/core/tags.ts'
import { ATTRIBUTES, fakeBlob, randomBytes, TestBucket, uploadOf } from '../../../support/bucket.ts'
import { problemsOf } from '../../../support/check.ts'
import { fsckAll } from '../../../support/fsck.ts'
import { cost, metered } from '../../../support/metered.ts'

// SQLite in a Durable Object is billed by rows: tags are in the row of their object, and cost none of their own.

const TAGS: TagSet = [
  { key: 'colour', value: 'red' },
  { key: 'ü', value: '' },
]
const TAG_BYTES = 'colourred'.length + 2

/** Without a content type, which would count as metadata too. */
const PLAIN = { ...ATTRIBUTES, dialect: 'binding' } as const

const commit = (key: string, tags?: TagSet) => (context: Context) =>
  commitObject(context, { ...ATTRIBUTES, ...(tags && { tags }), key, blob: fakeBlob(1), etag: '0'.repeat(32) })

const metadataBytes = async (bucket: TestBucket): Promise<unknown> => {
  const usage = await bucket.api.usage()
  return usage.ok && usage.value.Standard.metadataBytes
}

test('a write, a read, a copy and an upload cost as many rows with tags as without', async () => {
  const bucket = await TestBucket.create()
  const rows = async (tags: TagSet | undefined, key: string) => [
    cost(await metered(bucket, commit(key, tags))),
    cost(await metered(bucket, (context) => lookup(context, { key, body: true }))),
    cost(
      await metered(bucket, (context) => copyObject(context, { ...ATTRIBUTES, key: `${key} copy`, source: { key }, directive: 'COPY' })),
    ),
    cost(await metered(bucket, (context) => createUpload(context, { ...ATTRIBUTES, ...(tags && { tags }), key }))),
    cost(await metered(bucket, (context) => deleteObjects(context, [key]))),
  ]
  expect(await rows(TAGS, 'tagged')).toEqual(await rows(undefined, 'bare'))
})

test('an object without tags stores and returns nothing about them', async () => {
  const bucket = await TestBucket.create()
  for (const [key, tags] of [
    ['none', undefined],
    ['empty', []],
  ] as const) {
    await bucket.change(commit(key, tags))
    expect(await bucket.query('SELECT tags FROM objects WHERE key = ?', key)).toEqual([{ tags: null }])
    expect(await bucket.change((context) => lookup(context, { key, body: false }))).toMatchObject({
      head: expect.not.objectContaining({ tags: expect.anything() }),
    })
  }
  expect(await metadataBytes(bucket)).toBe(0)
})

test('a change of tags writes the row of the object and that of the counters; one that changes nothing writes nothing', async () => {
  const bucket = await TestBucket.create()
  await bucket.change(commit('a'))
  const put = (tags: TagSet) => metered(bucket, (context) => putObjectTags(context, { key: 'a', tags }))
  expect(cost(await put(TAGS))).toEqual({ read: 3, written: 2 })
  expect((await put(TAGS)).written).toBe(0)
  expect((await put([{ key: 'colour', value: 'red' }])).written).toBe(2)
  expect((await put([{ key: 'colour', value: 'tan' }])).written).toBe(1)
  expect(cost(await metered(bucket, (context) => objectTags(context, { key: 'a' })))).toEqual({ read: 1, written: 0 })
})

test('tags count as metadata, through changes, copies, overwrites and deletes', async () => {
  const bucket = await TestBucket.create()
  const sizes: unknown[] = []
  const note = async () => sizes.push(await metadataBytes(bucket))
  await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(5)), { ...PLAIN, tags: TAGS })
  await note()
  await bucket.store.copyObject(bucket.at('b'), { at: bucket.at('a') }, { ...ATTRIBUTES, directive: 'COPY' })
  await note()
  await bucket.store.putObjectTags(bucket.at('a'), [{ key: 'k', value: 'v' }])
  await note()
  await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(5)), PLAIN)
  await note()
  await bucket.store.deleteObject(bucket.at('b'))
  await note()
  expect(sizes).toEqual([TAG_BYTES, 2 * TAG_BYTES, TAG_BYTES + 2, TAG_BYTES, 0])
  expect(await problemsOf(bucket)).toEqual([])
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
})

test('a miscount of tags is found by fsck', async () => {
  const bucket = await TestBucket.create()
  await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(5)), { ...PLAIN, tags: TAGS })
  await bucket.query("UPDATE usage SET metadata_bytes = 0 WHERE storage_class = 'Standard'")
  const found = await fsckAll(bucket.store, bucket.ref, { repair: true })
  expect(found.map(({ problem, at }) => [problem, at.counter, at.counted])).toEqual([['wrong-usage', 'metadata_bytes', TAG_BYTES]])
  expect(await metadataBytes(bucket)).toBe(TAG_BYTES)
})

test('the spelling of a key does not matter, and a missing one is named', async () => {
  const bucket = await TestBucket.create()
  await bucket.change(commit('e\u0301'))
  await bucket.store.putObjectTags(bucket.at('\u00e9'), TAGS)
  expect(await bucket.store.getObjectTags(bucket.at('e\u0301'))).toMatchObject({ tags: TAGS })
  await expect(bucket.store.getObjectTags(bucket.at('x'))).rejects.toMatchObject({ code: 'NoSuchKey' })
  await expect(bucket.store.putObjectTags(bucket.at('x'), TAGS)).rejects.toMatchObject({ code: 'NoSuchKey' })
})
