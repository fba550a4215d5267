import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, inject, test } from 'vitest'
import { s3Client } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest } from './support/rest.ts'

// The source is another bucket of the shared server, which is addressed as any other store that speaks S3.

const connection = inject('server')
const { accountId: account_id, accessKeyId, secretAccessKey, endpoint } = connection
const client = cloudflare()
const slurper = client.r2.superSlurper
const s3 = s3Client()
const secret = { accessKeyId, secretAccessKey }
const JOBS = '/accounts/{account}/slurper/jobs'

type Selection = { pathPrefix?: string; keys?: string[] }

const sourceOf = (bucket: string, selection: Selection = {}) => ({ vendor: 's3' as const, bucket, endpoint, secret, ...selection })
const targetOf = (bucket: string) => ({ vendor: 'r2' as const, bucket, secret })

async function create(from: string, to: string, options: Selection & { overwrite?: boolean } = {}): Promise<string> {
  const { overwrite, ...selection } = options
  const { id } = await slurper.jobs.create({ account_id, overwrite, source: sourceOf(from, selection), target: targetOf(to) })
  return id!
}

/** Waits until a job has ended. */
async function ended(id: string) {
  for (let tries = 0; tries < 300; tries++) {
    const progress = await slurper.jobs.progress(id, { account_id })
    if (progress.status === 'completed' || progress.status === 'aborted') return progress
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`The job ${id} has not ended`)
}

const put = (Bucket: string, Key: string, Body: string, more: object = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }))
const listKeys = async (Bucket: string) => ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key)
const textOf = async (Bucket: string, Key: string) => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()

describe('Super Slurper', () => {
  const from = lentBucket()
  const to = lentBucket()

  test('copies a bucket: keys of every kind, metadata, empty objects; and shows the job as R2 does', async () => {
    const keys = ['a b/ü+&=%2F', 'folder/', 'plain']
    await put(from.name, 'a b/ü+&=%2F', 'hello', { ContentType: 'text/x-note', CacheControl: 'max-age=5', Metadata: { author: 'me' } })
    await put(from.name, 'folder/', '')
    await put(from.name, 'plain', 'x'.repeat(100))
    const id = await create(from.name, to.name)
    expect(await ended(id)).toMatchObject({
      id,
      status: 'completed',
      objects: 3,
      transferredObjects: 3,
      skippedObjects: 0,
      failedObjects: 0,
    })
    expect(await listKeys(to.name)).toEqual(keys)
    expect(await textOf(to.name, keys[0]!)).toBe('hello')
    const head = await s3.send(new HeadObjectCommand({ Bucket: to.name, Key: keys[0]! }))
    expect(head).toMatchObject({ ContentType: 'text/x-note', CacheControl: 'max-age=5', Metadata: { author: 'me' } })
    const job = await slurper.jobs.get(id, { account_id })
    expect(job).toEqual({
      id,
      createdAt: expect.any(String),
      finishedAt: expect.any(String),
      overwrite: true,
      status: 'completed',
      source: { vendor: 's3', bucket: from.name, endpoint, pathPrefix: null, keys: null },
      target: { vendor: 'r2', bucket: to.name, jurisdiction: 'default' },
    })
    expect(JSON.stringify(job)).not.toContain(secretAccessKey)
  })

  test('copies what a prefix or a list of keys selects, and skips existing objects', async () => {
    await put(from.name, 'photos/1', 'one')
    await put(from.name, 'photos/2', 'two')
    await put(from.name, 'other', 'three')
    await put(to.name, 'photos/1', 'mine')
    await new Promise((done) => setTimeout(done, 5))
    const skipping = await ended(await create(from.name, to.name, { pathPrefix: '/photos/', overwrite: false }))
    expect(skipping).toMatchObject({ objects: 2, transferredObjects: 1, skippedObjects: 1 })
    expect(await textOf(to.name, 'photos/1')).toBe('mine')
    const id = await create(from.name, to.name, { keys: ['other', 'nothing'] })
    expect(await ended(id)).toMatchObject({ objects: 2, transferredObjects: 1, failedObjects: 1 })
    const logs = []
    for await (const line of slurper.jobs.logs.list(id, { account_id })) logs.push(line)
    expect(logs.map(({ logType, objectKey }) => [logType, objectKey])).toEqual([
      ['migrationStart', null],
      ['importErrorRetryExhaustion', 'nothing'],
      ['migrationComplete', null],
    ])
    expect(logs[1]).toMatchObject({ job: id, message: expect.stringContaining('Failed to import object'), createdAt: expect.any(String) })
    const second = []
    for await (const line of slurper.jobs.logs.list(id, { account_id, offset: 1, limit: 1 })) second.push(line.objectKey)
    expect(second).toEqual(['nothing'])
  })

  test('lists jobs, the newest first, and deletes one that has ended', async () => {
    const made = [await create(from.name, to.name, { keys: ['x'] }), await create(from.name, to.name, { keys: ['y'] })]
    for (const id of made) await ended(id)
    const listed = []
    for await (const job of slurper.jobs.list({ account_id, limit: 2 })) listed.push(job.id)
    expect(listed).toEqual(made.toReversed())
    const next = []
    for await (const job of slurper.jobs.list({ account_id, limit: 1, offset: 1 })) next.push(job.id)
    expect(next).toEqual([made[0]])
    expect(await rest('DELETE', `${JOBS}/${made[0]}`)).toMatchObject({ status: 200, result: expect.any(String) })
    expect(await rest('GET', `${JOBS}/${made[0]}`)).toMatchObject({ status: 404, success: false })
  })

  test('checks both ends before a job begins', async () => {
    const wrong = { accessKeyId: 'f'.repeat(32), secretAccessKey: 'f'.repeat(64) }
    const source = (more: object) => slurper.connectivityPrecheck.source({ account_id, ...sourceOf(from.name), ...more } as never)
    const target = (more: object) => slurper.connectivityPrecheck.target({ account_id, ...targetOf(to.name), ...more } as never)
    expect(await source({})).toEqual({ connectivityStatus: 'success' })
    expect(await target({})).toEqual({ connectivityStatus: 'success' })
    expect(await source({ secret: wrong })).toMatchObject({ connectivityStatus: 'error' })
    expect(await source({ bucket: 'nobody-has-this' })).toMatchObject({ connectivityStatus: 'error' })
    expect(await source({ endpoint: 'http://example.com' })).toMatchObject({ connectivityStatus: 'error' })
    expect(await target({ secret: wrong })).toMatchObject({ connectivityStatus: 'error' })
    expect(await target({ bucket: 'nobody-has-this' })).toMatchObject({ connectivityStatus: 'error' })
  })
})

