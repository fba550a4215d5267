import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { emptyBucket, s3Client, signedFetch, uniqueName } from './support/clients.ts'
import { presign } from './support/sigv4.ts'
import { type Refusal, refusal, send, sendSigned, textsOf } from './support/wire.ts'

const bucket = uniqueName('routing')
const nowhere = uniqueName('nowhere')
const key = 'folder/key'

beforeAll(async () => {
  expect((await signedFetch('PUT', `/${bucket}`)).status).toBe(200)
  expect((await signedFetch('PUT', `/${bucket}/${key}`, { body: 'content' })).status).toBe(200)
})
afterAll(async () => {
  await emptyBucket(s3Client(), bucket)
  expect((await signedFetch('DELETE', `/${bucket}`)).status).toBe(204)
})

const ROUTE_NOT_FOUND: Refusal = [404, 'RouteNotFound', 'No route matches this url.']
const DENIED: Refusal = [403, 'AccessDenied', 'Access Denied']
const NO_BUCKET: Refusal = [404, 'NoSuchBucket', 'The specified bucket does not exist.']
const absent = (what: string): Refusal => [501, 'NotImplemented', `${what} not implemented`]
const invalid = (message: string): Refusal => [400, 'InvalidArgument', message]
const headerAbsent = (name: string, value: string) => absent(`Header '${name}' with value '${value}'`)

const onBucket = (method: string, query: string, headers: Record<string, string> = {}) =>
  sendSigned(`/${bucket}?${query}`, { method, headers })
const onObject = (method: string, query: string, headers: Record<string, string> = {}, body?: string) =>
  sendSigned(`/${bucket}/${key}?${query}`, { method, headers, body })

describe('the account', () => {
  test.each(['PUT', 'POST', 'DELETE', 'HEAD', 'PATCH'])('%s / is no route, even without a signature', async (method) => {
    const answer = await send('/', { method })
    expect(answer.status).toBe(404)
    if (method !== 'HEAD') expect(refusal(answer)).toEqual(ROUTE_NOT_FOUND)
  })

  test('OPTIONS / without an Origin is no route either', async () => {
    expect(refusal(await send('/', { method: 'OPTIONS' }))).toEqual(ROUTE_NOT_FOUND)
  })

  test.each([
    ['junk=1', 'junk'],
    ['prefix=a&b=1&c=2', 'b'],
    ['delimiter=/', 'delimiter'],
    ['Prefix=a', 'Prefix'],
    ['x-amz-lowercase=1', 'x-amz-lowercase'],
    ['list-type=2', 'list-type'],
  ])('ListBuckets refuses a parameter it does not know: %s', async (query, name) => {
    expect(refusal(await sendSigned(`/?${query}`))).toEqual(absent(`ListBuckets search parameter ${name}`))
  })

  test.each(['X-Amz-Anything=1', 'x-id=ListBuckets', 'x-purpose=a', 'prefix=zz&max-keys=1&start-after=a'])(
    'and ignores or knows these: %s',
    async (query) => expect((await sendSigned(`/?${query}`)).status).toBe(200),
  )
})

