import { exports } from 'cloudflare:workers'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Permission, Policy, PolicyLevel } from '../../../src/auth/policies.ts'
import { createToken, secretAccessKeyOf } from '../../../src/control/tokens.ts'
import { ROUTES } from '../../../src/faces/s3/routes.ts'
import { env, secrets } from '../../support/bucket.ts'
import { type Credentials, signedRequest } from '../../support/s3.ts'

// Every operation of the S3 face against every kind of token, through the Worker itself.

const worker = (exports as unknown as { default: Fetcher }).default

const LEVELS: Readonly<Record<PolicyLevel, readonly Permission[]>> = {
  'admin-read-write': ['object:read', 'object:write', 'bucket:read', 'bucket:write', 'account:list'],
  'admin-read': ['object:read', 'bucket:read', 'account:list'],
  'object-read-write': ['object:read', 'object:write'],
  'object-read': ['object:read'],
}

let tokens = 0
async function tokenWith(...policies: Policy[]): Promise<Credentials> {
  const value = `value-of-token-${++tokens}`
  const id = tokens.toString(16).padStart(32, 'c')
  await createToken(env.CONTROL, secrets, { id, value, name: 'test', policies }, Date.now())
  return { accessKeyId: id, secretAccessKey: secretAccessKeyOf(value) }
}

interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function send({ method, path, headers, body }: Call, credentials?: Credentials) {
  const response = await worker.fetch(await signedRequest(method, path, { credentials, headers, body }))
  const text = await response.text()
  return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], text }
}

const DENIED = { status: 403, code: 'AccessDenied' }
const scoped = (level: PolicyLevel, ...names: string[]): Policy => ({
  level,
  buckets: names.map((name) => ({ jurisdiction: 'default', name })),
})

beforeAll(async () => {
  for (const bucket of ['mine', 'theirs']) {
    await send({ method: 'PUT', path: `/${bucket}` })
    await send({ method: 'PUT', path: `/${bucket}/object`, body: 'bytes' })
  }
})

