import { beforeAll, describe, expect, test } from 'vitest'
import { createToken, secretAccessKeyOf } from '../../src/control/tokens.ts'
import { LIMITS } from '../../src/core/limits.ts'
import { unwrap } from '../../src/core/outcome.ts'
import { handle } from '../../src/gateway.ts'
import { env, fakeBlob, randomBytes, secrets, TestBucket } from '../support/bucket.ts'
import { type Calls, countingEnv } from '../support/counting.ts'
import { formRequest } from '../support/form.ts'
import { CREATIONS, DELETIONS, notify, queueIdOf } from '../support/queues.ts'
import { type Credentials, ROOT, type SignedOptions, signedRequest } from '../support/s3.ts'

// What an S3 operation may cost, as the design promises it: counted at the bindings, through the whole Worker.

const KIB = 1024
const MIB = 1024 * KIB
const SIZES = { inline: 64 * KIB, d1: 512 * KIB, kv: 600 * KIB, twoSegments: 24 * MIB + 1 }

const counting = countingEnv(env)
let bucket: TestBucket

beforeAll(async () => {
  bucket = await TestBucket.create()
  for (const [name, size] of Object.entries(SIZES)) await send('PUT', `/${name}`, { body: randomBytes(size) })
}, 30_000)

/** Sends a request and reads its answer to the end. */
async function send(method: string, key: string, options: SignedOptions = {}) {
  const response = await handle(await signedRequest(method, `/${bucket.ref.name}${key}`, options), counting.env)
  const body = await response.arrayBuffer()
  return { status: response.status, headers: response.headers, text: () => new TextDecoder().decode(body), size: body.byteLength }
}

async function cost(method: string, key: string, options?: SignedOptions): Promise<Calls & { status: number }> {
  counting.take()
  const { status } = await send(method, key, options)
  return { ...counting.take(), status }
}

const copyFrom = (key: string) => ({ headers: { 'x-amz-copy-source': `/${bucket.ref.name}/${key}` } })
const renameFrom = (key: string) => ({ headers: { 'x-amz-rename-source': key } })
const attributesOf = (names: string) => ({ headers: { 'x-amz-object-attributes': names } })
const range = (value: string) => ({ headers: { range: `bytes=${value}` } })
const tags = { headers: { 'x-amz-tagging': 'a=b' } }
const taggingXml = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
const deleteXml = `<Delete>${Array.from({ length: 1000 }, (_, i) => `<Object><Key>key-${i}</Key></Object>`).join('')}</Delete>`

