import { spawn } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FOREIGN_STORES, STORE_KEYS, startStore } from '../clients/harness/foreign-stores.ts'
import { type FaultServer, startFaultServer } from '../support/fault-server.ts'
import { s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { rest } from './support/rest.ts'
import { collect, homeOf, type Server, startServer, temporaryFolder } from './support/server.ts'

// Sippy and migrations copy from stores that others wrote. `npm run install:clients` installs them; the tests of a store that is not here are
// left out.

const MIB = 1024 * 1024
const LIMIT_MS = 200_000
const found = await Promise.all(FOREIGN_STORES.map(async (store) => ({ store, found: await store.find() })))
const here = Object.fromEntries(found.flatMap(({ store, found }) => ('version' in found ? [[store.name, store]] : [])))
for (const { store, found: at } of found) console.log(`${store.name}: ${'version' in at ? at.version : `left out, ${at.missing}`}`)

let folder: string
let google: FaultServer
let server: Server
let s3: S3Client
let stores: { [name: string]: Awaited<ReturnType<typeof startStore>> } = {}

beforeAll(async () => {
  if (Object.keys(here).length === 0) return
  folder = await temporaryFolder()
  google = await startFaultServer() // It gives out tokens alone: none of the stores does.
  const start = async ([name, store]: [string, (typeof FOREIGN_STORES)[number]]) => {
    const data = join(folder, name)
    for (const part of ['data', 'meta']) await mkdir(join(data, part), { recursive: true })
    return [name, await startStore(store, data)] as const
  }
  await mkdir(join(folder, 'cairn'))
  stores = Object.fromEntries(await Promise.all(Object.entries(here).map(start)))
  const gcs = { SOURCES_GCS_ENDPOINT: stores['fake-gcs-server']?.url ?? google.url, SOURCES_GCS_TOKEN_URL: `${google.url}/token` }
  server = await startServer({ folder: join(folder, 'cairn'), vars: gcs })
  s3 = s3Client({ server })
}, LIMIT_MS)
afterAll(async () => {
  await server?.stop()
  await google?.close()
  for (const { stop } of Object.values(stores)) await stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

interface Given {
  readonly key: string
  readonly body: Buffer
  readonly headers: {
    readonly ContentType?: string
    readonly ContentEncoding?: string
    readonly CacheControl?: string
    readonly Metadata?: Record<string, string>
  }
}

const SMALL = 120
const TEXT = 'the same line again and again\n'.repeat(50)
const ZIPPED: Given = { key: 'page.html', body: gzipSync(TEXT), headers: { ContentType: 'text/html', ContentEncoding: 'gzip' } }
const PLAIN: Given = {
  key: 'a b/ü+&=%2F',
  body: Buffer.from('hello world'),
  headers: { ContentType: 'text/x-note', CacheControl: 'max-age=5', Metadata: { author: 'me' } },
}
const LARGE: Given = { key: 'large', body: randomBytes(12 * MIB), headers: { ContentType: 'application/x-large' } }
/** The objects that every store gets: several pages of a migration, keys of every kind, an empty object, an encoded one and one of parts. */
const GIVEN: readonly Given[] = [
  PLAIN,
  ZIPPED,
  LARGE,
  { key: 'empty', body: Buffer.alloc(0), headers: { ContentType: 'text/plain' } },
  { key: 'dots/..name/.hidden', body: Buffer.from('dots'), headers: {} },
  { key: 'signs/!*\'()~@$,;:"<>[]{}|^`#?', body: Buffer.from('signs'), headers: {} },
  { key: 'deep/日本/😀', body: Buffer.from('unicode'), headers: {} },
  ...Array.from({ length: SMALL }, (_, n) => ({ key: `small/${n}`, body: Buffer.from(`object ${n}`), headers: {} })),
]

const digest = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')

/** Reads an object of the server as it is stored. The SDK decodes nothing. */
async function stored(Bucket: string, { key: Key }: Given) {
  const { Body, ContentType, ContentEncoding, CacheControl, Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  return { md5: digest(await Body!.transformToByteArray()), headers: { ContentType, ContentEncoding, CacheControl, Metadata } }
}

/** What is stored of an object that was copied. A store that decodes encoded bodies gives those bytes. */
const wanted = ({ body, headers }: Given, decoded = false) => {
  const { ContentEncoding, ...others } = headers
  const isDecoded = decoded && ContentEncoding !== undefined
  return { md5: digest(isDecoded ? gunzipSync(body) : body), headers: isDecoded ? others : headers }
}

async function listed(Bucket: string): Promise<string[]> {
  return ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key!)
}

async function made(): Promise<string> {
  const name = uniqueName('copy')
  await s3.send(new CreateBucketCommand({ Bucket: name }))
  return name
}

/** Runs `npm run migrate` as a user does. Returns its exit code and output. */
async function migrate(args: readonly string[], env: Record<string, string>): Promise<{ code: number; output: string }> {
  const child = spawn('npm', ['run', '-s', 'migrate', '--', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...homeOf(join(folder, 'cairn')), ...env },
  })
  const output = collect(child)
  const [code] = await once(child, 'close')
  return { code, output: output() }
}

const sippyOf = (bucket: string) => `/accounts/{account}/r2/buckets/${bucket}/sippy`
const enable = (bucket: string, source: object) => {
  const destination = { provider: 'r2', accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }
  return rest('PUT', sippyOf(bucket), { server, body: { source, destination } })
}

/** Waits until a bucket has objects. */
async function copied(bucket: string, keys: readonly string[]): Promise<void> {
  for (let looks = 0; looks < 300; looks++) {
    const there = await listed(bucket)
    if (keys.every((key) => there.includes(key))) return
    await sleep(100)
  }
  throw new Error(`${keys} were not copied`)
}

const pathOf = (bucket: string, key: string) => `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`

/** All that Sippy promises of a bucket whose source has {@link GIVEN}. */
async function checkSippy(bucket: string, options: { decoded?: boolean } = {}): Promise<void> {
  const ask = (key: string, headers: Record<string, string> = {}) => signedFetch('GET', pathOf(bucket, key), { server, headers })
  expect((await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: PLAIN.key }))).ContentLength).toBe(PLAIN.body.length)
  expect((await ask('small/1', { 'if-none-match': '*' })).status).toBe(304)
  expect((await ask('small/1', { range: 'bytes=100-' })).status).toBe(416)
  expect((await ask('not-there')).status).toBe(404)
  expect(await listed(bucket)).toEqual([])
  const piece = await ask(LARGE.key, { range: 'bytes=1000-1999' })
  expect([piece.status, Buffer.from(await piece.arrayBuffer()).equals(LARGE.body.subarray(1000, 2000))]).toEqual([206, true])
  const read = GIVEN.filter(({ key }) => !key.startsWith('small/'))
  for (const given of read) expect(await stored(bucket, given), given.key).toMatchObject(wanted(given, options.decoded))
  const keys = read.map(({ key }) => key)
  await copied(bucket, keys)
  for (const given of read) expect(await stored(bucket, given), given.key).toMatchObject(wanted(given, options.decoded))
}

