import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { bytesSource } from '../../../src/core/byte-sources.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { patternByte } from '../../support/fault-server.ts'
import { textObject } from '../../support/faulty-source.ts'
import { codeOf, sippyBucket } from '../../support/sippy.ts'

const MIB = 1024 * 1024
/** The bytes of a made object. A comparison of megabytes by `toEqual` takes many seconds. */
const pattern = (from: number, to: number) => {
  const bytes = new Uint8Array(to - from)
  for (let i = 0; i < bytes.length; i++) bytes[i] = patternByte(from + i)
  return bytes
}
const isPattern = (bytes: Uint8Array | undefined, to: number) => bytes !== undefined && Buffer.compare(bytes, pattern(0, to)) === 0
const textIn = ({ bytes }: { bytes?: Uint8Array }) => new TextDecoder().decode(bytes)
const etags = (...tags: string[]) => tags.map((etag) => ({ etag, weak: false }))
const HELLO_MD5 = '5d41402abc4b2a76b9719d911017c592'

const put = (bucket: Awaited<ReturnType<typeof sippyBucket>>['bucket'], key: string, text: string) => {
  const bytes = new TextEncoder().encode(text)
  const upload = { source: bytesSource(bytes), size: bytes.length, claims: {} }
  return bucket.store.putObject(bucket.at(key), upload, { httpMetadata: {}, customMetadata: {} })
}