describe('calls of the Bucket, of D1 and of KV', () => {
  test.each<[string, () => ReturnType<typeof cost>, Calls]>([
    ['PUT inline', () => cost('PUT', '/a', { body: randomBytes(SIZES.inline) }), { bucket: 1, d1: 0, kv: 0 }],
    ['PUT empty', () => cost('PUT', '/a', { body: '' }), { bucket: 1, d1: 0, kv: 0 }],
    ['PUT d1', () => cost('PUT', '/a', { body: randomBytes(SIZES.d1) }), { bucket: 2, d1: 1, kv: 0 }],
    ['PUT kv', () => cost('PUT', '/a', { body: randomBytes(SIZES.kv) }), { bucket: 2, d1: 0, kv: 1 }],
    ['PUT kv of two segments', () => cost('PUT', '/a', { body: randomBytes(SIZES.twoSegments) }), { bucket: 2, d1: 0, kv: 2 }],
    ['PUT over another object', () => cost('PUT', '/a', { body: 'small' }), { bucket: 1, d1: 0, kv: 0 }],
    ['GET inline', () => cost('GET', '/inline'), { bucket: 1, d1: 0, kv: 0 }],
    ['GET d1', () => cost('GET', '/d1'), { bucket: 1, d1: 1, kv: 0 }],
    ['GET kv', () => cost('GET', '/kv'), { bucket: 1, d1: 0, kv: 1 }],
    ['GET kv of two segments', () => cost('GET', '/twoSegments'), { bucket: 1, d1: 0, kv: 2 }],
    ['GET a range in the first segment', () => cost('GET', '/twoSegments', range('0-99')), { bucket: 1, d1: 0, kv: 1 }],
    ['GET a range in the last segment', () => cost('GET', '/twoSegments', range('-1')), { bucket: 1, d1: 0, kv: 1 }],
    ['GET a range of d1', () => cost('GET', '/d1', range('5-9')), { bucket: 1, d1: 1, kv: 0 }],
    ['HEAD', () => cost('HEAD', '/kv'), { bucket: 1, d1: 0, kv: 0 }],
    ['DELETE', () => cost('DELETE', '/a'), { bucket: 1, d1: 0, kv: 0 }],
    ['DELETE of nothing', () => cost('DELETE', '/a'), { bucket: 1, d1: 0, kv: 0 }],
    ['LIST', () => cost('GET', '?list-type=2&delimiter=/'), { bucket: 1, d1: 0, kv: 0 }],
    ['copy in the bucket, inline', () => cost('PUT', '/b', copyFrom('inline')), { bucket: 1, d1: 0, kv: 0 }],
    ['copy in the bucket, kv', () => cost('PUT', '/b', copyFrom('twoSegments')), { bucket: 1, d1: 0, kv: 0 }],
    ['DeleteObjects of 1000', () => cost('POST', '?delete', { body: deleteXml }), { bucket: 1, d1: 0, kv: 0 }],
    ['PUT inline with tags', () => cost('PUT', '/t', { body: 'x', ...tags }), { bucket: 1, d1: 0, kv: 0 }],
    ['PUT ?tagging', () => cost('PUT', '/t?tagging', { body: taggingXml }), { bucket: 1, d1: 0, kv: 0 }],
    ['GET ?tagging', () => cost('GET', '/t?tagging'), { bucket: 1, d1: 0, kv: 0 }],
    ['DELETE ?tagging', () => cost('DELETE', '/t?tagging'), { bucket: 1, d1: 0, kv: 0 }],
    ['a conditional DELETE', () => cost('DELETE', '/b', { headers: { 'if-match': '*' } }), { bucket: 1, d1: 0, kv: 0 }],
    ['RenameObject', () => cost('PUT', '/renamed?renameObject', renameFrom('inline')), { bucket: 1, d1: 0, kv: 0 }],
    ['RenameObject back', () => cost('PUT', '/inline?renameObject', renameFrom('renamed')), { bucket: 1, d1: 0, kv: 0 }],
    ['GetObjectAttributes', () => cost('GET', '/kv?attributes', attributesOf('ETag,ObjectParts')), { bucket: 1, d1: 0, kv: 0 }],
    ['HeadBucket', () => cost('HEAD', ''), { bucket: 1, d1: 0, kv: 0 }],
    ['CreateMultipartUpload', () => cost('POST', '/m?uploads'), { bucket: 1, d1: 0, kv: 0 }],
    ['ListMultipartUploads', () => cost('GET', '?uploads'), { bucket: 1, d1: 0, kv: 0 }],
  ])('%s', async (_, run, expected) => {
    const { status, ...calls } = await run()
    expect(status).toBeLessThan(300)
    expect(calls).toEqual(expected)
  })

  test('no more in a bucket that tells a queue of every change', async () => {
    await notify(bucket, 'cairn-events', { actions: [...CREATIONS, ...DELETIONS] })
    expect(await cost('PUT', '/told', { body: 'x' })).toEqual({ status: 200, bucket: 1, d1: 0, kv: 0 })
    expect(await cost('PUT', '/told', copyFrom('kv'))).toEqual({ status: 200, bucket: 1, d1: 0, kv: 0 })
    expect(await cost('DELETE', '/told')).toEqual({ status: 204, bucket: 1, d1: 0, kv: 0 })
    unwrap(await bucket.api.removeNotificationRules(await queueIdOf('cairn-events')))
  })

  test.each([
    ['inline', 1000, { bucket: 1, d1: 0, kv: 0 }],
    ['d1', SIZES.d1 - 100, { bucket: 2, d1: 1, kv: 0 }],
    ['kv', SIZES.kv, { bucket: 2, d1: 0, kv: 1 }],
    ['kv, of a size that is known at its end', 3 * MIB, { bucket: 2, d1: 0, kv: 1 }],
    ['kv of two segments', SIZES.twoSegments, { bucket: 2, d1: 0, kv: 2 }],
  ])('as much for an upload form as for a PUT: %s', async (_, size, expected) => {
    counting.take()
    const response = await handle(formRequest(bucket.ref.name, 'form', randomBytes(size)), counting.env)
    expect([response.status, await response.text()]).toEqual([204, ''])
    expect(counting.take()).toEqual(expected)
    expect(await cost('GET', '/form')).toEqual({ ...expected, bucket: 1, status: 200 })
  })

  test('a multipart upload: a part of KV, its copy, the list of parts and the abort', async () => {
    const { text } = await send('POST', '/m?uploads')
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(text())![1]
    const at = (partNumber: number) => `/m?partNumber=${partNumber}&uploadId=${uploadId}`
    const costs = [
      await cost('PUT', at(1), { body: randomBytes(SIZES.kv) }),
      await cost('PUT', at(2), copyFrom('twoSegments')),
      await cost('GET', `/m?uploadId=${uploadId}`),
      await cost('DELETE', `/m?uploadId=${uploadId}`),
    ]
    expect(costs).toEqual([
      { status: 200, bucket: 2, d1: 0, kv: 1 },
      { status: 200, bucket: 1, d1: 0, kv: 0 },
      { status: 200, bucket: 1, d1: 0, kv: 0 },
      { status: 204, bucket: 1, d1: 0, kv: 0 },
    ])
  })

  test('CompleteMultipartUpload of 10,000 parts, and a read in the middle of the object', async () => {
    const { text } = await send('POST', '/large?uploads')
    const uploadId = /<UploadId>(.*)<\/UploadId>/.exec(text())![1]
    const etag = '0'.repeat(32)
    await bucket.run((_, { storage }) => {
      for (let n = 1; n <= 10_000; n++) {
        const { id, tier, chunkBytes, segmentBytes, wrappedKey, keyId } = fakeBlob(LIMITS.partMinBytes)
        const values = [id, LIMITS.partMinBytes, tier, chunkBytes, segmentBytes, wrappedKey, keyId]
        storage.sql.exec('INSERT INTO blobs VALUES (?, 1, ?, ?, ?, ?, ?, ?, NULL)', ...values)
        storage.sql.exec('INSERT INTO parts VALUES (?, ?, ?, ?, ?, NULL, 0)', uploadId, n, id, LIMITS.partMinBytes, etag)
      }
    })
    const parts = Array.from({ length: 10_000 }, (_, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`)
    const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`
    expect(await cost('POST', `/large?uploadId=${uploadId}`, { body })).toEqual({ status: 200, bucket: 1, d1: 0, kv: 0 })
    const head = await send('HEAD', '/large?partNumber=7777')
    expect([head.status, head.headers.get('x-amz-mp-parts-count')]).toEqual([206, '10000'])
    expect(head.headers.get('content-length')).toBe(String(LIMITS.partMinBytes))
    expect(await cost('DELETE', '/large')).toEqual({ status: 204, bucket: 1, d1: 0, kv: 0 })
  }, 30_000)
})

describe('authentication', () => {
  const token: Credentials = { accessKeyId: 'a'.repeat(32), secretAccessKey: '' }

  test('costs one query for a token that this isolate has not seen, and nothing after that', async () => {
    const value = 'value-of-the-token'
    const credentials = { ...token, secretAccessKey: secretAccessKeyOf(value) }
    const policies = [{ level: 'object-read' as const }]
    await createToken(env.CONTROL, secrets, { id: token.accessKeyId, name: 'reader', value, policies }, Date.now())
    expect(await cost('HEAD', '/kv', { credentials })).toEqual({ status: 200, bucket: 1, d1: 1, kv: 0 })
    expect(await cost('HEAD', '/kv', { credentials })).toEqual({ status: 200, bucket: 1, d1: 0, kv: 0 })
  })

  test('that fails costs the Bucket nothing, and an unknown id one query', async () => {
    const wrong = { ...ROOT, secretAccessKey: '0'.repeat(64) }
    expect(await cost('HEAD', '/kv', { credentials: wrong })).toEqual({ status: 403, bucket: 0, d1: 0, kv: 0 })
    const unknown = { accessKeyId: 'b'.repeat(32), secretAccessKey: '0' }
    expect(await cost('HEAD', '/kv', { credentials: unknown })).toEqual({ status: 401, bucket: 0, d1: 1, kv: 0 })
    expect(await cost('HEAD', '/kv', { credentials: unknown })).toEqual({ status: 401, bucket: 0, d1: 0, kv: 0 })
  })
})
