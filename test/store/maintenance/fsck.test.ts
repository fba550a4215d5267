import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Finding, Problem } from '../../../src/core/finding.ts'
import { segmentBindings } from '../../../src/env.ts'
import { Keyring } from '../../../src/segments/keyring.ts'
import { labelOf } from '../../../src/segments/label.ts'
import { createSegments } from '../../../src/segments/store.ts'
import type { FsckCursor, FsckStep, OrphansOptions } from '../../../src/store/maintenance/fsck.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  ATTRIBUTES,
  env,
  fakeBlob,
  HOUR_MS,
  newRef,
  portsWith,
  randomBytes,
  secrets,
  TestBucket,
  TINY,
  TINY_SIZES,
  uploadOf,
} from '../../support/bucket.ts'
import { problemsOf } from '../../support/check.ts'
import { fsckAll } from '../../support/fsck.ts'
import { allowSmallParts, copy, fullBucket, multipart } from '../../support/full-bucket.ts'
import { unindexBucket } from '../../support/index-bucket.ts'

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

const problems = async (bucket: TestBucket, repair = false) =>
  (await fsckAll(bucket.store, bucket.ref, { repair })).map(({ problem }) => problem)

/** Walks through everything that is stored, and repairs. */
async function orphans(store: Store, options: OrphansOptions = {}): Promise<Finding[]> {
  const found: Finding[] = []
  for (let cursor: OrphansOptions['cursor']; ; ) {
    const step = await store.fsckOrphans({ ...options, cursor, repair: true })
    found.push(...step.report.findings)
    cursor = step.next
    if (!cursor) return found
  }
}

/** Stores a segment as a writer of this bucket would. */
const strand = (bucket: TestBucket, { deadlineMs = 0, tier = 'kv' as const, name = labelOf(bucket.ref, secrets.accountId) } = {}) => {
  const { id } = fakeBlob(1)
  const writer = portsWith().segments.tiers.get(tier)!.write(id, { bucket: name, deadlineMs })
  return writer
    .begin(3)
    .then(() => writer.append(new Uint8Array(3)))
    .then(() => writer.finish())
    .then(() => id)
}

test('a sound bucket has no problems, whatever is in it and whatever waits for its sweep', async () => {
  const bucket = await fullBucket()
  expect(await problemsOf(bucket)).toEqual([])
  expect(await problems(bucket)).toEqual([])
  await bucket.pass(2 * HOUR_MS)
  expect(await problems(bucket)).toEqual([])
  await bucket.empty()
  expect(await problems(bucket)).toEqual([])
})

const BLOB_OF = (key: string) => `(SELECT blob_id FROM objects WHERE key = '${key}')`
const NOWHERE = "'00000000000000000000000000000000'"

