import { execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Cairn, type CairnOptions, startCairn } from '../../src/local/index.ts'
import type { S3Config } from '../../src/local/types.ts'

const START_LIMIT_MS = 240_000 // The first start builds the Worker.

let cairn: Cairn
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-local-'))
  mkdirSync(join(folder, 'seed/films/cats'), { recursive: true })
  writeFileSync(join(folder, 'seed/films/cats/a b.html'), '<p>cats</p>')
  writeFileSync(join(folder, 'seed/films/long.bin'), Buffer.alloc(2_000_000, 7))
  cairn = await startCairn({
    buckets: ['photos', { name: 'public', public: true }, { name: 'european', jurisdiction: 'eu' }],
    tokens: {
      reader: { permission: 'object-read', buckets: ['photos'] },
      writer: { permission: 'object-read-write' },
      admin: { permission: 'admin-read' },
    },
    seed: join(folder, 'seed'),
  })
}, START_LIMIT_MS)
afterEach(() => cairn.reset())
afterAll(async () => {
  await cairn.stop()
  await rm(folder, { recursive: true, force: true })
})

const client = (config: S3Config = cairn.s3) => new S3Client({ ...config, maxAttempts: 1 })
const put = (Key: string, Body: string | Buffer, Bucket = 'photos') => client().send(new PutObjectCommand({ Bucket, Key, Body }))
const text = async (Bucket: string, Key: string) => (await client().send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString()
const bucketNames = async (s3 = client()) => (await s3.send(new ListBucketsCommand({}))).Buckets?.map(({ Name }) => Name)
const keys = async (Bucket: string) => (await client().send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key)

describe('a start', () => {
  test('creates the buckets, with their jurisdictions', async () => {
    expect(await bucketNames()).toEqual(['films', 'photos', 'public'])
    expect(await bucketNames(client(cairn.s3In('eu')))).toEqual(['european'])
  })

  test('gives public buckets their URL', async () => {
    await put('a.txt', 'hello', 'public')
    expect(await (await fetch(`${cairn.publicUrl('public')}/a.txt`)).text()).toBe('hello')
    expect(() => cairn.publicUrl('photos')).toThrow('The bucket photos is not public.')
  })

  test('makes tokens that may do no more than they should', async () => {
    await put('a', 'a')
    const attempt = (name: string, Bucket: string) => {
      const s3 = client(cairn.tokens[name]!.s3)
      const outcome = (sent: Promise<unknown>) =>
        sent.then(
          () => 'done',
          ({ name }: Error) => name,
        )
      return Promise.all([
        outcome(s3.send(new ListObjectsV2Command({ Bucket }))),
        outcome(s3.send(new PutObjectCommand({ Bucket, Key: 'b', Body: '' }))),
      ])
    }
    expect(await attempt('reader', 'photos')).toEqual(['done', 'AccessDenied'])
    expect(await attempt('reader', 'public')).toEqual(['AccessDenied', 'AccessDenied'])
    expect(await attempt('writer', 'photos')).toEqual(['done', 'done'])
    expect(await attempt('admin', 'photos')).toEqual(['done', 'AccessDenied'])
  })

  test('uploads the seed', async () => {
    expect(await keys('films')).toEqual(['cats/a b.html', 'long.bin'])
    const { Body, ContentType } = await client().send(new GetObjectCommand({ Bucket: 'films', Key: 'cats/a b.html' }))
    expect([ContentType, await Body!.transformToString()]).toEqual(['text/html', '<p>cats</p>'])
  })

  test('answers the REST API, and fills the environment of child processes', async () => {
    expect(cairn.env).toMatchObject({ AWS_ENDPOINT_URL: cairn.endpoint, AWS_REGION: 'auto', CLOUDFLARE_ACCOUNT_ID: cairn.accountId })
    const script = `const { CLOUDFLARE_API_BASE_URL: base, CLOUDFLARE_ACCOUNT_ID: id, CLOUDFLARE_API_TOKEN: token } = process.env
      const answer = await fetch(base + '/accounts/' + id + '/r2/buckets', { headers: { authorization: 'Bearer ' + token } })
      console.log((await answer.json()).result.buckets.map(({ name }) => name).join())`
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { env: { ...process.env, ...cairn.env } })
    expect(output.toString().trim()).toBe('films,photos,public')
  })

  test('leaves the environment of this process as it was', () => {
    expect(Object.keys(process.env).filter((name) => /^(X_LOCAL|WRANGLER_REGISTRY)/.test(name))).toEqual([])
  })
})

