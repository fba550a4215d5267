import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { walk } from '../../../../durable-objects/keyspace/objects/listing.ts'
import { compareUtf8, normalizeKey } from '../../../../src/core/key.ts'
import type { ListPage, ListPosition, ListQuery } from '../../../../src/core/listing.ts'
import type { ObjectHead, ObjectSummary } from '../../../../src/core/object.ts'
import { commitFake, TestBucket } from '../../../support/bucket.ts'

/** A listing computed without seeks: filter all keys, fold prefixes, cut the page. */
function model(keys: readonly string[], { prefix, delimiter, after, limit }: ListQuery): Omit<ListPage<string>, 'last'> {
  const start = normalizeKey(prefix)
  const behind = keys.filter((key) => key.startsWith(start) && isBehind(key, after))
  const entries: { text: string; folded: boolean }[] = []
  for (const key of behind.sort(compareUtf8)) {
    const at = delimiter ? key.indexOf(delimiter, start.length) : -1
    const entry = at === -1 ? { text: key, folded: false } : { text: key.slice(0, at + delimiter!.length), folded: true }
    if (!(entry.folded && entries.some(({ text, folded }) => folded && text === entry.text))) entries.push(entry)
  }
  const page = entries.slice(0, limit)
  return {
    items: page.filter(({ folded }) => !folded).map(({ text }) => text),
    delimitedPrefixes: page.filter(({ folded }) => folded).map(({ text }) => text),
    truncated: entries.length > limit,
  }
}

function isBehind(key: string, after: ListPosition | undefined): boolean {
  if (!after) return true
  if ('key' in after) return compareUtf8(key, normalizeKey(after.key)) > 0
  const group = normalizeKey(after.prefix)
  return compareUtf8(key, group) > 0 && !key.startsWith(group)
}

// Few different characters, so that keys share prefixes. Some are astral, whose order differs in UTF-16; some are the ends of planes.
const text = (maxLength: number) =>
  fc
    .array(fc.constantFrom('a', 'b', '/', '-', '\u00e9', 'e\u0301', '\ufffd', '\u{1f600}', '\u{10ffff}', '\ud7ff', '\ue000'), { maxLength })
    .map((parts) => parts.join(''))
const key = text(6).filter((value) => value !== '')
const after = fc.option(
  fc.oneof(
    key.map((value): ListPosition => ({ key: value })),
    key.map((value): ListPosition => ({ prefix: value })),
  ),
  { nil: undefined },
)
const query: fc.Arbitrary<ListQuery> = fc.record(
  {
    prefix: fc.oneof(fc.constant(''), text(2)),
    delimiter: fc.constantFrom(undefined, '/', '-', '//', 'a/', '\u{1f600}', 'ab'),
    after,
    limit: fc.constantFrom(0, 1, 2, 3, 5, 1000),
  },
  { noNullPrototype: true },
)

const shown = ({ items, delimitedPrefixes, truncated }: ListPage<ObjectHead>) => ({
  items: items.map(({ key }) => normalizeKey(key)),
  delimitedPrefixes,
  truncated,
})

const summary = ({ key, size, etag, uploadedMs, storageClass }: ObjectHead): ObjectSummary => ({
  key,
  size,
  etag,
  uploadedMs,
  storageClass,
})

describe('a page of a listing', () => {
  test('is what filtering, folding and cutting all keys would give', async () => {
    const bucket = await TestBucket.create()
    const property = fc.asyncProperty(
      fc.uniqueArray(key, { maxLength: 25, selector: normalizeKey }),
      fc.array(query, { maxLength: 12 }),
      async (keys, queries) => {
        await bucket.run((_, { storage }) => storage.sql.exec('DELETE FROM objects'))
        for (const name of keys) await commitFake(bucket, name)
        const stored = keys.map(normalizeKey)
        const pages = await Promise.all(queries.map((asked) => bucket.store.listObjects(bucket.ref, asked)))
        expect(pages.map(shown)).toEqual(queries.map((asked) => model(stored, asked)))
        const brief = await Promise.all(queries.map((asked) => bucket.store.listSummaries(bucket.ref, asked)))
        expect(brief).toEqual(pages.map((page) => ({ ...page, items: page.items.map(summary) })))
      },
    )
    await fc.assert(property, { numRuns: 120 })
  }, 30_000)

  test('leads to the next one: pages of any size together are the whole listing', () => {
    const property = fc.property(fc.uniqueArray(key.map(normalizeKey)), query, fc.integer({ min: 1, max: 4 }), (keys, asked, limit) => {
      const rows = keys.toSorted(compareUtf8).map((name) => ({ key: name }))
      const scan = (from: { key: string; inclusive: boolean }, end: string | null) =>
        rows.filter((row) => {
          const order = compareUtf8(row.key, from.key)
          return (from.inclusive ? order >= 0 : order > 0) && (end === null || compareUtf8(row.key, end) < 0)
        })
      const whole = walk({ ...asked, scan, limit: 1000 })
      const items: string[] = []
      const delimitedPrefixes: string[] = []
      for (let position = asked.after, pages = 0; pages < 200; pages++) {
        const page = walk({ ...asked, scan, after: position, limit })
        expect(page.items.length + page.delimitedPrefixes.length).toBeLessThanOrEqual(limit)
        items.push(...page.items.map((row) => row.key))
        delimitedPrefixes.push(...page.delimitedPrefixes)
        expect(page.last === undefined).toBe(!page.truncated)
        if (!page.truncated) break
        position = page.last
      }
      expect({ items, delimitedPrefixes }).toEqual({ items: whole.items.map((row) => row.key), delimitedPrefixes: whole.delimitedPrefixes })
    })
    fc.assert(property, { numRuns: 1000 })
  })
})

test('a key is shown as it was last written, and listed where its normalised spelling sorts', async () => {
  const bucket = await TestBucket.create()
  await commitFake(bucket, 'e\u0301')
  await commitFake(bucket, 'f')
  const list = async () => (await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 10 })).items.map((item) => item.key)
  expect(await list()).toEqual(['f', 'e\u0301'])
  await commitFake(bucket, '\u00e9')
  expect(await list()).toEqual(['f', '\u00e9'])
  expect((await bucket.store.listObjects(bucket.ref, { prefix: 'e\u0301', limit: 10 })).items).toHaveLength(1)
})

test('metadata is read when it is asked for', async () => {
  const bucket = await TestBucket.create()
  const attributes = { httpMetadata: { contentType: 'text/plain' }, customMetadata: { a: 'b' } }
  await bucket.store.putObject(
    bucket.at('a'),
    { source: { read: async () => new Uint8Array(0), cancel: async () => {} }, size: 0, claims: {} },
    attributes,
  )
  const query = { prefix: '', limit: 10 }
  expect((await bucket.store.listObjects(bucket.ref, query)).items[0]).toMatchObject({ httpMetadata: {}, customMetadata: {} })
  expect((await bucket.store.listObjects(bucket.ref, { ...query, includeMetadata: true })).items[0]).toMatchObject(attributes)
})
