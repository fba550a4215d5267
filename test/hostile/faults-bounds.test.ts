import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyPart } from '../../durable-objects/keyspace/objects/copy.ts'
import { completeUpload, createUpload } from '../../durable-objects/keyspace/uploads/uploads.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { newVersion } from '../../src/core/object.ts'
import { ATTRIBUTES, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { fsckAll } from '../support/fsck.ts'
import { allowSmallParts, copy } from '../support/full-bucket.ts'
import { cost, metered } from '../support/metered.ts'
import { signedRequest } from '../support/s3.ts'
import { worker } from './support.ts'

// Work per request inside a Bucket and the account's database, and what was remembered or guessed there.

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

/** Makes `key` of parts with these numbers and bodies. */
async function numbered(bucket: TestBucket, key: string, bodies: Readonly<Record<number, Uint8Array>>): Promise<void> {
  const at = bucket.at(key)
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  const parts = []
  for (const [number, body] of Object.entries(bodies)) {
    parts.push(await bucket.store.uploadPart({ at, uploadId, partNumber: Number(number) }, uploadOf(body)))
  }
  await bucket.store.completeMultipartUpload(at, { uploadId, parts })
}

const send = async (method: string, path: string) => worker.fetch(await signedRequest(method, path))

describe('F6: partNumber', () => {
  const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 10_000]
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
  })

  /** What GET and HEAD answer to each number: status, length and range. */
  async function answers(key: string) {
    const found: Record<number, unknown> = {}
    for (const number of NUMBERS) {
      const [got, head] = await Promise.all(
        ['GET', 'HEAD'].map((method) => send(method, `/${bucket.ref.name}/${key}?partNumber=${number}`)),
      )
      const told = (response: Response) => [response.status, response.headers.get('content-range')]
      expect(told(head!)).toEqual(told(got!))
      const text = new Uint8Array(await got!.arrayBuffer())
      if (got!.status !== 416) found[number] = [...told(got!), text.length]
    }
    return found
  }

  test.each<[string, Readonly<Record<number, number>>, Record<number, unknown>]>([
    [
      'numbers with a gap',
      { 1: 20, 2: 30, 10000: 40 },
      { 1: [206, 'bytes 0-19/90', 20], 2: [206, 'bytes 20-49/90', 30], 10000: [206, 'bytes 50-89/90', 40] },
    ],
    ['an empty last part', { 1: 20, 2: 0 }, { 1: [206, 'bytes 0-19/20', 20], 2: [200, null, 0] }],
    ['an empty last part behind a gap', { 1: 20, 7: 0 }, { 1: [206, 'bytes 0-19/20', 20], 7: [200, null, 0] }],
    ['a single part that is not the first', { 5: 20 }, { 5: [206, 'bytes 0-19/20', 20] }],
    ['a single part without a byte', { 5: 0 }, { 5: [200, null, 0] }],
  ])('of %s finds the parts that are there, and no other, also in a copy', async (name, sizes, expected) => {
    const key = name.replaceAll(' ', '-')
    const bodies = Object.fromEntries(Object.entries(sizes).map(([number, size]) => [number, randomBytes(size)]))
    await numbered(bucket, key, bodies)
    expect(await answers(key)).toEqual(expected)
    await copy(bucket, key, `${key}-copied`)
    expect(await answers(`${key}-copied`)).toEqual(expected)
  })

  test('of a simple object is 1, and of an empty one a 200 without a byte', async () => {
    await bucket.put('simple', 9)
    await bucket.put('empty', 0)
    expect(await answers('simple')).toEqual({ 1: [206, 'bytes 0-8/9', 9] })
    expect(await answers('empty')).toEqual({ 1: [200, null, 0] })
  })

  test('of objects of an earlier version, which noted no last number, finds no part that is not there', async () => {
    const empty = new Uint8Array()
    await numbered(bucket, 'old-gap', { 1: randomBytes(20), 2: randomBytes(30), 10000: randomBytes(40) })
    await numbered(bucket, 'old-tail', { 1: randomBytes(20), 2: empty })
    await bucket.query('UPDATE objects SET last_part = NULL')
    expect(Object.keys(await answers('old-gap'))).toEqual(['1', '2', '10000'])
    expect(Object.keys(await answers('old-tail'))).toEqual(['1', '2'])
    expect(await problemsOf(bucket)).toEqual([])
  })
})