describe('a job that runs', () => {
  const from = lentBucket()
  const to = lentBucket()

  /** A source that never answers, so that its jobs run as long as the test wants. */
  const waiting = () =>
    rest<{ id: string }>('POST', JOBS, {
      body: { source: { ...sourceOf(from.name), endpoint: 'http://127.0.0.1:9' }, target: targetOf(to.name) },
    })

  test('is paused, resumed and aborted; a fourth one waits; all are aborted at once', async () => {
    await slurper.jobs.abortAll({ account_id })
    const made = [await waiting(), await waiting(), await waiting()]
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201])
    const id = made[0]!.result.id
    const fourth = await waiting()
    expect(fourth).toMatchObject({ status: 409, errors: [{ message: 'Maximum number of concurrent jobs has been reached' }] })
    expect(fourth.headers.get('x-should-retry')).toBe('false')
    const status = async () => (await slurper.jobs.get(id, { account_id })).status
    await slurper.jobs.pause(id, { account_id })
    expect(await status()).toBe('paused')
    expect(typeof (await slurper.jobs.pause(id, { account_id }))).toBe('string')
    await slurper.jobs.resume(id, { account_id })
    expect(await status()).toBe('running')
    expect(await rest('DELETE', `${JOBS}/${id}`)).toMatchObject({ status: 409, errors: [{ message: 'Active jobs cannot be deleted' }] })
    await slurper.jobs.abort(id, { account_id })
    expect(await status()).toBe('aborted')
    for (const request of ['pause', 'resume', 'abort']) expect(await rest('PUT', `${JOBS}/${id}/${request}`)).toMatchObject({ status: 409 })
    await slurper.jobs.abortAll({ account_id })
    for (const { result } of made) expect((await slurper.jobs.get(result.id, { account_id })).status).toBe('aborted')
  })

  test('is refused with a body that is not right, and for a source that is its own target', async () => {
    const body = { source: sourceOf(from.name), target: targetOf(to.name) }
    const refused = (changes: object) => rest('POST', JOBS, { body: { ...body, ...changes } })
    expect(await refused({ source: { ...body.source, vendor: 'azure' } })).toMatchObject({ status: 400 })
    expect(await refused({ source: { ...body.source, keys: [] } })).toMatchObject({ status: 400 })
    expect(await refused({ source: { ...body.source, endpoint: 'https://user:word@example.com' } })).toMatchObject({ status: 400 })
    expect(await refused({ source: sourceOf(to.name) })).toMatchObject({
      status: 400,
      errors: [{ message: 'The source is this bucket itself.' }],
    })
    expect(await refused({ target: { ...body.target, bucket: 'nobody-has-this' } })).toMatchObject({
      status: 404,
      errors: [{ code: 10006 }],
    })
    const wrong = { ...body.target, secret: { ...secret, secretAccessKey: 'f'.repeat(64) } }
    expect(await refused({ target: wrong })).toMatchObject({ status: 400, errors: [{ code: 10063 }] })
    expect(await rest('GET', `${JOBS}/${'0'.repeat(32)}/progress`)).toMatchObject({ status: 404 })
  })

  test('needs a token for the account', async () => {
    const made = await client.accounts.tokens.create({
      account_id,
      name: 'one bucket',
      policies: [
        {
          effect: 'allow',
          permission_groups: [{ id: '2efd5506f9c8494dacb1fa10a3e7d5b6' }],
          resources: { [`com.cloudflare.edge.r2.bucket.${account_id}_default_${to.name}`]: '*' },
        },
      ],
    })
    const token = made.value!
    expect(await rest('GET', JOBS, { token })).toMatchObject({ status: 403 })
    expect(await rest('POST', JOBS, { token, body: { source: sourceOf(from.name), target: targetOf(to.name) } })).toMatchObject({
      status: 403,
    })
    await client.accounts.tokens.delete(made.id!, { account_id })
  })
})
