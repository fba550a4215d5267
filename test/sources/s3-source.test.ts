import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { placeOf } from '../../src/sources/s3/place.ts'
import { S3Source } from '../../src/sources/s3/s3-source.ts'
import type { SourceBody, Sourced, SourceHead } from '../../src/sources/source.ts'
import { patternByte, type Script } from '../support/fault-server.ts'
import { faultyBucket, textObject } from '../support/faulty-source.ts'

const KEYS = { accessKeyId: 'AKIDFORTESTS', secretAccessKey: 'a-secret-of-the-tests' }

async function open(script: Script, region?: string) {
  const faulty = await faultyBucket(script)
  const place = placeOf({ endpoint: faulty.endpoint, bucket: faulty.bucket, region }, { local: true })
  return { ...faulty, source: new S3Source(place, KEYS, { answerMs: 500 }) }
}

function unwrapped<T>(answer: Sourced<T>): T {
  if (!answer.ok) throw new Error(JSON.stringify(answer.failure))
  return answer.value
}

const failureOf = (answer: Sourced<unknown>) => (answer.ok ? undefined : answer.failure)
const bytesOf = async (body: Sourced<SourceBody>) => new Uint8Array(await new Response(unwrapped(body).stream).arrayBuffer())
const headOf = (answer: Sourced<SourceHead>) => unwrapped(answer)

describe('bodies', () => {
  test('a gzip object arrives byte for byte, with its encoding and its length', async () => {
    const zipped = gzipSync('The same line again.\n'.repeat(100))
    const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain', 'x-amz-meta-who': 'me' }
    const { source } = await open({ objects: { 'a.gz': { base64: zipped.toString('base64'), headers } } })
    const body = await source.get('a.gz')
    expect(unwrapped(body)).toMatchObject({ length: zipped.length, decoded: false })
    expect(unwrapped(body).head).toMatchObject({
      size: zipped.length,
      httpMetadata: { contentType: 'text/plain', contentEncoding: 'gzip' },
      customMetadata: { who: 'me' },
    })
    expect(await bytesOf(body)).toEqual(new Uint8Array(zipped))
  })

  test('a range of a gzip object is a range of the stored bytes', async () => {
    const zipped = gzipSync('The same line again.\n'.repeat(100))
    const { source } = await open({ objects: { k: { base64: zipped.toString('base64'), headers: { 'content-encoding': 'gzip' } } } })
    const body = await source.get('k', { range: { offset: 3, length: 7 } })
    expect(unwrapped(body)).toMatchObject({ offset: 3, length: 7, head: { size: zipped.length } })
    expect(await bytesOf(body)).toEqual(new Uint8Array(zipped.subarray(3, 10)))
  })

  test('a store that does not hide the encoding gives decoded bytes, which are called so', async () => {
    const zipped = gzipSync('decoded')
    const { source } = await open({
      ignoresOverrides: true,
      objects: { k: { base64: zipped.toString('base64'), headers: { 'content-encoding': 'gzip' } } },
    })
    const body = await source.get('k')
    expect(unwrapped(body)).toMatchObject({ decoded: true, head: { httpMetadata: {} } })
    expect(unwrapped(body).length).toBeUndefined()
    expect(unwrapped(body).head.httpMetadata.contentEncoding).toBeUndefined()
    expect(unwrapped(body).head.md5).toBeUndefined()
    expect(new TextDecoder().decode(await bytesOf(body))).toBe('decoded')
    expect(failureOf(await source.get('k', { range: { offset: 1 } }))?.kind).toBe('unsupported')
  })

  test('a body without a length has none', async () => {
    const { source } = await open({ objects: { k: textObject('hello') }, faults: [{ chunked: true }] })
    const body = await source.get('k')
    expect(unwrapped(body).length).toBeUndefined()
    expect(new TextDecoder().decode(await bytesOf(body))).toBe('hello')
  })

  test('a body that breaks off fails its reader', async () => {
    const { source } = await open({ objects: { k: { size: 200_000 } }, faults: [{ resetAfter: 50_000 }] })
    await expect(bytesOf(await source.get('k'))).rejects.toThrow()
  })

  test('ranges from the front, to the end and from the end', async () => {
    const { source } = await open({ objects: { k: { size: 1000 } } })
    for (const [range, from, to] of [
      [{ offset: 10, length: 5 }, 10, 15],
      [{ offset: 990 }, 990, 1000],
      [{ suffix: 4 }, 996, 1000],
    ] as const) {
      const body = await source.get('k', { range })
      expect(unwrapped(body)).toMatchObject({ offset: from, length: to - from, head: { size: 1000 } })
      expect([...(await bytesOf(body))]).toEqual(Array.from({ length: to - from }, (_, i) => patternByte(from + i)))
    }
    expect(failureOf(await source.get('k', { range: { offset: 1000 } }))).toMatchObject({ kind: 'unsatisfiable', size: 1000 })
  })
})

