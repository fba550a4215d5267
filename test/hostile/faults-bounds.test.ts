import { evictDurableObject } from 'cloudflare:test'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Bucket } from '../../durable-objects/bucket/bucket.ts'
import { hasEntries, pendingEntries } from '../../durable-objects/common/audit-outbox.ts'
import { copyPart } from '../../durable-objects/keyspace/uploads/copy-part.ts'
import { completeUpload, createUpload } from '../../durable-objects/keyspace/uploads/uploads.ts'
import { listAudit } from '../../src/control/audit.ts'
import { type AuditEntry, auditEntry, type LongValue } from '../../src/core/audit.ts'
import { checkCorsRules } from '../../src/core/cors.ts'
import { checkLifecycleRules, type LifecycleRule } from '../../src/core/lifecycle.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { checkLockRules } from '../../src/core/locks.ts'
import { newVersion } from '../../src/core/object.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { ATTRIBUTES, env, HOUR_MS, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { exportAll, importAll, lose } from '../support/export.ts'
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

describe('F6: partNumber', { timeout: 60_000 }, () => {
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

describe('9: a body', { timeout: 60_000 }, () => {
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
    await sliced(bucket, 'a', 300)
    const before = await bucket.query<{ refs: number }>("SELECT refs FROM blobs WHERE tier <> 'composite' ORDER BY refs DESC LIMIT 1")
    const { uploadId, parts } = await upload(bucket, 'b', Array<string>(4).fill('a'))
    const { written } = await metered(bucket, (context) => completeUpload(context, { key: 'b', uploadId, parts, version: newVersion() }))
    // A slice is a row and its entry in the index of parts; then the two blobs, and what any completion writes.
    expect(written).toBeLessThan(2 * 4 * 300 + 50)
    expect(await bucket.query("SELECT refs FROM blobs WHERE tier <> 'composite' ORDER BY refs DESC LIMIT 1")).toEqual([
      { refs: before[0]!.refs + 4 * 299 },
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

describe('10: a configuration', { timeout: 60_000 }, () => {
  const rule = (n: number, prefixLength: number): LifecycleRule => ({
    id: `rule ${n}`,
    enabled: true,
    prefix: `${n}/`.padEnd(prefixLength, 'p'),
    expiration: { ageSeconds: 86_400 },
  })
  const rules = (count: number, prefixLength: number) => Array.from({ length: count }, (_, n) => rule(n, prefixLength))
  /** What an earlier version took: 900 rules of 900 bytes. */
  const OLD_RULES = rules(900, 900)
  const CORS = { allowedOrigins: ['*'], allowedMethods: ['GET'], exposeHeaders: [] }

  test('has bounds in bytes: a thousand ordinary rules fit, long ones and long lists of headers do not', () => {
    expect(() => checkLifecycleRules(rules(1000, 100))).not.toThrow()
    expect(() => checkLifecycleRules(OLD_RULES)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
    const locks = (length: number) =>
      rules(1000, length).map(({ id, enabled, prefix }) => ({ id, enabled, prefix, condition: { type: 'Indefinite' } as const }))
    expect(() => checkLockRules(locks(100))).not.toThrow()
    expect(() => checkLockRules(locks(900))).toThrow(expect.objectContaining({ code: 'MalformedJSON' }))
    const headers = (count: number) => [{ ...CORS, allowedHeaders: Array.from({ length: count }, (_, n) => `x-header-${n}`) }]
    expect(() => checkCorsRules(headers(3000))).not.toThrow()
    expect(() => checkCorsRules(headers(5000))).toThrow(expect.objectContaining({ code: 'MalformedXML' }))
    const origins = Array.from({ length: 5000 }, (_, n) => `https://${n}.example`)
    expect(() => checkCorsRules([{ ...CORS, allowedHeaders: [], allowedOrigins: origins }])).toThrow('too long')
  })

  test('that an earlier version took is read, kept to, exported and imported, whatever it is now', async () => {
    const bucket = await TestBucket.create()
    const long = [{ ...rule(0, 0), prefix: '', transitions: Array.from({ length: 30_000 }, (_, n) => ({ ageSeconds: n + 1 })) }]
    unwrap(await bucket.api.putSetting('lifecycle', long))
    expect(await bucket.store.getSetting(bucket.ref, 'lifecycle')).toEqual(long)
    await bucket.put('a', 5)
    // Longer than what is taken now, each of them.
    const wide = [{ ...CORS, allowedHeaders: Array.from({ length: 10_000 }, (_, n) => `x-header-${n}`) }]
    unwrap(await bucket.api.putSetting('cors', wide))
    const locks = OLD_RULES.map(({ id, prefix }) => ({ id, prefix, enabled: true, condition: { type: 'Indefinite' } as const }))
    unwrap(await bucket.api.putSetting('locks', locks))
    await bucket.put(locks[7]!.prefix, 1)
    await expect(bucket.store.deleteObject(bucket.at(locks[7]!.prefix))).rejects.toMatchObject({ code: 'ObjectLockedByBucketPolicy' })
    const dueMs = bucket.nowMs + 1000
    expect(await bucket.query("SELECT due_ms FROM objects WHERE key = 'a'")).toEqual([{ due_ms: dueMs }])
    const text = (await exportAll(bucket)).join('')
    await bucket.pass(HOUR_MS)
    await lose(bucket)
    await importAll(bucket, text)
    expect(await bucket.store.getSetting(bucket.ref, 'lifecycle')).toEqual(long)
    expect(await bucket.store.getSetting(bucket.ref, 'cors')).toEqual(wide)
    expect(await bucket.store.getSetting(bucket.ref, 'locks')).toEqual(locks)
    await expect(bucket.store.putSetting(bucket.ref, 'lifecycle', long)).rejects.toMatchObject({ code: 'InvalidArgument' })
    await bucket.store.putSetting(bucket.ref, 'lifecycle', [])
  })

  test('leaves short entries in the audit log: the beginning, the length and a digest of what is long', async () => {
    const bucket = await TestBucket.create()
    const value = rules(1000, 150)
    await bucket.store.putSetting(bucket.ref, 'lifecycle', value)
    bucket.nowMs += 1
    await bucket.store.putSetting(bucket.ref, 'lifecycle', value.slice(1))
    const { entries, bytes } = await logOf(bucket, 100)
    const json = JSON.stringify(value)
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(json))).toHex()
    const long = { truncated: true, bytes: json.length, sha256: digest, beginning: json.slice(0, LIMITS.auditValueBytes) }
    expect(entries.at(-1)!.oldValue).toEqual(long)
    expect(entries.at(-1)!.newValue).toMatchObject({ truncated: true })
    expect(bytes).toBeLessThan(3 * 2 * 2 * LIMITS.auditValueBytes + 3 * 1000)
  })

  test('a character that is cut in two is left out, and what is short stays as it is', () => {
    const entry = (newValue: unknown) => auditEntry({ whenMs: 1, action: 'ImportBucket', resource: { type: 'token', id: 'x' }, newValue })
    for (let n = 0; n < 4; n++) {
      const { beginning } = entry(`${'a'.repeat(n)}${'😀'.repeat(4000)}`).newValue as LongValue
      expect(beginning).not.toContain('\ufffd')
      expect(Buffer.byteLength(beginning)).toBeGreaterThan(LIMITS.auditValueBytes - 4)
      expect(Buffer.byteLength(beginning)).toBeLessThanOrEqual(LIMITS.auditValueBytes)
    }
    const short = { rules: ['x'.repeat(LIMITS.auditValueBytes - 20)] }
    expect(entry(short).newValue).toEqual(short)
    const made = entry('x'.repeat(20_000))
    expect(auditEntry({ ...made, by: made.by }).newValue).toEqual(made.newValue)
  })

  /** The log of a bucket, and how long it is. */
  async function logOf(bucket: TestBucket, limit: number) {
    const filters = [{ field: 'resourceId', values: [bucket.ref.name] }] as const
    const entries = await listAudit(env.CONTROL, { filters, ascending: true, limit })
    return { entries, bytes: JSON.stringify(entries).length }
  }

  /** Entries of `each` bytes, as an earlier version wrote them whole. */
  const oldEntries = (bucket: TestBucket, count: number, each: number): AuditEntry[] =>
    Array.from({ length: count }, (_, n) => ({
      ...auditEntry({
        whenMs: bucket.nowMs + n,
        action: 'PutBucketLifecycleConfiguration',
        resource: { type: 'r2.bucket', id: bucket.ref.name, jurisdiction: 'default' },
      }),
      newValue: [{ id: 'x'.repeat(each) }],
    }))

  test('an outbox that an earlier version filled goes on in bounded pages, and everything arrives', async () => {
    const bucket = await TestBucket.create()
    const old = [...oldEntries(bucket, 6, 900_000), ...oldEntries(bucket, 120, 40_000)]
    await bucket.run((_, { storage: { sql } }) => {
      for (const entry of old) sql.exec('INSERT INTO audit_outbox VALUES (?, ?)', entry.id, JSON.stringify(entry))
    })
    const batches: number[] = []
    const counting = new Proxy(env.CONTROL, {
      get: (db, name) => {
        if (name !== 'batch') return Reflect.get(db, name).bind(db)
        return async (statements: D1PreparedStatement[]) => {
          batches.push(statements.length)
          return db.batch(statements)
        }
      },
    })
    await bucket.run(async (_, state) => {
      const instance = new Bucket(state, { ...env, CONTROL: counting })
      instance.clock = () => bucket.nowMs
      await state.blockConcurrencyWhile(async () => {})
      // What a page holds in memory.
      while (batches.length < 40 && hasEntries(state.storage.sql)) {
        const page = pendingEntries(state.storage.sql)
        expect(JSON.stringify(page).length).toBeLessThan(600 * 1024)
        await instance.alarm()
      }
    })
    // Six alone, and a dozen of 40 KB at a time; each statement is short.
    expect(batches.length).toBeGreaterThan(15)
    expect(await bucket.rows('audit_outbox')).toBe(0)
    const { entries } = await logOf(bucket, 500)
    expect(entries).toHaveLength(1 + old.length)
    await evictDurableObject(bucket.stub)
  })

  test('a page of the log has bounds in bytes, also of what an earlier version wrote', async () => {
    const bucket = await TestBucket.create()
    const insert = env.CONTROL.prepare(
      `INSERT INTO audit (id, when_ms, action, kind, token_id, token_name, ip, face, method, uri, user_agent, ray_id, resource_type,
       resource_id, jurisdiction, old_value, new_value) SELECT ?1 || printf('%06d', value), ?2, 'PutBucketCors', 'update', '', '', NULL, 'S3', 'PUT', '/', NULL, NULL, 'r2.bucket',
       ?3, 'default', NULL, '["' || hex(zeroblob(400000)) || '"]' FROM json_each(?4)`,
    )
    const numbers = JSON.stringify(Array.from({ length: 30 }, (_, n) => n))
    await insert.bind('00', bucket.nowMs, bucket.ref.name, numbers).run()
    for (const limit of [30, 100, 1000]) {
      const { entries, bytes } = await logOf(bucket, limit)
      expect(entries).toHaveLength(Math.min(limit, 31))
      expect(bytes).toBeLessThan(5 * 1024 * 1024)
    }
    const { entries } = await logOf(bucket, 1000)
    expect(entries[1]!.newValue).toMatchObject({ truncated: true, bytes: 800_004, beginning: expect.stringMatching(/^\["0{1000}/) })
  })

  test('in the account counts as well: domains are changes of the bucket', async () => {
    const bucket = await TestBucket.create()
    const put = (n: number) => bucket.api.putSetting('cors', [{ ...CORS, allowedHeaders: [`x-${n}`] }])
    for (let n = 0; n < 99; n++) unwrap(await put(n))
    const managed = (method: string, body?: object) =>
      worker.fetch(
        new Request(`http://localhost/client/v4/accounts/${env.ACCOUNT_ID}/r2/buckets/${bucket.ref.name}/domains/managed`, {
          method,
          headers: { authorization: `Bearer ${env.ROOT_TOKEN}`, 'content-type': 'application/json' },
          body: body && JSON.stringify(body),
        }),
      )
    expect((await managed('PUT', { enabled: true })).status).toBe(200)
    const refused = await managed('PUT', { enabled: false })
    expect([refused.status, await refused.json()]).toMatchObject([429, { errors: [{ code: 10058 }] }])
    expect((await managed('GET')).status).toBe(200)
    const { entries } = await logOf(bucket, 500)
    expect(entries.filter(({ action }) => action === 'ChangeBucketVisibility')).toHaveLength(1)
  })

  test('changes a hundred times at once, and then twice a minute; nothing else is held up', async () => {
    const bucket = await TestBucket.create()
    const put = (n: number) => bucket.api.putSetting('cors', [{ ...CORS, allowedHeaders: [`x-${n}`] }])
    for (let n = 0; n < 100; n++) unwrap(await put(n))
    expect(await put(100)).toMatchObject({ ok: false, code: 'TooManyRequests' })
    expect(await bucket.api.putStorageClass('InfrequentAccess')).toMatchObject({ ok: false, code: 'TooManyRequests' })
    // An object that starts anew has not forgotten it.
    await evictDurableObject(bucket.stub)
    await bucket.setClock()
    expect(await put(101)).toMatchObject({ ok: false, code: 'TooManyRequests' })
    await bucket.put('a', 5)
    bucket.nowMs += 60_000
    unwrap(await put(102))
    unwrap(await put(103))
    expect(await put(104)).toMatchObject({ ok: false, code: 'TooManyRequests' })
    expect((await logOf(bucket, 500)).entries).toHaveLength(1 + 100 + 2)
    expect(await bucket.api.getSetting('cors')).toMatchObject({ ok: true, value: [{ allowedHeaders: ['x-103'] }] })
    await bucket.store.deleteObject(bucket.at('a'))
    unwrap(await bucket.api.remove())
  })
})