/** All that a migration promises of a bucket with {@link GIVEN}, twice. */
async function checkMigration(from: string, flags: readonly string[], env: Record<string, string>, decoded = false): Promise<void> {
  const bucket = await made()
  const first = await migrate(['--from', from, '--bucket', bucket, ...flags], env)
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining(`${GIVEN.length} transferred`) })
  expect(await listed(bucket)).toEqual(GIVEN.map(({ key }) => key).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
  for (const given of GIVEN) expect(await stored(bucket, given), given.key).toMatchObject(wanted(given, decoded))
  const second = await migrate(['--from', from, '--bucket', bucket, ...flags, '--skip-existing'], env)
  expect(second).toMatchObject({ code: 0, output: expect.stringContaining(`0 transferred (0 B), ${GIVEN.length} skipped, 0 failed`) })
}

const SECRETS = { SOURCE_ACCESS_KEY_ID: STORE_KEYS.accessKeyId, SOURCE_SECRET_ACCESS_KEY: STORE_KEYS.secretAccessKey }

describe.each(['moto', 'versitygw'] as const)('%s', (name) => {
  const Bucket = uniqueName('old')
  let old: S3Client
  const url = () => stores[name]!.url

  beforeAll(async () => {
    if (!here[name]) return
    old = new S3Client({ region: 'us-east-1', endpoint: url(), forcePathStyle: true, credentials: STORE_KEYS })
    await old.send(new CreateBucketCommand({ Bucket }))
    for (const { key: Key, body: Body, headers } of GIVEN) {
      const params = { Bucket, Key, Body, ...headers }
      if (Body.length > 5 * MIB) await new Upload({ client: old, params }).done()
      else await old.send(new PutObjectCommand(params))
    }
  }, LIMIT_MS)

  test.skipIf(!here[name])(
    'Sippy copies what is read',
    async () => {
      const bucket = await made()
      expect(await enable(bucket, { provider: 's3', bucketUrl: `${url()}/${Bucket}`, ...STORE_KEYS })).toMatchObject({ status: 200 })
      await checkSippy(bucket)
    },
    LIMIT_MS,
  )

  test.skipIf(!here[name])(
    'npm run migrate copies the bucket, and nothing the second time',
    async () => {
      await checkMigration(`s3://${Bucket}`, ['--source-endpoint', url()], SECRETS)
    },
    LIMIT_MS,
  )

  test.skipIf(!here[name])(
    'a bucket that is not there is refused',
    async () => {
      const bucket = await made()
      const answer = await enable(bucket, { provider: 's3', bucketUrl: `${url()}/${Bucket}-not`, ...STORE_KEYS })
      expect(answer).toMatchObject({ status: 400, errors: [{ code: 10063 }] })
      const { code, output } = await migrate(['--from', `s3://${Bucket}-not`, '--bucket', bucket, '--source-endpoint', url()], SECRETS)
      expect([code, output]).toEqual([2, expect.stringContaining('The source cannot be read')])
    },
    LIMIT_MS,
  )

  // moto accepts every credential.
  test.skipIf(!here[name] || name === 'moto')('wrong credentials are refused', async () => {
    const wrong = { ...STORE_KEYS, secretAccessKey: 'another' }
    const answer = await enable(await made(), { provider: 's3', bucketUrl: `${url()}/${Bucket}`, ...wrong })
    expect(answer).toMatchObject({ status: 400, errors: [{ code: 10063 }] })
  })

  // versitygw has no archive.
  test.skipIf(!here[name] || name === 'versitygw')(
    'archived objects are skipped by a migration, and absent for Sippy',
    async () => {
      const archive = `${Bucket}-archive`
      await old.send(new CreateBucketCommand({ Bucket: archive }))
      const put = (Key: string, StorageClass: 'GLACIER' | 'DEEP_ARCHIVE' | 'STANDARD') =>
        old.send(new PutObjectCommand({ Bucket: archive, Key, Body: Key, StorageClass }))
      await put('cold', 'GLACIER')
      await put('colder', 'DEEP_ARCHIVE')
      await put('warm', 'STANDARD')
      const bucket = await made()
      const ran = await migrate(['--from', `s3://${archive}`, '--bucket', bucket, '--source-endpoint', url()], SECRETS)
      expect(ran).toMatchObject({ code: 0, output: expect.stringContaining('1 transferred (4 B), 2 skipped, 0 failed') })
      expect(await listed(bucket)).toEqual(['warm'])
      await enable(bucket, { provider: 's3', bucketUrl: `${url()}/${archive}`, ...STORE_KEYS })
      expect((await signedFetch('GET', `/${bucket}/cold`, { server })).status).toBe(404)
    },
    LIMIT_MS,
  )
})