/** What is broken, what is reported for it, and whether it can be mended. */
const DAMAGES: readonly [name: string, sql: string, problems: readonly Problem[], repairable: boolean][] = [
  [
    'an object whose blob is gone',
    `UPDATE objects SET blob_id = ${NOWHERE} WHERE key = 'inline'`,
    ['object-without-blob', 'wrong-references'],
    false,
  ],
  ['an object of another size than its blob', "UPDATE objects SET size = size + 1 WHERE key = 'kv'", ['wrong-size', 'wrong-usage'], false],
  [
    'a part whose blob is gone',
    `UPDATE parts SET blob_id = ${NOWHERE} WHERE part_number = 2`,
    ['part-without-blob', 'wrong-references'],
    false,
  ],
  ['parts without an upload', "DELETE FROM uploads WHERE state = 'open'", ['parts-without-upload', 'wrong-usage', 'wrong-usage'], true],
  ['an upload that miscounts its parts', "UPDATE uploads SET bytes = 7 WHERE state = 'open'", ['wrong-usage', 'wrong-usage'], true],
  [
    'an extent whose blob is gone',
    `UPDATE extents SET blob_id = ${NOWHERE} WHERE owner_id = ${BLOB_OF('composite')} AND start = 0`,
    ['extent-without-blob', 'wrong-references'],
    false,
  ],
  [
    'an extent beyond its blob',
    `UPDATE extents SET blob_offset = 1 WHERE owner_id = ${BLOB_OF('composite')} AND start = 0`,
    ['extent-outside-blob'],
    false,
  ],
  [
    'a composite with a gap',
    `UPDATE extents SET start = start + 1 WHERE owner_id = ${BLOB_OF('composite')} AND part_number = 2`,
    ['gap-in-composite', 'gap-in-composite'],
    false,
  ],
  [
    'a composite without its end',
    `DELETE FROM extents WHERE owner_id = ${BLOB_OF('composite')} AND part_number = 3`,
    ['wrong-references', 'wrong-size'],
    false,
  ],
  ['extents without an owner', "DELETE FROM garbage WHERE tier = 'composite'", ['extents-without-owner'], true],
  [
    'a living blob on the list of what is swept',
    `INSERT INTO garbage SELECT 99, id, tier, 3 FROM blobs WHERE id = ${BLOB_OF('kv')}`,
    ['garbage-in-use'],
    true,
  ],
  ['a blob with too few references', `UPDATE blobs SET refs = 1 WHERE id = ${BLOB_OF('kv')}`, ['wrong-references'], true],
  ['a blob with too many references', `UPDATE blobs SET refs = 9 WHERE id = ${BLOB_OF('d1')}`, ['wrong-references'], true],
  ['an inline blob that was cut', `UPDATE blobs SET bytes = x'00' WHERE id = ${BLOB_OF('inline')}`, ['wrong-segment-length'], false],
  ['an inline blob without bytes', `UPDATE blobs SET bytes = NULL WHERE id = ${BLOB_OF('inline')}`, ['missing-segment'], false],
  [
    'wrong counters',
    'UPDATE usage SET objects = objects + 1, payload_bytes = 5',
    ['wrong-usage', 'wrong-usage', 'wrong-usage', 'wrong-usage'],
    true,
  ],
  ['an object that is dated for no reason', "UPDATE objects SET due_ms = 8e12 WHERE key = 'kv'", ['wrong-due-date'], true],
  ['a key that is damaged', `UPDATE blobs SET wrapped_key = zeroblob(40) WHERE id = ${BLOB_OF('d1')}`, ['undecryptable-key'], false],
  [
    'a key of a master key that nobody has',
    `UPDATE blobs SET key_id = 'cafecafe' WHERE id = ${BLOB_OF('inline')}`,
    ['undecryptable-key'],
    false,
  ],
]

test.each(DAMAGES)('%s', async (_, sql, expected, repairable) => {
  const bucket = await fullBucket()
  await bucket.query(sql)
  const found = await fsckAll(bucket.store, bucket.ref)
  expect(found.map(({ problem }) => problem).sort()).toEqual([...expected].sort())
  expect(found.every(({ repaired }) => !repaired)).toBe(true)
  const repaired = await fsckAll(bucket.store, bucket.ref, { repair: true })
  if (!repairable) return
  expect(repaired.every((finding) => finding.repaired)).toBe(true)
  expect(await problems(bucket)).toEqual([])
  await bucket.pass(2 * HOUR_MS)
  expect(await problemsOf(bucket)).toEqual([])
})

test('a blob that nothing refers to is discarded like one that lost its last reference', async () => {
  const bucket = await fullBucket()
  await bucket.query("DELETE FROM objects WHERE key IN ('kv', 'copy')")
  expect(new Set(await problems(bucket, true))).toEqual(new Set(['wrong-references', 'wrong-usage']))
  await bucket.pass(2 * HOUR_MS)
  expect(await problemsOf(bucket)).toEqual([])
})

