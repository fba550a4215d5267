import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { bytesOf, expectError, expectHeaderNotImplemented, expectPreconditionFailed, expectSameBytes } from './support/answers.ts'
import { emptyBucket, type SignedRequest, s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { type Algorithm, checksum64, NEW_ALGORITHMS } from './support/crc.ts'
import { sendForm, signForm, writeForm } from './support/forms.ts'
import { openUpload, PART_A, PART_B, TAIL } from './support/multipart.ts'
import { awsChunked, chunkedHeaders, etagOf, type LentBucket } from './support/objects.ts'
import { cloudflare, restFetch } from './support/rest.ts'
import { type Connection, type Server, startServer } from './support/server.ts'
import { hmac, presign, sha256, signHeaders } from './support/sigv4.ts'

/** Two servers: one allows what R2 refuses, the other is as strict as R2. */
interface Side extends Pick<LentBucket, 'name' | 'send'> {
  readonly server: Connection
  readonly strict: boolean
}

const sides: Side[] = []
let strictServer: Server

beforeAll(async () => {
  strictServer = await startServer({ vars: { R2_STRICT: 'true' } })
  for (const [server, strict] of [
    [inject('server'), false],
    [strictServer, true],
  ] as const) {
    const name = uniqueName('strict')
    const send = (method: string, key: string, request?: SignedRequest) => signedFetch(method, `/${name}/${key}`, { ...request, server })
    expect((await signedFetch('PUT', `/${name}`, { server })).status).toBe(200)
    sides.push({ server, strict, name, send })
  }
})

afterAll(async () => {
  for (const { server, name } of sides) {
    await emptyBucket(s3Client({ server }), name)
    await signedFetch('DELETE', `/${name}`, { server })
  }
  await strictServer.stop()
})

const LONGER = Buffer.concat([PART_B, TAIL])
const NO_CLASS = { 'x-amz-storage-class': '' }
const FULL_OBJECT = ['x-amz-checksum-type', 'FULL_OBJECT'] as const

type Refusal = (response: Response) => Promise<void>
const BYPASS = ['x-amz-bypass-governance-retention', 'true'] as const

/** Configurations, and bodies that state what is so already. */
const STATEMENTS: readonly (readonly [query: string, operation: string, body?: string])[] = [
  ['requestPayment', 'GetBucketRequestPayment'],
  ['logging', 'GetBucketLogging'],
  ['accelerate', 'GetBucketAccelerateConfiguration'],
  ['publicAccessBlock', 'GetPublicAccessBlock'],
  ['ownershipControls', 'GetBucketOwnershipControls'],
  ['intelligent-tiering', 'GetBucketIntelligentTieringConfiguration'],
  ['inventory', 'GetBucketInventoryConfiguration'],
  ['metrics', 'GetBucketMetricsConfiguration'],
  ['analytics', 'GetBucketAnalyticsConfiguration'],
  ['logging', 'PutBucketLogging', '<BucketLoggingStatus/>'],
  ['accelerate', 'PutBucketAccelerateConfiguration', '<AccelerateConfiguration><Status>Suspended</Status></AccelerateConfiguration>'],
]
type Attempt = (side: Side) => Promise<Response>

/** What a client tries, by the row of the table in docs/reference/s3.md that it is about, and how R2 refuses it. */
const ATTEMPTS: readonly (readonly [row: string, attempt: string, Attempt, Refusal])[] = [
  ...(['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER'] as const).map(
    (payload) =>
      [
        'Signed chunked uploads',
        payload,
        (side: Side) => putSignedChunks(side, payload),
        (response: Response) => expectError(response, 501, 'NotImplemented', `${payload} not implemented`),
      ] as const,
  ),
  ['Paths signed in their encoded form', 'a parenthesis', (side) => side.send('PUT', '(a)', { body: 'x' }), expectSignatureMismatch],
  ['Parts of different sizes', 'a longer part in the middle', (side) => complete(side, [PART_A, LONGER, PART_B]), expectNotUniform],
  ['Parts of different sizes', 'a shorter part in the middle', (side) => complete(side, [LONGER, PART_A, TAIL]), expectNotUniform],
  ['Parts of different sizes', 'a longer last part', (side) => complete(side, [PART_A, LONGER]), expectNotUniform],
  ['More than one write a second', 'PutObject twice', (side) => twice(side, 'PUT'), expectTooManyRequests],
  ['More than one write a second', 'POST to a key twice', (side) => twice(side, 'POST'), expectTooManyRequests],
  ['More than one write a second', 'a large PutObject', (side) => twice(side, 'PUT', PART_A), expectTooManyRequests],
  ['More than one write a second', 'CopyObject onto a fresh object', copyOntoFresh, expectTooManyRequests],
  ['More than one write a second', 'CompleteMultipartUpload onto a fresh object', completeOntoFresh, expectTooManyRequests],
  ['FULL_OBJECT checksums', 'CRC32', (side) => createFullObject(side, 'CRC32'), (it) => expectHeaderNotImplemented(it, ...FULL_OBJECT)],
  ['FULL_OBJECT checksums', 'CRC32C', (side) => createFullObject(side, 'CRC32C'), (it) => expectHeaderNotImplemented(it, ...FULL_OBJECT)],
  ...NEW_ALGORITHMS.flatMap((algorithm) => {
    const row = 'The checksums SHA512, MD5, XXHASH64, XXHASH3 and XXHASH128'
    return [
      [row, `${algorithm} in a trailer`, (side: Side) => putTrailer(side, algorithm), expectUnknownTrailer],
      [row, `${algorithm} of an upload in parts`, (side: Side) => createWith(side, algorithm), expectUnknownAlgorithm],
    ] as const
  }),
  ...(
    [
      ['if-match', '*'],
      ['if-none-match', '"0123"'],
      ['if-modified-since', 'Sat, 01 Jan 2000 00:00:00 GMT'],
      ['if-unmodified-since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
    ] as const
  ).map(([condition, value]) => {
    const name = `x-amz-copy-source-${condition}`
    return [
      '`x-amz-copy-source-if-*` on UploadPartCopy',
      name,
      (side: Side) => copyPart(side, { [name]: value }),
      (response: Response) => expectHeaderNotImplemented(response, name, value),
    ] as const
  }),
  [
    '`x-amz-sdk-checksum-algorithm` on PutBucketCors',
    'PutBucketCors',
    putCors,
    (response) => expectHeaderNotImplemented(response, 'x-amz-sdk-checksum-algorithm', 'CRC32'),
  ],
  ['Upload forms of browsers', 'a form', postForm, expectNoForms],
  [
    '`x-amz-acl: private` on CreateBucket',
    'CreateBucket',
    createPrivateBucket,
    (response) => expectHeaderNotImplemented(response, 'x-amz-acl', 'private'),
  ],
  ['Tokens for the objects of buckets', 'an item token of the bucket', listByItemToken, expectAuthenticationError],
  ['Empty headers', 'PutObject', (side) => side.send('PUT', 'class', { body: 'x', headers: NO_CLASS }), expectInvalidClass],
  [
    'Empty headers',
    'CreateMultipartUpload',
    (side) => side.send('POST', 'class', { query: { uploads: '' }, headers: NO_CLASS }),
    expectInvalidClass,
  ],
  ['Empty headers', 'CopyObject', copyWithoutClass, expectInvalidClass],
  ...['x-amz-acl', 'x-amz-tagging', 'x-amz-server-side-encryption'].map(
    (name) =>
      [
        'Empty headers',
        name,
        (side: Side) => side.send('PUT', 'empty', { body: 'x', headers: { [name]: '' } }),
        (response: Response) => expectHeaderNotImplemented(response, name, ''),
      ] as const,
  ),
  [
    'Tags of objects and buckets',
    'PutObject with tags',
    (side) => side.send('PUT', uniqueName('tagged'), { body: 'x', headers: { 'x-amz-tagging': 'a=b' } }),
    (response) => expectHeaderNotImplemented(response, 'x-amz-tagging', 'a=b'),
  ],
  ['Tags of objects and buckets', 'GetObjectTagging', (side) => sendTagging(side, 'GET'), expectAbsent('GetObjectTagging')],
  ['Tags of objects and buckets', 'a lifecycle filter by size', putSizeFilter, expectMalformed],
  ['Tags of objects and buckets', 'PutObjectTagging', (side) => sendTagging(side, 'PUT'), expectAbsent('PutObjectTagging')],
  [
    'Tags of objects and buckets',
    'CopyObject',
    copyWithoutTags,
    (it) => expectHeaderNotImplemented(it, 'x-amz-tagging-directive', 'REPLACE'),
  ],
  ['A `Date` header', 'with a zone', getAtMailDate, expectBadDate],
  ...(['PUT', 'GET', 'DELETE'] as const).map(
    (method) =>
      [
        '`x-amz-expected-bucket-owner`',
        method,
        ownedBy(method),
        async (response: Response) =>
          expect([response.status, await response.text()]).toEqual([501, expect.stringContaining('expected-bucket-owner')]),
      ] as const,
  ),
  ...(['Get', 'Put'] as const).map(
    (verb) =>
      [
        'PutBucketNotificationConfiguration and GetBucketNotificationConfiguration',
        verb,
        ({ server, name }: Side) => {
          const body = verb === 'Put' ? Buffer.from('<NotificationConfiguration/>') : undefined
          return signedFetch(verb.toUpperCase(), `/${name}`, { query: { notification: '' }, body, server }).then(bare)
        },
        (response: Response) => expectError(response, 501, 'NotImplemented', `${verb}BucketNotificationConfiguration not implemented`),
      ] as const,
  ),
  [
    'GetObjectAttributes',
    'GetObjectAttributes',
    readAttributes,
    (it) => expectError(it, 501, 'NotImplemented', 'GetObjectAttributes not implemented'),
  ],
  ['`If-Match` and other conditions on DeleteObject', 'DeleteObject', (side) => deleteStale(side, 'one'), expectDeleted],
  ['`If-Match` and other conditions on DeleteObject', 'DeleteObjects', (side) => deleteStale(side, 'many'), expectDeleted],
  ['`If-Match` and `If-None-Match` for the destination', 'CopyObject', copyOntoExisting, expectDeleted],
  ['RenameObject', 'RenameObject', renameOne, expectDeleted],
  ['CompleteMultipartUpload that is sent again', 'CompleteMultipartUpload', completeTwice, expectNoSuchUpload],
  ['`x-amz-bypass-governance-retention` on deletes', 'DeleteObjects', deleteBypassing, (it) => expectHeaderNotImplemented(it, ...BYPASS)],
  ...STATEMENTS.map(
    ([query, operation, body]) =>
      [
        'Configurations that tools read',
        operation,
        ({ server, name }: Side) =>
          signedFetch(body === undefined ? 'GET' : 'PUT', `/${name}`, {
            query: { [query]: '' },
            body: body && Buffer.from(body),
            server,
          }).then(bare),
        (response: Response) => expectError(response, 501, 'NotImplemented', `${operation} not implemented`),
      ] as const,
  ),
  [
    '`x-amz-request-id` on every answer',
    'a read of the bucket',
    ({ server, name }) => signedFetch('GET', `/${name}`, { server }),
    expectNoId,
  ],
]

/** Rows that no client can try here: about the Workers binding, and about objects of another provider. The file that tries each. */
const ELSEWHERE = {
  'An unknown storage class in the Workers binding': 'test/r2-bucket/cairn.test.ts',
  'Objects that Sippy copies keep `Content-Type`': 'test/store/sippy/read.test.ts',
}

async function sendTagging({ send }: Side, method: string): Promise<Response> {
  const key = uniqueName('tagging')
  await send('PUT', key, { body: 'x' })
  return send(method, key, { query: { tagging: '' }, ...(method === 'PUT' && { body: '<Tagging><TagSet/></Tagging>' }) })
}

function expectAbsent(operation: string): Refusal {
  return (response) => expectError(response, 501, 'NotImplemented', `${operation} not implemented`)
}

function putSizeFilter({ name, server }: Side): Promise<Response> {
  const filter = '<Filter><ObjectSizeGreaterThan>5</ObjectSizeGreaterThan></Filter>'
  const body = `<LifecycleConfiguration><Rule><ID>r</ID>${filter}<Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>`
  return signedFetch('PUT', `/${name}`, { query: { lifecycle: '' }, body, server })
}

function expectMalformed(response: Response): Promise<void> {
  return expectError(
    response,
    400,
    'MalformedXML',
    'The XML you provided was not well formed or did not validate against our published schema.',
  )
}

async function copyWithoutTags({ name, send }: Side): Promise<Response> {
  const key = uniqueName('source')
  await send('PUT', key, { body: 'x' })
  return send('PUT', `${key}-copy`, { headers: { 'x-amz-copy-source': `/${name}/${key}`, 'x-amz-tagging-directive': 'REPLACE' } })
}

/** Lists the objects over REST with a token that may read the objects of this bucket and nothing else. */
async function listByItemToken({ server, name }: Side): Promise<Response> {
  const { accountId } = server
  const itemRead = { id: '6a018a9f2fc74eb6b293b0c548f38b39' }
  const resources = { [`com.cloudflare.edge.r2.bucket.${accountId}_default_${name}`]: '*' }
  const policies = [{ effect: 'allow', permission_groups: [itemRead], resources }]
  const { id, value } = await cloudflare({ server }).accounts.tokens.create({ account_id: accountId, name: 'items', policies } as never)
  const response = await restFetch('GET', `/accounts/{account}/r2/buckets/${name}/objects`, { server, token: value })
  await cloudflare({ server }).accounts.tokens.delete(id!, { account_id: accountId })
  return response
}

function postForm({ name: bucket, server }: Side): Promise<Response> {
  const fields = signForm({
    bucket,
    fields: [
      ['key', uniqueName('form')],
      ['success_action_status', '200'],
    ],
    server,
  })
  return sendForm(bucket, writeForm({ fields }), { server })
}

function expectNoForms(response: Response): Promise<void> {
  return expectError(response, 501, 'NotImplemented', 'Presigned post requests are not yet implemented not implemented')
}

function putTrailer({ send }: Side, algorithm: Algorithm): Promise<Response> {
  const name = `x-amz-checksum-${algorithm.toLowerCase()}`
  const body = awsChunked(['x'], { [name]: checksum64(algorithm, Buffer.from('x')) })
  return send('PUT', uniqueName('trailer'), { body, headers: chunkedHeaders(1, name) })
}

function createWith({ send }: Side, algorithm: Algorithm): Promise<Response> {
  return send('POST', uniqueName('parts'), { query: { uploads: '' }, headers: { 'x-amz-checksum-algorithm': algorithm } })
}

function expectUnknownTrailer(response: Response): Promise<void> {
  return expectError(response, 400, 'InvalidRequest', 'The value specified in the x-amz-trailer header is not supported')
}

async function expectUnknownAlgorithm(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]')])
}

/** Sends a request that names the account as the owner. */
function ownedBy(method: 'PUT' | 'GET' | 'DELETE'): Attempt {
  return async ({ send, server }) => {
    const key = uniqueName('owned')
    if (method !== 'PUT') await send('PUT', key, { body: 'x' })
    const body = method === 'PUT' ? 'x' : undefined
    return bare(await send(method, key, { body, headers: { 'x-amz-expected-bucket-owner': server.accountId } }))
  }
}

/** A success as a 200 without a body, as every row here must end by default. */
const bare = (response: Response): Response => (response.ok ? new Response() : response)

async function readAttributes({ send }: Side): Promise<Response> {
  const key = uniqueName('attributes')
  await send('PUT', key, { body: 'x' })
  return bare(await send('GET', key, { query: { attributes: '' }, headers: { 'x-amz-object-attributes': 'ETag' } }))
}

/** Answers 200 when what was allowed has happened, and 409 when the request was treated as on R2. */
const asked = (isDone: boolean): Response => new Response(null, { status: isDone ? 200 : 409 })

async function expectDeleted(response: Response): Promise<void> {
  expect(response.status).toBe(409)
}

/** Deletes under a condition that does not hold. */
async function deleteStale({ send, server, name }: Side, how: 'one' | 'many'): Promise<Response> {
  const key = uniqueName('stale')
  await send('PUT', key, { body: 'x' })
  const body = Buffer.from(`<Delete><Object><Key>${key}</Key><ETag>"0123"</ETag><Size>x</Size></Object></Delete>`)
  if (how === 'one') await send('DELETE', key, { headers: { 'if-match': '"0123"' } })
  else await signedFetch('POST', `/${name}`, { query: { delete: '' }, body, server })
  return asked((await send('HEAD', key)).status === 200)
}

async function copyOntoExisting({ send, name }: Side): Promise<Response> {
  const [from, to] = [uniqueName('from'), uniqueName('to')]
  await send('PUT', from, { body: 'from' })
  await send('PUT', to, { body: 'to' })
  await new Promise((resolve) => setTimeout(resolve, 1050)) // Strictly, a key is written once a second.
  await send('PUT', to, { headers: { 'x-amz-copy-source': `${name}/${from}`, 'if-none-match': '*' } })
  return asked((await (await send('GET', to)).text()) === 'to')
}

async function renameOne({ send }: Side): Promise<Response> {
  const [from, to] = [uniqueName('from'), uniqueName('to')]
  await send('PUT', from, { body: 'x' })
  expect((await send('PUT', to, { query: { renameObject: '' }, headers: { 'x-amz-rename-source': from } })).status).toBe(200)
  const texts = await Promise.all([from, to].map(async (key) => (await send('GET', key)).text()))
  return asked(texts[1] === 'x')
}

async function completeTwice(side: Side): Promise<Response> {
  const upload = await openUpload(side, uniqueName('twice'))
  const parts = [await upload.part(1, 'x')]
  await upload.finish(parts)
  return bare(await upload.complete(parts))
}

async function expectNoSuchUpload(response: Response): Promise<void> {
  await expectError(response, 404, 'NoSuchUpload', 'The specified multipart upload does not exist.')
}

function deleteBypassing({ server, name }: Side): Promise<Response> {
  const body = Buffer.from('<Delete><Object><Key>nothing</Key></Object></Delete>')
  return signedFetch('POST', `/${name}`, { query: { delete: '' }, body, headers: Object.fromEntries([BYPASS]), server }).then(bare)
}

/** As botocore sends it when `Date` is set. */
function getAtMailDate({ server, name }: Side): Promise<Response> {
  const at = new Date()
  const date = at.toUTCString().replace('GMT', '-0000')
  const signedHeaders = ['date', 'host', 'x-amz-content-sha256']
  const {
    host: _,
    'x-amz-date': __,
    ...headers
  } = signHeaders({ target: `/${name}`, at, headers: { date }, signedHeaders, server }).headers
  return fetch(`${server.endpoint}/${name}`, { headers })
}

async function expectNoId({ headers }: Response): Promise<void> {
  expect(headers.get('x-amz-request-id')).toBeNull()
}

async function expectBadDate(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('header (')])
}