describe('a reset', () => {
  test('deletes the objects of all tiers, uploads, buckets and tokens, and keeps those of the options', async () => {
    for (const [key, bytes] of Object.entries({ inline: 10, d1: 200_000, kv: 2_000_000 })) await put(key, Buffer.alloc(bytes, 1))
    await client().send(new CreateBucketCommand({ Bucket: 'extra' }))
    await put('a', 'a', 'extra')
    await cairn.reset()
    expect(await bucketNames()).toEqual(['films', 'photos', 'public'])
    expect(await keys('photos')).toBeUndefined()
    await client().send(new CreateBucketCommand({ Bucket: 'extra' }))
    expect(await keys('extra')).toBeUndefined()
  })

  test('brings back buckets and seeded objects that a test deleted or overwrote', async () => {
    await put('cats/a b.html', 'dogs', 'films')
    await client().send(new DeleteBucketCommand({ Bucket: 'photos' }))
    await cairn.reset()
    expect(await text('films', 'cats/a b.html')).toBe('<p>cats</p>')
    expect((await text('films', 'long.bin')).length).toBe(2_000_000)
    expect(await keys('photos')).toBeUndefined()
    await put('a', 'a')
    expect(await text('photos', 'a')).toBe('a')
  })

  test('forgets caches at once: the public URL serves nothing of an earlier test', async () => {
    const url = `${cairn.publicUrl('public')}/page.html`
    await put('page.html', 'first', 'public')
    expect((await fetch(url)).status).toBe(200)
    await cairn.reset()
    expect((await fetch(url)).status).toBe(404)
    await put('page.html', 'second', 'public')
    expect(await (await fetch(url)).text()).toBe('second')
  })

  test('serves no answer from the cache of a custom domain that an earlier test attached', async () => {
    const rest = (method: string, path: string, body: object) =>
      fetch(`${cairn.apiBaseUrl}/accounts/${cairn.accountId}/r2/buckets${path}`, {
        method,
        headers: { authorization: `Bearer ${cairn.apiToken}` },
        body: JSON.stringify(body),
      })
    const publish = async (body: string) => {
      const attached = await rest('POST', '/photos/domains/custom', { domain: 'img.example.com', zoneId: 'a'.repeat(32), enabled: true })
      expect(attached.status).toBe(200)
      await put('a.png', body)
    }
    const read = () => getAt(cairn.endpoint, 'img.example.com', '/a.png')
    await publish('first')
    await expect.poll(read).toEqual(['HIT', 'first'])
    await cairn.reset()
    await publish('second')
    expect(await read()).toEqual(['MISS', 'second'])
  })

  test('keeps the tokens of the options', async () => {
    await cairn.reset()
    expect(await keysOf('writer')).toBe(0)
    await cairn.reset()
    expect(await keysOf('reader')).toBe(0)
  })

  const keysOf = async (token: string) =>
    (await client(cairn.tokens[token]!.s3).send(new ListObjectsV2Command({ Bucket: 'photos' }))).KeyCount
})

describe('options', () => {
  const using = async (options: CairnOptions, use: (own: Cairn) => Promise<void>) => {
    const own = await startCairn(options)
    try {
      await use(own)
    } finally {
      await own.stop()
    }
  }

  test('overlapping starts are apart: one ends alone, and the environment is as before', { timeout: 120_000 }, async () => {
    const names = Object.keys(process.env)
    const [one, two] = await Promise.all([startCairn({ buckets: ['mine'] }), startCairn({ buckets: ['mine'] })])
    try {
      expect(Object.keys(process.env)).toEqual(names)
      await client(two.s3).send(new PutObjectCommand({ Bucket: 'mine', Key: 'a', Body: 'a' }))
      await client(one.s3).send(new PutObjectCommand({ Bucket: 'mine', Key: 'a', Body: 'b' }))
      const started: unknown[] = []
      const note = (message: unknown) => started.push(message)
      subscribe('child_process', note)
      await Promise.all([one.stop(), one.stop()])
      unsubscribe('child_process', note)
      expect(started).toEqual([]) // Miniflare starts workerd again when it believes in a crash.
      await expect(one.reset()).rejects.toThrow('reset() came after stop()')
      const { Body } = await client(two.s3).send(new GetObjectCommand({ Bucket: 'mine', Key: 'a' }))
      expect(await Body!.transformToString()).toBe('a')
    } finally {
      await Promise.all([one.stop(), two.stop()])
    }
  })

  test('strict mode refuses what R2 refuses, and a folder keeps the data and refuses a reset', { timeout: 120_000 }, async () => {
    const data = join(folder, 'data')
    await using({ folder: data, buckets: ['kept'], strict: true }, async (own) => {
      await client(own.s3).send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'a' }))
      await expect(startCairn({ folder: data })).rejects.toThrow(
        `The folder ${data} is in use by another server (process ${process.pid} on`,
      )
      await expect(client(own.s3).send(new PutObjectCommand({ Bucket: 'kept', Key: 'a', Body: 'b' }))).rejects.toThrow()
    })
    await using({ folder: data, buckets: ['kept'] }, async (own) => {
      const { Contents } = await client(own.s3).send(new ListObjectsV2Command({ Bucket: 'kept' }))
      expect(Contents?.map(({ Key }) => Key)).toEqual(['a'])
      await expect(own.reset()).rejects.toThrow('reset() would delete data that was in the folder before this start.')
    })
  })

  test.each([
    [{ port: 0, settings: { R2_STRICT: 'perhaps' } }, 'Cairn did not start: The variable R2_STRICT must be true or false.'],
    [{ buckets: ['No Name'] }, 'The bucket "No Name" was not created: POST /r2/buckets'],
    [{ tokens: { a: { permission: 'admin-read', buckets: ['b'] } } }, 'The token a: admin-read cannot be limited to buckets.'],
    [{ tokens: { a: { permission: 'write' as 'admin-read' } } }, 'The token a has no permission "write"'],
    [{ seed: '/no/such/folder' }, 'The seed folder cannot be read: ENOENT'],
  ] satisfies [CairnOptions, string][])('%j is refused with a reason', { timeout: 120_000 }, async (options, message) => {
    await expect(startCairn(options)).rejects.toThrow(message)
  })
})

/** GET with a Host header, which `fetch` does not let a caller set. */
async function getAt(endpoint: string, host: string, path: string): Promise<unknown[]> {
  const { request } = await import('node:http')
  return new Promise<unknown[]>((resolve, reject) => {
    request(new URL(path, endpoint), { headers: { host } }, async (incoming) =>
      resolve([incoming.headers['cf-cache-status'], Buffer.concat(await incoming.toArray()).toString()]),
    )
      .on('error', reject)
      .end()
  })
}
