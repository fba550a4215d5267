import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type FaultServer, type Script, startFaultServer } from '../support/fault-server.ts'
import { s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { blocksOf } from './support/page.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'
import { collect, homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'
import { send } from './support/wire.ts'
import { wranglerIn } from './support/wrangler.ts'
import { QUIET } from './support/wrangler-program.ts'

// One Cairn copies from another one, which it takes for AWS, and from a store that fails as it is told, which it takes for any S3 or Google's.

const MIB = 1024 * 1024
const upstream = inject('server')
const source = uniqueName('upstream')
const SECRET = 'a-secret-of-the-source'
let folder: string
let faults: FaultServer
let server: Server
let s3: ReturnType<typeof s3Client>
let place: Awaited<ReturnType<typeof wranglerIn>>

beforeAll(async () => {
  faults = await startFaultServer()
  const gcs = { SOURCES_GCS_ENDPOINT: faults.url, SOURCES_GCS_TOKEN_URL: `${faults.url}/token` }
  folder = await temporaryFolder()
  server = await startServer({ folder, vars: { SOURCES_AWS_ENDPOINT: upstream.endpoint, ...gcs } })
  s3 = s3Client({ server })
  place = await wranglerIn(server)
  await signedFetch('PUT', `/${source}`)
})
afterAll(async () => {
  await place.remove()
  await server.stop()
  await faults.close()
  await rm(folder, { recursive: true, force: true })
})

const bucketAt = async () => {
  const name = uniqueName('sippy')
  await rest('POST', '/accounts/{account}/r2/buckets', { server, body: { name } })
  return name
}
const sippyOf = (bucket: string) => `/accounts/{account}/r2/buckets/${bucket}/sippy`
const destination = () => ({ provider: 'r2' as const, accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey })
const awsSource = () => ({
  ...{ provider: 'aws' as const, bucket: source, region: 'us-east-1' },
  ...{ accessKeyId: upstream.accessKeyId, secretAccessKey: upstream.secretAccessKey },
})

/** Another bucket whose source is a bucket of the fault server. */
async function faultyBucket(script: Script) {
  const bucket = await bucketAt()
  const control = `${faults.url}/_/${bucket}`
  const program = (next: Script) => fetch(control, { method: 'PUT', body: JSON.stringify(next) })
  await program(script)
  const from = { provider: 's3', bucketUrl: `${faults.url}/${bucket}`, accessKeyId: 'AKIDOFTHESOURCE', secretAccessKey: SECRET }
  const answer = await rest('PUT', sippyOf(bucket), { server, body: { source: from, destination: destination() } })
  expect(answer).toMatchObject({ status: 200, result: { enabled: true, source: { provider: 's3', bucketUrl: from.bucketUrl } } })
  return { bucket, program, requests: async () => (await (await fetch(control)).json()) as { method: string; key: string }[] }
}
const object = (text: string, headers: Record<string, string> = {}) => ({ base64: Buffer.from(text).toString('base64'), headers })
const listed = async (bucket: string) => (await s3.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents?.map(({ Key }) => Key) ?? []

/** Waits until a bucket has an object. */
async function copied(bucket: string, key: string): Promise<void> {
  for (let looks = 0; looks < 300; looks++) {
    if ((await listed(bucket)).includes(key)) return
    await sleep(100)
  }
  throw new Error(`${key} was not copied`)
}

test('wrangler enables Sippy for AWS, an object comes over, and wrangler disables it', async () => {
  const bucket = await bucketAt()
  await signedFetch('PUT', `/${source}/a%20b/%C3%BC.txt`, {
    body: 'from upstream',
    headers: { 'content-type': 'text/plain', 'x-amz-meta-who': 'me' },
  })
  const aws = ['--provider', 'AWS', '--bucket', source, '--region', 'us-east-1', '--access-key-id', upstream.accessKeyId]
  const keys = ['--secret-access-key', upstream.secretAccessKey, '--r2-access-key-id', server.accessKeyId, '--r2-secret-access-key']
  const enabled = await place.run(['r2', 'bucket', 'sippy', 'enable', bucket, ...aws, ...keys, server.secretAccessKey])
  expect(enabled.out + enabled.err).toContain(`Successfully enabled Sippy on the '${bucket}' bucket`)
  const got = await place.run(['r2', 'bucket', 'sippy', 'get', bucket])
  expect(got.out).toContain(source)
  expect(got.out).not.toContain(upstream.secretAccessKey)

  const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'a b/ü.txt' }))
  expect([head.ContentLength, head.ContentType, head.Metadata]).toEqual([13, 'text/plain', { who: 'me' }])
  expect(await listed(bucket)).toEqual([])
  const read = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a b/ü.txt' }))
  expect(await read.Body?.transformToString()).toBe('from upstream')
  await copied(bucket, 'a b/ü.txt')
  await signedFetch('DELETE', `/${source}/a%20b/%C3%BC.txt`)
  const again = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a b/ü.txt' }))
  expect([await again.Body?.transformToString(), again.ETag, again.Metadata]).toEqual(['from upstream', head.ETag, { who: 'me' }])

  const disabled = await place.run(['r2', 'bucket', 'sippy', 'disable', bucket])
  expect(disabled.out + disabled.err).toContain(`Successfully disabled Sippy on the '${bucket}' bucket`)
  expect((await rest('GET', sippyOf(bucket), { server })).result).toEqual({ enabled: false })
  expect(await listed(bucket)).toEqual(['a b/ü.txt'])
}, 120_000)

