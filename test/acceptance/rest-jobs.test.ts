import { rm } from 'node:fs/promises'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { lentBucket } from './support/objects.ts'
import { cloudflare, type RestRequest, rest, restFetch } from './support/rest.ts'
import { startServer, temporaryFolder } from './support/server.ts'

const { accountId: account_id } = inject('server')
const bucket = lentBucket()
const other = lentBucket()
const client = cloudflare()
const BUCKET = `/accounts/{account}/r2/buckets/${bucket.name}`
const JOBS = `${BUCKET}/jobs`

type Job = { id: string; status: string; prefixDelete: { deletedObjects: number }; storageClassMigration: { migratedObjects: number } }

const made: string[] = []
afterAll(async () => {
  for (const id of made) await client.accounts.tokens.delete(id, { account_id })
})

/** A token for the objects of one bucket. */
async function itemToken(name: string, level: 'read' | 'write'): Promise<string> {
  const id = { write: '2efd5506f9c8494dacb1fa10a3e7d5b6', read: '6a018a9f2fc74eb6b293b0c548f38b39' }[level]
  const resources = { [`com.cloudflare.edge.r2.bucket.${account_id}_default_${name}`]: '*' }
  const policies = [{ effect: 'allow' as const, permission_groups: [{ id }], resources }]
  const token = await client.accounts.tokens.create({ account_id, name: 'jobs', policies })
  made.push(token.id!)
  return token.value!
}

const keys = async () => ((await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name }))).Contents ?? []).map(({ Key }) => Key)

const start = (body: unknown, request: RestRequest = {}) => rest<Job>('POST', JOBS, { body, ...request })

/** Asks for a job until it has ended, as a client does. */
async function ended(id: string, token?: string): Promise<Job> {
  for (let asked = 0; asked < 300; asked++) {
    const { result } = await rest<Job>('GET', `${JOBS}/${id}`, { token })
    if (result.status !== 'RUNNING') return result
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`The job ${id} does not end`)
}

describe('a deletion by prefix', () => {
  test('deletes below the prefix, aborts uploads there, and shows how far it is', async () => {
    for (const key of ['logs/1', 'logs/2', 'logs-of-today', 'other']) await bucket.put(key, key)
    await bucket.s3.send(new CreateMultipartUploadCommand({ Bucket: bucket.name, Key: 'logs/open' }))
    const started = await start({ jobType: 'prefixDelete', prefix: 'logs/' })
    expect(started).toMatchObject({ status: 200, result: { jobType: 'prefixDelete', startTime: expect.stringMatching(/Z$/) } })
    expect(await ended(started.result.id)).toEqual({
      id: started.result.id,
      jobType: 'prefixDelete',
      status: 'COMPLETED',
      startTime: expect.any(String),
      endTime: expect.any(String),
      prefixDelete: { prefix: 'logs/', deletedObjects: 2, isBucketClear: false, lockedObjects: 0, abortedUploads: 1 },
    })
    expect(await keys()).toEqual(['logs-of-today', 'other'])
    expect((await bucket.s3.send(new ListMultipartUploadsCommand({ Bucket: bucket.name }))).Uploads).toBeUndefined()
  })

  test('with an empty prefix empties the bucket, but leaves and counts locked objects', async () => {
    for (const key of ['keep/1', 'gone']) await bucket.put(key, key)
    await rest('PUT', `${BUCKET}/lock`, {
      body: { rules: [{ id: 'k', enabled: true, prefix: 'keep/', condition: { type: 'Indefinite' } }] },
    })
    const { result } = await start({ jobType: 'prefixDelete', prefix: '' })
    expect(await ended(result.id)).toMatchObject({ status: 'COMPLETED', prefixDelete: { isBucketClear: true, lockedObjects: 1 } })
    expect(await keys()).toEqual(['keep/1'])
    await rest('PUT', `${BUCKET}/lock`, { body: { rules: [] } })
  })

  test('is refused for a whole bucket whose events somebody waits for, and by prefix it goes on', async () => {
    const queue = (await client.queues.list({ account_id })).result[0]!
    const rules = `/accounts/{account}/event_notifications/r2/${bucket.name}/configuration/queues/${queue.queue_id}`
    expect(await rest('PUT', rules, { body: { rules: [{ actions: ['DeleteObject'] }] } })).toMatchObject({ status: 200 })
    expect(await start({ jobType: 'prefixDelete', prefix: '' })).toMatchObject({ status: 409, errors: [{ code: 10083 }] })
    expect(await start({ jobType: 'prefixDelete', prefix: 'none/' })).toMatchObject({ status: 200 })
    await rest('DELETE', rules)
  })

  test.each([
    [{ jobType: 'prefixDelete', prefix: 'logs' }, 400],
    [{ jobType: 'prefixDelete' }, 400],
    [{ jobType: 'prefixDelete', prefix: 'a/', prefixes: [] }, 400],
    [{ jobType: 'shred', prefix: '' }, 400],
    [{ jobType: 'prefixDelete', prefix: `${'x'.repeat(1025)}/` }, 400],
    ['{', 400],
    [undefined, 400],
  ])('with the body %j answers %i', async (body, status) => {
    expect((await start(body)).status).toBe(status)
  })

  test.each([{ jobType: 'shred' }, {}])('names the kinds that there are: %j', async (body) => {
    const { errors } = await start(body)
    expect(errors[0]!.message).toContain('jobType must be "prefixDelete" or "storageClassMigration"')
  })

  test('of a bucket that is not there is refused', async () => {
    const body = { jobType: 'prefixDelete', prefix: 'a/' }
    const path = '/accounts/{account}/r2/buckets/nobody-has-this/jobs'
    expect(await rest('POST', path, { body })).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    expect(await start(body, { headers: { 'cf-r2-jurisdiction': 'eu' } })).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    expect(await rest('GET', path)).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
  })

  test('in its older form starts a job too, says that it is old, and ignores the body', async () => {
    for (const key of ['old/1', 'kept']) await bucket.put(key, key)
    const old = await rest<Job>('DELETE', `${BUCKET}/objects?prefix=old/`, { body: ['kept'] })
    expect(old).toMatchObject({ status: 200, messages: [expect.stringContaining('deprecated')], result: { jobType: 'prefixDelete' } })
    expect(old.headers.get('deprecation')).toBe('true')
    expect(await ended(old.result.id)).toMatchObject({ prefixDelete: { prefix: 'old/', deletedObjects: 1 } })
    expect(await keys()).toContain('kept')
    expect((await rest('DELETE', `${BUCKET}/objects?prefix=old`)).status).toBe(400)
    const all = await rest<Job>('DELETE', `${BUCKET}/objects?prefix=`)
    expect(await ended(all.result.id)).toMatchObject({ prefixDelete: { isBucketClear: true } })
    expect(await keys()).toEqual([])
  })
})

