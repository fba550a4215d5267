import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  PutBucketEncryptionCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { emptyBucket, s3Client, signedFetch, uniqueName, withBucket } from './support/clients.ts'
import { DECLARATION, type Refusal, refusal, sendSigned, textsOf, XMLNS } from './support/wire.ts'

const made: string[] = []
/** A name that is free, and whose bucket will be deleted in the end. */
function newName(prefix?: string): string {
  const name = uniqueName(prefix ?? 'bucket')
  made.push(name)
  return name
}
const create = (name: string, body = '', headers: Record<string, string> = {}, query = '') =>
  sendSigned(`/${name}${query}`, { method: 'PUT', body, headers })
const remove = (name: string) => sendSigned(`/${name}`, { method: 'DELETE' })

afterAll(async () => {
  for (const name of made) {
    if ((await sendSigned(`/${name}`, { method: 'HEAD' })).status !== 200) continue
    await emptyBucket(s3Client(), name)
    await remove(name)
  }
})

const NO_BUCKET: Refusal = [404, 'NoSuchBucket', 'The specified bucket does not exist.']
const MALFORMED: Refusal = [
  400,
  'MalformedXML',
  'The XML you provided was not well formed or did not validate against our published schema.',
]
const BAD_NAME: Refusal = [400, 'InvalidBucketName', 'The specified bucket name is not valid.']
const NOT_EMPTY: Refusal = [409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.']
const OWNED: Refusal = [409, 'BucketAlreadyOwnedByYou', 'The bucket you tried to create already exists, and you own it.']
const BAD_MAX_KEYS: Refusal = [400, 'InvalidMaxKeys', 'MaxKeys params must be positive integer <= 1000.']
const inLocation = (constraint: string) =>
  `<CreateBucketConfiguration ${XMLNS}><LocationConstraint>${constraint}</LocationConstraint></CreateBucketConfiguration>`

describe('ListBuckets', () => {
  const group = uniqueName('list')
  const names = ['b', 'd', 'a', 'c', 'e'].map((letter) => `${group}-${letter}`)
  const sorted = names.toSorted()
  beforeAll(async () => {
    made.push(...names)
    for (const name of names) expect((await create(name)).status).toBe(200)
  })
  const list = (query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
    sendSigned(`/?${new URLSearchParams({ prefix: group, ...query })}`, { headers })

  test('answers the names sorted, with owner and dates', async () => {
    const { accountId } = inject('server')
    const { status, headers, text } = await list()
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/xml')
    expect(headers['cf-is-truncated']).toBe('false')
    expect(textsOf(text, 'Name')).toEqual(sorted)
    expect(text.startsWith(`${DECLARATION}<ListAllMyBucketsResult ${XMLNS}><Buckets><Bucket><Name>`)).toBe(true)
    expect(text).toContain(`</Buckets><Owner><ID>${accountId}</ID><DisplayName>${accountId}</DisplayName></Owner>`)
    for (const date of textsOf(text, 'CreationDate')) expect(date).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  })

  test('Buckets is there when there are none', async () => {
    const { text } = await list({ prefix: 'no-such-prefix-anywhere' })
    expect(text).toContain('<Buckets></Buckets><Owner>')
    expect(textsOf(text, 'KeyCount')).toEqual(['0'])
  })

  test('pages by max-keys and continuation-token until nothing is left', async () => {
    const seen: string[] = []
    let token: string | undefined
    const truncated: (string | undefined)[] = []
    do {
      const { headers, text } = await list({ 'max-keys': '2', ...(token ? { 'continuation-token': token } : {}) })
      seen.push(...textsOf(text, 'Name'))
      truncated.push(headers['cf-is-truncated'])
      expect(textsOf(text, 'MaxKeys')).toEqual(['2'])
      expect(textsOf(text, 'IsTruncated')).toEqual([headers['cf-is-truncated']])
      expect(textsOf(text, 'ContinuationToken')).toEqual(token ? [token] : [])
      token = headers['cf-next-continuation-token']
      expect(textsOf(text, 'NextContinuationToken')).toEqual(token ? [token] : [])
    } while (token !== undefined)
    expect(seen).toEqual(sorted)
    expect(truncated).toEqual(['true', 'true', 'false'])
  })

  test('start-after is exclusive and echoed', async () => {
    const { text } = await list({ 'start-after': sorted[1]! })
    expect(textsOf(text, 'Name')).toEqual(sorted.slice(2))
    expect(textsOf(text, 'StartAfter')).toEqual([sorted[1]])
  })

  test('the cf- headers say the same, and win over parameters', async () => {
    const { text } = await sendSigned('/?prefix=other&max-keys=5&start-after=zzz', {
      headers: { 'cf-prefix': group, 'cf-max-keys': '1', 'cf-start-after': sorted[0]! },
    })
    expect(textsOf(text, 'Name')).toEqual([sorted[1]])
    const first = await list({}, { 'cf-max-keys': '2' })
    const second = await list({}, { 'cf-continuation-token': first.headers['cf-next-continuation-token']! })
    expect(textsOf(second.text, 'Name')).toEqual(sorted.slice(2))
  })

  test.each<[string, string, number]>([
    ['0', '0', 0],
    ['3', '3', 3],
    ['2.9', '2', 2],
    ['5000', '5000', 5],
  ])('max-keys=%s is echoed as %s and gives %i', async (asked, echoed, count) => {
    const { text } = await list({ 'max-keys': asked })
    expect(textsOf(text, 'MaxKeys')).toEqual([echoed])
    expect(textsOf(text, 'Name')).toHaveLength(count)
    expect(textsOf(text, 'KeyCount')).toEqual([String(count)])
  })

  test.each(['-1', 'abc', '1e3', ' 5', '0x10'])('max-keys=%s is refused', async (value) => {
    expect(refusal(await list({ 'max-keys': value }))).toEqual(BAD_MAX_KEYS)
  })

  test.each(['garbage', '!', 'AAAA', 'x'.repeat(8000)])('a token that we did not write is refused (%#)', async (token) => {
    expect(refusal(await list({ 'continuation-token': token })).slice(0, 2)).toEqual([400, 'InvalidArgument'])
  })

  test('the SDK reads it', async () => {
    const { Buckets, Owner } = await s3Client().send(new ListBucketsCommand({ Prefix: group }))
    expect(Buckets!.map(({ Name }) => Name)).toEqual(sorted)
    expect(Owner!.ID).toBe(inject('server').accountId)
    expect(Buckets![0]!.CreationDate).toBeInstanceOf(Date)
  })
})

describe('CreateBucket', () => {
  test('answers 200 without a body, and the path in Location', async () => {
    const name = newName()
    expect(await create(name)).toMatchObject({ status: 200, text: '', headers: { location: `/${name}` } })
    expect((await sendSigned(`/${name}`, { method: 'HEAD' })).status).toBe(200)
  })

  test.each([
    ['', 'auto'],
    ['auto', 'auto'],
    ['AUTO', 'auto'],
    ['us-east-1', 'auto'],
    ['wnam', 'WNAM'],
    ['WNAM', 'WNAM'],
    ['Enam', 'ENAM'],
    ['weur', 'WEUR'],
    ['EEUR', 'EEUR'],
    ['apac', 'APAC'],
    ['oc', 'OC'],
  ])('LocationConstraint "%s" makes GetBucketLocation answer "%s"', async (constraint, location) => {
    const name = newName()
    expect((await create(name, inLocation(constraint))).status).toBe(200)
    expect((await sendSigned(`/${name}?location`)).text).toBe(`${DECLARATION}<LocationConstraint ${XMLNS}>${location}</LocationConstraint>`)
  })

  test('without a body or a constraint the location is auto', async () => {
    for (const body of [
      '',
      '<CreateBucketConfiguration/>',
      `${DECLARATION}<CreateBucketConfiguration ${XMLNS}></CreateBucketConfiguration>`,
    ]) {
      const name = newName()
      expect((await create(name, body)).status).toBe(200)
      expect(textsOf((await sendSigned(`/${name}?location`)).text.replace(` ${XMLNS}`, ''), 'LocationConstraint')).toEqual(['auto'])
    }
  })

  test.each(['us-west-2', 'mars', 'eu'])('LocationConstraint %s is refused', async (constraint) => {
    const name = newName()
    expect(refusal(await create(name, inLocation(constraint)))).toEqual([
      400,
      'InvalidRegionName',
      `The region name '${constraint}' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto`,
    ])
    expect((await sendSigned(`/${name}`, { method: 'HEAD' })).status).toBe(404)
  })

  test.each(['<CreateBucketConfiguration>', '<Other/>', 'text', '{}', '<CreateBucketConfiguration><LocationConstraint>'])(
    'malformed XML creates nothing: %s',
    async (body) => {
      const name = newName()
      expect(refusal(await create(name, body))).toEqual(MALFORMED)
      expect((await sendSigned(`/${name}`, { method: 'HEAD' })).status).toBe(404)
    },
  )

  test.each([
    ['two letters', 'ab'],
    ['64 letters', 'a'.repeat(64)],
    ['upper case', 'Photos-of-cats'],
    ['a dot', 'photos.cats'],
    ['an underscore', 'photos_cats'],
    ['a hyphen in front', '-photos'],
    ['a hyphen at the end', 'photos-'],
    ['a space', 'photos%20cats'],
    ['Unicode', 'f%C3%B6to'],
    ['a null byte', 'pho%00to'],
    ['invalid UTF-8', 'pho%ffto'],
    ['an encoded slash', 'photos%2Fcats'],
  ])('the name is not valid: %s', async (_, name) => {
    expect(refusal(await create(name))).toEqual(BAD_NAME)
  })

  test.each(['client', 'cdn-cgi'])('the name is reserved: %s', async (name) => {
    const { port } = new URL(inject('server').endpoint)
    const headers = { host: `${name}.localhost:${port}` }
    expect(refusal(await sendSigned('/', { method: 'PUT', headers }))).toEqual(BAD_NAME)
  })

  test('names of 3 and of 63 characters are fine', async () => {
    const long = newName().padEnd(63, 'x')
    const short = `z${Math.random().toString(36).slice(2, 4).padEnd(2, '0')}`
    made.push(long, short)
    expect((await create(long)).status).toBe(200)
    expect((await create(short)).status).toBe(200)
  })

  test('a bucket that exists is BucketAlreadyOwnedByYou, and stays as it was', async () => {
    const name = newName()
    await create(name, inLocation('weur'))
    expect(refusal(await create(name))).toEqual(OWNED)
    expect(refusal(await create(name, inLocation('apac')))).toEqual(OWNED)
    expect((await sendSigned(`/${name}?location`)).text).toContain('>WEUR<')
  })

  test('ten at once: one creates, nine are told', async () => {
    const name = newName()
    const statuses = (await Promise.all(Array.from({ length: 10 }, () => create(name)))).map(({ status }) => status)
    expect(statuses.toSorted()).toEqual([200, ...Array(9).fill(409)])
  })

  test('x-amz-storage-class becomes the class of objects that name none', async () => {
    const name = newName()
    expect((await create(name, '', { 'x-amz-storage-class': 'STANDARD_IA' })).status).toBe(200)
    await sendSigned(`/${name}/a`, { method: 'PUT', body: 'a' })
    await sendSigned(`/${name}/b`, { method: 'PUT', body: 'b', headers: { 'x-amz-storage-class': 'STANDARD' } })
    expect(textsOf((await sendSigned(`/${name}?list-type=2`)).text, 'StorageClass')).toEqual(['STANDARD_IA', 'STANDARD'])
    expect(refusal(await create(newName(), '', { 'x-amz-storage-class': 'GLACIER' }))).toEqual([
      400,
      'InvalidStorageClass',
      'The storage class specified is not valid.',
    ])
  })

  test('a body of another length, digest or checksum than announced creates nothing', async () => {
    const name = newName()
    const wrong: Record<string, string> = { 'content-md5': Buffer.alloc(16).toString('base64') }
    expect(refusal(await create(name, inLocation('weur'), wrong))[1]).toBe('BadDigest')
    expect((await sendSigned(`/${name}`, { method: 'HEAD' })).status).toBe(404)
  })

  test('the SDK creates, in a location too', async () => {
    const s3 = s3Client()
    const [plain, located] = [newName(), newName()]
    expect(await s3.send(new CreateBucketCommand({ Bucket: plain }))).toMatchObject({ Location: `/${plain}` })
    const CreateBucketConfiguration = { LocationConstraint: 'eeur' as never }
    await s3.send(new CreateBucketCommand({ Bucket: located, CreateBucketConfiguration }))
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: located }))).LocationConstraint).toBe('EEUR')
    await expect(s3.send(new CreateBucketCommand({ Bucket: plain }))).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' })
  })
})

