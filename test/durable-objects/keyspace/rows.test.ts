import { beforeAll, describe, expect, test } from 'vitest'
import { writeSetting } from '../../../durable-objects/common/settings.ts'
import { nextDueMs } from '../../../durable-objects/keyspace/chores/chore.ts'
import { KEYSPACE_CHORES } from '../../../durable-objects/keyspace/chores/chores.ts'
import { expire } from '../../../durable-objects/keyspace/chores/expire.ts'
import type { Context } from '../../../durable-objects/keyspace/context.ts'
import { dropEvents, nextEventMs, noteEvent, pendingEvents, postponeEvents } from '../../../durable-objects/keyspace/events/events.ts'
import { copyObject } from '../../../durable-objects/keyspace/objects/copy.ts'
import { listObjects } from '../../../durable-objects/keyspace/objects/listing.ts'
import { objectParts } from '../../../durable-objects/keyspace/objects/object-parts.ts'
import { commitObject, deleteObjects, lookup } from '../../../durable-objects/keyspace/objects/objects.ts'
import { renameObject } from '../../../durable-objects/keyspace/objects/rename.ts'
import { listUploads } from '../../../durable-objects/keyspace/uploads/list-uploads.ts'
import { completeUpload, createUpload, listParts } from '../../../durable-objects/keyspace/uploads/uploads.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { newVersion } from '../../../src/core/object.ts'
import { ATTRIBUTES, fakeBlob, TestBucket } from '../../support/bucket.ts'
import { cost, metered } from '../../support/metered.ts'
import { CREATIONS, notify, queueIdOf } from '../../support/queues.ts'

// SQLite in a Durable Object is billed by rows, and its speed depends on them. A cursor reads one row more than the caller takes.

const commit = (key: string) => (context: Context) => commitObject(context, { ...ATTRIBUTES, key, blob: fakeBlob(1), etag: '0'.repeat(32) })

async function fill(bucket: TestBucket, keys: readonly string[]): Promise<void> {
  await bucket.change((context) => {
    for (const key of keys) commit(key)(context)
  })
}