describe('a migration of storage classes', () => {
  test('goes to Standard unless it says otherwise', async () => {
    await bucket.put('ia', 'x', { 'x-amz-storage-class': 'STANDARD_IA' })
    await bucket.put('std', 'x')
    const { result } = await start({ jobType: 'storageClassMigration' })
    expect(await ended(result.id)).toMatchObject({
      jobType: 'storageClassMigration',
      storageClassMigration: { sourceStorageClass: 'InfrequentAccess', destinationStorageClass: 'Standard', migratedObjects: 1 },
    })
    expect((await bucket.head('ia')).headers.get('x-amz-storage-class')).toBeNull()
    const back = await start({
      jobType: 'storageClassMigration',
      sourceStorageClass: 'Standard',
      destinationStorageClass: 'InfrequentAccess',
    })
    expect(await ended(back.result.id)).toMatchObject({ storageClassMigration: { migratedObjects: 2 } })
    expect((await bucket.head('std')).headers.get('x-amz-storage-class')).toBe('STANDARD_IA')
  })

  test.each([
    { sourceStorageClass: 'Standard' },
    { destinationStorageClass: 'Standard' },
    { sourceStorageClass: 'Standard', destinationStorageClass: 'Standard' },
    { sourceStorageClass: 'Glacier', destinationStorageClass: 'Standard' },
    { source: 'Standard', destination: 'InfrequentAccess' },
  ])('is refused for %j', async (classes) => {
    expect((await start({ jobType: 'storageClassMigration', ...classes })).status).toBe(400)
  })
})

