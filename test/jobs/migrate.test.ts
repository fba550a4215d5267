import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { unwrap } from '../../src/core/outcome.ts'
import type { JobApi } from '../../src/jobs/job-api.ts'
import { newJobId } from '../../src/jobs/job-id.ts'
import type { JobPorts } from '../../src/jobs/job-kind.ts'
import type { MigrationParams } from '../../src/jobs/migration/migration.ts'
import { Keyring } from '../../src/segments/keyring.ts'
import { openSource } from '../../src/sources/open-source.ts'
import { jobPurpose, sealSecrets } from '../../src/sources/secrets.ts'
import type { Source } from '../../src/sources/source.ts'
import { env, secrets, TestBucket } from '../support/bucket.ts'
import { patternByte, type Script } from '../support/fault-server.ts'
import { FAULTS, Gate } from '../support/faults.ts'
import { faultyBucket, textObject } from '../support/faulty-source.ts'
import { gatedStore, jobs, portsOf, store, TestJob } from '../support/job.ts'

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const MIB = 1024 * 1024
const CREDENTIALS = { accessKeyId: 'key', secretAccessKey: 'a secret of the source' }

interface Options extends Partial<Omit<MigrationParams, 'source'>> {
  readonly keys?: readonly string[]
}

async function start(script: Script, { keys, ...options }: Options = {}) {
  const source = await faultyBucket(script)
  const bucket = await TestBucket.create()
  const { endpoint } = source
  const params: MigrationParams = { source: { provider: 's3', endpoint, bucket: source.bucket }, overwrite: true, ...options }
  const hidden = async (id: string) => ({ sealed: await sealSecrets(secrets.keyring, jobPurpose(id), CREDENTIALS), keys })
  const job = await TestJob.start({ kind: 'migrate', bucket: bucket.ref, params, hidden }, bucket.nowMs)
  await use(job)
  return { source, bucket, job }
}

/** Gives a job the test's engine, whose segments are tiny, and a clock that its steps share. */
async function use(job: TestJob, changes: Partial<JobPorts> = {}): Promise<void> {
  await job.use((instance) => {
    instance.portsOf = () => ({
      ...portsOf(store),
      now: () => job.nowMs,
      copySizes: { wholeBytes: 5 * MIB, partBytes: 5 * MIB },
      ...changes,
    })
  })
}

const textOf = async (bucket: TestBucket, key: string): Promise<string> => new TextDecoder().decode(await bytesOf(bucket, key))

async function bytesOf(bucket: TestBucket, key: string): Promise<Uint8Array> {
  const found = await store.getObject(bucket.at(key), {})
  if (found.kind !== 'found') throw new Error('not found')
  return new Uint8Array(await new Response(found.body).arrayBuffer())
}

const keysIn = async (bucket: TestBucket): Promise<string[]> =>
  (await store.listSummaries(bucket.ref, { prefix: '', limit: 1000 })).items.map(({ key }) => key)

