import { createHash, createHmac } from 'node:crypto'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketCorsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import { s3Client, uniqueName } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { cloudflare, rest } from './support/rest.ts'

const { accountId, accessKeyId: root, secretAccessKey: rootSecret } = inject('server')
const client = cloudflare()
const bucket = lentBucket()
const other = lentBucket()
const Bucket = bucket.name

type Credentials = { accessKeyId: string; secretAccessKey: string; sessionToken: string }
const s3Of = (credentials: Credentials): S3Client => s3Client({ credentials })
const hour = () => Math.floor(Date.now() / 1000) + 3600

/** Credentials as a client makes them of its own key, without asking anybody. */
function mint(claims: object = {}, { parent = root, secret = rootSecret, alg = 'HS256' } = {}): Credentials {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const all = { sub: accountId, iss: parent, iat: hour() - 3600, exp: hour(), bucket: Bucket, scope: 'object-read-write', ...claims }
  const text = `${part({ alg, typ: 'JWT' })}.${part(all)}`
  const jwt = `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
  const secretAccessKey = createHash('sha256').update(jwt).digest('hex')
  return { accessKeyId: parent, secretAccessKey, sessionToken: Buffer.from(`jwt/${jwt}`).toString('base64') }
}

type Asked = Partial<Parameters<typeof client.r2.temporaryCredentials.create>[0]>
const make = async (asked: Asked = {}, as = client) =>
  (await as.r2.temporaryCredentials.create({
    account_id: accountId,
    bucket: Bucket,
    parentAccessKeyId: root,
    permission: 'object-read-write',
    ttlSeconds: 3600,
    ...asked,
  })) as Credentials

const failed = (work: Promise<unknown>) => work.then(() => expect.fail('it succeeded')).catch((error) => error)
const denied = async (work: Promise<unknown>) => expect(await failed(work)).toMatchObject({ name: 'AccessDenied' })

async function token(groups: string[], resources: Record<string, string>) {
  const permission_groups = groups.map((id) => ({ id }))
  const { id, value } = await client.accounts.tokens.create({
    account_id: accountId,
    name: 'parent',
    policies: [{ effect: 'allow', permission_groups, resources }],
  })
  return { id: id!, value: value!, secret: createHash('sha256').update(value!).digest('hex') }
}
const READ_ITEMS = '6a018a9f2fc74eb6b293b0c548f38b39'
const onBucket = { [`com.cloudflare.edge.r2.bucket.${accountId}_default_${Bucket}`]: '*' }

beforeAll(async () => {
  for (const key of ['in/a', 'in/b', 'out/a', 'one']) await bucket.put(key, key)
  await other.put('in/a', 'x')
})

describe.each([
  ['made by the API', make],
  ['minted by a client', async () => mint()],
])('temporary credentials, %s,', (_, credentials) => {
  test('work like others, in the header and in presigned URLs, on their bucket', async () => {
    const s3 = s3Of(await credentials())
    await s3.send(new PutObjectCommand({ Bucket, Key: 'in/new', Body: 'new' }))
    expect(await (await s3.send(new GetObjectCommand({ Bucket, Key: 'in/new' }))).Body!.transformToString()).toBe('new')
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'in/new' }))
    expect(await (await fetch(url)).text()).toBe('new')
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'in/copy', CopySource: `${Bucket}/in/new` }))
    await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'in/new' }, { Key: 'in/copy' }] } }))
    await s3.send(new HeadBucketCommand({ Bucket }))
  })

  test('are nothing elsewhere, and do not configure', async () => {
    const s3 = s3Of(await credentials())
    await denied(s3.send(new GetObjectCommand({ Bucket: other.name, Key: 'in/a' })))
    await denied(s3.send(new CopyObjectCommand({ Bucket, Key: 'in/copy', CopySource: `${other.name}/in/a` })))
    await denied(s3.send(new ListBucketsCommand({})))
    await denied(s3.send(new CreateBucketCommand({ Bucket: uniqueName('never') })))
    await denied(s3.send(new GetBucketCorsCommand({ Bucket })))
  })
})

test('credentials made by the API have the parent id, and a secret that does not follow from their token', async () => {
  const { accessKeyId, secretAccessKey, sessionToken } = await make()
  const jwt = Buffer.from(sessionToken, 'base64')
    .toString()
    .replace(/^jwt\//, '')
  expect({ accessKeyId, secretAccessKey }).toEqual({ accessKeyId: root, secretAccessKey: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const digest = createHash('sha256').update(jwt).digest('hex')
  expect(secretAccessKey).not.toBe(digest)
  const guessed = s3Of({ accessKeyId, secretAccessKey: digest, sessionToken })
  expect(await failed(guessed.send(new GetObjectCommand({ Bucket, Key: 'one' })))).toMatchObject({ name: 'SignatureDoesNotMatch' })
  const body = { bucket: Bucket, parentAccessKeyId: root, permission: 'object-read-only', ttlSeconds: 60 }
  expect(await rest('POST', '/accounts/{account}/r2/temp-access-credentials', { body })).toMatchObject({ status: 200 })
})

describe('permissions', () => {
  test('read only does not write', async () => {
    const s3 = s3Of(await make({ permission: 'object-read-only' }))
    await s3.send(new ListObjectsV2Command({ Bucket }))
    await denied(s3.send(new PutObjectCommand({ Bucket, Key: 'in/x', Body: 'x' })))
    await denied(s3.send(new DeleteObjectCommand({ Bucket, Key: 'in/a' })))
    await denied(s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'in/a' }] } })))
  })

  test('admin configures its bucket and no other', async () => {
    const s3 = s3Of(await make({ permission: 'admin-read-write' }))
    const CORSConfiguration = { CORSRules: [{ AllowedOrigins: ['*'], AllowedMethods: ['GET'] }] }
    await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }))
    await denied(s3.send(new PutBucketCorsCommand({ Bucket: other.name, CORSConfiguration })))
    await denied(s3.send(new ListBucketsCommand({})))
    await denied(s3Of(await make({ permission: 'admin-read-only' })).send(new PutBucketCorsCommand({ Bucket, CORSConfiguration })))
  })

  test('actions are the only ones', async () => {
    const s3 = s3Of(mint({ actions: ['GetObject', 'ListObjectsV1'] }))
    await s3.send(new GetObjectCommand({ Bucket, Key: 'in/a' }))
    await s3.send(new ListObjectsCommand({ Bucket }))
    await denied(s3.send(new ListObjectsV2Command({ Bucket })))
    await denied(s3.send(new PutObjectCommand({ Bucket, Key: 'in/x', Body: 'x' })))
  })
})

describe('paths', () => {
  test('limit reads, writes, copies, uploads and deletions to their keys', async () => {
    const s3 = s3Of(await make({ prefixes: ['in/'], objects: ['one'] }))
    for (const Key of ['in/a', 'one']) await s3.send(new GetObjectCommand({ Bucket, Key }))
    await s3.send(new PutObjectCommand({ Bucket, Key: 'in/c', Body: 'x' }))
    for (const Key of ['out/a', 'one/more', 'i', 'IN/a']) {
      await denied(s3.send(new GetObjectCommand({ Bucket, Key })))
      await denied(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' })))
    }
    await denied(s3.send(new CopyObjectCommand({ Bucket, Key: 'in/copy', CopySource: `${Bucket}/out/a` })))
    await denied(s3.send(new CopyObjectCommand({ Bucket, Key: 'out/copy', CopySource: `${Bucket}/in/a` })))
    await denied(s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'out/m' })))
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'in/m' }))
    await denied(s3.send(new UploadPartCopyCommand({ Bucket, Key: 'in/m', UploadId, PartNumber: 1, CopySource: `${Bucket}/out/a` })))
    const deleted = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'out/a' }, { Key: 'in/c' }] } }))
    expect(deleted.Errors).toMatchObject([{ Key: 'out/a', Code: 'AccessDenied' }])
    expect(deleted.Deleted).toMatchObject([{ Key: 'in/c' }])
    expect((await bucket.head('out/a')).status).toBe(200)
  })

  test('limit listings to their prefixes', async () => {
    const s3 = s3Of(await make({ prefixes: ['in/'] }))
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'in/' }))
    expect(Contents?.map(({ Key }) => Key)).toEqual(['in/a', 'in/b'])
    await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'in/a' }))
    for (const Prefix of [undefined, '', 'i', 'in', 'out/']) {
      await denied(s3.send(new ListObjectsV2Command({ Bucket, Prefix })))
      await denied(s3.send(new ListObjectsCommand({ Bucket, Prefix })))
      await denied(s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix })))
    }
    await denied(s3Of(await make({ objects: ['one'] })).send(new ListObjectsV2Command({ Bucket, Prefix: 'one' })))
  })

  test('leave no configuration, whatever the permission', async () => {
    const s3 = s3Of(await make({ permission: 'admin-read-write', prefixes: ['in/'] }))
    await denied(s3.send(new GetBucketCorsCommand({ Bucket })))
    await s3.send(new GetObjectCommand({ Bucket, Key: 'in/a' }))
  })
})

describe('on REST', () => {
  test.each([
    ['made by the API', make],
    ['minted by a client', async () => mint()],
  ])('a session token, %s, is nothing: whoever sees a presigned URL has it', async (_, credentials) => {
    const { sessionToken: token } = await credentials()
    const buckets = '/accounts/{account}/r2/buckets'
    const unknown = { status: 401, errors: [{ code: 9109 }] }
    expect(await rest('GET', `${buckets}/${Bucket}/objects?prefix=in%2F`, { token })).toMatchObject(unknown)
    expect(await rest('PUT', `${buckets}/${Bucket}/objects/in/x`, { token, body: 'x' })).toMatchObject(unknown)
    expect(await rest('DELETE', `${buckets}/${Bucket}/objects/in/a`, { token })).toMatchObject(unknown)
    const body = { bucket: Bucket, parentAccessKeyId: root, permission: 'admin-read-write', ttlSeconds: 60 }
    expect(await rest('POST', '/accounts/{account}/r2/temp-access-credentials', { token, body })).toMatchObject(unknown)
    expect(await rest('GET', '/accounts/{account}/tokens', { token })).toMatchObject(unknown)
  })
})

describe('a session token is refused', () => {
  const invalid = { name: 'InvalidArgument', message: 'X-Amz-Security-Token' }
  const past = Math.floor(Date.now() / 1000) - 10
  const bare = (sessionToken: string) => ({ accessKeyId: root, secretAccessKey: rootSecret, sessionToken })

  test('with a long-lived key', async () => {
    expect(await failed(s3Of(bare('anything')).send(new GetObjectCommand({ Bucket, Key: 'one' })))).toMatchObject(invalid)
    expect(await failed(s3Of(bare((await make()).sessionToken)).send(new GetObjectCommand({ Bucket, Key: 'one' })))).toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
  })

  test.each([
    ['that is over', { exp: past }],
    ['that lives for more than a week', { exp: hour() + 604_800 }],
    ['of another account', { sub: '0'.repeat(32) }],
    ['of another parent', { iss: '0'.repeat(32) }],
    ['of a scope that there is not', { scope: 'everything' }],
    ['without a bucket', { bucket: undefined }],
    ['whose paths are no lists', { paths: { prefixPaths: 'in/' } }],
  ])('%s', async (_, claims) => {
    const credentials = mint(claims)
    const error = await failed(s3Of(credentials).send(new GetObjectCommand({ Bucket, Key: 'one' })))
    expect(error).toMatchObject(invalid)
    expect(await rest('GET', `/accounts/{account}/r2/buckets/${Bucket}/objects`, { token: credentials.sessionToken })).toMatchObject({
      status: 401,
    })
  })

  test.each([
    ['that somebody else signed', mint({}, { secret: 'f'.repeat(64) })],
    ['that nobody signed', mint({}, { alg: 'none' })],
  ])('%s', async (_, credentials) => {
    expect((await failed(s3Of(credentials).send(new GetObjectCommand({ Bucket, Key: 'one' })))).name).toBe('SignatureDoesNotMatch')
    expect(await rest('GET', '/user/tokens/verify', { token: credentials.sessionToken })).toMatchObject({ status: 401 })
  })
})

describe('the parent', () => {
  test('bounds its children: in making them, and in using them', async () => {
    const parent = await token([READ_ITEMS], onBucket)
    const asked = { parentAccessKeyId: parent.id }
    for (const permission of ['object-read-write', 'admin-read-only', 'admin-read-write'] as const) {
      expect(await failed(make({ ...asked, permission }))).toMatchObject({ status: 403, errors: [{ code: 10003 }] })
    }
    expect(await failed(make({ ...asked, permission: 'object-read-only', bucket: other.name }))).toMatchObject({ status: 403 })
    const greedy = s3Of(mint({ scope: 'admin-read-write' }, { parent: parent.id, secret: parent.secret }))
    await greedy.send(new GetObjectCommand({ Bucket, Key: 'one' }))
    await denied(greedy.send(new PutObjectCommand({ Bucket, Key: 'one', Body: 'x' })))
    await client.accounts.tokens.delete(parent.id, { account_id: accountId })
  })

  test('is whoever asks, and no other: root alone may name one', async () => {
    const weak = await token([READ_ITEMS], onBucket)
    const as = cloudflare({ token: weak.value })
    expect(await failed(make({ parentAccessKeyId: weak.id, permission: 'object-read-write' }, as))).toMatchObject({ status: 403 })
    expect(await failed(make({ permission: 'object-read-only' }, as))).toMatchObject({ status: 403 })
    const s3 = s3Of(await make({ parentAccessKeyId: weak.id, permission: 'object-read-only' }, as))
    await s3.send(new GetObjectCommand({ Bucket, Key: 'one' }))
    await client.accounts.tokens.delete(weak.id, { account_id: accountId })
  })

  test('takes its children with it', async () => {
    const parent = await token([READ_ITEMS], onBucket)
    const s3 = s3Of(await make({ parentAccessKeyId: parent.id, permission: 'object-read-only' }))
    await s3.send(new GetObjectCommand({ Bucket, Key: 'one' }))
    await client.accounts.tokens.delete(parent.id, { account_id: accountId })
    expect(await failed(s3.send(new GetObjectCommand({ Bucket, Key: 'one' })))).toMatchObject({ name: 'Unauthorized' })
    expect(await failed(make({ parentAccessKeyId: parent.id }))).toMatchObject({ status: 400 })
  })

  test('ends no earlier than its children', async () => {
    const permission_groups = [{ id: READ_ITEMS }]
    const policies = [{ effect: 'allow' as const, permission_groups, resources: onBucket }]
    const expires_on = new Date(Date.now() + 100_000).toISOString()
    const brief = await client.accounts.tokens.create({ account_id: accountId, name: 'brief', policies, expires_on })
    const asked = { parentAccessKeyId: brief.id!, permission: 'object-read-only' } as const
    for (const as of [client, cloudflare({ token: brief.value! })]) {
      expect(await failed(make({ ...asked, ttlSeconds: 101 }, as))).toMatchObject({ status: 403 })
      await make({ ...asked, ttlSeconds: 60 }, as)
    }
    await client.accounts.tokens.delete(brief.id!, { account_id: accountId })
  })

  test.each([{ ttlSeconds: 0 }, { ttlSeconds: 604_801 }, { permission: 'all' as never }, { parentAccessKeyId: '0'.repeat(32) }])(
    '%j is refused',
    async (asked) => {
      expect(await failed(make(asked))).toMatchObject({ status: 400 })
    },
  )
})