describe('the jobs of a bucket', () => {
  test('are listed by pages, the newest first, with their progress, by type and status', async () => {
    const started = [await start({ jobType: 'prefixDelete', prefix: 'p/' }), await start({ jobType: 'storageClassMigration' })]
    for (const { result } of started) await ended(result.id)
    const ids: string[] = []
    let token: string | undefined
    do {
      const query = new URLSearchParams({ maxKeys: '2', ...(token && { continuationToken: token }) })
      const { result } = await rest<{ jobs: Job[]; nextContinuationToken?: string }>('GET', `${JOBS}?${query}`)
      ids.push(...result.jobs.map(({ id }) => id))
      token = result.nextContinuationToken
    } while (token)
    expect(ids.slice(0, 2)).toEqual(started.map(({ result }) => result.id).toReversed())
    expect(ids).toEqual([...new Set(ids)].sort().reverse())
    const { result } = await rest<{ jobs: Job[] }>('GET', `${JOBS}?jobType=storageClassMigration&status=COMPLETED`)
    expect(result.jobs[0]).toMatchObject({
      id: ids[0],
      status: 'COMPLETED',
      storageClassMigration: { migratedObjects: expect.any(Number) },
    })
    expect(new Set(result.jobs.map((job) => Object.hasOwn(job, 'prefixDelete')))).toEqual(new Set([false]))
    expect((await rest<{ jobs: Job[] }>('GET', `${JOBS}?jobType=prefixDelete&status=CANCELLED`)).result.jobs).toEqual([])
  })

  test.each(['status=COMPLETED', 'jobType=shred', 'jobType=prefixDelete&status=done', 'maxKeys=0', 'maxKeys=1001', 'continuationToken=x'])(
    'are refused for ?%s',
    async (query) => {
      expect((await rest('GET', `${JOBS}?${query}`)).status).toBe(400)
    },
  )

  test('are in the audit log', async () => {
    const { result } = await start({ jobType: 'prefixDelete', prefix: 'audited/' })
    await ended(result.id)
    const { result: log } = await rest<{ action: { description: string }; resource: { request: unknown } }[]>(
      'GET',
      `/accounts/{account}/logs/audit?since=2020-01-01&before=2100-01-01&resource_id=${bucket.name}&limit=1`,
    )
    expect(log[0]).toMatchObject({
      action: { description: 'StartJob' },
      resource: { request: { id: result.id, params: { prefix: 'audited/' } } },
    })
  })

  test('need the permissions of what they do, and nobody sees those of another bucket', async () => {
    const [write, read, elsewhere] = [
      await itemToken(bucket.name, 'write'),
      await itemToken(bucket.name, 'read'),
      await itemToken(other.name, 'write'),
    ]
    const body = { jobType: 'prefixDelete', prefix: 'mine/' }
    const { result, status } = await start(body, { token: write })
    expect(status).toBe(200)
    expect(await ended(result.id, read)).toMatchObject({ status: 'COMPLETED' })
    expect((await start(body, { token: read })).status).toBe(403)
    expect((await start(body, { token: elsewhere })).status).toBe(403)
    expect((await start({ jobType: 'storageClassMigration' }, { token: write })).status).toBe(403)
    expect((await rest('DELETE', `${BUCKET}/objects?prefix=mine/`, { token: read })).status).toBe(403)
    const there = JOBS.replace(bucket.name, other.name)
    expect(await rest('GET', `${there}/${result.id}`, { token: elsewhere })).toMatchObject({ status: 404 })
    expect((await rest<{ jobs: Job[] }>('GET', there, { token: elsewhere })).result.jobs).toEqual([])
    expect((await restFetch('GET', JOBS, { token: null })).status).toBe(401)
  })

  test.each(['0'.repeat(32), 'f'.repeat(32), 'x'])('that nobody made are not found: %s', async (id) => {
    expect(await rest('GET', `${JOBS}/${id}`)).toMatchObject({ status: 404, errors: [{ code: expect.any(Number) }] })
  })

  test('are reached by the SDK, which has no method of its own for them', async () => {
    const path = JOBS.replace('{account}', account_id)
    const started = (await client.post(path, { body: { jobType: 'prefixDelete', prefix: 'sdk/' } })) as { result: Job }
    const listed = (await client.get(path)) as { result: { jobs: Job[] } }
    expect(listed.result.jobs[0]!.id).toBe(started.result.id)
  })
})

test('a job goes on after the server was killed, and the client with it', async () => {
  const folder = await temporaryFolder()
  let server = await startServer({ folder })
  const path = '/accounts/{account}/r2/buckets/killed'
  await rest('POST', '/accounts/{account}/r2/buckets', { server, body: { name: 'killed' } })
  for (let n = 0; n < 60; n++) await restFetch('PUT', `${path}/objects/k${n}`, { server, body: 'x' })
  const { result } = await rest<Job>('POST', `${path}/jobs`, { server, body: { jobType: 'prefixDelete', prefix: '' } })
  await server.kill()
  server = await startServer({ folder })
  let job = result
  for (let asked = 0; asked < 300 && job.status === 'RUNNING'; asked++) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    job = (await rest<Job>('GET', `${path}/jobs/${result.id}`, { server })).result
  }
  expect(job).toMatchObject({ id: result.id, status: 'COMPLETED' })
  expect((await rest<unknown[]>('GET', `${path}/objects`, { server })).result).toEqual([])
  expect(await rest('DELETE', path, { server })).toMatchObject({ status: 200 })
  await server.stop()
  await rm(folder, { recursive: true, force: true })
}, 180_000)
