import { CreateBucketCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import Cloudflare from 'cloudflare'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { emptyBucket, s3Client, uniqueName } from './support/clients.ts'
import { lentBucket, MIB, md5Hex, someBytes } from './support/objects.ts'
import { cloudflare, rest, restFetch } from './support/rest.ts'

const bucket = lentBucket()
const client = cloudflare()
const params = { account_id: inject('server').accountId, bucket_name: bucket.name }
const OBJECTS = `/accounts/{account}/r2/buckets/${bucket.name}/objects`

describe('an upload', () => {
  test('answers what R2 answers, and S3 reads it', async () => {
    const uploaded = await client.r2.buckets.objects.upload('dir/hello.txt', 'hello', params, { headers: { 'content-type': 'text/plain' } })
    expect(uploaded).toEqual({
      key: 'dir/hello.txt',
      etag: md5Hex('hello'),
      size: '5',
      version: expect.any(String),
      storage_class: 'Standard',
      uploaded: expect.stringMatching(/Z$/),
    })
    const got = await bucket.get('dir/hello.txt')
    expect([got.headers.get('content-type'), await got.text()]).toEqual(['text/plain', 'hello'])
  })

  test('keeps the metadata of its headers', async () => {
    const headers = {
      'cache-control': 'max-age=60',
      'content-disposition': 'attachment',
      'content-language': 'de',
      'content-encoding': 'x-own',
      expires: 'Wed, 21 Oct 2026 07:28:00 GMT',
      'cf-r2-storage-class': 'InfrequentAccess',
      'cf-r2-custom-metadata': '{"colour":"gr\\u00fcn"}',
    }
    expect(await rest('PUT', `${OBJECTS}/meta`, { body: 'x', headers })).toMatchObject({ result: { storage_class: 'InfrequentAccess' } })
    const head = await bucket.s3.send(new HeadObjectCommand({ Bucket: bucket.name, Key: 'meta' }))
    expect(head).toMatchObject({
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment',
      ContentLanguage: 'de',
      ContentEncoding: 'x-own',
      StorageClass: 'STANDARD_IA',
    })
    const got = await restFetch('GET', `${OBJECTS}/meta`)
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'cache-control': 'max-age=60',
      expires: headers.expires,
      etag: `"${md5Hex('x')}"`,
    })
    const listed = await rest('GET', `${OBJECTS}?prefix=meta`)
    expect(listed.result).toEqual([
      {
        key: 'meta',
        etag: md5Hex('x'),
        size: 1,
        last_modified: expect.any(String),
        storage_class: 'InfrequentAccess',
        ssec: false,
        http_metadata: {
          contentType: expect.any(String),
          cacheControl: 'max-age=60',
          contentDisposition: 'attachment',
          contentEncoding: 'x-own',
          contentLanguage: 'de',
          cacheExpiry: '2026-10-21T07:28:00.000Z',
        },
        custom_metadata: { colour: 'grün' },
      },
    ])
    const [only] = listed.result as unknown[]
    const metadata = await restFetch('GET', `${OBJECTS}/meta`, { headers: { 'cf-metadata-only': 'true' } })
    expect(await metadata.json()).toMatchObject({ success: true, result: only })
  })

  test('without a content type is octets, whatever its bytes look like', async () => {
    const body = new Uint8Array(Buffer.from('<!doctype html>'))
    expect(await rest('PUT', `${OBJECTS}/typeless`, { body })).toMatchObject({ status: 200 })
    expect((await bucket.head('typeless')).headers.get('content-type')).toBe('application/octet-stream')
  })

  test('ignores conditions, as on R2', async () => {
    await bucket.put('there', 'old')
    expect(await rest('PUT', `${OBJECTS}/there`, { body: 'new', headers: { 'if-none-match': '*' } })).toMatchObject({ status: 200 })
    expect(await (await bucket.get('there')).text()).toBe('new')
  })

  test('of no bytes is an object', async () => {
    expect(await rest('PUT', `${OBJECTS}/empty`, { body: '' })).toMatchObject({ result: { size: '0' } })
    expect((await (await restFetch('GET', `${OBJECTS}/empty`)).arrayBuffer()).byteLength).toBe(0)
  })

  test('of 40 MiB streams through, both ways', async () => {
    const bytes = someBytes(40 * MIB)
    expect(await client.r2.buckets.objects.upload('large', bytes, params)).toMatchObject({ etag: md5Hex(bytes), size: String(40 * MIB) })
    const got = await client.r2.buckets.objects.get('large', params)
    expect(md5Hex(new Uint8Array(await got.arrayBuffer()))).toBe(md5Hex(bytes))
  })

  test.each([
    ['an unknown storage class', { 'cf-r2-storage-class': 'Cold' }, 400, 10062],
    ['metadata that is no JSON', { 'cf-r2-custom-metadata': '{' }, 400, 10029],
    ['a wrong Content-MD5', { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 400, 10037],
  ])('with %s is refused', async (_, headers, status, code) => {
    expect(await rest('PUT', `${OBJECTS}/refused`, { body: 'x', headers })).toMatchObject({ status, errors: [{ code }] })
  })

  test('of unknown length is refused', async () => {
    const body = new Blob(['x']).stream()
    expect(await rest('PUT', `${OBJECTS}/chunked`, { body })).toMatchObject({ status: 411, errors: [{ code: 10033 }] })
  })

  test('to a bucket that there is not is 404', async () => {
    const path = '/accounts/{account}/r2/buckets/nowhere-at-all/objects/x'
    expect(await rest('PUT', path, { body: 'x' })).toMatchObject({ status: 404, errors: [{ code: 10006 }] })
  })
})