/** Follows the shell blocks of a guide in one shell. */
async function follow(page: string, words: Readonly<Record<string, string>>): Promise<string> {
  const blocks = blocksOf(await readFile(page, 'utf8')).filter(({ language }) => language === 'sh')
  const script = Object.entries(words).reduce(
    (text, [word, value]) => text.replaceAll(`<${word}>`, value),
    blocks.map(({ text }) => text).join('\n'),
  )
  expect(script).not.toMatch(/<[a-z][a-z ]*>/)
  const env = { ...process.env, ...QUIET, ...homeOf(folder), HOME: folder, WRANGLER_CACHE_DIR: join(folder, 'cache') }
  const child = spawn('bash', ['-euxc', script], { stdio: ['ignore', 'pipe', 'pipe'], env })
  const output = collect(child)
  const [code] = await once(child, 'close')
  expect(code, output()).toBe(0)
  return output()
}

const keysOfUpstream = () => ({ 'source key id': upstream.accessKeyId, 'source secret': upstream.secretAccessKey })

test('the guides, from their tops to their ends', async () => {
  const url = `${upstream.endpoint}/${source}`
  const aws = { bucket: uniqueName('guide'), 'source bucket': source, 'source region': 'us-east-1', 'source url': url, ...keysOfUpstream() }
  expect(await follow('docs/guides/move-from-aws-s3.md', aws)).toContain('Successfully disabled Sippy')
  const bucket = uniqueName('guide')
  const file = await keyFile(bucket, {})
  expect(await follow('docs/guides/move-from-gcs.md', { bucket, 'source bucket': bucket, 'key file': file })).toContain(
    'Successfully disabled',
  )
}, 120_000)

/** A bucket of the fault server as Google's, and the key file of an account that may read it. */
async function keyFile(bucket: string, script: Script): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = 'reader@project.iam.gserviceaccount.com'
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  await fetch(`${faults.url}/_account/${encodeURIComponent(email)}`, { method: 'PUT', body: pem })
  await fetch(`${faults.url}/_/${bucket}`, { method: 'PUT', body: JSON.stringify(script) })
  const file = join(place.folder, 'key.json')
  await writeFile(file, JSON.stringify({ client_email: email, private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }))
  return file
}

test('wrangler enables Sippy for GCS with a key file', async () => {
  const bucket = await bucketAt()
  const file = await keyFile(bucket, { objects: { 'a/b': object('from google') } })
  const gcs = ['--provider', 'GCS', '--bucket', bucket, '--service-account-key-file', file]
  const keys = ['--r2-access-key-id', server.accessKeyId, '--r2-secret-access-key', server.secretAccessKey]
  const enabled = await place.run(['r2', 'bucket', 'sippy', 'enable', bucket, ...gcs, ...keys])
  expect(enabled.out + enabled.err).toContain('Successfully enabled Sippy')
  const read = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a/b' }))
  expect(await read.Body?.transformToString()).toBe('from google')
  await copied(bucket, 'a/b')
}, 60_000)