describe('GET of a bucket', () => {
  test.each([['versions', 'ListObjectVersions']])('?%s is 501 %s', async (query, operation) => {
    expect(refusal(await onBucket('GET', query))).toEqual(absent(operation))
    expect(refusal(await onBucket('GET', `${query}=value&prefix=a`))).toEqual(absent(operation))
  })

  test('the first subresource in the URL wins', async () => {
    expect(refusal(await onBucket('GET', 'prefix=a&website&policy'))[1]).toBe('NoSuchWebsiteConfiguration')
    expect(refusal(await onBucket('GET', 'policy&website'))[1]).toBe('NoSuchBucketPolicy')
    expect(refusal(await onBucket('GET', 'tagging&encryption'))[1]).toBe('NoSuchTagSet')
    expect((await onBucket('GET', 'encryption&tagging')).status).toBe(200)
  })

  test('uploads wins over everything, location over the rest', async () => {
    expect((await onBucket('GET', 'uploads')).text).toContain('<ListMultipartUploadsResult ')
    expect(refusal(await onBucket('GET', 'policy&location&uploads'))).toEqual(absent('ListMultipartUploads search parameter policy'))
    expect(refusal(await onBucket('GET', 'policy&location'))).toEqual(invalid('Search param policy is unsupported for bucket location'))
  })

  test('location allows no other parameter', async () => {
    expect(refusal(await onBucket('GET', 'location&prefix=a'))).toEqual(invalid('Search param prefix is unsupported for bucket location'))
    expect((await onBucket('GET', 'location&X-Amz-Meta=1&x-id=GetBucketLocation&x-purpose=a')).status).toBe(200)
  })

  test.each(['1', '3', 'v2', '', '02', '2.0'])('list-type=%s is not implemented', async (value) => {
    expect(refusal(await onBucket('GET', `list-type=${value}`))).toEqual(absent(`ListObjectsV${value}`))
  })

  test.each([
    ['junk=1', 'ListObjectsV1 search parameter junk'],
    ['start-after=a', 'ListObjectsV1 search parameter start-after'],
    ['fetch-owner=true', 'ListObjectsV1 search parameter fetch-owner'],
    ['prefix=a&one&two', 'ListObjectsV1 search parameter one'],
    ['Versions', 'ListObjectsV1 search parameter Versions'],
    ['list-type=2&marker=a', 'ListObjectsV2 search parameter marker'],
    ['zwei=2&list-type=2&junk', 'ListObjectsV2 search parameter zwei'],
    ['list-type=2&x-amz-lower=a', 'ListObjectsV2 search parameter x-amz-lower'],
  ])('an unknown parameter of a list is 501: %s', async (query, what) => {
    expect(refusal(await onBucket('GET', query))).toEqual(absent(what))
  })

  test('continuation-token is not for the first version', async () => {
    expect(refusal(await onBucket('GET', 'continuation-token=a&junk'))).toEqual(invalid('continuation-token not supported in ListObjects'))
  })

  test.each(['prefix&delimiter&marker&max-keys=1&encoding-type=url', 'x-id=ListObjects&X-Amz-Foo=1&x-purpose=1'])(
    'the first version knows: %s',
    async (query) => expect((await onBucket('GET', query)).text).toContain('<ListBucketResult '),
  )

  test('the second version knows all of its own', async () => {
    const query = 'list-type=2&prefix&delimiter&start-after=a&max-keys=1&encoding-type=url&fetch-owner=true&x-id=ListObjectsV2'
    expect((await onBucket('GET', query)).text).toContain('<ListBucketResult ')
  })

  test('a bucket with a slash behind it is the bucket', async () => {
    expect((await sendSigned(`/${bucket}/?list-type=2`)).text).toContain('<ListBucketResult ')
  })
})

describe('HEAD of a bucket', () => {
  test.each(['', 'policy', 'versions&junk=1', 'versionId=1', 'uploads'])('ignores every parameter: %s', async (query) => {
    expect(await onBucket('HEAD', query)).toMatchObject({ status: 200, text: '', headers: { 'x-amz-bucket-region': 'auto' } })
  })
})

describe('PUT of a bucket', () => {
  test.each([
    ['analytics', 'PutBucketAnalyticsConfiguration'],
    ['intelligent-tiering', 'PutBucketIntelligentTieringConfiguration'],
    ['inventory', 'PutBucketInventoryConfiguration'],
    ['metrics', 'PutBucketMetricsConfiguration'],
    ['policy', 'PutBucketPolicy'],
    ['replication', 'PutBucketReplication'],
    ['website', 'PutBucketWebsite'],
    ['object-lock', 'PutObjectLockConfiguration'],
  ])('?%s is 501 %s', async (query, operation) => {
    expect(refusal(await onBucket('PUT', query))).toEqual(absent(operation))
    expect(refusal(await onBucket('PUT', `junk=1&${query}=1`))).toEqual(absent(operation))
  })

  test('?versioning reads its body first', async () => {
    const put = (body: string) => sendSigned(`/${bucket}?versioning`, { method: 'PUT', body })
    expect(refusal(await put('<nonsense'))[1]).toBe('MalformedXML')
    expect(refusal(await put('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'))).toEqual(
      absent('PutBucketVersioning'),
    )
  })

  test.each([
    ['junk', '"junk"'],
    ['b=1&a=2&b=3', '"b", "a"'],
    ['versions', '"versions"'],
    ['location', '"location"'],
    ['uploads', '"uploads"'],
    ['policyStatus', '"policyStatus"'],
    ['x-id=CreateBucket&X-Amz-A=1&one&two', '"one", "two"'],
  ])('unknown parameters are refused together: %s', async (query, names) => {
    const answer = await onBucket('PUT', query)
    expect(refusal(answer)).toEqual(invalid(`Unsupported search param(s) ${names} on a PUT bucket route`))
    expect(answer.text).toContain('&quot;')
  })
})