describe('segments', () => {
  test('that are missing are reported one by one', async () => {
    const bucket = await fullBucket()
    const [{ id: inKv }] = (await bucket.query<{ id: string }>(`SELECT ${BLOB_OF('kv')} AS id`)) as [{ id: string }]
    const [{ id: inD1 }] = (await bucket.query<{ id: string }>(`SELECT ${BLOB_OF('d1')} AS id`)) as [{ id: string }]
    await env.SEGMENTS_KV.delete(`${inKv}/1`)
    await env.SEGMENTS.prepare('DELETE FROM segments WHERE blob_id = ?').bind(inD1).run()
    expect(await fsckAll(bucket.store, bucket.ref)).toEqual(
      expect.arrayContaining([
        { problem: 'missing-segment', at: { blobId: inKv, tier: 'kv', segment: 1 }, repaired: false },
        { problem: 'missing-segment', at: { blobId: inD1, tier: 'd1:0', segment: 0 }, repaired: false },
      ]),
    )
  })

  test('of another length are reported with it', async () => {
    const bucket = await fullBucket()
    const [{ id: inKv }] = (await bucket.query<{ id: string }>(`SELECT ${BLOB_OF('kv')} AS id`)) as [{ id: string }]
    const [{ id: inD1 }] = (await bucket.query<{ id: string }>(`SELECT ${BLOB_OF('d1')} AS id`)) as [{ id: string }]
    await env.SEGMENTS_KV.put(`${inKv}/0`, new Uint8Array(5))
    await env.SEGMENTS.prepare("UPDATE segments SET data = 'AAA=' WHERE blob_id = ?").bind(inD1).run()
    expect(await fsckAll(bucket.store, bucket.ref)).toEqual(
      expect.arrayContaining([
        { problem: 'wrong-segment-length', at: { blobId: inKv, tier: 'kv', segment: 0, expected: 144, stored: 5 }, repaired: false },
        expect.objectContaining({ at: { blobId: inD1, tier: 'd1:0', segment: 0, expected: 82, stored: 2 } }),
      ]),
    )
  })

  test('of a blob with more of them than one step looks at are all looked at', async () => {
    const bucket = await TestBucket.create(portsWith({}, { ...TINY, segmentBytes: 32 }))
    await bucket.put('many', 32 * 450)
    const [{ id }] = (await bucket.query<{ id: string }>('SELECT id FROM blobs')) as [{ id: string }]
    for (const n of [0, 199, 200, 449]) await env.SEGMENTS_KV.delete(`${id}/${n}`)
    expect((await fsckAll(bucket.store, bucket.ref)).map(({ at }) => at.segment)).toEqual([0, 199, 200, 449])
  }, 30_000)

  test('whose blob was deleted and swept meanwhile are not missed', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', TINY_SIZES.kv)
    const { api } = bucket
    const slow = portsWith({
      bucket: () =>
        new Proxy(api, {
          get: (stub, name) => async (arg: unknown) => {
            const answer = await (Reflect.get(stub, name) as (arg: unknown) => Promise<unknown>)(arg)
            if (name === 'listBlobs') {
              await bucket.store.deleteObject(bucket.at('a'))
              await bucket.pass(2 * HOUR_MS)
            }
            return answer
          },
        }),
    })
    const other = TestBucket.absent(slow, bucket.ref)
    expect(await problems(other)).toEqual([])
    expect(await bucket.segments()).toEqual([])
  })

  test("protected by a customer's key are checked, the key is not", async () => {
    const bucket = await TestBucket.create()
    const customerKey = { key: randomBytes(32), keyMd5: 'x' }
    await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(TINY_SIZES.kv)), { ...ATTRIBUTES, customerKey })
    expect(await problems(bucket)).toEqual([])
  })
})

test('the objects of a blob are found, whether they share it, are it, or are made of it', async () => {
  const bucket = await fullBucket()
  for (let i = 0; i < 250; i++) await bucket.put(`many/${i}`, 1)
  const at = { at: bucket.at('made'), uploadId: (await bucket.store.createMultipartUpload(bucket.at('made'), ATTRIBUTES)).uploadId }
  const ranges = [0, 100].map((offset) => ({ offset, length: 100 }))
  const parts = []
  for (const [index, range] of ranges.entries()) {
    parts.push(await bucket.store.uploadPartCopy({ ...at, partNumber: index + 1 }, { at: bucket.at('kv') }, { range }))
  }
  await bucket.store.completeMultipartUpload(at.at, { uploadId: at.uploadId, parts })
  const [{ id }] = (await bucket.query<{ id: string }>(`SELECT ${BLOB_OF('kv')} AS id`)) as [{ id: string }]
  const keys: string[] = []
  for (let after = ''; ; ) {
    const page = await bucket.store.keysOf(bucket.ref, { blobIds: [id, 'unknown'], after })
    keys.push(...page.report)
    if (page.next === undefined) break
    after = page.next
  }
  expect(keys).toEqual(['copy', 'kv', 'made'])
})

test('without its master key every blob is undecryptable, and nothing is repaired', async () => {
  const bucket = await fullBucket()
  const lost = createSegments(segmentBindings(env), new Keyring(new Uint8Array(32).toBase64()), { config: TINY })
  const found = await problems(TestBucket.absent(portsWith({ segments: lost }), bucket.ref), true)
  expect(new Set(found)).toEqual(new Set(['undecryptable-key']))
  expect(found).toHaveLength(11)
  expect(await problems(bucket)).toEqual([])
})