async function expectSignatureMismatch(response: Response): Promise<void> {
  expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('<Code>SignatureDoesNotMatch</Code>')])
}

async function expectAuthenticationError(response: Response): Promise<void> {
  expect(response.status).toBe(403)
  expect(await response.json()).toMatchObject({ success: false, errors: [{ code: 10000, message: 'Authentication error' }] })
}

describe('by default', () => {
  test.each(ATTEMPTS)('%s: %s is allowed', async (_row, _what, attempt) => {
    const response = await attempt(sides[0]!)
    expect([response.status, response.status === 200 ? '' : await response.text()]).toEqual([200, ''])
  })
})

describe('with R2_STRICT=true', () => {
  test.each(ATTEMPTS)('%s: %s fails as on R2', async (_row, _what, attempt, expectRefusal) => {
    await expectRefusal(await attempt(sides[1]!))
  })

  test('every row of the table in the reference has an attempt here', async () => {
    const [, table = ''] = /R2_STRICT=true` \|\n\|---\|\n([\s\S]*?)\n(?!\|)/.exec(await readFile('docs/reference/s3.md', 'utf8')) ?? []
    const rows = table.split('\n').map((line) => line.replace(/^\| | \|$/g, ''))
    expect(rows.length).toBeGreaterThan(5)
    const tried = [...new Set(ATTEMPTS.map(([row]) => row)), ...Object.keys(ELSEWHERE)]
    expect(rows.map((row) => tried.find((start) => row.startsWith(start)) ?? row)).toEqual(expect.arrayContaining(tried))
    for (const row of rows)
      expect(
        tried.some((start) => row.startsWith(start)),
        row,
      ).toBe(true)
    for (const file of Object.values(ELSEWHERE)) expect(await readFile(file, 'utf8')).toContain('strict')
  })

  const strict = () => sides[1]!

  test.each([
    ['policy', 'GetBucketPolicy'],
    ['policyStatus', 'GetGetBucketPolicyStatus'],
    ['website', 'GetBucketWebsite'],
  ])('?%s is 501 %s', async (query, operation) => {
    const { server, name } = strict()
    const response = await signedFetch('GET', `/${name}`, { query: { [query]: '' }, server })
    await expectError(response, 501, 'NotImplemented', `${operation} not implemented`)
  })

  test('?publicAccessBlock is an unknown parameter of DELETE', async () => {
    const { server, name } = strict()
    const response = await signedFetch('DELETE', `/${name}`, { query: { publicAccessBlock: '' }, server })
    await expectError(response, 400, 'InvalidArgument', 'Unsupported search param(s) "publicAccessBlock" on a DELETE bucket route')
  })

  test('parameters and headers that R2 does not know are ignored on PUT', async () => {
    for (const query of [{ annotation: '' }, { encryption: '' }, { junk: '1' }, { versionId: 'a' }] as Record<string, string>[]) {
      const key = uniqueName('ignoring')
      expect((await strict().send('PUT', key, { query, body: 'x', headers: { 'x-amz-write-offset-bytes': '0' } })).status).toBe(200)
      expect(await (await strict().send('GET', key, { query: { annotation: '' } })).text()).toBe('x')
    }
  })

  test.each(['select', 'restore', 'junk'])('POST ?%s stores the body', async (name) => {
    const key = uniqueName('posting')
    expect((await strict().send('POST', key, { query: { [name]: '' }, body: 'x' })).status).toBe(200)
    expect(await (await strict().send('GET', key)).text()).toBe('x')
  })

  test.each([
    ['x-amz-meta-a', 'b'],
    ['cf-create-bucket-if-missing', 'true'],
  ])('%s need not be signed, as on R2; by default it must be', async (name, value) => {
    for (const { server, name: bucket, strict: lets } of sides) {
      for (const isPresigned of [false, true]) {
        const target = `/${bucket}/${uniqueName('unsigned')}`
        const { host: _, ...headers } = isPresigned ? { host: '' } : signHeaders({ method: 'PUT', target, server }).headers
        const url = server.endpoint + (isPresigned ? presign({ method: 'PUT', target, server }) : target)
        const response = await fetch(url, { method: 'PUT', headers: { ...headers, [name]: value }, body: 'x' })
        const refused = [403, expect.stringContaining(`<HeadersNotSigned>${name}</HeadersNotSigned>`)]
        expect([response.status, await response.text()]).toEqual(lets ? [200, ''] : refused)
      }
    }
  })

  test('parts of one size with a shorter or equal last one are fine, whatever was uploaded besides', async () => {
    expect((await complete(strict(), [PART_A, PART_B, TAIL])).status).toBe(200)
    expect((await complete(strict(), [PART_A, PART_B])).status).toBe(200)
    expect((await complete(strict(), [LONGER])).status).toBe(200)
    const upload = await openUpload(strict(), uniqueName('besides'))
    const parts = [await upload.part(1, PART_A), await upload.part(2, LONGER), await upload.part(3, PART_B)]
    await upload.finish([parts[0]!, parts[2]!])
    expectSameBytes(await bytesOf(await strict().send('GET', upload.key)), Buffer.concat([PART_A, PART_B]))
  })

  test('a part under 5 MiB is named before the difference, and a refusal leaves the upload open', async () => {
    const upload = await openUpload(strict(), uniqueName('small'))
    const small = [await upload.part(1, PART_A), await upload.part(2, TAIL), await upload.part(3, 'x')]
    const text = 'Your proposed upload is smaller than the minimum allowed object size.'
    await expectError(await upload.complete(small), 400, 'EntityTooSmall', text)
    await upload.finish(small.slice(0, 2))
  })

  test('a second later a key can be written again; a delete and other keys need not wait', async () => {
    const key = uniqueName('patient')
    const put = (name: string) => strict().send('PUT', name, { body: 'x' })
    expect((await put(key)).status).toBe(200)
    expect((await put(`${key}-other`)).status).toBe(200)
    expect((await strict().send('DELETE', key)).status).toBe(204)
    expect((await put(key)).status).toBe(200)
    await expectTooManyRequests(await put(key))
    await new Promise((resolve) => setTimeout(resolve, 1050))
    expect((await put(key)).status).toBe(200)
  })

  test('too many requests ask to come back, and a failed condition is named first', async () => {
    const key = uniqueName('fresh')
    await strict().send('PUT', key, { body: 'old' })
    const refused = await strict().send('PUT', key, { body: 'new' })
    expect(refused.headers.get('retry-after')).toBe('1')
    await expectPreconditionFailed(await strict().send('PUT', key, { body: 'new', headers: { 'if-match': '"0123"' } }))
    expect(await (await strict().send('GET', key)).text()).toBe('old')
  })

  test('of two uploads of parts with one number in a second, both are stored', async () => {
    const upload = await openUpload(strict(), uniqueName('parts'))
    await upload.part(1, 'old')
    await upload.finish([await upload.part(1, 'new')])
    expect(await (await strict().send('GET', upload.key)).text()).toBe('new')
  })

  test.each([
    ['CRC64NVME', 'FULL_OBJECT', 200],
    ['CRC32', 'COMPOSITE', 200],
    ['CRC32C', 'COMPOSITE', 200],
    ['SHA1', 'COMPOSITE', 200],
    ['SHA256', 'COMPOSITE', 200],
    ['SHA256', 'FULL_OBJECT', 501],
    ['CRC64NVME', 'COMPOSITE', 501],
  ])('%s with %s is %i', async (algorithm, type, status) => {
    const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': type }
    const response = await strict().send('POST', uniqueName('type'), { query: { uploads: '' }, headers })
    expect(response.status).toBe(status)
    if (status === 501) await expectHeaderNotImplemented(response, 'x-amz-checksum-type', type)
  })

  test.each(NEW_ALGORITHMS)('the header of %s is ignored, as on R2', async (algorithm) => {
    const key = uniqueName('ignored')
    const response = await strict().send('PUT', key, { body: 'x', headers: { [`x-amz-checksum-${algorithm.toLowerCase()}`]: 'wrong' } })
    expect([response.status, response.headers.get('x-amz-checksum-crc64nvme')]).toEqual([200, expect.any(String)])
  })

  test('of several refused headers of UploadPartCopy the first in the order of the list is named, before the part number', async () => {
    const upload = await openUpload(strict(), uniqueName('order'))
    const headers = { 'x-amz-copy-source-if-unmodified-since': 'never', 'x-amz-copy-source-if-match': '' }
    await expectHeaderNotImplemented(await upload.copy(0, 'nothing', headers), 'x-amz-copy-source-if-match', '')
    const owner = { ...headers, 'x-amz-source-expected-bucket-owner': 'me' }
    await expectHeaderNotImplemented(await upload.copy(0, 'nothing', owner), 'x-amz-source-expected-bucket-owner', 'me')
  })

  test('the SDK streams a body with its trailing checksum all the same', async () => {
    const { server, name: Bucket, send } = strict()
    const Body = Readable.from([Buffer.from('streamed')])
    await s3Client({ server }).send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 8 }))
    expect(await (await send('GET', 'stream')).text()).toBe('streamed')
  })

  test('DELETE ?tagging deletes the object, as on R2', async () => {
    const key = uniqueName('tagging')
    await strict().send('PUT', key, { body: 'x' })
    expect((await strict().send('DELETE', key, { query: { tagging: '' } })).status).toBe(204)
    expect((await strict().send('GET', key)).status).toBe(404)
  })

  test('the tags of a bucket are what they are on R2: never there, and not to be changed', async () => {
    const { name, server } = strict()
    const send = (method: string) => signedFetch(method, `/${name}`, { query: { tagging: '' }, server })
    await expectError(await send('GET'), 404, 'NoSuchTagSet', 'The TagSet does not exist.')
    await expectAbsent('PutBucketTagging')(await send('PUT'))
    await expectAbsent('DeleteBucketTagging')(await send('DELETE'))
    const Tags = '<Tags><Tag><Key>aws:a</Key></Tag></Tags>'
    const created = uniqueName('born')
    const body = `<CreateBucketConfiguration>${Tags}</CreateBucketConfiguration>`
    expect((await signedFetch('PUT', `/${created}`, { body, server })).status).toBe(200)
    await signedFetch('DELETE', `/${created}`, { server })
  })

  test('CopyObject has its source conditions all the same', async () => {
    const key = uniqueName('source')
    await strict().send('PUT', key, { body: 'x' })
    const headers = { 'x-amz-copy-source': `${strict().name}/${key}`, 'x-amz-copy-source-if-match': etagOf('x') }
    expect((await strict().send('PUT', `${key}-copy`, { headers })).status).toBe(200)
  })
})

function expectNotUniform(response: Response): Promise<void> {
  return expectError(response, 400, 'InvalidPart', 'All non-trailing parts must have the same length.')
}

function expectTooManyRequests(response: Response): Promise<void> {
  return expectError(response, 429, 'TooManyRequests', 'Reduce your concurrent request rate for the same object.')
}

function expectInvalidClass(response: Response): Promise<void> {
  return expectError(response, 400, 'InvalidStorageClass', 'The storage class specified is not valid.')
}

/** One chunk and the empty last one, each with its signature, and a trailer where the payload has one. */
function putSignedChunks({ server, name }: Side, payloadHash: string): Promise<Response> {
  const data = 'hello world'
  const trailer = payloadHash.endsWith('-TRAILER') ? `x-amz-checksum-crc32:${checksum64('CRC32', Buffer.from(data))}` : undefined
  const target = `/${name}/${uniqueName('chunks')}`
  const headers = {
    'content-encoding': 'aws-chunked',
    'x-amz-decoded-content-length': String(data.length),
    ...(trailer && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
  }
  const signed = signHeaders({ method: 'PUT', target, payloadHash, headers, server })
  let previous = signed.signature
  const next = (kind: string, ...hashes: string[]) => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, signed.amzDate, signed.scope, previous, ...hashes].join('\n')
    previous = hmac(signed.key, text).toString('hex')
    return previous
  }
  const chunk = (text: string) => `${text.length.toString(16)};chunk-signature=${next('PAYLOAD', sha256(''), sha256(text))}\r\n${text}`
  const end = trailer ? () => `${trailer}\r\nx-amz-trailer-signature:${next('TRAILER', sha256(`${trailer}\n`))}\r\n` : () => ''
  const body = `${chunk(data)}\r\n${chunk('')}${end()}\r\n`
  const { host: _, ...sent } = signed.headers
  return fetch(server.endpoint + target, { method: 'PUT', headers: sent, body })
}

async function complete(side: Side, bodies: readonly Uint8Array[]): Promise<Response> {
  const upload = await openUpload(side, uniqueName('parts'))
  const parts = await Promise.all(bodies.map((body, index) => upload.part(index + 1, body)))
  return upload.complete(parts)
}

async function twice({ send }: Side, method: string, body: string | Uint8Array = 'x'): Promise<Response> {
  const key = uniqueName('twice')
  expect((await send('PUT', key, { body: 'first' })).status).toBe(200)
  return send(method, key, { body: Buffer.from(body) })
}

async function copyOntoFresh({ send, name }: Side): Promise<Response> {
  const key = uniqueName('copy')
  await send('PUT', `${key}-source`, { body: 'x' })
  await send('PUT', key, { body: 'x' })
  return send('PUT', key, { headers: { 'x-amz-copy-source': `${name}/${key}-source` } })
}

async function completeOntoFresh(side: Side): Promise<Response> {
  const upload = await openUpload(side, uniqueName('complete'))
  const part = await upload.part(1, 'x')
  await side.send('PUT', upload.key, { body: 'x' })
  return upload.complete([part])
}

function createFullObject({ send }: Side, algorithm: string): Promise<Response> {
  const headers = { 'x-amz-checksum-algorithm': algorithm, 'x-amz-checksum-type': 'FULL_OBJECT' }
  return send('POST', uniqueName('full'), { query: { uploads: '' }, headers })
}

async function copyPart(side: Side, headers: Record<string, string>): Promise<Response> {
  const upload = await openUpload(side, uniqueName('part-copy'))
  await side.send('PUT', `${upload.key}-source`, { body: 'x' })
  return upload.copy(1, `${side.name}/${upload.key}-source`, headers)
}

function putCors({ server, name }: Side): Promise<Response> {
  const rule = '<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule>'
  const headers = { 'x-amz-sdk-checksum-algorithm': 'CRC32' }
  const body = `<CORSConfiguration>${rule}</CORSConfiguration>`
  return signedFetch('PUT', `/${name}`, { query: { cors: '' }, body, headers, server })
}

async function createPrivateBucket({ server }: Side): Promise<Response> {
  const name = uniqueName('private')
  const response = await signedFetch('PUT', `/${name}`, { headers: { 'x-amz-acl': 'private' }, server })
  if (response.status === 200) await signedFetch('DELETE', `/${name}`, { server })
  return response
}

async function copyWithoutClass({ send, name }: Side): Promise<Response> {
  const key = uniqueName('class')
  await send('PUT', key, { body: 'x' })
  return send('PUT', `${key}-copy`, { headers: { 'x-amz-copy-source': `${name}/${key}`, ...NO_CLASS } })
}