describe('DELETE of a bucket', () => {
  test.each([
    ['versioning&junk', '"versioning", "junk"'],
    ['acl', '"acl"'],
    ['accelerate', '"accelerate"'],
    ['notification', '"notification"'],
    ['object-lock=1&uploads', '"object-lock", "uploads"'],
  ])('what only other methods have is a 400: %s', async (query, names) => {
    expect(refusal(await onBucket('DELETE', query))).toEqual(invalid(`Unsupported search param(s) ${names} on a DELETE bucket route`))
  })
})

describe('POST to a bucket', () => {
  test('an upload form that nobody signed is refused, even to a bucket that does not exist', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' }
    const file =
      '--x\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nb\r\n--x--'
    for (const name of [bucket, nowhere]) {
      expect(refusal(await send(`/${name}`, { method: 'POST', headers, body: file }))).toEqual([403, 'AccessDenied', 'Access Denied'])
    }
  })

  test('with delete in the query, the missing signature is what is wrong', async () => {
    expect(refusal(await send(`/${bucket}?delete`, { method: 'POST', body: '' }))).toEqual(invalid('Authorization'))
  })

  test.each(['', 'restore', 'junk=1', 'uploads'])('a signed one is 200 with an empty body, and nothing is done: ?%s', async (query) => {
    const before = (await onBucket('GET', 'list-type=2')).text
    const answer = await sendSigned(`/${bucket}?${query}`, { method: 'POST', body: 'anything' })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect((await onBucket('GET', 'list-type=2')).text).toBe(before)
  })

  test('a presigned one as well', async () => {
    expect(await send(presign({ method: 'POST', target: `/${bucket}` }), { method: 'POST' })).toMatchObject({ status: 200, text: '' })
  })
})

describe('other methods', () => {
  test.each(['PATCH', 'OPTIONS'])('%s finds no route once it is authenticated', async (method) => {
    expect(refusal(await onBucket(method, ''))).toEqual(ROUTE_NOT_FOUND)
    expect(refusal(await onObject(method, ''))).toEqual(ROUTE_NOT_FOUND)
    expect(refusal(await send(`/${bucket}`, { method }))).toEqual(invalid('Authorization'))
  })

  test('an unknown method comes before the bucket that does not exist', async () => {
    expect(refusal(await sendSigned(`/${nowhere}`, { method: 'PATCH' }))).toEqual(ROUTE_NOT_FOUND)
  })
})

describe('a bucket that does not exist', () => {
  test.each([
    ['GET', '', ''],
    ['GET', '', 'list-type=2'],
    ['GET', '', 'location'],
    ['GET', '', 'uploads'],
    ['GET', '', 'encryption'],
    ['GET', '', 'versioning'],
    ['GET', '', 'tagging'],
    ['GET', '', 'object-lock'],
    ['GET', '', 'replication'],
    ['GET', '', 'acl'],
    ['GET', '', 'cors'],
    ['POST', '', ''],
    ['DELETE', '', ''],
    ['DELETE', '', 'cors'],
    ['DELETE', '', 'encryption'],
    ['GET', '/key', ''],
    ['PUT', '/key', ''],
    ['POST', '/key', ''],
    ['DELETE', '/key', ''],
    ['POST', '/key', 'uploads'],
    ['PUT', '/key', 'partNumber=1&uploadId=a'],
    ['DELETE', '/key', 'uploadId=a'],
    ['GET', '/key', 'uploadId=a'],
  ])('%s %s?%s is NoSuchBucket', async (method, path, query) => {
    expect(refusal(await sendSigned(`/${nowhere}${path}?${query}`, { method }))).toEqual(NO_BUCKET)
  })

  test('HEAD has the status alone', async () => {
    expect(await sendSigned(`/${nowhere}`, { method: 'HEAD' })).toMatchObject({ status: 404, text: '' })
    expect(await sendSigned(`/${nowhere}/key`, { method: 'HEAD' })).toMatchObject({ status: 404, text: '' })
  })

  test.each(['Not-A-Bucket', 'a', 'with.dot', 'under_score', '%00'])('nor does one that could not: %s', async (name) => {
    expect(refusal(await sendSigned(`/${name}`))).toEqual(NO_BUCKET)
    expect(refusal(await sendSigned(`/${name}/key`))).toEqual(NO_BUCKET)
  })
})