/** What S3 clients send for an operation; the answer may well be an error, but not because of the token. */
const CALLS: readonly (readonly [operation: string, needs: Permission, call: Call])[] = [
  ['ListBuckets', 'account:list', { method: 'GET', path: '/' }],
  ['HeadBucket', 'object:read', { method: 'HEAD', path: '/mine' }],
  ['CreateBucket', 'bucket:write', { method: 'PUT', path: '/mine' }],
  ['DeleteBucket', 'bucket:write', { method: 'DELETE', path: '/mine' }],
  ['GetBucketLocation', 'object:read', { method: 'GET', path: '/mine?location' }],
  ['GetBucketCors', 'bucket:read', { method: 'GET', path: '/mine?cors' }],
  ['PutBucketCors', 'bucket:write', { method: 'PUT', path: '/mine?cors', body: '<CORSConfiguration/>' }],
  ['DeleteBucketCors', 'bucket:write', { method: 'DELETE', path: '/mine?cors' }],
  ['GetBucketLifecycleConfiguration', 'bucket:read', { method: 'GET', path: '/mine?lifecycle' }],
  ['PutBucketLifecycleConfiguration', 'bucket:write', { method: 'PUT', path: '/mine?lifecycle', body: '<LifecycleConfiguration/>' }],
  ['DeleteBucketLifecycle', 'bucket:write', { method: 'DELETE', path: '/mine?lifecycle' }],
  ['GetBucketEncryption', 'bucket:read', { method: 'GET', path: '/mine?encryption' }],
  ['PutBucketEncryption', 'bucket:write', { method: 'PUT', path: '/mine?encryption', body: '<x/>' }],
  ['DeleteBucketEncryption', 'bucket:write', { method: 'DELETE', path: '/mine?encryption' }],
  ['GetBucketVersioning', 'bucket:read', { method: 'GET', path: '/mine?versioning' }],
  ['PutBucketVersioning', 'bucket:write', { method: 'PUT', path: '/mine?versioning', body: '<x/>' }],
  ['GetBucketTagging', 'bucket:read', { method: 'GET', path: '/mine?tagging' }],
  ['PutBucketTagging', 'bucket:write', { method: 'PUT', path: '/mine?tagging', body: 'x' }],
  ['DeleteBucketTagging', 'bucket:write', { method: 'DELETE', path: '/mine?tagging' }],
  ['GetBucketPolicy', 'bucket:read', { method: 'GET', path: '/mine?policy' }],
  ['GetGetBucketPolicyStatus', 'bucket:read', { method: 'GET', path: '/mine?policyStatus' }],
  ['GetBucketWebsite', 'bucket:read', { method: 'GET', path: '/mine?website' }],
  ['GetBucketRequestPayment', 'bucket:read', { method: 'GET', path: '/mine?requestPayment' }],
  ['GetBucketLogging', 'bucket:read', { method: 'GET', path: '/mine?logging' }],
  ['GetBucketAccelerateConfiguration', 'bucket:read', { method: 'GET', path: '/mine?accelerate' }],
  ['GetPublicAccessBlock', 'bucket:read', { method: 'GET', path: '/mine?publicAccessBlock' }],
  ['GetBucketOwnershipControls', 'bucket:read', { method: 'GET', path: '/mine?ownershipControls' }],
  ['GetBucketIntelligentTieringConfiguration', 'bucket:read', { method: 'GET', path: '/mine?intelligent-tiering' }],
  ['GetBucketInventoryConfiguration', 'bucket:read', { method: 'GET', path: '/mine?inventory' }],
  ['GetBucketMetricsConfiguration', 'bucket:read', { method: 'GET', path: '/mine?metrics' }],
  ['GetBucketAnalyticsConfiguration', 'bucket:read', { method: 'GET', path: '/mine?analytics' }],
  ['PutBucketAccelerateConfiguration', 'bucket:write', { method: 'PUT', path: '/mine?accelerate', body: '<x/>' }],
  ['PutBucketAcl', 'bucket:write', { method: 'PUT', path: '/mine?acl', body: '<x/>' }],
  ['PutBucketLogging', 'bucket:write', { method: 'PUT', path: '/mine?logging', body: '<x/>' }],
  ['PutBucketOwnershipControls', 'bucket:write', { method: 'PUT', path: '/mine?ownershipControls', body: '<x/>' }],
  ['PutPublicAccessBlock', 'bucket:write', { method: 'PUT', path: '/mine?publicAccessBlock', body: '<x/>' }],
  ['PutBucketRequestPayment', 'bucket:write', { method: 'PUT', path: '/mine?requestPayment', body: '<x/>' }],
  ['DeleteBucketAnalyticsConfiguration', 'bucket:write', { method: 'DELETE', path: '/mine?analytics' }],
  ['DeleteBucketIntelligentTieringConfiguration', 'bucket:write', { method: 'DELETE', path: '/mine?intelligent-tiering' }],
  ['DeleteBucketInventoryConfiguration', 'bucket:write', { method: 'DELETE', path: '/mine?inventory' }],
  ['DeleteBucketMetricsConfiguration', 'bucket:write', { method: 'DELETE', path: '/mine?metrics' }],
  ['DeleteBucketOwnershipControls', 'bucket:write', { method: 'DELETE', path: '/mine?ownershipControls' }],
  ['DeletePublicAccessBlock', 'bucket:write', { method: 'DELETE', path: '/mine?publicAccessBlock' }],
  ['DeleteBucketPolicy', 'bucket:write', { method: 'DELETE', path: '/mine?policy' }],
  ['DeleteBucketReplication', 'bucket:write', { method: 'DELETE', path: '/mine?replication' }],
  ['DeleteBucketWebsite', 'bucket:write', { method: 'DELETE', path: '/mine?website' }],
  ['GetObjectAttributes', 'object:read', { method: 'GET', path: '/mine/object?attributes' }],
  ['RenameObject', 'object:write', { method: 'PUT', path: '/mine/renamed?renameObject', headers: { 'x-amz-rename-source': 'none' } }],
  ['GetBucketNotificationConfiguration', 'bucket:read', { method: 'GET', path: '/mine?notification' }],
  [
    'PutBucketNotificationConfiguration',
    'bucket:write',
    { method: 'PUT', path: '/mine?notification', body: '<NotificationConfiguration/>' },
  ],
  ['GetObjectAcl', 'object:read', { method: 'GET', path: '/mine/object?acl' }],
  ['PutObjectAcl', 'object:write', { method: 'PUT', path: '/mine/object?acl', body: '<x/>' }],
  ['GetBucketReplication', 'bucket:read', { method: 'GET', path: '/mine?replication' }],
  ['GetBucketAcl', 'bucket:read', { method: 'GET', path: '/mine?acl' }],
  ['GetObjectLockConfiguration', 'bucket:read', { method: 'GET', path: '/mine?object-lock' }],
  ['ListObjects', 'object:read', { method: 'GET', path: '/mine' }],
  ['ListObjectsV2', 'object:read', { method: 'GET', path: '/mine?list-type=2' }],
  ['ListMultipartUploads', 'object:read', { method: 'GET', path: '/mine?uploads' }],
  ['DeleteObjects', 'object:write', { method: 'POST', path: '/mine?delete', body: '<Delete><Object><Key>x</Key></Object></Delete>' }],
  ['PostBucket', 'object:read', { method: 'POST', path: '/mine' }],
  ['GetObject', 'object:read', { method: 'GET', path: '/mine/object' }],
  ['GetObject of a part', 'object:read', { method: 'GET', path: '/mine/object?partNumber=1' }],
  ['HeadObject', 'object:read', { method: 'HEAD', path: '/mine/object' }],
  ['PutObject', 'object:write', { method: 'PUT', path: '/mine/new', body: 'x' }],
  ['PutObject by POST', 'object:write', { method: 'POST', path: '/mine/new', body: 'x' }],
  ['CopyObject', 'object:write', { method: 'PUT', path: '/mine/copy', headers: { 'x-amz-copy-source': '/mine/object' } }],
  ['DeleteObject', 'object:write', { method: 'DELETE', path: '/mine/nothing' }],
  ['CreateMultipartUpload', 'object:write', { method: 'POST', path: '/mine/upload?uploads' }],
  ['UploadPart', 'object:write', { method: 'PUT', path: '/mine/upload?partNumber=1&uploadId=u', body: 'x' }],
  [
    'UploadPartCopy',
    'object:write',
    { method: 'PUT', path: '/mine/upload?partNumber=1&uploadId=u', headers: { 'x-amz-copy-source': '/mine/object' } },
  ],
  ['ListParts', 'object:read', { method: 'GET', path: '/mine/upload?uploadId=u' }],
  ['CompleteMultipartUpload', 'object:write', { method: 'POST', path: '/mine/upload?uploadId=u', body: '<x/>' }],
  ['AbortMultipartUpload', 'object:write', { method: 'DELETE', path: '/mine/upload?uploadId=u' }],
  ['GetObjectTagging', 'object:read', { method: 'GET', path: '/mine/object?tagging' }],
  ['DeleteObjectTagging', 'object:write', { method: 'DELETE', path: '/mine/object?tagging' }],
  ['PutObjectTagging', 'object:write', { method: 'PUT', path: '/mine/object?tagging', body: 'x' }],
]