/** An object of `count` parts under `key`. */
async function multipart(bucket: TestBucket, key: string, count: number): Promise<void> {
  await bucket.change((context) => {
    const { uploadId } = createUpload(context, { ...ATTRIBUTES, key })
    for (let n = 1; n <= count; n++) {
      const { id, size, tier, chunkBytes, segmentBytes } = fakeBlob(LIMITS.partMinBytes)
      context.sql.exec('INSERT INTO blobs VALUES (?, 1, ?, ?, ?, ?, NULL, NULL, NULL)', id, size, tier, chunkBytes, segmentBytes)
      context.sql.exec('INSERT INTO parts VALUES (?, ?, ?, ?, ?, NULL, 0)', uploadId, n, id, size, '0'.repeat(32))
    }
    const parts = Array.from({ length: count }, (_, i) => ({ partNumber: i + 1, etag: '0'.repeat(32) }))
    completeUpload(context, { key, uploadId, parts, version: newVersion() })
  })
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(6, '0')}`)

describe('a listing', () => {
  let wide: TestBucket
  beforeAll(async () => {
    wide = await TestBucket.create()
    for (let group = 0; group < 10; group++) await fill(wide, names(`group-${group}/`, 2000))
  }, 20_000)

  test('folded at a delimiter reads two rows for each prefix, however many keys are below it', async () => {
    const { result, read } = await metered(wide, ({ sql }) => listObjects(sql, { prefix: '', delimiter: '/', limit: 1000 }))
    expect(result).toMatchObject({ items: [], truncated: false })
    expect(result.delimitedPrefixes).toHaveLength(10)
    expect(read).toBeLessThanOrEqual(2 * 10 + 1)
  })

  test('of one key, to know whether there is any, reads a row or two', async () => {
    for (const limit of [0, 1]) {
      const { result, read } = await metered(wide, ({ sql }) => listObjects(sql, { prefix: 'group-4/', limit }))
      expect(result.truncated).toBe(true)
      expect(read).toBeLessThanOrEqual(limit + 1)
    }
  })

  test('costs the same among ten keys and among thousands, at the beginning and deep inside', async () => {
    const small = await TestBucket.create()
    await fill(small, names('group-5/', 10))
    const page = { prefix: 'group-5/', limit: 5 }
    const few = await metered(small, ({ sql }) => listObjects(sql, page))
    const first = await metered(wide, ({ sql }) => listObjects(sql, page))
    const deep = await metered(wide, ({ sql }) => listObjects(sql, { ...page, after: { key: 'group-5/001500' } }))
    expect([few, first, deep].map(cost)).toEqual([cost(few), cost(few), cost(few)])
    expect(few.read).toBe(5 + 1)
    expect([few, first, deep].flatMap(({ plans }) => plans).filter((plan) => !plan.startsWith('SEARCH'))).toEqual([])
  })

  test('of a thousand keys reads one row more to know whether there are others', async () => {
    const { read } = await metered(wide, ({ sql }) => listObjects(sql, { prefix: '', limit: 1000 }))
    expect(read).toBe(1001)
  })

  test('that ends in the middle leaves no cursor open: tables can be dropped behind it', async () => {
    await wide.run((_, { storage: { sql } }) => {
      sql.exec('CREATE TABLE passing (n INTEGER)')
      for (const delimiter of [undefined, '/']) expect(listObjects(sql, { prefix: '', delimiter, limit: 3 }).truncated).toBe(true)
      sql.exec('DROP TABLE passing')
    })
  })

  test('of uploads reads a row and its index entry for each, wherever it starts', async () => {
    const bucket = await TestBucket.create()
    const ids = await bucket.change((context) =>
      names('same', 500).map(() => createUpload(context, { ...ATTRIBUTES, key: 'same' }).uploadId),
    )
    const marker = ids.toSorted()[400]!
    const query = { prefix: '', limit: 10, after: { key: 'same' }, afterUploadId: marker }
    const { result, read, plans } = await metered(bucket, ({ sql }) => listUploads(sql, query))
    expect(result.items.map(({ uploadId }) => uploadId)).toEqual(ids.toSorted().slice(401, 411))
    expect(read).toBeLessThanOrEqual(2 * 11 + 1)
    expect(plans.filter((plan) => !plan.startsWith('SEARCH'))).toEqual([])
  })
})

describe('a commit', () => {
  test('costs the same in an empty bucket and in a full one', async () => {
    const bucket = await TestBucket.create()
    const empty = await metered(bucket, commit('k'))
    await fill(bucket, names('k', 5000))
    const full = await metered(bucket, commit('k0025000'))
    expect(cost(full)).toEqual(cost(empty))
    expect(empty.written).toBe(3) // The rows: object, blob, counters.
  })

  test('reads no further row for rules that there are none of, and one for a thousand of them', async () => {
    const bucket = await TestBucket.create()
    await fill(bucket, ['k'])
    const without = await metered(bucket, commit('k'))
    const rules = Array.from({ length: 1000 }, (_, n) => ({ id: `${n}`, enabled: true, prefix: 'a', condition: { type: 'Indefinite' } }))
    await bucket.change(({ sql }) => writeSetting(sql, 'locks', rules))
    const under = await metered(bucket, commit('k'))
    expect(cost(under)).toEqual({ ...cost(without), read: without.read + 1 })
  })
})

test('a read writes a row for an object in Infrequent Access, and none for others', async () => {
  const bucket = await TestBucket.create()
  await bucket.change((context) => {
    for (const storageClass of ['Standard', 'InfrequentAccess'] as const) {
      commitObject(context, { ...ATTRIBUTES, key: storageClass, storageClass, blob: fakeBlob(1), etag: '0'.repeat(32) })
    }
  })
  const written = async (key: string, body: boolean) => (await metered(bucket, (context) => lookup(context, { key, body }))).written
  expect([await written('Standard', true), await written('Standard', false)]).toEqual([0, 0])
  expect([await written('InfrequentAccess', true), await written('InfrequentAccess', false)]).toEqual([1, 0])
})

describe('an event notification', () => {
  test('costs a row with the change and a row when it is sent, however many wait; nothing where no rule asks for it', async () => {
    const bucket = await TestBucket.create()
    const without = await metered(bucket, commit('img/0'))
    await notify(bucket, 'events', { actions: CREATIONS, prefix: 'img/' })
    const queueId = await queueIdOf('events')
    const costs = []
    for (const waiting of [0, 5000]) {
      for (let n = 0; n < waiting; n += 1000) await fill(bucket, names(`img/${n}-`, 1000))
      const unasked = await metered(bucket, commit(`other/${waiting}`))
      expect(unasked.written).toBe(without.written)
      const asked = await metered(bucket, commit(`img/asked-${waiting}`))
      expect(asked.written).toBe(without.written + 1)
      const { result } = await metered(bucket, ({ sql }) => sql.exec('SELECT min(seq) AS first FROM events').one())
      const sent = await metered(bucket, ({ sql }) => dropEvents(sql, queueId, Number(result.first)))
      expect(sent.written).toBe(1)
      costs.push([asked, sent].map(cost))
    }
    // The next number is one above the last one: a row is read if there is one.
    expect(costs[1]![0]!.read - costs[0]![0]!.read).toBeLessThanOrEqual(1)
  }, 20_000)

  test('is found without a scan', async () => {
    const bucket = await TestBucket.create()
    await notify(bucket, 'events', { actions: CREATIONS })
    const { plans } = await metered(bucket, (context) => {
      noteEvent(context, { action: 'PutObject', key: 'a' })
      const { queue_id: queueId } = context.sql.exec<{ queue_id: string }>('SELECT queue_id FROM events WHERE queue_id > ?', '').one()
      pendingEvents(context.sql, queueId)
      nextEventMs(context)
      postponeEvents(context, queueId)
      dropEvents(context.sql, queueId, 1)
    })
    expect(plans.filter((plan) => !/^(SEARCH|SCALAR SUBQUERY)/.test(plan))).toEqual([])
  })
})

describe('an object of a thousand parts', () => {
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
    await multipart(bucket, 'thousand', 1000)
    await multipart(bucket, 'two', 2)
  })

  test('is read by range through as many rows as the range has parts, wherever it is', async () => {
    const part = LIMITS.partMinBytes
    for (const [offset, length, slices] of [
      [0, 1, 1],
      [500 * part, 1, 1],
      [500 * part - 1, 2, 2],
      [999 * part + 5, 10, 1],
      [700 * part, 3 * part, 3],
    ] as const) {
      const { result, read } = await metered(bucket, (context) =>
        lookup(context, { key: 'thousand', range: { offset, length }, body: true }),
      )
      expect(result).toMatchObject({ kind: 'found', span: { offset, length }, body: { slices: { length: slices } } })
      expect(read).toBeLessThanOrEqual(4 + 2 * slices)
    }
  })

  test('is read by part number through a few rows', async () => {
    const { result, read } = await metered(bucket, (context) => lookup(context, { key: 'thousand', partNumber: 777, body: true }))
    expect(result).toMatchObject({ span: { offset: 776 * LIMITS.partMinBytes, length: LIMITS.partMinBytes } })
    expect(read).toBeLessThanOrEqual(9)
  })

  test('shows a page of its parts through a row each', async () => {
    const page = (after: number, limit: number) => (context: Context) => objectParts(context, { key: 'thousand', page: { after, limit } })
    const { result, read } = await metered(bucket, page(500, 10))
    expect(result.parts).toEqual({
      list: Array.from({ length: 10 }, (_, i) => ({ partNumber: 501 + i, size: LIMITS.partMinBytes })),
      truncated: true,
    })
    expect(read).toBeLessThanOrEqual(2 * 12 + 1)
    expect((await metered(bucket, (context) => objectParts(context, { key: 'thousand' }))).read).toBe(1)
    const last = await metered(bucket, page(999, 10))
    expect(last.result.parts).toMatchObject({ list: [{ partNumber: 1000 }], truncated: false })
  })

  test('is read from the start in pages of slices', async () => {
    const { result, read } = await metered(bucket, (context) => lookup(context, { key: 'thousand', body: true }))
    expect(result).toMatchObject({ body: { slices: { length: 500 }, rest: {} } })
    expect(read).toBeLessThanOrEqual(4 + 2 * 501)
  })

  test('is asked about without its body through one row', async () => {
    expect((await metered(bucket, (context) => lookup(context, { key: 'thousand', body: false }))).read).toBe(1)
  })

  test('is copied, overwritten, renamed and deleted at the cost of one of two parts', async () => {
    const copy = (from: string, to: string) => (context: Context) =>
      copyObject(context, { ...ATTRIBUTES, key: to, source: { key: from }, directive: 'COPY' })
    const remove = (key: string) => (context: Context) => deleteObjects(context, [key])
    const rename = (from: string, to: string) => (context: Context) =>
      renameObject(context, { key: to, source: { key: from }, version: newVersion() })
    const costs = []
    for (const key of ['two', 'thousand']) {
      const copied = await metered(bucket, copy(key, `${key} again`))
      const shared = await metered(bucket, remove(key))
      const overwritten = await metered(bucket, commit(`${key} again`))
      await multipart(bucket, key, key === 'two' ? 2 : 1000)
      const renamed = await metered(bucket, rename(key, `${key} renamed`))
      const removed = await metered(bucket, remove(`${key} renamed`))
      costs.push([copied, shared, overwritten, renamed, removed].map(cost))
    }
    expect(costs[1]).toEqual(costs[0])
    for (const { written } of costs[1]!) expect(written).toBeLessThanOrEqual(6)
  })
})

test('a rename writes the row of each key, and nothing of the body', async () => {
  const bucket = await TestBucket.create()
  await fill(bucket, ['a'])
  const { written } = await metered(bucket, (context) => renameObject(context, { key: 'b', source: { key: 'a' }, version: newVersion() }))
  expect(written).toBe(2)
})

test('a condition of a delete costs no row', async () => {
  const bucket = await TestBucket.create()
  await fill(bucket, ['a', 'b'])
  const plain = await metered(bucket, (context) => deleteObjects(context, ['a']))
  const onlyIf = { conditions: { ifMatch: '*' as const } }
  const conditional = await metered(bucket, (context) => deleteObjects(context, [{ key: 'b', onlyIf }]))
  expect(cost(conditional)).toEqual(cost(plain))
})

describe('the counters', () => {
  test('take one row of an overwrite', async () => {
    const bucket = await TestBucket.create()
    await fill(bucket, ['a'])
    // The rows: the object, its body, the body before it and that body as garbage, the counters.
    expect((await metered(bucket, commit('a'))).written).toBe(5)
  })

  test('take one row when many keys are deleted', async () => {
    const bucket = await TestBucket.create()
    const keys = names('key-', 100)
    await fill(bucket, keys)
    const { written, result } = await metered(bucket, (context) => deleteObjects(context, keys))
    expect(result.every(({ failure }) => failure === undefined)).toBe(true)
    // The rows of each key: the object, its body, that body as garbage.
    expect(written).toBe(3 * keys.length + 1)
  })
})

test('no statement of an alarm or a page scans a table', async () => {
  const bucket = await TestBucket.create()
  const { uploadId } = await bucket.change((context) => createUpload(context, { ...ATTRIBUTES, key: 'a' }))
  const { plans } = await metered(bucket, (context) => {
    expire(context)
    nextDueMs(context, KEYSPACE_CHORES)
    context.sql.exec('SELECT * FROM garbage WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', 1, 1)
    listParts(context, { key: 'a', uploadId, after: 0, limit: 10 })
    listUploads(context.sql, { prefix: 'a', delimiter: '/', limit: 10 })
    listObjects(context.sql, { prefix: 'a', delimiter: '/', after: { key: 'a' }, limit: 10 })
    completeUploadOrNothing(context, uploadId)
  })
  // The table of walks is scanned for its first row only.
  expect(plans.filter((plan) => !/^(SEARCH|SCALAR SUBQUERY|SCAN CONSTANT ROW|SCAN lifecycle_walk)/.test(plan))).toEqual([])
})

/** Only its statements matter here. */
function completeUploadOrNothing(context: Context, uploadId: string): void {
  try {
    completeUpload(context, { key: 'a', uploadId, parts: [{ partNumber: 1, etag: 'e' }], version: newVersion() })
  } catch {
    // It fails, because the part does not exist.
  }
}