describe('9: a body', () => {
  const ETAG = '0'.repeat(32)

  /** Makes an object of `extents` slices of one byte, whose neighbours do not follow each other in their blob. */
  async function sliced(bucket: TestBucket, key: string, extents: number): Promise<void> {
    await numbered(bucket, key, { 1: randomBytes(10), 2: randomBytes(1) })
    await bucket.change(({ sql }) => {
      const { blob_id: owner } = sql.exec<{ blob_id: string }>('SELECT blob_id FROM objects WHERE key = ?', key).one()
      const { blob_id: piece } = sql.exec<{ blob_id: string }>('SELECT blob_id FROM extents WHERE owner_id = ? AND start = 0', owner).one()
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < ?3 + 8)
         INSERT INTO extents SELECT ?1, i, 1, ?2, (i * 3) % 10, 2 FROM n`,
        owner,
        piece,
        extents,
      )
      sql.exec('UPDATE blobs SET refs = refs + ? WHERE id = ?', extents - 2, piece)
      sql.exec('UPDATE blobs SET size = ? WHERE id = ?', extents + 9, owner)
      sql.exec('UPDATE objects SET size = ? WHERE key = ?', extents + 9, key)
      sql.exec("UPDATE usage SET payload_bytes = payload_bytes + ? WHERE storage_class = 'Standard'", extents - 2)
    })
  }

  /** An upload whose parts share these objects' bodies. */
  const upload = (bucket: TestBucket, key: string, sources: readonly string[]) =>
    bucket.change((context) => {
      const { uploadId } = createUpload(context, { ...ATTRIBUTES, key })
      for (const [i, source] of sources.entries()) {
        const row = context.sql.exec<{ blob_id: string; size: number }>('SELECT blob_id, size FROM objects WHERE key = ?', source).one()
        context.sql.exec('UPDATE blobs SET refs = refs + 1 WHERE id = ?', row.blob_id)
        context.sql.exec('INSERT INTO parts VALUES (?, ?, ?, ?, ?, NULL, 0)', uploadId, i + 1, row.blob_id, row.size, ETAG)
      }
      return { uploadId, parts: sources.map((_, i) => ({ partNumber: i + 1, etag: ETAG })) }
    })

  /** What a step that fails costs, and why it fails. */
  const refused = (bucket: TestBucket, work: Parameters<typeof metered<unknown>>[1]) =>
    metered(bucket, (context) => {
      try {
        return work(context)
      } catch (error) {
        return error
      }
    })

  test('of more slices than the limit is refused before a row is written, and no more rows are read than the limit', async () => {
    const bucket = await TestBucket.create()
    await sliced(bucket, 'a', 1000)
    const { uploadId, parts } = await upload(bucket, 'b', Array<string>(21).fill('a'))
    const complete = { key: 'b', uploadId, parts, version: newVersion() }
    const { result, read, written } = await refused(bucket, (context) => completeUpload(context, complete))
    expect(result).toMatchObject({ code: 'InvalidRequest', message: expect.stringContaining(`more than ${LIMITS.extents} pieces`) })
    expect(written).toBe(0)
    expect(read).toBeLessThan(LIMITS.extents + 200)
    // However many parts there are of however many slices.
    const many = await upload(bucket, 'c', Array<string>(2000).fill('a'))
    const more = await refused(bucket, (context) => completeUpload(context, { ...complete, ...many, key: 'c' }))
    expect(more.written).toBe(0)
    expect(more.read).toBeLessThan(LIMITS.extents + 2 * 2000 + 200)
  })

  test('of no more than the limit is made, with one reference counted for each blob that it shares', async () => {
    const bucket = await TestBucket.create()
    await sliced(bucket, 'a', 1000)
    const before = await bucket.query<{ refs: number }>("SELECT refs FROM blobs WHERE tier <> 'composite' ORDER BY refs DESC LIMIT 1")
    const { uploadId, parts } = await upload(bucket, 'b', Array<string>(4).fill('a'))
    const { written } = await metered(bucket, (context) => completeUpload(context, { key: 'b', uploadId, parts, version: newVersion() }))
    // A slice is a row and its entry in the index of parts; then the two blobs, and what any completion writes.
    expect(written).toBeLessThan(2 * 4000 + 50)
    expect(await bucket.query("SELECT refs FROM blobs WHERE tier <> 'composite' ORDER BY refs DESC LIMIT 1")).toEqual([
      { refs: before[0]!.refs + 4 * 999 },
    ])
    expect(await problemsOf(bucket)).toEqual([])
    const [a, b] = [await bucket.get('a'), await bucket.get('b')]
    expect(b).toEqual(new Uint8Array([...a, ...a, ...a, ...a]))
  })

  test('of a range costs the rows of the range, and no range has more than the limit', async () => {
    const bucket = await TestBucket.create()
    await sliced(bucket, 'a', 25_000)
    const { uploadId } = await upload(bucket, 'b', [])
    const part = (range: { offset: number; length: number }) => ({ key: 'b', uploadId, partNumber: 1, source: { key: 'a' }, range })
    const tooMany = await refused(bucket, (context) => copyPart(context, part({ offset: 1, length: 24_000 })))
    expect(tooMany.result).toMatchObject({ code: 'InvalidRequest' })
    expect(tooMany.written).toBe(0)
    expect(tooMany.read).toBeLessThan(LIMITS.extents + 20)
    const few = await metered(bucket, (context) => copyPart(context, part({ offset: 12_000, length: 100 })))
    expect(few.result).toMatchObject({ kind: 'copied', value: { size: 100 } })
    expect(few.written).toBeLessThan(2 * 100 + 10)
    expect(few.read).toBeLessThan(2 * 100 + 20)
    expect(cost(few).read).toBeGreaterThan(100)
  })

  test('that is copied in ranges, and the copy again, does not grow: what one copy cut the next one joins', async () => {
    const bucket = await TestBucket.create()
    const body = await bucket.put('level-0', TINY_SIZES.kv)
    for (let level = 1; level <= 6; level++) {
      const at = bucket.at(`level-${level}`)
      const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
      const cut = 20 * level
      const parts = []
      for (const [index, [offset, length]] of [
        [0, cut],
        [cut, TINY_SIZES.kv - cut],
      ].entries()) {
        const source = { at: bucket.at(`level-${level - 1}`) }
        const range = { offset: offset!, length: length! }
        parts.push(await bucket.store.uploadPartCopy({ at, uploadId, partNumber: index + 1 }, source, { range }))
      }
      await bucket.store.completeMultipartUpload(at, { uploadId, parts })
      expect(await bucket.get(`level-${level}`)).toEqual(body)
      const [{ n } = { n: 0 }] = await bucket.query<{ n: number }>(
        'SELECT count(*) AS n FROM extents WHERE owner_id = (SELECT blob_id FROM objects WHERE key = ?)',
        `level-${level}`,
      )
      expect(n).toBe(2)
    }
    expect(await problemsOf(bucket)).toEqual([])
    expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
    await bucket.empty()
    expect(await bucket.rows('objects', 'extents', 'blobs')).toBe(0)
  })

  test('that is copied into a part is no larger than one that is uploaded', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('large', 250)
    const size = LIMITS.uploadBytes + 1
    await bucket.query("UPDATE objects SET size = ? WHERE key = 'large'", size)
    await bucket.query('UPDATE blobs SET size = ?', size)
    const at = bucket.at('b')
    const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
    const copied = (range?: { offset: number; length: number }) =>
      bucket.store.uploadPartCopy({ at, uploadId, partNumber: 1 }, { at: bucket.at('large') }, { range })
    await expect(copied()).rejects.toMatchObject({ code: 'InvalidRequest', message: expect.stringContaining('maximum allowable size') })
    expect(await copied({ offset: 1, length: LIMITS.uploadBytes })).toMatchObject({ size: LIMITS.uploadBytes })
  })
})
