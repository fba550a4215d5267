import { expect, test } from 'vitest'
import { Bucket } from '../../../durable-objects/bucket/bucket.ts'
import { BUCKET_CHANGES, BUCKET_READS } from '../../../durable-objects/bucket/calls.ts'
import type { BucketContext } from '../../../durable-objects/bucket/context.ts'
import type { CallRow } from '../../../durable-objects/keyspace/calls.ts'

const CALLS: Readonly<Record<string, CallRow<BucketContext>>> = { ...BUCKET_READS, ...BUCKET_CHANGES }

/** The arguments of a call, and the keys that they name. */
const NAMED: readonly (readonly [string, readonly unknown[], readonly string[]])[] = [
  ['lookup', [{ key: 'a', body: true }], ['a']],
  ['listParts', [{ key: 'a', uploadId: 'u', after: 0, limit: 1 }], ['a']],
  ['begin', [{ target: { key: 'a' } }], ['a']],
  ['begin', [{ target: { key: 'a', uploadId: 'u' } }], ['a']],
  ['commitObject', [{ key: 'a' }], ['a']],
  ['deleteObjects', [['a', 'b']], ['a', 'b']],
  ['deleteObjects', [['a', { key: 'b', onlyIf: {} }]], ['a', 'b']],
  ['renameObject', [{ key: 'a', source: { key: 'b' } }], ['a', 'b']],
  ['objectParts', [{ key: 'a' }], ['a']],
  ['copyObject', [{ key: 'a', source: { key: 'b' } }], ['a', 'b']],
  ['copyPart', [{ key: 'a', uploadId: 'u', source: { key: 'b' } }], ['a', 'b']],
  ['objectTags', [{ key: 'a' }], ['a']],
  ['putObjectTags', [{ key: 'a', tags: [] }], ['a']],
  ['createUpload', [{ key: 'a' }], ['a']],
  ['commitPart', [{ key: 'a', uploadId: 'u' }], ['a']],
  ['completeUpload', [{ key: 'a', uploadId: 'u' }], ['a']],
  ['isCopying', [{ key: 'a', id: 'c' }], ['a']],
  ['takeCopy', [{ key: 'a' }], ['a']],
  ['dropCopy', [{ key: 'a', id: 'c' }], ['a']],
  ['abortUpload', [{ key: 'a', uploadId: 'u' }], ['a']],
]

test.each(NAMED)('%s names the keys of %j', (name, args, keys) => expect(CALLS[name]?.keys?.(...args)).toEqual(keys))

test('every row that names keys is tried here', () => {
  const rows = Object.entries(CALLS).flatMap(([name, { keys }]) => (keys ? [name] : []))
  expect(rows.toSorted()).toEqual([...new Set(NAMED.map(([name]) => name))].toSorted())
})

test('every row is a method of the Bucket', () => {
  for (const name of Object.keys(CALLS)) expect(Reflect.get(Bucket.prototype, name), name).toBeInstanceOf(Function)
})