describe('the API', () => {
  test('the SDK enables, reads and disables the provider s3', async () => {
    const bucket = await bucketAt()
    const client = cloudflare({ server })
    const account_id = server.accountId
    expect(await client.r2.buckets.sippy.get(bucket, { account_id })).toMatchObject({ enabled: false })
    await fetch(`${faults.url}/_/${bucket}`, { method: 'PUT', body: '{"hidesMissing":true}' })
    const from = { provider: 's3', bucketUrl: `${faults.url}/${bucket}`, accessKeyId: 'AKIDOFTHESOURCE', secretAccessKey: SECRET } as const
    const made = await client.r2.buckets.sippy.update(bucket, { account_id, source: from, destination: destination() })
    const shown = {
      enabled: true,
      source: { provider: 's3', bucketUrl: from.bucketUrl },
      destination: { provider: 'r2', account: account_id, bucket, accessKeyId: server.accessKeyId },
    }
    expect(made).toMatchObject(shown)
    expect(await client.r2.buckets.sippy.get(bucket, { account_id })).toMatchObject(shown)
    expect(await client.r2.buckets.sippy.delete(bucket, { account_id })).toMatchObject({ enabled: false })
    expect(await client.r2.buckets.sippy.delete(bucket, { account_id })).toMatchObject({ enabled: false })
  })

  test.each<[string, (bucket: string) => { source: object; destination?: object }, number, number, RegExp?]>([
    ['a wrong secret of the source', () => ({ source: { ...awsSource(), secretAccessKey: 'wrong' } }), 400, 10063, /SignatureDoesNotMatch/],
    ['a bucket that is not there', () => ({ source: { ...awsSource(), bucket: 'nowhere-at-all' } }), 400, 10063, /does not exist/],
    [
      'a wrong secret of the destination',
      () => ({ source: awsSource(), destination: { ...destination(), secretAccessKey: 'wrong' } }),
      400,
      10063,
    ],
    ['a source without its bucket', () => ({ source: { ...awsSource(), bucket: undefined } }), 400, 10040, /source\.bucket/],
    ['an unknown provider', () => ({ source: { ...awsSource(), provider: 'b2' } }), 400, 10040, /source\.provider/],
    ['Azure', () => ({ source: { provider: 'azure', accountName: 'a', container: 'c', accountKey: 'k' } }), 501, 10501],
    ['plain HTTP', () => ({ source: { ...s3Source('http://s3.example.com/b') } }), 400, 10029, /https/],
    ['credentials in the URL', () => ({ source: { ...s3Source('https://a:b@s3.example.com/b') } }), 400, 10029, /credentials/],
    ['the bucket itself', (bucket) => ({ source: { ...s3Source(`${server.endpoint}/${bucket}`) } }), 400, 10029, /itself/],
    ['a source that is off', () => ({ source: { ...s3Source('http://127.0.0.1:9/b') } }), 400, 10063],
  ])('%s is refused', async (_, bodyOf, status, code, message) => {
    const bucket = await bucketAt()
    const answer = await rest('PUT', sippyOf(bucket), { server, body: { destination: destination(), ...bodyOf(bucket) } })
    expect(answer).toMatchObject({ status, errors: [{ code, ...(message && { message: expect.stringMatching(message) }) }] })
    expect((await rest('GET', sippyOf(bucket), { server })).result).toEqual({ enabled: false })
  })

  test('a bucket that is not there is 10006', async () => {
    for (const method of ['GET', 'DELETE'])
      expect(await rest(method, sippyOf('no-such'), { server })).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
    const body = { source: awsSource(), destination: destination() }
    expect(await rest('PUT', sippyOf('no-such'), { server, body })).toMatchObject({ errors: [{ code: 10006 }] })
  })

  const s3Source = (bucketUrl: string) => ({ provider: 's3', bucketUrl, accessKeyId: 'a', secretAccessKey: 'b' })

  test('no secret is in an answer, in the audit log, in an export or in the log of the server', async () => {
    const { bucket } = await faultyBucket({ faults: [{ method: 'HEAD', status: 500 }] })
    await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'k' })).catch(() => {})
    const audit = await (await restFetch('GET', '/accounts/{account}/logs/audit?since=2026-01-01&before=2030-01-01', { server })).text()
    expect(audit).toContain('PutBucketSippy')
    const shown = JSON.stringify((await rest('GET', sippyOf(bucket), { server })).result)
    const exported = await fetch(`${server.endpoint}/_cairn/export`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.apiToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ bucket }),
    })
    for (const text of [audit, shown, await exported.text(), server.output()]) expect(text).not.toContain(SECRET)
  })
})

