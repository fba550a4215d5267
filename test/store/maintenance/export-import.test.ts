import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { labelOf } from '../../../src/segments/label.ts'
import { KvTier } from '../../../src/segments/tiers/kv-tier.ts'
import { ATTRIBUTES, DAY_MS, GRACE_MS, HOUR_MS, randomBytes, TestBucket, TINY_SIZES, uploadOf } from '../../support/bucket.ts'
import { problemsOf } from '../../support/check.ts'
import { exportAll, importAll, lose } from '../../support/export.ts'
import { fsckAll } from '../../support/fsck.ts'
import { allowSmallParts, copy, fullBucket, multipart } from '../../support/full-bucket.ts'
import { bindQueues, FakeQueue, notify } from '../../support/queues.ts'

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

const typesOf = (text: string): string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type)

const contents = async (bucket: TestBucket) => {
  const { items } = await bucket.store.listObjects(bucket.ref, { prefix: '', limit: 1000, includeMetadata: true })
  return Promise.all(items.map(async (head) => [head, (await bucket.get(head.key)).toHex()]))
}

const sound = async (bucket: TestBucket) => {
  expect(await fsckAll(bucket.store, bucket.ref)).toEqual([])
  expect(await problemsOf(bucket)).toEqual([])
}

/** What waited for its sweep when the list of it was lost is an orphan, and nothing else is wrong. */
const mended = async (bucket: TestBucket) => {
  await bucket.pass(2 * HOUR_MS)
  const orphans = await fsckAll(bucket.store, bucket.ref, { repair: true })
  expect(new Set(orphans.map(({ problem }) => problem))).toEqual(new Set(['orphan-segment']))
  await sound(bucket)
}

test('a bucket that was lost is what it was: objects, uploads, settings, counters', async () => {
  const bucket = await fullBucket()
  const cors = [{ allowedOrigins: ['*'], allowedMethods: ['GET'], allowedHeaders: [], exposeHeaders: [] }]
  await bucket.store.putSetting(bucket.ref, 'cors', cors as never)
  const locks = [{ id: 'k', enabled: true, prefix: 'empty', condition: { type: 'Indefinite' } }] as const
  await bucket.store.putSetting(bucket.ref, 'locks', locks)
  await bucket.store.putObject(bucket.at('cold'), uploadOf(randomBytes(5)), { ...ATTRIBUTES, storageClass: 'InfrequentAccess' })
  await bucket.query("UPDATE objects SET moved_ms = 1234 WHERE key = 'cold'")
  const tags = [
    { key: 'a', value: '' },
    { key: 'b c', value: 'd' },
  ]
  await bucket.store.putSetting(bucket.ref, 'tags', tags)
  const metadata = { httpMetadata: { contentType: 'text/plain' }, customMetadata: { größe: '✓' }, tags }
  await bucket.store.putObject(bucket.at('é\n"'.normalize('NFD')), uploadOf(randomBytes(5)), metadata)
  const upload = await multipart(bucket, 'resumed', [TINY_SIZES.kv, TINY_SIZES.inline])
  await bucket.pass(2 * HOUR_MS)
  const [before, info, usage] = [await contents(bucket), await bucket.api.info(), await bucket.api.usage()]
  const text = (await exportAll(bucket)).join('')
  await lose(bucket)
  expect(await contents(bucket)).toEqual([])
  await importAll(bucket, text)
  expect(await contents(bucket)).toEqual(before)
  expect(await bucket.api.info()).toEqual(info)
  expect(await bucket.api.usage()).toEqual(usage)
  expect(await bucket.query('SELECT key FROM objects WHERE moved_ms = 1234')).toEqual([{ key: 'cold' }])
  expect(await bucket.store.getSetting(bucket.ref, 'locks')).toEqual(locks)
  await expect(bucket.store.deleteObject(bucket.at('empty'))).rejects.toMatchObject({ code: 'ObjectLockedByBucketPolicy' })
  await bucket.store.putSetting(bucket.ref, 'locks', [])
  expect(await bucket.store.getSetting(bucket.ref, 'cors')).toEqual(cors)
  await mended(bucket)
  await upload.complete()
  await bucket.pass(2 * HOUR_MS)
  await sound(bucket)
  await bucket.empty()
  expect(await bucket.segments()).toEqual([])
  expect(await bucket.rows('objects', 'blobs', 'extents', 'parts', 'garbage')).toBe(0)
})