describe('orphans', () => {
  test('are segments of this bucket that it does not know, once their write must have ended', async () => {
    const [bucket, other] = [await fullBucket(), await TestBucket.create()]
    const inFlight = bucket.nowMs + HOUR_MS
    await strand(bucket, { deadlineMs: inFlight })
    await strand(other)
    expect(await problems(bucket)).toEqual([])
    const ids = [await strand(bucket), await strand(bucket, { tier: 'd1:0' as never })]
    const found = await fsckAll(bucket.store, bucket.ref)
    expect(found.map(({ problem, at }) => [problem, at.blobId])).toEqual(ids.map((id) => ['orphan-segment', id]))
    expect(await problems(other, true)).toEqual(['orphan-segment'])
    expect(await problems(bucket, true)).toEqual(['orphan-segment', 'orphan-segment'])
    await bucket.pass(2 * HOUR_MS)
    expect(await problems(bucket, true)).toEqual(['orphan-segment'])
    expect(await problemsOf(bucket, other)).toEqual([])
  })

  test('may be behind the last segment of a blob', async () => {
    const bucket = await TestBucket.create()
    await bucket.put('a', TINY_SIZES.kv)
    const [{ id }] = (await bucket.query<{ id: string }>('SELECT id FROM blobs')) as [{ id: string }]
    await env.SEGMENTS_KV.put(`${id}/3`, 'x', {
      metadata: { bucket: labelOf(bucket.ref, secrets.accountId), deadlineMs: 0, sealedBytes: 1 },
    })
    expect(await problems(bucket, true)).toEqual(['orphan-segment'])
    expect(await problemsOf(bucket)).toEqual([])
  })

  test('of buckets that are no more are found by a walk through everything', async () => {
    const bucket = await TestBucket.create()
    const gone = newRef('eu')
    const id = await strand(bucket, { name: labelOf(gone, secrets.accountId) })
    const foreign = await strand(bucket, { name: 'mars/photos' })
    await env.SEGMENTS_KV.put('something else', 'x')
    const place = { bucket: labelOf(gone), blobId: id, tier: 'kv', segment: 0 }
    // Nobody says that the bucket is gone: its object may as well have lost what it knew.
    const doubted = { problem: 'orphan-segment', at: { ...place, doubt: 'no-bucket' }, repaired: false }
    expect(await orphans(bucket.store)).toContainEqual(doubted)
    expect(await orphans(bucket.store, { gone })).toEqual([{ problem: 'orphan-segment', at: place, repaired: true }])
    expect((await bucket.segments()).filter((name) => /^kv [0-9a-f]{32}/.test(name))).toEqual([`kv ${foreign}/0`])
    await env.SEGMENTS_KV.delete(`${foreign}/0`)
    await env.SEGMENTS_KV.delete('something else')
  })

  test('are not the segments of a write in flight, even if its deadline is not on them', async () => {
    const bucket = await TestBucket.create()
    const blob = fakeBlob(1)
    await bucket.api.begin({ blobId: blob.id, tier: 'kv', segments: 1, size: 1, target: { key: 'a' } })
    await env.SEGMENTS_KV.put(`${blob.id}/0`, 'x', {
      metadata: { bucket: labelOf(bucket.ref, secrets.accountId), deadlineMs: 0, sealedBytes: 1 },
    })
    expect(await problems(bucket, true)).toEqual([])
    await bucket.pass(2 * HOUR_MS)
    expect(await bucket.segments()).toEqual([])
  })
})

test('a bucket that the account forgot is listed again', async () => {
  const bucket = await TestBucket.create()
  await unindexBucket(env.CONTROL, bucket.ref)
  expect(await problems(bucket)).toEqual(['not-in-index'])
  expect(await problems(bucket, true)).toEqual(['not-in-index'])
  const { buckets } = await bucket.store.listBuckets({ jurisdiction: 'default', prefix: bucket.ref.name, limit: 1 })
  expect(buckets).toMatchObject([{ name: bucket.ref.name }])
  expect(await problems(bucket)).toEqual([])
})