describe('heads', () => {
  test('HEAD gives size, ETag, MD5, time and metadata', async () => {
    const headers = { 'cache-control': 'no-cache', 'x-amz-meta-name': '=?UTF-8?B?w7w=?=', 'x-amz-storage-class': 'GLACIER' }
    const { source, requests } = await open({ objects: { k: textObject('hello', headers) } })
    const head = headOf(await source.head('k'))
    expect(head).toMatchObject({
      size: 5,
      etag: '5d41402abc4b2a76b9719d911017c592',
      md5: '5d41402abc4b2a76b9719d911017c592',
      modifiedMs: Date.UTC(2026, 6, 1, 10),
      storageClass: 'GLACIER',
      httpMetadata: { contentType: 'text/plain', cacheControl: 'no-cache' },
      customMetadata: { name: 'ü' },
    })
    expect((await requests()).map(({ method }) => method)).toEqual(['HEAD'])
  })

  test('the ETag of a KMS object is not called its MD5', async () => {
    const { source } = await open({ objects: { k: textObject('x', { 'x-amz-server-side-encryption': 'aws:kms' }) } })
    expect(headOf(await source.head('k')).md5).toBeUndefined()
  })

  test.each([
    ['a missing key', {}, 'absent', 'NoSuchKey'],
    ['a missing key of a policy with GetObject alone', { hidesMissing: true }, 'denied', 'AccessDenied'],
    ['a wrong signature', { faults: [{ status: 403, code: 'SignatureDoesNotMatch' }] }, 'denied', 'SignatureDoesNotMatch'],
    ['a 404 of something that is no S3', { faults: [{ status: 404, body: '<html>' }] }, 'unreachable', undefined],
  ] as const)('HEAD tells %s by the code of a second request', async (_, script, kind, code) => {
    const { source } = await open(script)
    expect(failureOf(await source.head('k'))).toMatchObject({ kind, ...(code && { code }) })
  })
})

describe('failures', () => {
  test.each([
    [404, 'NoSuchKey', 'absent'],
    [404, 'NoSuchBucket', 'no-bucket'],
    [403, 'AccessDenied', 'denied'],
    [403, 'InvalidAccessKeyId', 'denied'],
    [400, 'ExpiredToken', 'denied'],
    [403, 'InvalidObjectState', 'archived'],
    [503, 'SlowDown', 'throttled'],
    [429, 'TooManyRequests', 'throttled'],
    [412, 'PreconditionFailed', 'changed'],
    [500, 'InternalError', 'unreachable'],
    [502, undefined, 'unreachable'],
    [404, undefined, 'unreachable'],
    [302, undefined, 'unreachable'],
    [400, 'InvalidRequest', 'unsupported'],
  ] as const)('%s %s is %s', async (status, code, kind) => {
    const { source } = await open({
      objects: { k: textObject('x') },
      faults: [{ status, code, headers: { location: 'http://127.0.0.1:9/' } }],
    })
    expect(failureOf(await source.get('k'))?.kind).toBe(kind)
  })

  test('a throttled source says when it wants to be asked again', async () => {
    const { source } = await open({ faults: [{ status: 503, code: 'SlowDown', headers: { 'retry-after': '7' } }] })
    expect(failureOf(await source.get('k'))?.retryAfterMs).toBe(7000)
  })

  test('a source that never answers is unreachable, and so is one that is off', async () => {
    const { source } = await open({ faults: [{ hang: true }] })
    expect(failureOf(await source.get('k'))?.kind).toBe('unreachable')
    const off = new S3Source(placeOf({ endpoint: 'http://127.0.0.1:9', bucket: 'b' }, { local: true }), KEYS)
    expect(failureOf(await off.get('k'))?.kind).toBe('unreachable')
  })

  test('a message shows neither credential, even if the source does', async () => {
    const body = `<Error><Code>Odd</Code><Message>${KEYS.accessKeyId} ${KEYS.secretAccessKey} ${'x'.repeat(5000)}</Message></Error>`
    const { source } = await open({ faults: [{ status: 403, body }] })
    const message = failureOf(await source.get('k'))?.message ?? ''
    expect(message).toContain('*** ***')
    expect(message.length).toBe(1024)
  })

  test('an object that changed is not read', async () => {
    const { source } = await open({ objects: { k: { size: 10 } }, faults: [{ newEtag: true }] })
    const { etag } = headOf(await source.head('k'))
    expect(failureOf(await source.get('k', { ifMatch: etag }))?.kind).toBe('changed')
  })
})