describe('a download', () => {
  test('honours conditions', async () => {
    await bucket.put('conditional', 'abc')
    const etag = `"${md5Hex('abc')}"`
    const unchanged = await client.r2.buckets.objects.get('conditional', { ...params, 'If-None-Match': etag }).catch((error) => error)
    expect(unchanged).toMatchObject({ status: 304 })
    const later = new Date(Date.now() + 1000).toUTCString()
    expect((await restFetch('GET', `${OBJECTS}/conditional`, { headers: { 'if-modified-since': later } })).status).toBe(304)
    expect(await rest('GET', `${OBJECTS}/conditional`, { headers: { 'if-match': '"other"' } })).toMatchObject({
      status: 412,
      errors: [{ code: 10031 }],
    })
    const ranged = await restFetch('GET', `${OBJECTS}/conditional`, { headers: { range: 'bytes=1-' } })
    expect([ranged.status, await ranged.text()]).toEqual([206, 'bc'])
  })

  test('of what is not there is 404 in the envelope', async () => {
    const missing = await client.r2.buckets.objects.get('missing', params).catch((error) => error)
    expect(missing).toBeInstanceOf(Cloudflare.NotFoundError)
    expect(missing.errors).toEqual([{ code: 10007, message: 'The specified key does not exist.' }])
  })
})

describe('keys', () => {
  test.each([
    'a/b',
    'a b/ü+&=.txt',
    'x?y',
    'x#y',
    '100%',
    '%3Fe',
    '/lead//dbl/',
    'tr/',
    'ein:ganz;normaler,@key$',
    '日本語',
    "it's(1)!*",
    'a\\b',
    '🙂',
  ])('%s goes there and back through the SDK, and S3 has the same one', async (key) => {
    expect((await client.r2.buckets.objects.upload(key, key, params)).key).toBe(key)
    expect(await (await client.r2.buckets.objects.get(key, params)).text()).toBe(key)
    const head = await bucket.s3.send(new HeadObjectCommand({ Bucket: bucket.name, Key: key }))
    expect(head.ETag).toBe(`"${md5Hex(key)}"`)
    expect(await client.r2.buckets.objects.delete(key, params)).toEqual({ key })
  })

  test('may be written with or without encoded slashes, and what follows a question mark means nothing', async () => {
    await rest('PUT', `${OBJECTS}/s/l/a%20sh+?junk=1`, { body: 'x' })
    expect(await (await restFetch('GET', `${OBJECTS}/s%2Fl%2Fa%20sh+`)).text()).toBe('x')
    expect(await rest('DELETE', `${OBJECTS}/s%2fl/a%20sh%2B`)).toMatchObject({ result: { key: 's/l/a sh+' } })
  })

  test.each([`${OBJECTS}/`, `${OBJECTS}/${'k'.repeat(1025)}`, `${OBJECTS}/%ff`])('that R2 has not are refused', async (path) => {
    expect(await rest('PUT', path, { body: 'x' })).toMatchObject({ status: 400, errors: [{ code: 10020 }] })
  })
})