describe('a check of a bucket in use', () => {
  test('reports nothing that changes behind its back, and its recount is exact', async () => {
    const bucket = await fullBucket()
    for (let i = 0; i < 1500; i++) await bucket.put(`many/${String(i).padStart(4, '0')}`, 1)
    await bucket.query('UPDATE usage SET payload_bytes = 0')
    const open = await multipart(bucket, 'pending', [TINY_SIZES.kv, TINY_SIZES.inline])
    const renameAndTag = async (step: number) => {
      for (const key of ['many/0800', `many/13${step}1`]) {
        await bucket.store.putObjectTags(bucket.at(key), [{ key: 'step', value: 'x'.repeat(step) }])
      }
      await bucket.store.renameObject(bucket.at(`a-renamed-${step}`), { key: `many/12${step}1` })
      await bucket.store.renameObject(bucket.at(`z-renamed-${step}`), { key: `many/03${step}1` })
    }
    const between = async (step: number) => {
      await bucket.store.deleteObject(bucket.at(`many/0${step}0${step % 10}`))
      await bucket.store.deleteObject(bucket.at(`many/14${step}0`))
      await bucket.put('inline', TINY_SIZES.inline + step)
      await bucket.put(`a-${step}`, step)
      await bucket.put(`z-${step}`, TINY_SIZES.d1)
      await copy(bucket, 'kv', `many/0000${step}`)
      await copy(bucket, 'composite', 'copy')
      if (step < 8) await renameAndTag(step)
      if (step === 1) await open.complete()
      if (step === 2) await multipart(bucket, 'late', [TINY_SIZES.d1])
      if (step === 3) await copy(bucket, 'd1', 'composite')
      await bucket.pass(HOUR_MS / 20)
    }
    const found = await fsckAll(bucket.store, bucket.ref, { repair: true, between })
    expect(found).toMatchObject([{ problem: 'wrong-usage', at: { counter: 'payload_bytes', storageClass: 'Standard' } }])
    expect(await problemsOf(bucket)).toEqual([])
    expect(await problems(bucket)).toEqual([])
  }, 60_000)

  test('ends when another begins, or when nobody continues it', async () => {
    const bucket = await fullBucket()
    const [first, second] = [await bucket.store.fsck(bucket.ref, {}), await bucket.store.fsck(bucket.ref, {})]
    await expect(bucket.store.fsck(bucket.ref, { cursor: first.next })).rejects.toMatchObject({ code: 'InvalidRequest' })
    await bucket.store.fsck(bucket.ref, { cursor: second.next })
    await expect(bucket.store.fsck(bucket.ref, { cursor: second.next })).rejects.toMatchObject({ code: 'InvalidRequest' })
    await bucket.pass(2 * HOUR_MS)
    expect(await bucket.query("SELECT name FROM sqlite_master WHERE name LIKE 'check%'")).toEqual([])
    await expect(bucket.store.fsck(bucket.ref, { cursor: second.next })).rejects.toMatchObject({ code: 'InvalidRequest' })
  })

  test('is not stopped by a read that left its cursor open', async () => {
    const bucket = await fullBucket()
    const found = await bucket.run(async (_, { storage }) => {
      const open = storage.sql.exec('SELECT * FROM objects')
      open.next()
      return [await problems(bucket), await problems(bucket)]
    })
    expect(found).toEqual([[], []])
  })

  test('costs nothing afterwards, and leaves nothing in a bucket that is removed', async () => {
    const bucket = await TestBucket.create()
    await problems(bucket)
    expect(await bucket.query("SELECT name FROM sqlite_master WHERE name LIKE 'check%'")).toEqual([])
    await bucket.store.fsck(bucket.ref, {})
    await bucket.store.deleteBucket(bucket.ref)
    await expect(bucket.store.fsck(bucket.ref, {})).rejects.toMatchObject({ code: 'NoSuchBucket' })
    await bucket.pass(HOUR_MS)
    expect(await bucket.query("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")).toEqual([])
  })
})

test.each(['segments', 'bytes'] as const)('the walk through %s ends, however many objects are written meanwhile', async (at) => {
  const bucket = await TestBucket.create()
  const more = async (step: number) => {
    for (let n = 0; n < 110; n++) await bucket.put(`${step}/${n}`, 1)
  }
  await more(0)
  let cursor: FsckCursor | undefined = { at }
  let checked = 0
  for (let step = 1; cursor?.at === at; step++) {
    expect(step).toBeLessThan(5)
    const page: FsckStep = await bucket.store.fsck(bucket.ref, { cursor, skipOrphans: true })
    expect(page.report.findings).toEqual([])
    checked += page.report.checked
    cursor = page.next
    await more(step)
  }
  expect(checked).toBe(110)
})