describe('objects', () => {
  test.each(['1.0', 'abc', '+1', '1a', '--1', '1 '])(
    'partNumber=%s with an uploadId finds no route, whatever the method',
    async (value) => {
      const query = `uploadId=a&partNumber=${encodeURIComponent(value)}`
      for (const method of ['GET', 'PUT', 'POST', 'DELETE']) expect(refusal(await onObject(method, query))).toEqual(ROUTE_NOT_FOUND)
      expect((await onObject('HEAD', query)).status).toBe(404)
    },
  )

  test('01 and " 1" do route', async () => {
    for (const value of ['01', '%201', '1']) {
      expect(refusal(await onObject('PUT', `uploadId=a&partNumber=${value}`))[1]).toBe('NoSuchUpload')
    }
  })

  test.each(['', '-1', '0', '10001'])('partNumber=%s routes and is refused as an argument', async (value) => {
    expect(refusal(await onObject('PUT', `uploadId=a&partNumber=${value}`))).toEqual(
      invalid('Part number must be an integer between 1 and 10000, inclusive.'),
    )
  })

  test('PUT with an uploadId and no partNumber is PutObject', async () => {
    expect((await onObject('PUT', 'uploadId=a', {}, 'content')).headers.etag).toMatch(/^"[0-9a-f]{32}"$/)
    expect((await onObject('GET', '')).text).toBe('content')
  })

  test('HEAD with an uploadId is HeadObject', async () => {
    expect((await onObject('HEAD', 'uploadId=a')).headers['content-length']).toBe('7')
  })

  test('GET ?uploads on an object lists the uploads of the bucket', async () => {
    expect((await onObject('GET', 'uploads')).text).toContain('<ListMultipartUploadsResult ')
  })

  test('other methods ignore uploads', async () => {
    expect((await onObject('HEAD', 'uploads')).status).toBe(200)
    expect((await onObject('DELETE', 'uploads')).status).toBe(204)
    expect((await onObject('PUT', '', {}, 'content')).status).toBe(200)
  })

  test.each([
    ['torrent', 'GetObjectTorrent'],
    ['retention', 'GetObjectRetention'],
    ['legal-hold', 'GetObjectLegalHold'],
  ])('GET ?%s is 501 %s, and HEAD ignores it', async (query, operation) => {
    expect(refusal(await onObject('GET', query))).toEqual(absent(operation))
    expect((await onObject('HEAD', query)).headers['content-length']).toBe('7')
  })

  test.each([
    ['retention', 'PutObjectRetention'],
    ['legal-hold', 'PutObjectLegalHold'],
  ])('PUT ?%s is 501 %s, and stores nothing', async (query, operation) => {
    expect(refusal(await onObject('PUT', query, {}, 'changed'))).toEqual(absent(operation))
    expect((await onObject('GET', '')).text).toBe('content')
  })

  test('the first subresource in the URL wins', async () => {
    expect(refusal(await onObject('GET', 'junk&torrent&acl'))).toEqual(absent('GetObjectTorrent'))
    expect(refusal(await onObject('PUT', 'retention&acl'))).toEqual(absent('PutObjectRetention'))
  })

  test('partNumber comes before a subresource', async () => {
    expect((await onObject('GET', 'partNumber=1&tagging')).text).toBe('content')
  })

  test.each(['', 'partNumber=1', 'x-junk'])('POST ?%s stores the body', async (query) => {
    const target = `/${bucket}/${uniqueName('posted')}`
    const headers = { 'x-amz-copy-source': `/${bucket}/none` }
    const answer = await sendSigned(`${target}?${query}`, { method: 'POST', headers, body: 'posted' })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect((await sendSigned(target)).text).toBe('posted')
  })

  test.each(['select&select-type=2', 'restore', 'tagging', 'acl', 'junk'])('POST ?%s overwrites nothing', async (query) => {
    const [name] = query.split('&')
    expect(refusal(await onObject('POST', query, {}, 'changed'))).toEqual(absent(`PutObject search parameter ${name}`))
    expect((await onObject('GET', '')).text).toBe('content')
  })

  test('unknown parameters are ignored, except on PUT and POST', async () => {
    expect((await onObject('GET', 'junk=1&prefix=a&list-type=9')).text).toBe('content')
    expect((await onObject('PUT', 'x-junk=1&X-Junk=2', {}, 'content')).status).toBe(200)
  })

  test.each(['annotation', 'encryption', 'versionId=abc', 'uploads', 'junk=1&cors', 'X-Amz-Foo=1&junk'])(
    'PUT ?%s overwrites nothing',
    async (query) => {
      const [name] = query.split(/[&=]/).filter((part) => !part.startsWith('X-Amz') && part !== '1')
      expect(refusal(await onObject('PUT', query, {}, 'changed'))).toEqual(absent(`PutObject search parameter ${name}`))
      const copied = await onObject('PUT', query, { 'x-amz-copy-source': `/${bucket}/${key}` })
      expect(refusal(copied)).toEqual(absent(`CopyObject search parameter ${name}`))
      expect((await onObject('GET', '')).text).toBe('content')
    },
  )

  test.each(['GET', 'DELETE'])('%s of an annotation is not that of the object', async (method) => {
    const answer = await onObject(method, 'annotation&annotationName=a')
    expect(refusal(answer)).toEqual(absent(`${method === 'GET' ? 'GetObject' : 'DeleteObject'} search parameter annotation`))
    expect((await onObject('GET', '')).text).toBe('content')
  })

  test.each(['x-amz-write-offset-bytes', 'x-amz-rename-source', 'x-amz-object-lock-event-hold'])(
    'PUT with %s overwrites nothing',
    async (name) => {
      expect(refusal(await onObject('PUT', '', { [name]: '7' }, 'changed'))).toEqual(headerAbsent(name, '7'))
      expect((await onObject('GET', '')).text).toBe('content')
    },
  )

  test.each(['GET', 'DELETE'])('%s ?versionId is not implemented', async (method) => {
    for (const query of ['versionId=abc', 'versionId', 'versionId=null']) {
      expect(refusal(await onObject(method, query))).toEqual(absent('versionId'))
    }
    expect((await onObject('HEAD', 'versionId=abc')).status).toBe(501)
    expect((await onObject('GET', '')).text).toBe('content')
  })

  test('lifecycle and cors are for buckets', async () => {
    expect((await onObject('GET', 'cors&lifecycle&policy')).text).toBe('content')
  })
})