describe('a read of an absent object', () => {
  test('comes from the source and into the bucket at once; the next one comes from the bucket', async () => {
    const headers = { 'x-amz-meta-who': 'me', 'cache-control': 'no-cache' }
    const sippy = await sippyBucket({ objects: { 'a b/ü': textObject('hello', headers) } })
    const first = await sippy.read('a b/ü')
    expect(textIn(first)).toBe('hello')
    expect(first).toMatchObject({ fromSource: true, head: { size: 5, etag: HELLO_MD5 } })
    await sippy.settled()
    const second = await sippy.read('a b/ü')
    expect(textIn(second)).toBe('hello')
    expect(second.head).toMatchObject({
      etag: HELLO_MD5,
      httpMetadata: { contentType: 'text/plain', cacheControl: 'no-cache' },
      customMetadata: { who: 'me' },
    })
    expect('fromSource' in second).toBe(false)
    expect(await sippy.asked('a b/ü')).toEqual(['GET'])
  })

  test('in strict mode the copy has custom metadata alone', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello', { 'x-amz-meta-who': 'me' }) } }, { keepsHttpMetadata: false })
    await sippy.read('k')
    await sippy.settled()
    const { head } = await sippy.read('k')
    expect(head).toMatchObject({ customMetadata: { who: 'me' } })
    expect(head.httpMetadata.cacheControl).toBeUndefined()
  })

  test.each([0, 1, MIB, MIB + 1, 9 * MIB])('of %s bytes arrives whole, twice', async (size) => {
    const sippy = await sippyBucket({ objects: { k: { size } } })
    expect(isPattern((await sippy.read('k')).bytes, size)).toBe(true)
    await sippy.settled()
    expect(await sippy.has('k')).toBe(true)
    expect(isPattern((await sippy.read('k')).bytes, size)).toBe(true)
    expect(await sippy.asked('k')).toEqual(['GET'])
  })

  test('HEAD never copies', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello') } })
    const got = await sippy.bucket.store.headObject(sippy.bucket.at('k'), {})
    expect(got).toMatchObject({ kind: 'found', head: { size: 5, etag: HELLO_MD5 }, span: { offset: 0, length: 5 } })
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
    expect(await sippy.asked('k')).toEqual(['HEAD'])
  })

  test('two reads at once make one copy', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 3 * MIB } } })
    const both = await Promise.all([sippy.read('k'), sippy.read('k')])
    for (const { bytes } of both) expect(isPattern(bytes, 3 * MIB)).toBe(true)
    await sippy.settled()
    const blobs = await sippy.bucket.query<{ n: number }>('SELECT count(*) AS n FROM blobs')
    expect(blobs[0]?.n).toBe(1)
    expect(await sippy.bucket.rows('sippy_copies', 'garbage')).toBe(0)
  })

  test('a client that goes away does not lose the copy', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 9 * MIB } } })
    const got = await sippy.bucket.store.getObject(sippy.bucket.at('k'), {})
    if (got.kind !== 'found' || !(got.body instanceof ReadableStream)) throw new Error('no stream')
    const reader = got.body.getReader()
    await reader.read()
    await reader.cancel()
    await sippy.settled()
    expect(await sippy.has('k')).toBe(true)
  })

  test('a client that does not read does not hold the copy up, and still gets every byte later', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 9 * MIB } } })
    const got = await sippy.bucket.store.getObject(sippy.bucket.at('k'), {})
    if (got.kind !== 'found') throw new Error('not found')
    for (let looks = 0; looks < 100 && !(await sippy.has('k')); looks++) await scheduler.wait(100)
    expect(await sippy.has('k')).toBe(true)
    expect(isPattern(new Uint8Array(await new Response(got.body).arrayBuffer()), 9 * MIB)).toBe(true)
  }, 60_000)

  test('a source that breaks off in the middle: the client gets the rest, and a later read copies the object', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 9 * MIB } }, faults: [{ ranged: false, resetAfter: 3 * MIB, times: 1 }] })
    expect(isPattern((await sippy.read('k')).bytes, 9 * MIB)).toBe(true)
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
    await sippy.read('k')
    await sippy.settled()
    expect(await sippy.has('k')).toBe(true)
  })

  test.each([
    ['that ignores ranges', [{ ranged: true, status: 200, body: 'x'.repeat(9 * MIB) }], {}],
    ['without ETags', [], { etag: '' }],
  ] as const)('a source %s, and breaks off: the client never gets bytes that do not belong together', async (_, faults, headers) => {
    const broken = { ranged: false, resetAfter: 3 * MIB, times: 1 }
    const sippy = await sippyBucket({ objects: { k: { size: 9 * MIB, headers } }, faults: [broken, ...faults] })
    await expect(sippy.read('k')).rejects.toThrow()
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
    expect(await sippy.bucket.rows('sippy_copies')).toBe(0)
  })

  test('a gzip object is copied byte for byte, with its encoding', async () => {
    const zipped = gzipSync('again '.repeat(1000))
    const sippy = await sippyBucket({ objects: { k: { base64: zipped.toString('base64'), headers: { 'content-encoding': 'gzip' } } } })
    expect((await sippy.read('k')).bytes).toEqual(new Uint8Array(zipped))
    await sippy.settled()
    const { head, bytes } = await sippy.read('k')
    expect(bytes).toEqual(new Uint8Array(zipped))
    expect(head.httpMetadata.contentEncoding).toBe('gzip')
  })

  test('a body without a length is copied first', async () => {
    const sippy = await sippyBucket({ objects: { small: textObject('hello'), large: { size: 9 * MIB } }, faults: [{ chunked: true }] })
    expect(textIn(await sippy.read('small'))).toBe('hello')
    expect(isPattern((await sippy.read('large')).bytes, 9 * MIB)).toBe(true)
    expect([await sippy.has('small'), await sippy.has('large')]).toEqual([true, true])
    expect(await sippy.bucket.rows('sippy_copies')).toBe(0)
  })
})