test('tags come back, of objects, of open uploads and of the bucket, and rules that filter by them govern what comes back', async () => {
  const bucket = await TestBucket.create()
  const tags = [
    { key: 'colour', value: 'red' },
    { key: 'ü b', value: '' },
  ]
  const rules = [{ id: 'r', enabled: true, prefix: '', filter: { tags, sizeLessThan: 100 }, expiration: { ageSeconds: 86_400 } }]
  await bucket.store.putObject(bucket.at('tagged'), uploadOf(randomBytes(5)), { ...ATTRIBUTES, tags })
  await bucket.put('bare', 5)
  const upload = await multipart(bucket, 'parts', [TINY_SIZES.kv, TINY_SIZES.inline], { tags })
  await bucket.store.putSetting(bucket.ref, 'tags', tags)
  await bucket.store.putSetting(bucket.ref, 'lifecycle', rules)
  const usage = await bucket.api.usage()
  const text = (await exportAll(bucket)).join('')
  await lose(bucket)
  await importAll(bucket, text)
  expect(await bucket.api.usage()).toEqual(usage)
  expect(await bucket.store.getSetting(bucket.ref, 'tags')).toEqual(tags)
  expect(await bucket.store.getSetting(bucket.ref, 'lifecycle')).toEqual(rules)
  expect((await bucket.store.getObjectTags(bucket.at('tagged'))).tags).toEqual(tags)
  expect((await bucket.store.getObjectTags(bucket.at('bare'))).tags).toEqual([])
  await upload.complete()
  expect((await bucket.store.getObjectTags(bucket.at('parts'))).tags).toEqual(tags)
  await sound(bucket)
  await bucket.pass(3 * DAY_MS)
  expect((await contents(bucket)).map(([head]) => (head as { key: string }).key)).toEqual(['bare', 'parts'])
})

test.each(['no JSON', '5', '{}', '[{"key":"","value":""}]', '[{"key":5,"value":""}]', '[{"key":"aws:a","value":""}]'])(
  'an import with the tags %s is refused',
  async (tags) => {
    const bucket = await TestBucket.create()
    await bucket.store.putObject(bucket.at('a'), uploadOf(randomBytes(5)), { ...ATTRIBUTES, tags: [{ key: 'a', value: 'b' }] })
    const text = (await exportAll(bucket)).join('').replace(/"tags":"(?:[^"\\]|\\.)*"/, `"tags":${JSON.stringify(tags)}`)
    await lose(bucket)
    await expect(importAll(bucket, text)).rejects.toMatchObject({ code: 'InvalidArgument', message: expect.stringContaining('wrong tags') })
  },
)

test('an export of the version before tags is imported', async () => {
  const bucket = await TestBucket.create()
  const body = await bucket.put('a', 5)
  const text = (await exportAll(bucket))
    .join('')
    .replace('"version":2', '"version":1')
    .replaceAll(/,"tags":null/g, '')
  expect(text).not.toContain('tags')
  await lose(bucket)
  await importAll(bucket, text)
  expect(await bucket.get('a')).toEqual(body)
  expect((await bucket.store.getObjectTags(bucket.at('a'))).tags).toEqual([])
})

test('lifecycle rules come back and govern what comes back, but nothing before all of it is there', async () => {
  const bucket = await TestBucket.create()
  const rules = [{ id: 'r', enabled: true, prefix: 'a', expiration: { ageSeconds: 86_400 }, abortAfterSeconds: 86_400 }]
  for (const key of ['a', 'b']) await bucket.put(key, TINY_SIZES.kv)
  const upload = await multipart(bucket, 'a-open', [TINY_SIZES.d1, TINY_SIZES.inline])
  await copy(bucket, 'a', 'c')
  await bucket.store.putSetting(bucket.ref, 'lifecycle', rules)
  const body = await bucket.get('a')
  const text = (await exportAll(bucket)).join('')
  expect(text).not.toMatch(/due_ms|lifecycle_walk/)
  await lose(bucket)
  bucket.nowMs += 2 * DAY_MS
  const lines = text.trimEnd().split('\n')
  for (const [n, line] of lines.entries()) {
    await bucket.store.importBucket(bucket.ref, line)
    // What is due would take the copy's body along.
    if (n < lines.length - 1) await bucket.ring()
  }
  expect(await bucket.rows('objects')).toBe(3)
  await bucket.pass()
  expect(await bucket.store.getSetting(bucket.ref, 'lifecycle')).toEqual(rules)
  expect((await contents(bucket)).map(([head]) => (head as { key: string }).key)).toEqual(['b', 'c'])
  expect(await bucket.get('c')).toEqual(body)
  await expect(upload.complete()).rejects.toMatchObject({ code: 'NoSuchUpload' })
  await bucket.pass(2 * HOUR_MS)
  await sound(bucket)
  await bucket.empty()
})