describe('requests', () => {
  test('keys of every kind', async () => {
    const keys = ['a b/ü+&=%2F', 'plus+', 'folder/', '/leading', 'a//b', "quote'()*!", '日本', '🍺', '.hidden', 'a..b', 'x?y#z', '~']
    const { source } = await open({ objects: Object.fromEntries(keys.map((key) => [key, textObject(`text of ${key}`)])) })
    for (const key of keys) expect(new TextDecoder().decode(await bytesOf(await source.get(key)))).toBe(`text of ${key}`)
    expect(
      unwrapped(await source.list({}))
        .items.map(({ key }) => key)
        .sort(),
    ).toEqual([...keys].sort())
  })

  test.each(['.', '..', 'a/../b', './x', 'x/..'])('the key %s is refused before a request leaves', async (key) => {
    const { source, requests } = await open({})
    expect(failureOf(await source.get(key))?.kind).toBe('unsupported')
    expect(await requests()).toEqual([])
  })

  test('a bucket of another region is found there, once', async () => {
    const { source, requests } = await open({ region: 'eu-west-3', objects: { k: textObject('x') } })
    unwrapped(await source.get('k'))
    unwrapped(await source.get('k'))
    expect((await requests()).length).toBe(3)
  })

  test('a redirect is not followed', async () => {
    const target = await faultyBucket({ objects: { k: textObject('elsewhere') } })
    const location = `${target.endpoint}/${target.bucket}/k`
    const { source } = await open({ faults: [{ status: 307, headers: { location } }] })
    expect(failureOf(await source.get('k'))?.kind).toBe('unreachable')
    expect(await target.requests()).toEqual([])
  })
})

test.each([
  [{ 'content-length': '5' }],
  [{ 'content-length': '5', 'content-range': 'bytes 0-9/100' }],
  [{ 'content-length': '5', 'content-range': 'bytes 9-5/100' }],
  [{ 'content-length': '5', 'content-range': 'bytes -5-0/100' }],
])('a part with the headers %j is refused', async (headers) => {
  const { source } = await open({ faults: [{ ranged: true, status: 206, headers, body: '12345' }] })
  expect(failureOf(await source.get('k', { range: { offset: 0, length: 10 } }))?.kind).toBe('unreachable')
})

describe('listings', () => {
  const objects = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`p/${i} +`, textObject(String(i))]))

  test.each([undefined, 'refuses', 'ignores'] as const)('pages of a store that %s version 2', async (listV2) => {
    const { source } = await open({ objects: { ...objects, other: textObject('x') }, listV2, pageSize: 3 })
    const seen: string[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const page = unwrapped(await source.list({ prefix: 'p/', cursor }))
      seen.push(...page.items.map(({ key }) => key))
      cursor = page.next
      pages++
    } while (cursor !== undefined && pages < 10)
    expect([seen, pages]).toEqual([Object.keys(objects), 3])
  })

  test('an item has size, ETag, time and class', async () => {
    const { source } = await open({ objects: { k: textObject('hello', { 'x-amz-storage-class': 'DEEP_ARCHIVE' }) } })
    expect(unwrapped(await source.list({})).items).toEqual([
      {
        key: 'k',
        size: 5,
        etag: '5d41402abc4b2a76b9719d911017c592',
        modifiedMs: Date.UTC(2026, 6, 1, 10),
        storageClass: 'DEEP_ARCHIVE',
      },
    ])
  })

  test('a listing that is no listing is unreachable', async () => {
    const { source } = await open({ faults: [{ status: 200, body: '<html>Login</html>' }] })
    expect(failureOf(await source.list({}))?.kind).toBe('unreachable')
  })

  const listing = (key: string, etag: string, token: string) =>
    `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken><Contents><Key>${key}</Key><Size>1</Size><ETag>${etag}</ETag></Contents></ListBucketResult>`

  test.each([
    ['key', listing('k'.repeat(5000), 'e', 't')],
    ['token', listing('k', 'e', 't'.repeat(9000))],
    ['size', listing('k', 'e', 't').replace('<Size>1<', '<Size>-1<')],
  ])('a listing with an impossible %s is refused', async (_, body) => {
    const { source } = await open({ faults: [{ status: 200, body }] })
    expect(failureOf(await source.list({}))?.kind).toBe('unreachable')
  })

  test('an endless ETag is none', async () => {
    const { source } = await open({ faults: [{ status: 200, body: listing('k', 'e'.repeat(100_000), 't') }] })
    expect(unwrapped(await source.list({})).items[0]).toMatchObject({ key: 'k', etag: '' })
  })
})

test('a code that is none, of an error, is neither shown nor kept', async () => {
  const code = `${'x'.repeat(300)} ${KEYS.secretAccessKey}`
  const { source } = await open({ faults: [{ status: 400, code }] })
  const failure = failureOf(await source.get('k'))
  expect(failure?.code).toBeUndefined()
  expect(JSON.stringify(failure)).not.toContain(KEYS.secretAccessKey)
})