test('every operation that we answer is in the table', () => {
  const tabled = new Set(CALLS.map(([operation]) => operation.split(' ')[0]))
  expect(ROUTES.filter(({ op, run }) => run && !tabled.has(op)).map(({ op }) => op)).toEqual([])
})

describe.each(Object.keys(LEVELS) as PolicyLevel[])('a token of level %s', (level) => {
  let wide: Credentials
  let narrow: Credentials
  beforeAll(async () => {
    wide = await tokenWith({ level })
    narrow = await tokenWith(scoped(level, 'mine'))
  })

  test.each(CALLS)('and %s, which needs %s', async (_, needs, call) => {
    for (const credentials of needs === 'account:list' ? [wide] : [wide, narrow]) {
      const { status, code, text } = await send(call, credentials)
      if (LEVELS[level].includes(needs)) {
        expect([401, 403]).not.toContain(status)
        continue
      }
      expect(status).toBe(403)
      if (call.method === 'HEAD') expect(text).toBe('')
      else expect(code).toBe('AccessDenied')
    }
  })

  test('that is limited to one bucket sees nothing of another one, existing or not, nor of the list of all', async () => {
    for (const [, , call] of CALLS) {
      for (const bucket of ['theirs', 'nowhere']) {
        const path = call.path === '/' ? '/' : call.path.replace('/mine', `/${bucket}`)
        const { status, code, text } = await send({ ...call, path }, narrow)
        expect(`${call.method} ${path} ${status} ${call.method === 'HEAD' ? text : code}`).toBe(
          `${call.method} ${path} 403 ${call.method === 'HEAD' ? '' : 'AccessDenied'}`,
        )
      }
    }
  })
})