describe('HeadBucket', () => {
  test('says that the region is auto', () =>
    withBucket(async (bucket, s3) => {
      const answer = await sendSigned(`/${bucket}`, { method: 'HEAD' })
      expect(answer).toMatchObject({ status: 200, text: '', headers: { 'x-amz-bucket-region': 'auto' } })
      expect(await s3.send(new HeadBucketCommand({ Bucket: bucket }))).toMatchObject({ BucketRegion: 'auto' })
    }))

  test('a missing bucket is 404 and nothing else', async () => {
    const Bucket = uniqueName('none')
    expect(await sendSigned(`/${Bucket}`, { method: 'HEAD' })).toMatchObject({ status: 404, text: '' })
    await expect(s3Client().send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' })
  })
})

describe('DeleteBucket', () => {
  test('answers 204, and the bucket is gone from everywhere', async () => {
    const name = newName()
    await create(name)
    expect(await remove(name)).toMatchObject({ status: 204, text: '' })
    expect((await sendSigned(`/${name}`, { method: 'HEAD' })).status).toBe(404)
    expect((await sendSigned(`/?prefix=${name}`)).text).not.toContain(`<Name>${name}`)
    expect(refusal(await remove(name))).toEqual(NO_BUCKET)
    expect(refusal(await sendSigned(`/${name}/key`, { method: 'PUT', body: 'x' }))).toEqual(NO_BUCKET)
  })

  test('a bucket with an object stays', async () => {
    const name = newName()
    await create(name)
    await sendSigned(`/${name}/key`, { method: 'PUT', body: 'x' })
    expect(refusal(await remove(name))).toEqual(NOT_EMPTY)
    expect((await sendSigned(`/${name}/key`)).text).toBe('x')
    await sendSigned(`/${name}/key`, { method: 'DELETE' })
    expect((await remove(name)).status).toBe(204)
  })

  test('a bucket with an open upload stays', async () => {
    const name = newName()
    const s3 = s3Client()
    await create(name)
    await s3.send(new CreateMultipartUploadCommand({ Bucket: name, Key: 'key' }))
    expect(refusal(await remove(name))).toEqual(NOT_EMPTY)
    await emptyBucket(s3, name)
    expect((await remove(name)).status).toBe(204)
  })

  test('a name can be used again, and nothing of the old bucket is left', async () => {
    const name = newName()
    await create(name, inLocation('weur'), { 'x-amz-storage-class': 'STANDARD_IA' })
    const rules =
      '<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>'
    await sendSigned(`/${name}?cors`, { method: 'PUT', body: rules })
    await sendSigned(`/${name}/key`, { method: 'PUT', body: 'old' })
    await sendSigned(`/${name}/key`, { method: 'DELETE' })
    expect((await remove(name)).status).toBe(204)
    expect((await create(name)).status).toBe(200)
    // But for the place: the first creation of a name decides, as on R2.
    expect((await sendSigned(`/${name}?location`)).text).toContain('>WEUR<')
    expect(refusal(await sendSigned(`/${name}?cors`))[1]).toBe('NoSuchCORSConfiguration')
    expect(refusal(await sendSigned(`/${name}/key`))[1]).toBe('NoSuchKey')
    expect((await sendSigned(`/${name}/key`, { method: 'PUT', body: 'new' })).status).toBe(200)
    expect((await sendSigned(`/${name}/key`)).text).toBe('new')
    expect(textsOf((await sendSigned(`/${name}?list-type=2`)).text, 'StorageClass')).toEqual(['STANDARD'])
  })

  test('the SDK reads both answers', async () => {
    const s3 = s3Client()
    await expect(s3.send(new DeleteBucketCommand({ Bucket: uniqueName('none') }))).rejects.toMatchObject({ name: 'NoSuchBucket' })
    const name = newName()
    await create(name)
    expect((await s3.send(new DeleteBucketCommand({ Bucket: name }))).$metadata.httpStatusCode).toBe(204)
  })
})

describe('what every bucket answers alike', () => {
  const bucket = newName()
  beforeAll(async () => {
    await create(bucket)
  })
  const get = (query: string) => sendSigned(`/${bucket}?${query}`)

  test('encryption', async () => {
    expect(await get('encryption')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/xml' },
      text:
        `${DECLARATION}<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault>` +
        '<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule>' +
        '</ServerSideEncryptionConfiguration>',
    })
    const { ServerSideEncryptionConfiguration } = await s3Client().send(new GetBucketEncryptionCommand({ Bucket: bucket }))
    expect(ServerSideEncryptionConfiguration!.Rules).toEqual([
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: true },
    ])
  })

  test('versioning', async () => {
    const { status, text } = await get('versioning')
    expect(status).toBe(200)
    expect([
      `${DECLARATION}<VersioningConfiguration ${XMLNS}></VersioningConfiguration>`,
      `${DECLARATION}<VersioningConfiguration ${XMLNS}/>`,
    ]).toContain(text)
    expect((await s3Client().send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status).toBeUndefined()
  })

  test('the ACL of a fresh bucket: the account may do everything', async () => {
    const { accountId } = inject('server')
    const owner = `<ID>${accountId}</ID><DisplayName>${accountId}</DisplayName>`
    const { status, text } = await get('acl')
    expect(status).toBe(200)
    expect(text).toBe(
      `${DECLARATION}<AccessControlPolicy ${XMLNS}><Owner>${owner}</Owner><AccessControlList><Grant>` +
        `<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser">${owner}</Grantee>` +
        '<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>',
    )
    const { Owner, Grants } = await s3Client().send(new GetBucketAclCommand({ Bucket: bucket }))
    expect(Owner!.ID).toBe(accountId)
    expect(Grants).toEqual([{ Grantee: { ID: accountId, DisplayName: accountId, Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' }])
  })

  test.each<[string, Refusal]>([
    ['tagging', [404, 'NoSuchTagSet', 'The TagSet does not exist.']],
    ['object-lock', [404, 'ObjectLockConfigurationNotFoundError', 'Object Lock configuration does not exist for this bucket.']],
    ['replication', [404, 'ReplicationConfigurationNotFoundError', 'The replication configuration was not found.']],
    ['cors', [404, 'NoSuchCORSConfiguration', 'The CORS configuration does not exist.']],
  ])('?%s does not exist', async (query, expected) => {
    expect(refusal(await get(query))).toEqual(expected)
  })

  const encryption = (algorithm: string) =>
    `<ServerSideEncryptionConfiguration ${XMLNS}><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>` +
    '</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>'
  const putEncryption = (body: string, name = bucket) => sendSigned(`/${name}?encryption`, { method: 'PUT', body })

  test('PutBucketEncryption accepts AES256, which changes nothing', async () => {
    expect(await putEncryption(encryption('AES256'))).toMatchObject({ status: 200, text: '' })
    const Rules = [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }]
    await s3Client().send(new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } }))
  })

  test('PutBucketEncryption refuses another algorithm', async () => {
    expect(refusal(await putEncryption(encryption('aws:kms'))).slice(0, 2)).toEqual([501, 'NotImplemented'])
  })

  test.each([
    '',
    '<a/>',
    '<ServerSideEncryptionConfiguration>',
    '<ServerSideEncryptionConfiguration/>',
    '<ServerSideEncryptionConfiguration><Rule/></ServerSideEncryptionConfiguration>',
  ])('PutBucketEncryption refuses malformed XML, before the bucket is looked for: %s', async (body) => {
    expect(refusal(await putEncryption(body))).toEqual(MALFORMED)
    expect(refusal(await putEncryption(body, uniqueName('none')))).toEqual(MALFORMED)
  })

  test('DeleteBucketEncryption answers 204', async () => {
    expect(await sendSigned(`/${bucket}?encryption`, { method: 'DELETE' })).toMatchObject({ status: 204, text: '' })
    expect((await get('encryption')).text).toContain('AES256')
  })
})