describe('ranges and conditions on an absent object', () => {
  test('a range comes from the source, and the whole object is copied', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 1000 } } })
    const got = await sippy.read('k', { range: { offset: 10, length: 5 } })
    expect(got).toMatchObject({ span: { offset: 10, length: 5 }, head: { size: 1000 }, bytes: pattern(10, 15) })
    await sippy.settled()
    expect(isPattern((await sippy.read('k')).bytes, 1000)).toBe(true)
    expect(await sippy.asked('k')).toEqual(['HEAD', 'GET', 'GET'])
  })

  test('an impossible range is refused as usual', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 10 } } })
    expect(await codeOf(sippy.read('k', { range: { offset: 10 } }))).toBe('InvalidRange')
    expect(await codeOf(sippy.read('k', { partNumber: 2 }))).toBe('InvalidPartNumber')
    expect((await sippy.read('k', { range: { offset: 10, length: 1, unsatisfiable: 'empty' } })).bytes?.length).toBe(0)
  })

  test('conditions are answered by the ETag and the time of the source, and nothing is copied', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello') } })
    const modifiedMs = Date.UTC(2026, 6, 1, 10)
    expect((await sippy.read('k', { conditions: { ifNoneMatch: etags(HELLO_MD5) } })).kind).toBe('not-modified')
    expect((await sippy.read('k', { conditions: { ifModifiedSinceMs: modifiedMs, secondsGranularity: true } })).kind).toBe('not-modified')
    expect(await codeOf(sippy.read('k', { conditions: { ifMatch: etags('other') } }))).toBe('PreconditionFailed')
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
    expect(textIn(await sippy.read('k', { conditions: { ifMatch: etags(HELLO_MD5) } }))).toBe('hello')
  })
})

describe('failures of the source', () => {
  test.each([
    ['no such key', {}, 'NoSuchKey'],
    ['a policy with GetObject alone', { hidesMissing: true }, 'NoSuchKey'],
    ['an archived object', { faults: [{ status: 403, code: 'InvalidObjectState' }] }, 'NoSuchKey'],
    ['no such bucket', { faults: [{ status: 404, code: 'NoSuchBucket' }] }, 'ServiceUnavailable'],
    ['a wrong secret', { faults: [{ status: 403, code: 'SignatureDoesNotMatch' }] }, 'ServiceUnavailable'],
    ['an unknown key id', { faults: [{ status: 403, code: 'InvalidAccessKeyId' }] }, 'ServiceUnavailable'],
    ['an expired token', { faults: [{ status: 400, code: 'ExpiredToken' }] }, 'ServiceUnavailable'],
    ['a fault', { faults: [{ status: 500, code: 'InternalError' }] }, 'ServiceUnavailable'],
    ['throttling for long', { faults: [{ status: 503, code: 'SlowDown', headers: { 'retry-after': '60' } }] }, 'ServiceUnavailable'],
    ['a 404 of a proxy', { faults: [{ status: 404, body: '<html>' }] }, 'ServiceUnavailable'],
  ] as const)('%s: %s', async (_, script, code) => {
    const sippy = await sippyBucket(script)
    expect(await codeOf(sippy.read('k'))).toBe(code)
    expect(await codeOf(sippy.bucket.store.headObject(sippy.bucket.at('k'), {}))).toBe(code)
    expect(await sippy.bucket.rows('sippy_copies')).toBe(0)
  })

  test('a source that is off: 503', async () => {
    const sippy = await sippyBucket({})
    const sealed = (await sippy.bucket.query<{ value: string }>("SELECT value FROM config WHERE name = 'sippy'"))[0]!.value
    const off = { ...JSON.parse(sealed), source: { provider: 's3', bucketUrl: 'http://127.0.0.1:9/b' } }
    await sippy.bucket.api.putSippy(off)
    expect(await codeOf(sippy.read('k'))).toBe('ServiceUnavailable')
  })

  test('a fault that passes is repeated', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello') }, faults: [{ status: 500, times: 2 }] })
    expect(textIn(await sippy.read('k'))).toBe('hello')
  })

  test('a key that no request can name is no object', async () => {
    const sippy = await sippyBucket({})
    expect(await codeOf(sippy.read('a/../b'))).toBe('NoSuchKey')
  })

  test('a wrong length and a wrong MD5 are not copied', async () => {
    const headers = { etag: `"${'0'.repeat(32)}"` }
    const sippy = await sippyBucket({ objects: { k: textObject('hello', headers) } })
    await sippy.read('k')
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
  })
})