const OWNER = 'x-amz-expected-bucket-owner'
const SOURCE_OWNER = 'x-amz-source-expected-bucket-owner'
const MFA = ['x-amz-mfa']
const GRANTS = ['full-control', 'read', 'read-acp', 'write', 'write-acp'].map((grant) => `x-amz-grant-${grant}`)
const WRITE = [
  ...GRANTS,
  'x-amz-website-redirect-location',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-object-lock-legal-hold',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-context',
  'x-amz-server-side-encryption-bucket-key-enabled',
]
const COPY_SOURCE = { 'x-amz-copy-source': `/${bucket}/${key}` }

interface Screened {
  readonly method: string
  readonly path?: string
  readonly query?: string
  readonly headers?: Record<string, string>
  readonly refuses: readonly string[]
}

/** Which operation refuses which headers, in the order in which they are looked at. */
const SCREENED: readonly (readonly [string, Screened])[] = [
  ['GetObject', { method: 'GET', path: key, refuses: [] }],
  ['PutObject', { method: 'PUT', path: 'screened', refuses: WRITE }],
  ['PutObject by POST', { method: 'POST', path: 'screened', refuses: WRITE }],
  ['CreateMultipartUpload', { method: 'POST', path: 'screened', query: 'uploads', refuses: WRITE }],
  [
    'CopyObject',
    {
      method: 'PUT',
      path: 'screened',
      headers: COPY_SOURCE,
      refuses: [...WRITE, 'x-amz-checksum-algorithm'],
    },
  ],
  ['UploadPart', { method: 'PUT', path: 'screened', query: 'partNumber=1&uploadId=a', refuses: ['x-amz-server-side-encryption'] }],
  ['UploadPartCopy', { method: 'PUT', path: 'screened', query: 'partNumber=1&uploadId=a', headers: COPY_SOURCE, refuses: [] }],
  ['CompleteMultipartUpload', { method: 'POST', path: 'screened', query: 'uploadId=a', refuses: [] }],
  ['ListParts', { method: 'GET', path: 'screened', query: 'uploadId=a', refuses: [] }],
  ['DeleteObject', { method: 'DELETE', path: 'screened', refuses: MFA }],
  ['DeleteObjects', { method: 'POST', query: 'delete', refuses: MFA }],
  ['ListObjects', { method: 'GET', refuses: [] }],
  ['ListObjectsV2', { method: 'GET', query: 'list-type=2', refuses: [] }],
  ['GetBucketLocation', { method: 'GET', query: 'location', refuses: [] }],
  ['GetBucketEncryption', { method: 'GET', query: 'encryption', refuses: [] }],
  ['GetBucketVersioning', { method: 'GET', query: 'versioning', refuses: [] }],
  ['GetBucketTagging', { method: 'GET', query: 'tagging', refuses: [] }],
  ['GetObjectLockConfiguration', { method: 'GET', query: 'object-lock', refuses: [] }],
  ['GetBucketReplication', { method: 'GET', query: 'replication', refuses: [] }],
  ['GetBucketAcl', { method: 'GET', query: 'acl', refuses: [] }],
  ['GetBucketCors', { method: 'GET', query: 'cors', refuses: [] }],
  ['PutBucketCors', { method: 'PUT', query: 'cors', refuses: [] }],
  ['PutBucketEncryption', { method: 'PUT', query: 'encryption', refuses: [] }],
  ['CreateBucket', { method: 'PUT', refuses: GRANTS }],
  ['DeleteBucket', { method: 'DELETE', refuses: [] }],
  ['DeleteBucketCors', { method: 'DELETE', query: 'cors', refuses: [] }],
  ['DeleteBucketEncryption', { method: 'DELETE', query: 'encryption', refuses: [] }],
]