describe('cf-create-bucket-if-missing', () => {
  const header = (value: string) => ({ 'cf-create-bucket-if-missing': value })
  const put = (name: string, headers: Record<string, string>, key = 'key') =>
    sendSigned(`/${name}/${key}`, { method: 'PUT', body: 'x', headers })

  test('PutObject creates the bucket, in no particular place', async () => {
    const name = newName()
    expect((await put(name, header('true'))).status).toBe(200)
    expect((await sendSigned(`/${name}/key`)).text).toBe('x')
    expect((await sendSigned(`/${name}?location`)).text).toContain('>auto<')
    expect((await put(name, header('true'), 'again')).status).toBe(200)
  })

  test('CreateMultipartUpload as well', async () => {
    const name = newName()
    const answer = await sendSigned(`/${name}/key?uploads`, { method: 'POST', headers: header('true') })
    expect(answer.status).toBe(200)
  })

  test.each(['false', '1', ''])('the value "%s" does not', async (value) => {
    const name = newName()
    expect(refusal(await put(name, header(value)))).toEqual(NO_BUCKET)
  })

  test('other operations do not', async () => {
    const name = newName()
    for (const method of ['GET', 'DELETE']) {
      expect(refusal(await sendSigned(`/${name}/key`, { method, headers: header('true') }))).toEqual(NO_BUCKET)
    }
    expect((await signedFetch('HEAD', `/${name}`)).status).toBe(404)
  })

  test('a name that no bucket can have is still refused', async () => {
    expect(refusal(await put('Not_A_Bucket', header('true')))).toEqual(BAD_NAME)
  })

  test('a screened header comes first, and creates nothing', async () => {
    const name = newName()
    expect(refusal(await put(name, { ...header('true'), 'x-amz-grant-read': 'a=b' }))[0]).toBe(501)
    expect((await signedFetch('HEAD', `/${name}`)).status).toBe(404)
  })
})