const logOf = async (job: TestJob) => (await jobs.log(job.id, { limit: 1000 })).map(({ type, key }) => (key ? `${type} ${key}` : type))

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${String(n).padStart(5, '0')}`, textObject(`${n}`)]))

describe('a migration', () => {
  test('copies bytes, keys of every kind and metadata, and counts objects and bytes', async () => {
    const headers = {
      'content-type': 'text/x-note',
      'cache-control': 'max-age=5',
      'content-disposition': 'inline',
      'content-language': 'de',
      expires: 'Wed, 01 Jul 2037 10:00:00 GMT',
      'x-amz-meta-author': 'Zoë',
    }
    const objects = {
      'a b/ü+&=%2F': textObject('hello', { ...headers, 'x-amz-meta-author': '=?UTF-8?B?Wm/Dqw==?=' }),
      'folder/': textObject(''),
      empty: textObject(''),
      plain: textObject('x'.repeat(100)),
    }
    const { bucket, job } = await start({ objects })
    await job.finish()
    expect(await job.info()).toMatchObject({
      state: 'completed',
      counts: { objects: 4, transferred: 4, skipped: 0, failed: 0, bytes: 105, listedBytes: 105 },
    })
    expect(await keysIn(bucket)).toEqual(Object.keys(objects).sort())
    expect(await textOf(bucket, 'a b/ü+&=%2F')).toBe('hello')
    const { head } = await store.headObject(bucket.at('a b/ü+&=%2F'), {})
    expect(head).toMatchObject({
      customMetadata: { author: 'Zoë' },
      httpMetadata: {
        contentType: 'text/x-note',
        cacheControl: 'max-age=5',
        contentDisposition: 'inline',
        contentLanguage: 'de',
        cacheExpiryMs: Date.UTC(2037, 6, 1, 10),
      },
    })
  })

  test('copies 250 objects over several pages, lists each page a bounded number of times, and reads each object once', async () => {
    const { source, bucket, job } = await start({ objects: many(250) })
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ objects: 250, transferred: 250 })
    expect(await keysIn(bucket)).toHaveLength(250)
    const requests = await source.requests()
    expect(requests.filter(({ key }) => key !== '')).toHaveLength(250)
    expect(requests.filter(({ key }) => key === '').length).toBeLessThan(10)
  })

  test('keeps nothing of the list but its place', async () => {
    const { job } = await start({ objects: many(250) })
    await job.use((instance) => {
      let steps = 0
      instance.portsOf = () => ({ ...portsOf(store), now: () => job.nowMs + 5000 * steps++ })
    })
    await job.ring()
    const cursor = await job.run((_, { storage }) => storage.sql.exec("SELECT value FROM config WHERE name = 'cursor'").toArray())
    expect(JSON.stringify(cursor).length).toBeLessThan(1000)
  })

  test('copies only keys with the prefix, and strips one slash that no key begins with', async () => {
    const objects = { 'photos/1': textObject('1'), 'photos/2': textObject('2'), other: textObject('3') }
    for (const prefix of ['photos/', '/photos/']) {
      const { bucket, job } = await start({ objects }, { prefix })
      await job.finish()
      expect(await keysIn(bucket), prefix).toEqual(['photos/1', 'photos/2'])
    }
    const { bucket, job } = await start({ objects: { '/photos/1': textObject('1'), 'photos/2': textObject('2') } }, { prefix: '/photos' })
    await job.finish()
    expect(await keysIn(bucket)).toEqual(['/photos/1'])
  })

  test('copies only the keys of a list, without a listing; a key that is not there is a failure', async () => {
    const { source, bucket, job } = await start({ objects: many(3) }, { keys: ['k00000', 'nothing', 'k00002'] })
    await job.finish()
    expect(await keysIn(bucket)).toEqual(['k00000', 'k00002'])
    expect((await job.info()).counts).toMatchObject({ objects: 3, transferred: 2, failed: 1 })
    expect((await source.requests()).every(({ key }) => key !== '')).toBe(true)
    expect(await logOf(job)).toEqual(['start', 'importErrorRetryExhaustion nothing', 'complete'])
  })

  test('replaces existing objects, or skips them without reading them', async () => {
    const script = { objects: { new: textObject('new'), old: textObject('from the source') } }
    const skipping = await start(script, { overwrite: false })
    await store.putObject(skipping.bucket.at('old'), uploadOf('mine'), { httpMetadata: {}, customMetadata: {} })
    await skipping.bucket.query('UPDATE objects SET uploaded_ms = uploaded_ms - 1000')
    await skipping.job.finish()
    expect((await skipping.job.info()).counts).toMatchObject({ transferred: 1, skipped: 1 })
    expect(await textOf(skipping.bucket, 'old')).toBe('mine')
    expect((await skipping.source.requests()).filter(({ key }) => key === 'old')).toEqual([])

    const replacing = await start(script)
    await store.putObject(replacing.bucket.at('old'), uploadOf('mine'), { httpMetadata: {}, customMetadata: {} })
    await replacing.job.finish()
    expect(await textOf(replacing.bucket, 'old')).toBe('from the source')
  })

  test('that skips lets a client that writes meanwhile win', async () => {
    const { bucket, job } = await start({ objects: { a: textObject('from the source') } }, { overwrite: false })
    await use(job, {
      store: {
        ...store,
        putObject: async (at, upload, options) => {
          await store.putObject(at, uploadOf('of a client'), { httpMetadata: {}, customMetadata: {} })
          return store.putObject(at, upload, options)
        },
      },
    })
    await job.finish()
    expect(await textOf(bucket, 'a')).toBe('of a client')
    expect((await job.info()).counts).toMatchObject({ transferred: 0, skipped: 1, failed: 0 })
  })

  test('skips archives and objects over 1 TB with a line each, and reads neither', async () => {
    const archived = (storageClass: string) => textObject('cold', { 'x-amz-storage-class': storageClass })
    const { source, job } = await start({
      objects: {
        deep: archived('DEEP_ARCHIVE'),
        flexible: archived('GLACIER'),
        huge: textObject('x', { 'x-listed-size': '1000000000001' }),
        instant: archived('GLACIER_IR'),
        tiering: archived('INTELLIGENT_TIERING'),
      },
      faults: [{ key: 'tiering', status: 403, code: 'InvalidObjectState' }],
    })
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ objects: 5, transferred: 1, skipped: 4, failed: 0 })
    expect((await logOf(job)).toSorted()).toEqual([
      'complete',
      'importSkippedOversized huge',
      'importSkippedRequiresRetrieval tiering',
      'importSkippedStorageClass deep',
      'importSkippedStorageClass flexible',
      'start',
    ])
    expect((await source.requests()).map(({ key }) => key).filter((key) => key !== '')).toEqual(['instant', 'tiering'])
  })

  test('leaves locked objects alone, names them, and completes', async () => {
    const { bucket, job } = await start({ objects: { free: textObject('new'), kept: textObject('new') } })
    await store.putObject(bucket.at('kept'), uploadOf('old'), { httpMetadata: {}, customMetadata: {} })
    await store.putSetting(bucket.ref, 'locks', [{ id: 'keep', enabled: true, prefix: 'kept', condition: { type: 'Indefinite' } }])
    await job.finish()
    expect(await textOf(bucket, 'kept')).toBe('old')
    expect((await job.info()).counts).toMatchObject({ transferred: 1, failed: 1 })
    expect(await logOf(job)).toContain('importErrorRetryExhaustion kept')
  })

  test('fails an object whose metadata is too large, and one whose key no URL can name', async () => {
    const objects = { 'a/../b': textObject('x'), fat: textObject('x', { 'x-amz-meta-big': 'x'.repeat(LIMITS.metadataSize) }) }
    const { job } = await start({ objects })
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ transferred: 0, failed: 2 })
  })
})

describe('faults of the source', () => {
  test.each<[string, NonNullable<Script['faults']>]>([
    ['a connection that breaks off in the body', [{ key: 'a', resetAfter: 10, times: 2 }]],
    ['a fault of the server', [{ key: 'a', status: 500, code: 'InternalError', times: 3 }]],
    ['a request for a lower rate', [{ key: 'a', status: 503, code: 'SlowDown', headers: { 'retry-after': '7' }, times: 2 }]],
  ])('%s costs a retry, and nothing is counted twice', async (_, faults) => {
    const { bucket, job } = await start({ objects: { a: textObject('x'.repeat(100)), b: textObject('b') }, faults })
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { objects: 2, transferred: 2, failed: 0, bytes: 101 } })
    expect(await textOf(bucket, 'a')).toBe('x'.repeat(100))
    expect(await bucket.rows('garbage')).toBeLessThan(10)
  })

  test('five failures of one object give it up with a line, and the others are copied', async () => {
    const { source, job } = await start({ objects: { a: textObject('a'), b: textObject('b') }, faults: [{ key: 'a', status: 500 }] })
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ transferred: 1, failed: 1 })
    expect((await source.requests()).filter(({ key }) => key === 'a')).toHaveLength(5)
    const [line] = (await jobs.log(job.id, { limit: 10 })).filter(({ key }) => key === 'a')
    expect(line).toMatchObject({
      type: 'importErrorRetryExhaustion',
      level: 'error',
      message: expect.stringContaining('Failed to import object'),
    })
  })

  test('a listing that names one page again and again ends the job, and copies nothing twice', async () => {
    const again = '<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>'
    const body = `<ListBucketResult>${again}<Contents><Key>k</Key><Size>1</Size></Contents></ListBucketResult>`
    const { source, job } = await start({ objects: { k: textObject('s') }, faults: [{ key: '', status: 200, body }] })
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'failed', counts: { objects: 1, transferred: 1 } })
    expect((await source.requests()).length).toBeLessThan(10)
  })

  test('pages without keys have no end, and yet each step has one', async () => {
    const { job } = await start({})
    let pages = 0
    const list = async () => ({ ok: true as const, value: { items: [], next: `page ${++pages}` } })
    await use(job, { openSource: (config, credentials) => ({ ...openSource(config, credentials, { local: true, accountId: '' }), list }) })
    await job.ring()
    // An alarm runs several steps, within its budget of calls.
    const first = pages
    expect(first).toBeLessThanOrEqual(1000)
    await job.ring()
    expect(pages).toBeGreaterThan(first)
    expect((await job.info()).state).toBe('running')
  })

  test('the wait that it asks for is kept', async () => {
    const faults = [{ key: 'a', status: 503, code: 'SlowDown', headers: { 'retry-after': '90' }, times: 1 }]
    const { job } = await start({ objects: { a: textObject('a') }, faults })
    await job.ring()
    expect(((await job.alarmMs()) ?? 0) - job.nowMs).toBe(90_000)
  })

  test('an outage in the middle costs no object its attempts', async () => {
    const script: Script = { objects: many(4) }
    const { source, job } = await start({ ...script, faults: [{ status: 500 }] })
    for (let ring = 0; ring < 7; ring++) {
      await job.ring()
      job.nowMs = Math.max(job.nowMs, (await job.alarmMs()) ?? 0)
    }
    expect(await job.info()).toMatchObject({ state: 'running', counts: {} })
    await source.program(script)
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ objects: 4, transferred: 4, failed: 0 })
  })

  test.each(['InvalidAccessKeyId', 'AccessDenied', 'NoSuchBucket'])(
    '%s for the listing ends the job, which cannot be resumed',
    async (code) => {
      const { job } = await start({ objects: many(1), faults: [{ key: '', status: code === 'NoSuchBucket' ? 404 : 403, code }] })
      await job.ring()
      expect(await job.info()).toMatchObject({ state: 'failed', endedMs: expect.any(Number), error: expect.stringContaining(code) })
      expect(await logOf(job)).toEqual(['start', 'error'])
      await expect(jobs.request(job.id, 'resume')).rejects.toMatchObject({ code: 'InvalidRequest' })
    },
  )

  test('credentials that end in the middle end the job, and not each object', async () => {
    const { job } = await start({ objects: many(20), faults: [{ key: 'k00005', status: 403, code: 'ExpiredToken' }] })
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'failed', error: expect.stringContaining('ExpiredToken') })
    expect((await job.info()).counts.failed ?? 0).toBe(0)
  })

  test('a body without a length has that of the listing', async () => {
    const { bucket, job } = await start({ objects: { a: textObject('hello') }, faults: [{ key: 'a', chunked: true }] })
    await job.finish()
    expect(await textOf(bucket, 'a')).toBe('hello')
  })

  test('an encoded body is stored byte for byte, with its encoding', async () => {
    const zipped = new Uint8Array(
      await new Response(new Blob(['hello '.repeat(50)]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    )
    const object = { base64: Buffer.from(zipped).toString('base64'), headers: { 'content-type': 'text/plain', 'content-encoding': 'gzip' } }
    const { bucket, job } = await start({ objects: { a: object } })
    await job.finish()
    expect(await bytesOf(bucket, 'a')).toEqual(zipped)
    expect((await store.headObject(bucket.at('a'), {})).head.httpMetadata.contentEncoding).toBe('gzip')
  })

  test('an encoded body that the source decodes has an unknown length, and is stored decoded', async () => {
    const text = 'hello '.repeat(50)
    const zipped = new Uint8Array(await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer())
    const object = { base64: Buffer.from(zipped).toString('base64'), headers: { 'content-encoding': 'gzip' } }
    const { bucket, job } = await start({ objects: { a: object }, ignoresOverrides: true })
    await job.finish()
    expect(await textOf(bucket, 'a')).toBe(text)
    expect((await store.headObject(bucket.at('a'), {})).head.httpMetadata.contentEncoding).toBeUndefined()
  })
})

describe('a large object', () => {
  const SIZE = 12 * MIB
  const large = (headers: Record<string, string> = {}) => ({
    size: SIZE,
    headers: { 'content-type': 'video/mp4', 'x-amz-meta-a': 'b', ...headers },
  })

  async function expectWhole(bucket: TestBucket, key: string): Promise<void> {
    const bytes = await bytesOf(bucket, key)
    expect(bytes).toHaveLength(SIZE)
    for (const at of [0, 5 * MIB - 1, 5 * MIB, 10 * MIB, SIZE - 1]) expect(bytes[at], `byte ${at}`).toBe(patternByte(at))
    expect((await store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })).items).toEqual([])
  }

  test('is copied in parts by ranges, with its metadata', async () => {
    const { source, bucket, job } = await start({ objects: { big: large(), small: textObject('s') } })
    await useLargeSegments(job)
    await job.finish()
    await expectWhole(bucket, 'big')
    expect(await job.info()).toMatchObject({
      state: 'completed',
      counts: { objects: 2, transferred: 2, bytes: SIZE + 1, listedBytes: SIZE + 1 },
    })
    const { head } = await store.headObject(bucket.at('big'), {})
    expect(head).toMatchObject({ partsCount: 3, customMetadata: { a: 'b' }, httpMetadata: { contentType: 'video/mp4' } })
    const ranges = (await source.requests()).filter(({ key, headers }) => key === 'big' && headers.range)
    expect(ranges.map(({ headers }) => headers['if-match'])).toEqual(Array(3).fill(expect.stringContaining('-2')))
  }, 60_000)

  test('without an ETag fails: nothing would show that its parts are of one object', async () => {
    const { bucket, job } = await start({ objects: { big: { ...large(), headers: { etag: '' } } } })
    await useLargeSegments(job)
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ objects: 1, transferred: 0, failed: 1, bytes: 0 })
    expect((await store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })).items).toEqual([])
  }, 60_000)

  test('that changes between two ranges begins once more', async () => {
    const { bucket, job } = await start({ objects: { big: large() }, faults: [{ key: 'big', ranged: true, newEtag: true, times: 1 }] })
    await useLargeSegments(job)
    await job.finish()
    await expectWhole(bucket, 'big')
    expect((await job.info()).counts).toMatchObject({ objects: 1, transferred: 1, bytes: SIZE })
  }, 60_000)

  test('that changes all the time is given up, and leaves no upload', async () => {
    const { bucket, job } = await start({ objects: { big: large() }, faults: [{ key: 'big', ranged: true, newEtag: true }] })
    await useLargeSegments(job)
    await job.finish()
    expect((await job.info()).counts).toMatchObject({ objects: 1, transferred: 0, failed: 1, bytes: 0 })
    expect((await store.listMultipartUploads(bucket.ref, { prefix: '', limit: 10 })).items).toEqual([])
  }, 60_000)

  test('of which a part breaks off copies that part again', async () => {
    const { bucket, job } = await start({ objects: { big: large() }, faults: [{ key: 'big', ranged: true, resetAfter: MIB, times: 2 }] })
    await useLargeSegments(job)
    await job.finish()
    await expectWhole(bucket, 'big')
    expect((await job.info()).counts).toMatchObject({ transferred: 1, bytes: SIZE })
  }, 60_000)

  test('of a list of keys is found to be large when it is read', async () => {
    const { bucket, job } = await start({ objects: { big: large() } }, { keys: ['big'] })
    await useLargeSegments(job)
    await job.finish()
    await expectWhole(bucket, 'big')
    expect((await job.info()).counts).toMatchObject({ objects: 1, transferred: 1, bytes: SIZE })
  }, 60_000)
})

/** The real sizes of segments: those of other tests are too small for megabytes. */
async function useLargeSegments(job: TestJob): Promise<void> {
  await job.use((instance) => {
    const { portsOf: original } = instance
    const { store: real } = new (instance.constructor as new (...args: unknown[]) => typeof instance)(
      (instance as unknown as { ctx: unknown }).ctx,
      (instance as unknown as { env: unknown }).env,
    ).portsOf()
    instance.portsOf = () => ({ ...original(), store: real })
  })
}

function uploadOf(text: string) {
  const bytes = new TextEncoder().encode(text)
  let done = false
  const read = async () => {
    if (done) return new Uint8Array(0)
    done = true
    return bytes
  }
  return { source: { read, cancel: async () => {} }, size: bytes.length, claims: {} }
}

describe('the number of migrations', () => {
  test('is three at once for an account; a paused one counts, an ended one does not', async () => {
    const source = await faultyBucket({ objects: {} })
    const bucket = await TestBucket.create()
    const params = { source: { provider: 's3', endpoint: source.endpoint, bucket: source.bucket }, overwrite: true }
    const hidden = async (id: string) => ({ sealed: await sealSecrets(secrets.keyring, jobPurpose(id), CREDENTIALS) })
    const begin = () => jobs.start({ kind: 'migrate', bucket: bucket.ref, params, hidden })
    for (const { id } of await jobs.active('migrate')) await jobs.request(id, 'cancel').catch(() => {})
    const made = await Promise.all([begin(), begin(), begin()])
    for (const { id } of made) await jobs.request(id, 'pause').catch(() => {})
    const paused = (await jobs.active('migrate')).length
    const more = await Promise.allSettled(Array.from({ length: 5 }, begin))
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(3 - paused)
    for (const { id } of await jobs.active('migrate')) await jobs.request(id, 'cancel').catch(() => {})
    await begin()
  })

  test('forgets a place whose job was never created', async () => {
    const bucket = await TestBucket.create()
    for (const { id } of await jobs.active('migrate')) await jobs.request(id, 'cancel').catch(() => {})
    const old = (Date.now() - 3_600_000).toString(16).padStart(12, '0')
    const rows = [0, 1, 2].map((n) => `${old}${newJobId('default').slice(12, 31).replace(/^./, String(n))}0`)
    for (const id of rows) {
      await env.CONTROL.prepare("INSERT INTO jobs VALUES (?, 'migrate', 'default', ?, 'running', 0, NULL)").bind(id, bucket.ref.name).run()
    }
    const hidden = async (id: string) => ({ sealed: await sealSecrets(secrets.keyring, jobPurpose(id), CREDENTIALS) })
    const params = { source: { provider: 's3', endpoint: 'http://127.0.0.1:1', bucket: 'b' }, overwrite: true }
    const { id } = await jobs.start({ kind: 'migrate', bucket: bucket.ref, params, hidden })
    await jobs.request(id, 'cancel').catch(() => {})
    expect((await jobs.active('migrate')).map((job) => job.id).filter((one) => rows.includes(one))).toEqual([])
  })
})

describe('the secrets of a migration', () => {
  test('are in no answer, no log and no audit entry, and are deleted when it ends', async () => {
    const { bucket, job } = await start({ objects: {} })
    const stored = () => job.run((_, { storage }) => JSON.stringify(storage.sql.exec('SELECT * FROM config').toArray()))
    expect(await stored()).toContain('sealed')
    expect(await stored()).not.toContain(CREDENTIALS.secretAccessKey)
    expect(JSON.stringify(await job.info())).not.toContain('sealed')
    await job.finish()
    expect(await stored()).not.toContain('sealed')
    const { results } = await env.CONTROL.prepare('SELECT * FROM audit WHERE resource_id = ?').bind(bucket.ref.name).all()
    expect(results.length).toBeGreaterThan(0)
    expect(JSON.stringify(results)).not.toMatch(/sealed|secret of the source/)
  })

  test('are sealed again with the current master key while the job runs', async () => {
    const { job } = await start({ objects: {} })
    const rotated = new Keyring(btoa('k'.repeat(32)), [env.MASTER_KEY!])
    await job.use((instance) => {
      const changed = { ...env, MASTER_KEY: btoa('k'.repeat(32)), OLD_MASTER_KEYS: env.MASTER_KEY }
      Object.assign(instance, { env: changed })
    })
    const reseal = async () => unwrap(await (job.stub as unknown as JobApi).reseal())
    expect(await reseal()).toBe('resealed')
    expect(await reseal()).toBe('current')
    await use(job, { keyring: () => rotated })
    await job.finish()
    expect((await job.info()).state).toBe('completed')
    expect(await reseal()).toBe('none')
  })
})

describe('a request in the middle of a step', () => {
  /** Runs the step in which the tenth object of 150 makes the request. */
  async function requestedAt(request: 'pause' | 'cancel') {
    const made = await start({ objects: many(150) }, { overwrite: false })
    let copied = 0
    await use(made.job, {
      store: {
        ...store,
        putObject: async (...args) => {
          if (++copied === 10) await jobs.request(made.job.id, request)
          return store.putObject(...args)
        },
      },
    })
    await made.job.ring()
    expect(copied).toBeGreaterThanOrEqual(10)
    expect(copied).toBeLessThan(150)
    return made
  }

  test('pauses the job: each object counts once, and no other begins until it goes on', async () => {
    const { bucket, job } = await requestedAt('pause')
    const there = await keysIn(bucket)
    expect(await job.info()).toMatchObject({ state: 'paused' })
    await job.ring()
    expect(await keysIn(bucket)).toEqual(there)
    await jobs.request(job.id, 'resume')
    await job.finish()
    expect(await job.info()).toMatchObject({ state: 'completed', counts: { objects: 150, transferred: 150, skipped: 0, failed: 0 } })
    expect(await keysIn(bucket)).toHaveLength(150)
  })

  test('aborts the job: objects in flight are finished and counted, and no other begins', async () => {
    const { bucket, job } = await requestedAt('cancel')
    const there = await keysIn(bucket)
    await job.ring()
    expect(await keysIn(bucket)).toEqual(there)
    expect(await job.info()).toMatchObject({ state: 'canceled', counts: { transferred: there.length, failed: 0 } })
  })
})

describe('a migration whose calls go wrong', () => {
  const SCRIPT: Script = { objects: { a: textObject('x'), b: textObject('y'.repeat(100)), c: textObject('z'.repeat(300)) } }

  /** Runs a migration of which one call of the engine or of the source goes wrong, and checks what it has done. Returns the calls. */
  async function callsOf(overwrite: boolean, trap?: { fault: (typeof FAULTS)[number]; at: number }): Promise<readonly string[]> {
    const { bucket, job } = await start(SCRIPT, { overwrite })
    const gate = await job.run(
      (_, state) => new Gate(trap && { ...trap, end: () => state.abort('A crash'), meanwhile: () => bucket.pass(1000) }),
    )
    await use(job, {
      store: gatedStore(gate),
      openSource: (config, credentials) => gatedSource(openSource(config, credentials, { local: true, accountId: '' }), gate),
    })
    await gate.client(job.ring()).catch(() => {})
    await job.setClock()
    if (trap?.fault !== 'unanswered' && trap?.fault !== 'late') await use(job)
    await job.finish()
    const where = `${trap?.fault} at ${trap?.at}, overwrite ${overwrite}`
    expect(await job.info(), where).toMatchObject({
      state: 'completed',
      counts: { objects: 3, transferred: 3, skipped: 0, failed: 0, bytes: 401, listedBytes: 401 },
    })
    expect(await keysIn(bucket), where).toEqual(['a', 'b', 'c'])
    return gate.calls
  }

  test.each([true, false])(
    'counts each object once and loses none, with overwrite %s',
    async (overwrite) => {
      const calls = await callsOf(overwrite)
      expect(new Set(calls)).toEqual(new Set(['list', 'get', 'putObject', ...(overwrite ? [] : ['headObject'])]))
      for (const fault of FAULTS.filter((name) => name !== 'repeated'))
        for (const at of calls.keys()) await callsOf(overwrite, { fault, at })
    },
    240_000,
  )
})

const gatedSource = (source: Source, gate: Gate): Source => ({
  head: (...args) => gate.pass('head', () => source.head(...args)),
  get: (...args) => gate.pass('get', () => source.get(...args)),
  list: (...args) => gate.pass('list', () => source.list(...args)),
})