describe('fake-gcs-server', () => {
  const name = 'fake-gcs-server'
  const bucketOfGoogle = uniqueName('old')
  const clientEmail = 'reader@project.iam.gserviceaccount.com'
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

  /** One request with the two parts of an upload: the description and the bytes. */
  async function upload({ key, body, headers }: Given): Promise<void> {
    const { ContentType: contentType, ContentEncoding: contentEncoding, CacheControl: cacheControl, Metadata: metadata } = headers
    const resource = JSON.stringify({ name: key, contentType, contentEncoding, cacheControl, metadata })
    const part = (type: string) => `--b\r\nContent-Type: ${type}\r\n\r\n`
    const pieces = [part('application/json'), resource, '\r\n', part(contentType ?? 'application/octet-stream'), body, '\r\n--b--']
    const answer = await fetch(`${stores[name]!.url}/upload/storage/v1/b/${bucketOfGoogle}/o?uploadType=multipart`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/related; boundary=b' },
      body: Buffer.concat(pieces.map((piece) => Buffer.from(piece))),
    })
    expect([answer.status, key, answer.ok ? '' : await answer.text()]).toEqual([200, key, ''])
  }

  beforeAll(async () => {
    if (!here[name]) return
    const body = pair.publicKey.export({ type: 'spki', format: 'pem' })
    await fetch(`${google.url}/_account/${encodeURIComponent(clientEmail)}`, { method: 'PUT', body })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${stores[name]!.url}/storage/v1/b`, { method: 'POST', headers, body: JSON.stringify({ name: bucketOfGoogle }) })
    for (const given of GIVEN) await upload(given)
  }, LIMIT_MS)

  test.skipIf(!here[name])(
    'Sippy copies what is read',
    async () => {
      const bucket = await made()
      expect(await enable(bucket, { provider: 'gcs', bucket: bucketOfGoogle, clientEmail, privateKey })).toMatchObject({ status: 200 })
      await checkSippy(bucket, { decoded: true })
    },
    LIMIT_MS,
  )

  test.skipIf(!here[name])(
    'npm run migrate copies the bucket, and nothing the second time',
    async () => {
      const file = join(folder, 'key.json')
      await writeFile(file, JSON.stringify({ client_email: clientEmail, private_key: privateKey }))
      await checkMigration(`gs://${bucketOfGoogle}`, [], { GOOGLE_APPLICATION_CREDENTIALS: file }, true)
    },
    LIMIT_MS,
  )

  // The stand-in says of an object in an absent bucket that the object is absent; of a listing it says the same as Google.
  test.skipIf(!here[name])(
    'a key that Google does not know, and a bucket that is not there, are refused',
    async () => {
      const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
      const source = { provider: 'gcs', bucket: bucketOfGoogle, clientEmail, privateKey: other }
      expect(await enable(await made(), source)).toMatchObject({ status: 400, errors: [{ code: 10063 }] })
      const file = join(folder, 'key-not.json')
      await writeFile(file, JSON.stringify({ client_email: clientEmail, private_key: privateKey }))
      const ran = await migrate(['--from', `gs://${bucketOfGoogle}-not`, '--bucket', await made()], {
        GOOGLE_APPLICATION_CREDENTIALS: file,
      })
      expect(ran).toMatchObject({ code: 2, output: expect.stringContaining('The source cannot be read') })
    },
    LIMIT_MS,
  )
})
