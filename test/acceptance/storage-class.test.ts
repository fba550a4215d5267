import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { elementOf, expectError, expectNoSuchKey } from './support/answers.ts'
import { signedFetch, uniqueName } from './support/clients.ts'
import { lentBucket } from './support/objects.ts'
import { rest } from './support/rest.ts'

const bucket = lentBucket()
const REFUSAL = ['InvalidStorageClass', 'The storage class specified is not valid.'] as const

/** What a listing says of a key. */
async function listed(Prefix: string): Promise<string | undefined> {
  const { Contents = [] } = await bucket.s3.send(new ListObjectsV2Command({ Bucket: bucket.name, Prefix }))
  return Contents[0]?.StorageClass
}

test.each<[Record<string, string>, header: string | null, listed: string]>([
  [{}, null, 'STANDARD'],
  [{ 'x-amz-storage-class': 'STANDARD' }, null, 'STANDARD'],
  [{ 'x-amz-storage-class': 'STANDARD_IA' }, 'STANDARD_IA', 'STANDARD_IA'],
  // Some clients send the header empty; AWS takes it, and so do we unless R2_STRICT is set.
  [{ 'x-amz-storage-class': '' }, null, 'STANDARD'],
])('an object put with %o answers with the class %s and is listed as %s', async (headers, header, name) => {
  const key = uniqueName('class')
  await bucket.put(key, 'x', headers)
  for (const method of ['GET', 'HEAD']) {
    expect((await bucket.send(method, key)).headers.get('x-amz-storage-class')).toBe(header)
  }
  expect((await bucket.get(key, { 'if-none-match': '*' })).headers.get('x-amz-storage-class')).toBe(header)
  expect(await listed(key)).toBe(name)
})

describe.each([
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'REDUCED_REDUNDANCY',
  'standard',
  'Standard_IA',
  'InfrequentAccess',
  'STANDARD_IA, STANDARD',
])('the class %j', (name) => {
  const headers = { 'x-amz-storage-class': name }

  test('is refused by PutObject', async () => {
    await expectError(await bucket.send('PUT', 'refused', { body: Buffer.from('x'), headers }), 400, ...REFUSAL)
    await expectNoSuchKey(await bucket.get('refused'))
  })

  test('is refused by CopyObject, before the source is looked at', async () => {
    const response = await bucket.send('PUT', 'refused', { headers: { ...headers, 'x-amz-copy-source': 'nothing' } })
    await expectError(response, 400, ...REFUSAL)
  })

  test('is refused by CreateMultipartUpload', async () => {
    await expectError(await bucket.send('POST', 'refused', { query: { uploads: '' }, headers }), 400, ...REFUSAL)
  })
})

test('overwriting changes the class', async () => {
  await bucket.put('rewritten', 'x', { 'x-amz-storage-class': 'STANDARD_IA' })
  await bucket.put('rewritten', 'x')
  expect((await bucket.head('rewritten')).headers.get('x-amz-storage-class')).toBeNull()
})

test('a copy onto itself moves an object between classes', async () => {
  await bucket.put('moved', 'x')
  const move = (name: string) =>
    bucket.send('PUT', 'moved', { headers: { 'x-amz-copy-source': bucket.path('moved'), 'x-amz-storage-class': name } })
  expect((await move('STANDARD_IA')).status).toBe(200)
  expect((await bucket.head('moved')).headers.get('x-amz-storage-class')).toBe('STANDARD_IA')
  expect((await move('STANDARD')).status).toBe(200)
  expect((await bucket.head('moved')).headers.get('x-amz-storage-class')).toBeNull()
})

test('a multipart upload gives its class to the object', async () => {
  const headers = { 'x-amz-storage-class': 'STANDARD_IA' }
  const created = await bucket.send('POST', 'parts', { query: { uploads: '' }, headers })
  const uploadId = elementOf(await created.text(), 'UploadId')!
  const part = await bucket.send('PUT', 'parts', { query: { uploadId, partNumber: '1' }, body: Buffer.from('x') })
  const list = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.get('etag')}</ETag></Part>`
  const body = `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`
  expect((await bucket.send('POST', 'parts', { query: { uploadId }, body })).status).toBe(200)
  expect((await bucket.head('parts')).headers.get('x-amz-storage-class')).toBe('STANDARD_IA')
})

describe('the default class of a bucket', () => {
  test('is for objects that name none', async () => {
    const name = uniqueName('bucket')
    expect((await signedFetch('PUT', `/${name}`, { headers: { 'x-amz-storage-class': 'STANDARD_IA' } })).status).toBe(200)
    const send = (method: string, key: string, headers?: Record<string, string>) =>
      signedFetch(method, `/${name}/${key}`, { headers, body: method === 'PUT' ? Buffer.from('x') : undefined })
    await send('PUT', 'default')
    await send('PUT', 'named', { 'x-amz-storage-class': 'STANDARD' })
    await send('PUT', 'copied', { 'x-amz-copy-source': `/${name}/named` })
    await bucket.put('elsewhere', 'x')
    await send('PUT', 'copied from elsewhere', { 'x-amz-copy-source': bucket.path('elsewhere') })
    await bucket.send('PUT', 'copied to elsewhere', { headers: { 'x-amz-copy-source': `/${name}/default` } })
    expect((await bucket.head('copied to elsewhere')).headers.get('x-amz-storage-class')).toBeNull()
    const classOf = async (key: string) => (await send('HEAD', key)).headers.get('x-amz-storage-class')
    expect([await classOf('default'), await classOf('named'), await classOf('copied')]).toEqual(['STANDARD_IA', null, 'STANDARD_IA'])
    expect(await classOf('copied from elsewhere')).toBe('STANDARD_IA')
    const created = await (await signedFetch('POST', `/${name}/parts`, { query: { uploads: '' } })).text()
    expect(await (await signedFetch('GET', `/${name}`, { query: { uploads: '' } })).text()).toContain('<StorageClass>STANDARD_IA<')
    await signedFetch('DELETE', `/${name}/parts`, { query: { uploadId: elementOf(created, 'UploadId')! } })
    const OBJECTS = `/accounts/{account}/r2/buckets/${name}/objects`
    expect(await rest('PUT', `${OBJECTS}/rest`, { body: 'x' })).toMatchObject({ result: { storage_class: 'InfrequentAccess' } })
    const headers = { 'cf-r2-storage-class': 'Standard' }
    expect(await rest('PUT', `${OBJECTS}/rest-named`, { body: 'x', headers })).toMatchObject({ result: { storage_class: 'Standard' } })
    expect([await classOf('rest'), await classOf('rest-named')]).toEqual(['STANDARD_IA', null])
    for (const key of ['default', 'named', 'copied', 'copied from elsewhere', 'rest', 'rest-named']) await send('DELETE', key)
    expect((await signedFetch('DELETE', `/${name}`)).status).toBe(204)
  })
})

test('the AWS SDK writes and reads the class', async () => {
  const at = { Bucket: bucket.name, Key: 'sdk' }
  await bucket.s3.send(new PutObjectCommand({ ...at, Body: 'x', StorageClass: 'STANDARD_IA' }))
  expect((await bucket.s3.send(new HeadObjectCommand(at))).StorageClass).toBe('STANDARD_IA')
})