describe('on every face', () => {
  test('REST gives an absent object, its range and its metadata', async () => {
    const { bucket } = await faultyBucket({ objects: { k: object('hello world') } })
    const path = `/accounts/{account}/r2/buckets/${bucket}/objects/k`
    const piece = await restFetch('GET', path, { server, headers: { range: 'bytes=6-10' } })
    expect([piece.status, piece.headers.get('content-range'), await piece.text()]).toEqual([206, 'bytes 6-10/11', 'world'])
    expect(await (await restFetch('GET', path, { server })).text()).toBe('hello world')
  })

  test('S3 answers conditions and ranges', async () => {
    const { bucket } = await faultyBucket({ objects: { k: object('hello world') } })
    const etag = `"${createHash('md5').update('hello world').digest('hex')}"`
    const at = (headers: Record<string, string>) => signedFetch('GET', `/${bucket}/k`, { server, headers })
    expect((await at({ 'if-none-match': etag })).status).toBe(304)
    expect((await at({ 'if-match': '"other"' })).status).toBe(412)
    expect((await at({ range: 'bytes=100-' })).status).toBe(416)
    expect(await listed(bucket)).toEqual([])
    const piece = await at({ range: 'bytes=0-4' })
    expect([piece.status, await piece.text()]).toEqual([206, 'hello'])
    await copied(bucket, 'k')
  })

  test('a public bucket: from the source first, and cached only when the object is in the bucket', async () => {
    const { bucket, program } = await faultyBucket({ objects: { 'a.css': object('a {}', { 'content-type': 'text/css' }) } })
    const domain = `${bucket}.example.com`
    const domains = `/accounts/{account}/r2/buckets/${bucket}/domains`
    const added = await rest('POST', `${domains}/custom`, { server, body: { domain, zoneId: 'ab'.repeat(16), enabled: true } })
    expect(added.success).toBe(true)
    const get = async () => {
      const { status, headers, text } = await send('/a.css', { headers: { host: domain }, server })
      return [status, headers['cf-cache-status'], text]
    }
    expect((await get()).slice(0, 2)).not.toContain('HIT')
    await copied(bucket, 'a.css')
    expect(await get()).toEqual([200, 'MISS', 'a {}'])
    await program({ faults: [{ status: 500 }] })
    const off = await send('/b.css', { headers: { host: domain }, server })
    expect(off.status).toBe(503)
    expect(off.text).not.toContain('source')
    await program({ objects: { 'b.css': object('b {}') } })
    expect((await send('/b.css', { headers: { host: domain }, server })).text).toBe('b {}')
  })
})

describe('a source that fails', () => {
  test('is 503 and never NoSuchKey', async () => {
    const { bucket, program } = await faultyBucket({ objects: { k: object('x') } })
    await program({ faults: [{ status: 403, code: 'SignatureDoesNotMatch' }] })
    for (const method of ['GET', 'HEAD']) expect((await signedFetch(method, `/${bucket}/k`, { server })).status).toBe(503)
    const body = await (await signedFetch('GET', `/${bucket}/k`, { server })).text()
    expect(body).toContain('<Code>ServiceUnavailable</Code>')
    await program({ hidesMissing: true })
    expect((await signedFetch('GET', `/${bucket}/k`, { server })).status).toBe(404)
  })
})

test('GraphQL has the reads that the source answered, and the copies', async () => {
  const { bucket } = await faultyBucket({ objects: { k: object('hello world') } })
  await (await signedFetch('GET', `/${bucket}/k`, { server })).text()
  await copied(bucket, 'k')
  const dataset = `sippyAdaptiveGroups(filter: { bucketName: "${bucket}" }) { sum { requests migratedObjects migratedBytes } }`
  const query = `{ viewer { accounts(filter: { accountTag: "${server.accountId}" }) { ${dataset} } } }`
  for (let looks = 0; looks < 100; looks++) {
    const answer = await (await restFetch('POST', '/graphql', { server, body: { query } })).json()
    const [found] = (answer as { data: { viewer: { accounts: { sippyAdaptiveGroups: unknown[] }[] } } }).data.viewer.accounts[0]!
      .sippyAdaptiveGroups
    if (JSON.stringify(found) === '{"sum":{"requests":1,"migratedObjects":1,"migratedBytes":11}}') return
    await sleep(200)
  }
  throw new Error('The figures did not come.')
})

describe('large objects', () => {
  test('are copied by a job of the bucket', async () => {
    const bucket = await bucketAt()
    await rest('PUT', sippyOf(bucket), { server, body: { source: awsSource(), destination: destination() } })
    const body = randomBytes(65 * MIB)
    await signedFetch('PUT', `/${source}/large`, { body })
    const md5 = createHash('md5').update(body).digest('hex')
    const got = await signedFetch('GET', `/${bucket}/large`, { server })
    expect(
      createHash('md5')
        .update(Buffer.from(await got.arrayBuffer()))
        .digest('hex'),
    ).toBe(md5)
    await copied(bucket, 'large')
    await signedFetch('DELETE', `/${source}/large`)
    const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'large' }))
    expect([head.ContentLength, head.ETag]).toEqual([65 * MIB, `"${md5}"`])
  }, 120_000)

  test('two Cairns that name each other do not ask in circles', async () => {
    const bucket = await bucketAt()
    const back = {
      provider: 's3',
      bucketUrl: `${server.endpoint}/${bucket}`,
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    }
    await rest('PUT', sippyOf(bucket), { server, body: { source: awsSource(), destination: destination() } })
    const upstreamDestination = { provider: 'r2', accessKeyId: upstream.accessKeyId, secretAccessKey: upstream.secretAccessKey }
    const put = await rest('PUT', sippyOf(source), { body: { source: back, destination: upstreamDestination } })
    expect(put.success).toBe(true)
    expect((await signedFetch('GET', `/${bucket}/nobody-has-it`, { server })).status).toBe(404)
    await rest('DELETE', sippyOf(source))
  })
})