describe('header screening', () => {
  const act = ({ method, path = '', query = '', headers }: Screened, more: Record<string, string>) =>
    sendSigned(`/${bucket}/${path}?${query}`, { method, headers: { ...headers, ...more } })

  const REFUSING = SCREENED.filter(([, { refuses }]) => refuses.length > 0)

  test.each(REFUSING)('%s refuses each of its headers, an empty one too', async (_, screened) => {
    for (const name of screened.refuses) {
      expect(refusal(await act(screened, { [name]: 'some value' }))).toEqual(headerAbsent(name, 'some value'))
    }
    // Not every HTTP server lets an empty header through, but none may mistake it for a value.
    const [first] = screened.refuses
    const { status, text } = await act(screened, { [first!]: '' })
    if (status === 501) expect(text).toContain(`<Message>Header &apos;${first}&apos; with value &apos;&apos; not implemented</Message>`)
  })

  test.each(REFUSING)('%s names the first of several in list order', async (_, screened) => {
    for (const [i, name] of screened.refuses.entries()) {
      // Sent in reverse, so that it is not the order of the request.
      const rest = Object.fromEntries(
        screened.refuses
          .slice(i)
          .map((other) => [other, 'v'])
          .reverse(),
      )
      expect(refusal(await act(screened, rest))).toEqual(headerAbsent(name, 'v'))
    }
  })

  const { accountId } = inject('server')

  test.each(SCREENED)('%s compares the expected owner, before its other headers', async (_, screened) => {
    const others = Object.fromEntries(screened.refuses.map((name) => [name, 'v']))
    for (const owner of ['111122223333', accountId.slice(1), `${accountId}, ${accountId}`]) {
      expect(refusal(await act(screened, { ...others, [OWNER]: owner }))).toEqual(DENIED)
    }
    const { headers: _headers, ...copies } = screened
    const names = screened.headers === COPY_SOURCE ? [SOURCE_OWNER] : []
    for (const name of names) expect(refusal(await act(screened, { [OWNER]: accountId, [name]: 'another' }))).toEqual(DENIED)
    if (screened.method === 'DELETE' && copies.path === undefined) return // The bucket is still needed.
    const own = Object.fromEntries([OWNER, ...names].map((name) => [name, accountId]))
    expect([401, 403]).not.toContain((await act(screened, own)).status)
  })

  test('HeadObject and HeadBucket refuse another owner without a body', async () => {
    for (const path of ['', key]) {
      expect(await act({ method: 'HEAD', path, refuses: [] }, { [OWNER]: '1' })).toMatchObject({ status: 403, text: '' })
      expect(await act({ method: 'HEAD', path, refuses: [] }, { [OWNER]: accountId })).toMatchObject({ status: 200, text: '' })
    }
  })

  test('the owner is the one that ListBuckets and GetBucketAcl show', async () => {
    for (const target of ['/', `/${bucket}?acl`]) expect(textsOf((await sendSigned(target)).text, 'ID')[0]).toBe(accountId)
  })

  test.each<[string, Screened, string[]]>([
    ['GetObject', { method: 'GET', path: key, refuses: [] }, [...WRITE, ...MFA, SOURCE_OWNER]],
    ['PutObject', { method: 'PUT', path: 'ignoring', refuses: [] }, [...MFA, SOURCE_OWNER, 'x-amz-tagging-directive']],
    ['ListMultipartUploads', { method: 'GET', query: 'uploads', refuses: [] }, [...MFA, 'x-amz-tagging']],
    ['DeleteObject', { method: 'DELETE', path: 'ignoring', refuses: [] }, [...WRITE, SOURCE_OWNER, 'x-amz-bypass-governance-retention']],
    ['ListObjects', { method: 'GET', refuses: [] }, [...MFA, 'x-amz-tagging', 'x-amz-acl']],
    ['any operation', { method: 'GET', path: key, refuses: [] }, ['x-amz-request-payer', 'x-amz-invented', 'x-amz-acl']],
    [
      'any write',
      { method: 'PUT', path: 'ignoring', refuses: [] },
      ['x-amz-request-payer', 'x-amz-invented', 'x-amz-sdk-checksum-algorithm'],
    ],
  ])('%s ignores what others refuse', async (_, screened, names) => {
    const { status } = await act(screened, Object.fromEntries(names.map((name) => [name, 'v'])))
    expect([200, 204]).toContain(status)
  })

  test('AbortMultipartUpload refuses nothing but another owner', async () => {
    const abort: Screened = { method: 'DELETE', path: 'screened', query: 'uploadId=a', refuses: [] }
    expect(refusal(await act(abort, { [OWNER]: accountId, 'x-amz-mfa': '1' }))[1]).toBe('NoSuchUpload')
    expect(refusal(await act(abort, { [OWNER]: '1' }))).toEqual(DENIED)
  })

  test('ListBuckets ignores the owner', async () => {
    expect((await sendSigned('/', { headers: { [OWNER]: '1' } })).status).toBe(200)
  })

  test('CreateBucket refuses an ACL before a grant, and object lock where it is asked for', async () => {
    const create = (headers: Record<string, string>) => sendSigned(`/${nowhere}`, { method: 'PUT', headers })
    expect(refusal(await create({ 'x-amz-grant-read': 'v', 'x-amz-acl': 'public-read' }))).toEqual(headerAbsent('x-amz-acl', 'public-read'))
    expect(refusal(await create({ 'x-amz-bucket-object-lock-enabled': 'true' }))).toEqual(
      headerAbsent('x-amz-bucket-object-lock-enabled', 'true'),
    )
    expect((await sendSigned(`/${nowhere}`)).status).toBe(404)
    expect(refusal(await sendSigned(`/${bucket}`, { method: 'PUT', headers: { 'x-amz-bucket-object-lock-enabled': 'false' } }))[1]).toBe(
      'BucketAlreadyOwnedByYou',
    )
  })

  test('CreateBucket takes the ACL that every bucket has', async () => {
    const answer = await sendSigned(`/${bucket}`, { method: 'PUT', headers: { 'x-amz-acl': 'private' } })
    expect(refusal(answer)[1]).toBe('BucketAlreadyOwnedByYou')
  })

  test.each(['x-amz-sdk-checksum-algorithm', 'x-amz-checksum-algorithm'])('a configuration may name its checksum: %s', async (name) => {
    const body =
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'
    expect((await sendSigned(`/${bucket}?cors`, { method: 'PUT', headers: { [name]: 'CRC32' }, body })).status).toBe(200)
    expect((await sendSigned(`/${bucket}?cors`, { method: 'DELETE' })).status).toBe(204)
  })

  const WRITES = SCREENED.filter(([name]) => ['PutObject', 'CreateMultipartUpload', 'CopyObject'].includes(name))

  test.each(WRITES)('%s takes AES256 and every canned ACL as no-ops', async (_, screened) => {
    expect((await act(screened, { 'x-amz-server-side-encryption': 'AES256' })).status).toBe(200)
    for (const acl of [
      'private',
      'public-read',
      'public-read-write',
      'authenticated-read',
      'aws-exec-read',
      'bucket-owner-read',
      'bucket-owner-full-control',
    ]) {
      expect((await act(screened, { 'x-amz-acl': acl })).status).toBe(200)
    }
  })

  test.each(WRITES)('%s refuses other values, encryption before ACL, listed headers before both', async (_, screened) => {
    const encryption = { 'x-amz-server-side-encryption': 'aws:kms' }
    const acl = { 'x-amz-acl': 'everyone' }
    expect(refusal(await act(screened, acl))).toEqual(headerAbsent('x-amz-acl', 'everyone'))
    expect(refusal(await act(screened, { ...acl, ...encryption }))).toEqual(headerAbsent('x-amz-server-side-encryption', 'aws:kms'))
    expect(refusal(await act(screened, { ...acl, ...encryption, 'x-amz-grant-read': 'a=b' }))).toEqual(
      headerAbsent('x-amz-grant-read', 'a=b'),
    )
    expect(refusal(await act(screened, { 'x-amz-server-side-encryption': 'aes256' }))).toEqual(
      headerAbsent('x-amz-server-side-encryption', 'aes256'),
    )
  })

  test('a session token comes before screening', async () => {
    const headers = { 'x-amz-security-token': 'abc', [OWNER]: '1' }
    expect(refusal(await sendSigned(`/${bucket}`, { headers }))).toEqual(invalid('X-Amz-Security-Token'))
  })

  test.each([
    ['GetObject', 'GET', `${key}`, ''],
    ['PutObject', 'PUT', 'new', ''],
    ['DeleteObject', 'DELETE', 'gone', ''],
    ['ListObjects', 'GET', '', ''],
    ['DeleteBucket', 'DELETE', '', ''],
  ])('screening comes before the bucket is looked for: %s', async (_, method, path, query) => {
    expect(refusal(await sendSigned(`/${nowhere}/${path}?${query}`, { method, headers: { [OWNER]: '1' } }))).toEqual(DENIED)
  })

  test('the SSE-C triple comes after the other headers, and is read on every read and write', async () => {
    const ssec = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }
    const needsKey = invalid(
      'Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.',
    )
    for (const screened of SCREENED.slice(0, 5).map(([, row]) => row)) {
      expect(refusal(await act(screened, ssec))).toEqual(needsKey)
      expect(refusal(await act(screened, { ...ssec, [OWNER]: '1' }))).toEqual(DENIED)
    }
    const bad = { ...ssec, 'x-amz-server-side-encryption': 'aws:kms' }
    expect(refusal(await act(SCREENED[1]![1], bad))[0]).toBe(501)
  })

  test.each<[string, Record<string, string>, Refusal]>([
    [
      'no MD5',
      { key: Buffer.alloc(32).toString('base64') },
      invalid(
        'Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.',
      ),
    ],
    [
      'no algorithm',
      { key: Buffer.alloc(32).toString('base64'), 'key-MD5': 'a' },
      invalid('Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.'),
    ],
    [
      'another algorithm',
      { key: 'a', 'key-MD5': 'a', algorithm: 'AES128' },
      [400, 'InvalidEncryptionAlgorithmError', 'The encryption request that you specified is not valid. The valid value is AES256.'],
    ],
    [
      'a key of 16 bytes',
      { key: Buffer.alloc(16).toString('base64'), 'key-MD5': 'a', algorithm: 'AES256' },
      invalid('The secret key was invalid for the specified algorithm.'),
    ],
    [
      'the MD5 of another key',
      { key: Buffer.alloc(32).toString('base64'), 'key-MD5': 'a', algorithm: 'AES256' },
      invalid('The calculated MD5 hash of the key did not match the hash that was provided.'),
    ],
  ])('SSE-C, step by step: %s', async (_, triple, expected) => {
    const headers = Object.fromEntries(
      Object.entries(triple).map(([name, value]) => [`x-amz-server-side-encryption-customer-${name}`, value]),
    )
    expect(refusal(await onObject('GET', '', headers))).toEqual(expected)
    expect(refusal(await sendSigned(`/${bucket}/new`, { method: 'PUT', headers, body: 'x' }))).toEqual(expected)
    const source = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.replace('x-amz-', 'x-amz-copy-source-'), value]))
    expect(refusal(await sendSigned(`/${bucket}/new`, { method: 'PUT', headers: { ...COPY_SOURCE, ...source } }))).toEqual(expected)
  })
})

describe('the order of the pipeline', () => {
  test('a header that is refused comes before what is not implemented in the operation itself', async () => {
    expect(refusal(await sendSigned(`/${bucket}?list-type=3`, { headers: { [OWNER]: '1' } }))).toEqual(DENIED)
  })

  test('the list of keys that were made here is what this file says', async () => {
    const { text } = await onBucket('GET', 'list-type=2')
    expect(textsOf(text, 'Key').filter((name) => !name.startsWith('posted'))).toEqual([key, 'ignoring', 'screened'].sort())
  })
})