describe('a client that comes in between', () => {
  test('a PUT during the copy wins', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 3 * MIB } }, faults: [{ slowMs: 2 }] })
    const reading = sippy.read('k')
    await scheduler.wait(100)
    await put(sippy.bucket, 'k', 'mine')
    expect(isPattern((await reading).bytes, 3 * MIB)).toBe(true)
    await sippy.settled()
    expect(textIn(await sippy.read('k'))).toBe('mine')
  })

  test('a DELETE during the copy wins, and the next read copies again', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 3 * MIB } }, faults: [{ slowMs: 2, times: 1 }] })
    const reading = sippy.read('k')
    await scheduler.wait(100)
    await sippy.bucket.store.deleteObjects(sippy.bucket.ref, ['k'])
    await reading
    await sippy.settled()
    expect(await sippy.has('k')).toBe(false)
    await sippy.read('k')
    await sippy.settled()
    expect(await sippy.has('k')).toBe(true)
  })

  test('a rename onto the key during the copy ends it, also when the object moves on before the copy is there', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 3 * MIB } }, faults: [{ slowMs: 2 }] })
    const { bucket } = sippy
    await put(bucket, 'mine', 'mine')
    const reading = sippy.read('k')
    await scheduler.wait(100)
    await bucket.store.renameObject(bucket.at('k'), { key: 'mine' })
    await bucket.store.renameObject(bucket.at('moved on'), { key: 'k' })
    await reading
    await sippy.settled()
    expect([await sippy.has('k'), await sippy.has('moved on')]).toEqual([false, true])
  })

  test('a DELETE of a copied object, then a read: the object is back', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello') } })
    await sippy.read('k')
    await sippy.settled()
    await sippy.bucket.store.deleteObjects(sippy.bucket.ref, ['k'])
    expect(textIn(await sippy.read('k'))).toBe('hello')
  })

  test('the end of Sippy during the copy ends it; objects that were copied stay', async () => {
    const sippy = await sippyBucket({ objects: { k: { size: 3 * MIB }, old: textObject('old') }, faults: [{ key: 'k', slowMs: 2 }] })
    await sippy.read('old')
    await sippy.settled()
    const reading = sippy.read('k')
    await scheduler.wait(100)
    await sippy.bucket.store.deleteSippy(sippy.bucket.ref)
    await reading
    await sippy.settled()
    expect([await sippy.has('k'), await sippy.has('old')]).toEqual([false, true])
    expect(await codeOf(sippy.read('k'))).toBe('NoSuchKey')
  })
})

test('a deployment that must not write answers, and copies nothing', async () => {
  const ready = () => Promise.reject(new StoreError('ServiceUnavailable'))
  const sippy = await sippyBucket({ objects: { k: textObject('hello'), large: { size: 2 * MIB } } }, { ready })
  expect(textIn(await sippy.read('k'))).toBe('hello')
  expect(isPattern((await sippy.read('large')).bytes, 2 * MIB)).toBe(true)
  await sippy.settled()
  expect([await sippy.has('k'), await sippy.has('large')]).toEqual([false, false])
})

describe('not asked', () => {
  test('the source of a copy, a request of another deployment, a customer key, and a bucket without Sippy', async () => {
    const sippy = await sippyBucket({ objects: { k: textObject('hello') } })
    const { bucket } = sippy
    const copy = bucket.store.copyObject(
      bucket.at('copy'),
      { at: bucket.at('k') },
      { directive: 'COPY', httpMetadata: {}, customMetadata: {} },
    )
    expect(await codeOf(copy)).toBe('NoSuchKey')
    expect(await codeOf(sippy.read('k', { forMigration: true }))).toBe('NoSuchKey')
    expect(await codeOf(sippy.read('k', { customerKey: { key: new Uint8Array(32), keyMd5: 'x' } }))).toBe('NoSuchKey')
    expect(await sippy.requests()).toEqual([])
    expect((await bucket.store.listObjects(bucket.ref, { limit: 10, prefix: '', includeMetadata: false })).items).toEqual([])
  })
})