describe('deletion', () => {
  test('of what is not there succeeds', async () => {
    expect(await rest('DELETE', `${OBJECTS}/never-was`)).toMatchObject({ status: 200, result: { key: 'never-was' } })
  })

  test('of many keys takes a list', async () => {
    for (const key of ['m/1', 'm/2']) await bucket.put(key, 'x')
    const answer = await rest('DELETE', OBJECTS, { body: ['m/1', 'm/2', 'm/3'] })
    expect(answer).toMatchObject({ status: 200, result: [{ key: 'm/1' }, { key: 'm/2' }, { key: 'm/3' }] })
    expect((await bucket.get('m/1')).status).toBe(404)
  })
})

describe('the list of objects', () => {
  const name = uniqueName('listing')
  const s3 = s3Client()
  const inside = { account_id: params.account_id, bucket_name: name }
  const keys = ['a/1', 'a/2', 'b/1', 'c', 'd', 'e/1', 'f']
  const LIST = `/accounts/{account}/r2/buckets/${name}/objects`

  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: name }))
    for (const key of keys) await client.r2.buckets.objects.upload(key, key, inside)
  })
  afterAll(async () => {
    await emptyBucket(s3, name)
    await client.r2.buckets.delete(name, { account_id: params.account_id })
  })

  const collect = async (query: object) => {
    const found = []
    for await (const object of client.r2.buckets.objects.list(name, { account_id: params.account_id, ...query })) found.push(object.key)
    return found
  }

  test('is iterated by the SDK, page after page', async () => {
    expect(await collect({ per_page: 2 })).toEqual(keys)
    expect(await collect({ prefix: 'a/' })).toEqual(['a/1', 'a/2'])
    expect(await collect({ start_after: 'c' })).toEqual(['d', 'e/1', 'f'])
  })

  test('folds at a delimiter, and never answers an empty page with a cursor', async () => {
    const page = await client.r2.buckets.objects.list(name, { account_id: params.account_id, delimiter: '/' })
    expect(page.result.map(({ key }) => key)).toEqual(['c', 'd', 'f'])
    expect(page.result_info).toMatchObject({ delimited: ['a/', 'b/', 'e/'], is_truncated: false, cursor: '' })
    expect(await collect({ delimiter: '/', per_page: 1 })).toEqual(['c', 'd', 'f'])
    const first = await rest('GET', `${LIST}?delimiter=%2F&per_page=1`)
    expect(first).toMatchObject({ result: [{ key: 'c' }], result_info: { delimited: ['a/', 'b/'], is_truncated: true } })
  })

  test('of a bucket that there is not is 404', async () => {
    expect(await rest('GET', '/accounts/{account}/r2/buckets/nowhere-at-all/objects')).toMatchObject({
      status: 404,
      errors: [{ code: 10006 }],
    })
  })

  test.each(['cursor=x', 'per_page=0', 'per_page=1001'])('refuses %s', async (query) => {
    expect(await rest('GET', `${LIST}?${query}`)).toMatchObject({ status: 400, errors: [{ code: 10029 }] })
  })
})