test('event notification rules come along, the messages that wait do not, and an import is no event', async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  const bucket = await TestBucket.create()
  await bindQueues(bucket, {})
  await notify(bucket, 'events', { actions: ['PutObject'], prefix: 'a', description: 'd' })
  const rules = await bucket.store.getSetting(bucket.ref, 'notifications')
  await bucket.put('a', 5)
  await bucket.ring()
  expect(await bucket.rows('events')).toBe(1)
  const text = (await exportAll(bucket)).join('')
  await lose(bucket)
  await importAll(bucket, text)
  expect(await bucket.store.getSetting(bucket.ref, 'notifications')).toEqual(rules)
  expect(await bucket.rows('events')).toBe(0)
  const queue = new FakeQueue()
  await bindQueues(bucket, { events: queue })
  await bucket.put('a', 6)
  await bucket.ring()
  expect(queue.messages.map(({ object }) => object.size)).toEqual([6])
})

test('the export has a header, whole lines and an end that counts them', async () => {
  const bucket = await fullBucket()
  const text = (await exportAll(bucket)).join('')
  const [header] = text.split('\n')
  expect(JSON.parse(header!)).toEqual({
    type: 'cairn-bucket',
    version: 2,
    jurisdiction: 'default',
    bucket: bucket.ref.name,
    exportedMs: bucket.nowMs,
  })
  const types = typesOf(text)
  expect(types.at(-1)).toBe('end')
  expect(JSON.parse(text.trimEnd().split('\n').at(-1)!)).toEqual({ type: 'end', lines: types.length - 1 })
  expect(new Set(types)).toEqual(new Set(['cairn-bucket', 'setting', 'upload', 'part', 'blob', 'object', 'extent', 'end']))
})

test('bytes are in it sealed and keys wrapped: nothing opens without the master key', async () => {
  const bucket = await TestBucket.create()
  const secret = new TextEncoder().encode('plain secret')
  await bucket.put('a', secret)
  const text = (await exportAll(bucket)).join('')
  const blob = JSON.parse(text.split('\n').find((line) => line.startsWith('{"type":"blob"'))!)
  expect(Uint8Array.fromBase64(blob.wrapped_key)).toHaveLength(40)
  expect(Uint8Array.fromBase64(blob.bytes)).toHaveLength(secret.length + 16)
  for (const form of ['plain secret', secret.toBase64(), secret.toHex()]) expect(text).not.toContain(form)
})

describe('what was deleted by mistake', () => {
  test('comes back while its bytes are there, and is not swept any more', async () => {
    const bucket = await fullBucket()
    const upload = await multipart(bucket, 'aborted', [TINY_SIZES.kv, TINY_SIZES.inline])
    const [before, text] = [await contents(bucket), (await exportAll(bucket)).join('')]
    for (const [head] of before) await bucket.store.deleteObject(bucket.at((head as { key: string }).key))
    for (const { key, uploadId } of (await bucket.store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })).items) {
      await bucket.store.abortMultipartUpload(bucket.at(key), uploadId)
    }
    await bucket.pass(GRACE_MS - 1000)
    const inline = (before as [{ size: number }, string][]).filter(([{ size }]) => size > 16).length
    expect(inline).toBeGreaterThan(3)
    await importAll(bucket, text)
    await sound(bucket)
    expect(await contents(bucket)).toEqual(before)
    await bucket.pass(DAY_MS)
    await sound(bucket)
    expect(await contents(bucket)).toEqual(before)
    await upload.complete()
    await sound(bucket)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  })

  test('and comes back while the sweep is at it keeps what the sweep has not come to', async () => {
    const bucket = await TestBucket.create()
    for (const key of ['a', 'b', 'c']) await bucket.put(key, TINY_SIZES.kv)
    const text = (await exportAll(bucket)).join('')
    for (const key of ['a', 'b', 'c']) await bucket.store.deleteObject(bucket.at(key))
    bucket.nowMs += GRACE_MS
    const remove = vi.spyOn(KvTier.prototype, 'delete').mockImplementation(() => importAll(bucket, text))
    await bucket.ring()
    expect(remove).toHaveBeenCalledTimes(1)
    remove.mockRestore()
    await bucket.pass(DAY_MS)
    expect(await contents(bucket)).toHaveLength(3)
    await sound(bucket)
  })

  test('and swept meanwhile comes back without its bytes, which fsck says', async () => {
    const bucket = await fullBucket()
    const text = (await exportAll(bucket)).join('')
    await bucket.empty()
    await importAll(bucket, text)
    const found = await fsckAll(bucket.store, bucket.ref)
    expect(new Set(found.map(({ problem }) => problem))).toEqual(new Set(['missing-segment']))
    expect((await bucket.get('inline')).byteLength).toBe(TINY_SIZES.inline)
  })
})