describe('copying', () => {
  const copyTo = (path: string, source: string): Call => ({ method: 'PUT', path, headers: { 'x-amz-copy-source': source } })
  const upload = '/mine/upload?partNumber=1&uploadId=u'

  test.each(['/theirs/object', 'theirs/object', '/nowhere/object', 'th%65irs/object', '//theirs/object', '/theirs%2Fobject'])(
    'from %s, which the token may not read, is denied',
    async (source) => {
      const credentials = await tokenWith(scoped('object-read-write', 'mine'))
      expect(await send(copyTo('/mine/copy', source), credentials)).toMatchObject(DENIED)
      expect(await send(copyTo(upload, source), credentials)).toMatchObject(DENIED)
    },
  )

  test('from a bucket that the token may read to one that it may write is allowed', async () => {
    const credentials = await tokenWith(scoped('object-read-write', 'mine'), scoped('object-read', 'theirs'))
    expect(await send(copyTo('/mine/copied', '/theirs/object'), credentials)).toMatchObject({ status: 200 })
    expect((await send({ method: 'GET', path: '/mine/copied' }, credentials)).text).toBe('bytes')
    expect(await send(copyTo('/theirs/copied', '/mine/object'), credentials)).toMatchObject(DENIED)
  })

  test('from a namesake in another jurisdiction is denied', async () => {
    const credentials = await tokenWith(scoped('object-read-write', 'mine'))
    const request = await signedRequest('GET', '/mine/object', { credentials, origin: 'http://eu.localhost' })
    expect((await worker.fetch(request)).status).toBe(403)
  })
})

describe('creating a missing bucket on the way', () => {
  const put = (bucket: string): Call => ({
    method: 'PUT',
    path: `/${bucket}/a`,
    headers: { 'cf-create-bucket-if-missing': 'true' },
    body: 'x',
  })

  test('is for those who may create buckets', async () => {
    expect(await send(put('made-1'), await tokenWith({ level: 'object-read-write' }))).toMatchObject(DENIED)
    expect(await send({ method: 'HEAD', path: '/made-1' })).toMatchObject({ status: 404 })
    expect(await send(put('made-1'), await tokenWith({ level: 'admin-read-write' }))).toMatchObject({ status: 200 })
    expect(await send({ method: 'GET', path: '/made-1/a' })).toMatchObject({ status: 200, text: 'x' })
  })
})

test('a token without policies may do nothing', async () => {
  const credentials = await tokenWith()
  for (const [, , call] of CALLS) expect((await send(call, credentials)).status).toBe(403)
})

describe('a token', () => {
  const get: Call = { method: 'GET', path: '/mine/object' }
  const timed = async (times: { notBeforeMs?: number; expiresMs?: number }) => {
    const value = `value-of-token-${++tokens}`
    const id = tokens.toString(16).padStart(32, 'c')
    await createToken(env.CONTROL, secrets, { id, value, name: 'timed', policies: [{ level: 'object-read' }], ...times }, Date.now())
    return { accessKeyId: id, secretAccessKey: secretAccessKeyOf(value) }
  }

  test('that has expired, or is not valid yet, is unknown', async () => {
    const unknown = { status: 401, code: 'Unauthorized' }
    expect(await send(get, await timed({ expiresMs: Date.now() - 1 }))).toMatchObject(unknown)
    expect(await send(get, await timed({ notBeforeMs: Date.now() + 60_000 }))).toMatchObject(unknown)
    expect(await send(get, await timed({ notBeforeMs: Date.now() - 1, expiresMs: Date.now() + 60_000 }))).toMatchObject({ status: 200 })
  })

  test('that expires while it is remembered stops to work at once', async () => {
    const credentials = await timed({ expiresMs: Date.now() + 400 })
    expect(await send(get, credentials)).toMatchObject({ status: 200 })
    await scheduler.wait(450)
    expect(await send(get, credentials)).toMatchObject({ status: 401 })
  })
})