describe('an import', () => {
  let bucket: TestBucket
  let lines: string[]
  beforeAll(async () => {
    bucket = await fullBucket()
    lines = (await exportAll(bucket)).join('').trimEnd().split('\n')
  })
  const give = (to: TestBucket, ...text: string[]) => to.store.importBucket(to.ref, text.join('\n'))

  test('whose last answer was lost is told that it is done, for an hour', async () => {
    const other = await fullBucket()
    for (const ms of [2 * HOUR_MS, 2 * HOUR_MS]) await other.pass(ms)
    const text = (await exportAll(other)).join('')
    await lose(other)
    await importAll(other, text)
    const before = await contents(other)
    const own = text.trimEnd().split('\n')
    const done = { report: { lines: own.length - 1 } }
    expect(await give(other, own.at(-1)!)).toEqual(done)
    expect(await give(other, ...own.slice(0, 3))).toEqual(done)
    expect(await contents(other)).toEqual(before)
    await sound(other)
    // Another export is another matter, and so is the same one into the bucket when it is empty again.
    const later = own[0]!.replace(/"exportedMs":\d+/, '"exportedMs":1')
    await expect(give(other, later)).rejects.toMatchObject({ message: 'The bucket is not empty.' })
    for (const { key } of (await other.store.listObjects(other.ref, { prefix: '', limit: 100 })).items)
      await other.store.deleteObject(other.at(key))
    for (const { key, uploadId } of (await other.store.listMultipartUploads(other.ref, { prefix: '', limit: 100 })).items) {
      await other.store.abortMultipartUpload(other.at(key), uploadId)
    }
    expect(await give(other, ...own)).toEqual(done)
    expect(await contents(other)).toEqual(before)
    await other.pass(HOUR_MS + 1)
    await expect(give(other, ...own)).rejects.toMatchObject({ message: 'The bucket is not empty.' })
    await other.empty()
  })

  test('F4: that is repeated is told that it is done while the bucket is what it left, and no longer', async () => {
    const written = await TestBucket.create()
    const one = await written.put('one', 10)
    const text = (await exportAll(written)).join('')
    const own = text.trimEnd().split('\n')
    const done = { report: { lines: own.length - 1 } }
    const restore = async () => {
      for (const { key } of (await written.store.listObjects(written.ref, { prefix: '', limit: 10 })).items) {
        await written.store.deleteObject(written.at(key))
      }
      await importAll(written, text)
      expect(await written.get('one')).toEqual(one)
      expect(await give(written, ...own)).toEqual(done)
    }
    await restore()
    await written.store.deleteObject(written.at('one'))
    for (const key of ['a', 'b', 'c']) await written.put(key, 10)
    await expect(give(written, ...own)).rejects.toMatchObject({ code: 'InvalidRequest', message: 'The bucket is not empty.' })
    // Whatever a client changes makes it another bucket.
    const changes: [string, () => Promise<unknown>][] = [
      ['a write', () => written.put('one', 10)],
      ['a copy', () => copy(written, 'one', 'two')],
      ['an upload', () => multipart(written, 'open', [])],
      ['a rule', () => written.store.putSetting(written.ref, 'lifecycle', [])],
      ['the storage class', () => written.api.putStorageClass('InfrequentAccess')],
    ]
    for (const [name, change] of changes) {
      await restore()
      await change()
      await expect(give(written, own.at(-1)!), name).rejects.toMatchObject({ code: 'InvalidArgument' })
      await expect(give(written, ...own), name).rejects.toMatchObject({ message: 'The bucket is not empty.' })
      for (const { key, uploadId } of (await written.store.listMultipartUploads(written.ref, { prefix: '', limit: 9 })).items) {
        await written.store.abortMultipartUpload(written.at(key), uploadId)
      }
    }
    await restore()
    // A read changes nothing, and neither does the deletion of what is not there.
    await written.get('one')
    await written.store.deleteObject(written.at('absent'))
    expect(await give(written, own.at(-1)!)).toEqual(done)
  })

  test.each<[string, (header: string) => string]>([
    ['of a later version', (header) => header.replace('"version":2', '"version":3')],
    ['of another bucket', (header) => header.replace(/"bucket":"[^"]*"/, '"bucket":"photos"')],
    ['of another jurisdiction', (header) => header.replace('"default"', '"eu"')],
    ['of another moment', (header) => header.replace(/"exportedMs":\d+/, '"exportedMs":1')],
  ])('F4: that is repeated with a header %s is refused', async (_, change) => {
    const other = await TestBucket.create()
    await other.put('one', 10)
    const text = (await exportAll(other)).join('')
    await lose(other)
    await importAll(other, text)
    const [header, ...rest] = text.trimEnd().split('\n')
    expect(await give(other, header!, ...rest)).toEqual({ report: { lines: rest.length } })
    await expect(give(other, change(header!), ...rest)).rejects.toMatchObject({
      code: expect.stringMatching(/InvalidArgument|InvalidRequest/),
    })
  })

  test('goes into an empty bucket only', async () => {
    await expect(give(bucket, ...lines)).rejects.toMatchObject({ code: 'InvalidRequest', message: 'The bucket is not empty.' })
    await bucket.store.createBucket({ jurisdiction: 'eu', name: 'other' }, {})
    await expect(bucket.store.importBucket({ jurisdiction: 'eu', name: 'other' }, lines[0]!)).rejects.toMatchObject({
      code: 'InvalidArgument',
    })
    await expect(bucket.store.importBucket({ jurisdiction: 'eu', name: 'none' }, lines[0]!)).rejects.toMatchObject({ code: 'NoSuchBucket' })
  })

  test.each<[string, () => string[]]>([
    ['without its header', () => lines.slice(1)],
    ['of a later version', () => [lines[0]!.replace('"version":2', '"version":3')]],
    ['of another bucket', () => [lines[0]!.replace(bucket.ref.name, 'photos')]],
    ['of what is no JSON', () => [lines[0]!, '{']],
    ['of unknown lines', () => [lines[0]!, '{"type":"surprise"}']],
    ['of a setting of the object itself', () => [lines[0]!, '{"type":"setting","name":"schema","value":9}']],
    ['of a row without its columns', () => [lines[0]!, '{"type":"blob","id":"x"}']],
    ['of a part without its upload', () => [lines[0]!, ...lines.filter((line) => line.includes('"type":"part"'))]],
    ['that lacks lines', () => lines.toSpliced(3, 1)],
  ])('%s is refused', async (_, text) => {
    const empty = await TestBucket.create()
    const mine = text().map((line, index) => (index === 0 ? line.replace(bucket.ref.name, empty.ref.name) : line))
    await expect(give(empty, ...mine)).rejects.toMatchObject({ code: 'InvalidArgument' })
    expect(await empty.rows('objects', 'blobs', 'uploads', 'parts', 'extents')).toBe(0)
  })

  test('that broke off is run again, and until then nothing counts as an orphan', async () => {
    const [before, text] = [await contents(bucket), (await exportAll(bucket)).join('')]
    const broken = text.trimEnd().split('\n')
    await lose(bucket)
    await bucket.store.importBucket(bucket.ref, broken.slice(0, broken.length / 2).join('\n'))
    await expect(fsckAll(bucket.store, bucket.ref, { repair: true })).rejects.toMatchObject({ code: 'InvalidRequest' })
    const orphans = await bucket.store.fsckOrphans({ repair: true })
    expect(orphans.report.findings.filter(({ at }) => at.bucket === labelOf(bucket.ref))).toEqual([])
    await importAll(bucket, text)
    expect(await contents(bucket)).toEqual(before)
    await mended(bucket)
  })

  test('stops when somebody else writes to the bucket', async () => {
    const busy = await TestBucket.create()
    await busy.put('a', 1)
    const text = (await exportAll(busy)).join('')
    await lose(busy)
    await give(busy, text.split('\n')[0]!)
    await busy.put('a', 2)
    await expect(importAll(busy, text)).rejects.toMatchObject({ code: 'InvalidRequest', message: expect.stringContaining('written to') })
    expect((await busy.get('a')).byteLength).toBe(2)
  })
})

test('damage is exported as it is, and found where it is imported', async () => {
  const bucket = await fullBucket()
  await bucket.query("DELETE FROM extents WHERE part_number = 3 AND owner_id = (SELECT blob_id FROM objects WHERE key = 'composite')")
  await bucket.query("DELETE FROM blobs WHERE id = (SELECT blob_id FROM objects WHERE key = 'inline')")
  const text = (await exportAll(bucket)).join('')
  await lose(bucket)
  await importAll(bucket, text, 100)
  const found = (await fsckAll(bucket.store, bucket.ref)).map(({ problem }) => problem)
  expect(found).toEqual(expect.arrayContaining(['object-without-blob', 'wrong-size']))
  expect((await bucket.get('kv')).byteLength).toBe(TINY_SIZES.kv)
})

describe('a large bucket', () => {
  /** An object of one blob, 15,000 times over. */
  const longObject = async (bucket: TestBucket, key: string) => {
    await (await multipart(bucket, key, [TINY_SIZES.inline, 1])).complete()
    await bucket.change(({ sql }) => {
      const { blob_id: owner } = sql.exec('SELECT blob_id FROM objects WHERE key = ?', key).one()
      const { blob_id: piece } = sql.exec('SELECT blob_id FROM extents WHERE owner_id = ? AND start = 0', owner as string).one()
      sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM n WHERE i < 15010)
         INSERT INTO extents SELECT ?1, i, 1, ?2, i % 10, 2 FROM n`,
        owner as string,
        piece as string,
      )
      sql.exec('UPDATE blobs SET refs = refs + 15000 WHERE id = ?', piece as string)
      sql.exec('UPDATE blobs SET size = 15011 WHERE id = ?', owner as string)
      sql.exec('UPDATE objects SET size = 15011 WHERE key = ?', key)
      sql.exec("UPDATE usage SET payload_bytes = payload_bytes + 15000 WHERE storage_class = 'Standard'")
    })
  }

  test('is exported in steps, a long body over several of them, each object as it was at one moment', async () => {
    const bucket = await TestBucket.create()
    await longObject(bucket, 'm')
    for (let i = 0; i < 120; i++) await bucket.put(`z-${i}`, TINY_SIZES.inline)
    await sound(bucket)
    const [whole] = await contents(bucket)
    const steps = await exportAll(bucket, async (step) => {
      if (step === 1) await bucket.put('m', 3)
      await bucket.put(`a-${step}`, TINY_SIZES.d1)
      await bucket.put(`z-${step}`, TINY_SIZES.d1)
      await bucket.pass(GRACE_MS / 10)
    })
    expect(steps.length).toBeGreaterThan(1)
    for (const step of steps) expect(step.length).toBeLessThan(3 * 1024 * 1024)
    await lose(bucket)
    await importAll(bucket, steps.join(''), 5000)
    expect((await contents(bucket)).filter(([head]) => (head as { key: string }).key === 'm')).toEqual([whole])
    expect((await bucket.get('z-1')).byteLength).toBe(TINY_SIZES.d1)
    await mended(bucket)
    await bucket.empty()
    expect(await bucket.segments()).toEqual([])
  }, 60_000)

  test('whose long body is swept in the middle of it has to be exported again', async () => {
    const bucket = await TestBucket.create()
    await longObject(bucket, 'm')
    const slow = exportAll(bucket, async () => {
      await bucket.store.deleteObject(bucket.at('m'))
      await bucket.pass(2 * GRACE_MS)
    })
    await expect(slow).rejects.toMatchObject({ code: 'InvalidRequest', message: expect.stringContaining('start again') })
    await copy(bucket, 'm', 'n').catch(() => {})
    await bucket.store.putObject(bucket.at('m'), uploadOf(randomBytes(1)), ATTRIBUTES)
    expect(await exportAll(bucket)).toHaveLength(1)
  })
})
