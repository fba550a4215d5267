import { beforeAll, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import { failureOf } from '../../src/faces/binding/failure.ts'
import { r2Bucket } from '../../src/r2-bucket/index.ts'
import { createStore } from '../../src/store/store.ts'
import { portsWith } from '../support/bucket.ts'
import { failure, fixed, shown } from './support/answers.ts'
import { bindTo, createBinding } from './support/buckets.ts'
import { PARITY_TIMEOUT_MS } from './support/timeout.ts'

// What the local R2 of workerd cannot show: customers' keys, storage classes, permissions, buckets that are missing.

const KEY = 'ab'.repeat(32)
const KEY_BYTES = new Uint8Array(32).fill(0xab)
const OTHER = 'cd'.repeat(32)
const MIB = 1024 * 1024

let bucket: R2Bucket
vi.setConfig({ testTimeout: PARITY_TIMEOUT_MS, hookTimeout: PARITY_TIMEOUT_MS })
beforeAll(async () => {
  bucket = await createBinding('binding')
})

describe("customers' keys", () => {
  test('what was stored with one is read with it, as hex or bytes, and not without', async () => {
    const put = await bucket.put('secret', 'sealed', { ssecKey: KEY })
    expect(put?.ssecKeyMd5).toMatch(/^[0-9a-f]{32}$/)
    expect(await (await bucket.get('secret', { ssecKey: KEY }))!.text()).toBe('sealed')
    expect(await (await bucket.get('secret', { ssecKey: KEY_BYTES.buffer }))!.text()).toBe('sealed')
    expect((await bucket.head('secret'))?.ssecKeyMd5).toBe(put?.ssecKeyMd5)
    expect(await failure(() => bucket.get('secret'))).toMatch(
      /^Error: get: The object was stored using a form of Server Side Encryption.* \(10029\)$/,
    )
    expect(await failure(() => bucket.get('secret', { ssecKey: OTHER }))).toBe('Error: get: Access Denied (10003)')
  })

  test('an object without one is not read with one', async () => {
    await bucket.put('open', 'x')
    expect(await failure(() => bucket.get('open', { ssecKey: KEY }))).toMatch(/\(10029\)$/)
  })

  test('a multipart upload has one for all of its parts', async () => {
    const upload = await bucket.createMultipartUpload('parts', { ssecKey: KEY })
    expect(await failure(() => upload.uploadPart(1, 'x'))).toMatch(
      /^Error: uploadPart: The multipart upload initiate requested encryption.* \(10029\)$/,
    )
    const object = await upload.complete([await upload.uploadPart(1, 'sealed part', { ssecKey: KEY_BYTES.buffer })])
    expect(object.ssecKeyMd5).toMatch(/^[0-9a-f]{32}$/)
    expect(await (await bucket.get('parts', { ssecKey: KEY, range: { offset: 7 } }))!.text()).toBe('part')
  })
})

describe('storage classes', () => {
  test('are kept and told', async () => {
    expect((await bucket.put('class', 'x'))?.storageClass).toBe('Standard')
    expect((await bucket.put('class', 'x', { storageClass: 'InfrequentAccess' }))?.storageClass).toBe('InfrequentAccess')
    expect((await bucket.list({ prefix: 'class' })).objects[0]?.storageClass).toBe('InfrequentAccess')
    const upload = await bucket.createMultipartUpload('class-parts', { storageClass: 'InfrequentAccess' })
    expect((await upload.complete([await upload.uploadPart(1, 'x')])).storageClass).toBe('InfrequentAccess')
  })

  test("are the bucket's where none is named", async () => {
    const cold = await createBinding('cold')
    await createStore(portsWith()).putBucketStorageClass({ name: 'cold', jurisdiction: 'default' }, 'InfrequentAccess')
    expect((await cold.put('class', 'x'))?.storageClass).toBe('InfrequentAccess')
    expect((await cold.put('class', 'x', { storageClass: 'Standard' }))?.storageClass).toBe('Standard')
    const upload = await cold.createMultipartUpload('class')
    expect((await upload.complete([await upload.uploadPart(1, 'x')])).storageClass).toBe('InfrequentAccess')
  })

  test('that are none are named; R2 calls them an internal error, and so does strict mode', async () => {
    const message = (method: string) => `Error: ${method}: The storage class specified is not valid. (10062)`
    expect(await failure(() => bucket.put('class', 'x', { storageClass: 'Glacier' }))).toBe(message('put'))
    expect(await failure(() => bucket.createMultipartUpload('class', { storageClass: '' }))).toBe(message('createMultipartUpload'))
    const strict = { allows: () => false }
    expect(failureOf(new StoreError('InvalidStorageClass'), strict)).toMatchObject({ code: 10001 })
  })
})

describe('a bucket lock', () => {
  const LOCKED = 'The object is locked by the bucket policy. (10069)'

  test('keeps what is there, and lets new keys in', async () => {
    const ref = { name: 'locked', jurisdiction: 'default' } as const
    const locked = await createBinding('locked')
    const upload = await locked.createMultipartUpload('keep/a')
    const part = await upload.uploadPart(1, 'parts')
    await locked.put('keep/a', 'kept')
    await locked.put('free', 'x')
    const store = createStore(portsWith())
    await store.putSetting(ref, 'locks', [{ id: 'k', enabled: true, prefix: 'keep/', condition: { type: 'Indefinite' } }])
    expect(await failure(() => locked.put('keep/a', 'x'))).toBe(`Error: put: ${LOCKED}`)
    expect(await failure(() => locked.put('keep/a', new Uint8Array(2 * MIB)))).toBe(`Error: put: ${LOCKED}`)
    expect(await failure(() => locked.put('keep/a', 'x', { onlyIf: { etagMatches: 'none' } }))).toBe(`Error: put: ${LOCKED}`)
    expect(await failure(() => upload.complete([part]))).toBe(`Error: completeMultipartUpload: ${LOCKED}`)
    expect(await failure(() => locked.delete('keep/a'))).toBe(`Error: delete: ${LOCKED}`)
    expect(await failure(() => locked.delete(['keep/a', 'free']))).toBe(`Error: delete: ${LOCKED}`)
    await locked.delete(['keep/missing', 'missing'])
    expect((await locked.put('keep/b', 'new'))?.key).toBe('keep/b')
    expect((await locked.list()).objects.map(({ key }) => key)).toEqual(['keep/a', 'keep/b'])
    expect(await (await locked.get('keep/a'))!.text()).toBe('kept')
    await store.putSetting(ref, 'locks', [])
    expect((await upload.complete([part])).size).toBe(5)
  })
})

describe('a binding', () => {
  test('that may only read, reads', async () => {
    await bucket.put('read', 'only')
    const reader = bindTo({ bucket: 'binding', permission: 'read' })
    expect(await (await reader.get('read'))!.text()).toBe('only')
    expect((await reader.head('read'))?.size).toBe(4)
    expect((await reader.list({ prefix: 'read' })).objects).toHaveLength(1)
  })

  test('that may only read, changes nothing', async () => {
    const upload = await bucket.createMultipartUpload('denied')
    for (const reader of [bindTo({ bucket: 'binding', permission: 'read' }), bindTo({ bucket: 'binding' })]) {
      const resumed = reader.resumeMultipartUpload('denied', upload.uploadId)
      expect(await failure(() => reader.put('denied', 'x'))).toBe('Error: put: Access Denied (10003)')
      expect(await failure(() => reader.put('denied', fixed('stream')))).toBe('Error: put: Access Denied (10003)')
      expect(await failure(() => reader.delete('read'))).toBe('Error: delete: Access Denied (10003)')
      expect(await failure(() => reader.createMultipartUpload('denied'))).toBe('Error: createMultipartUpload: Access Denied (10003)')
      expect(await failure(() => resumed.uploadPart(1, 'x'))).toBe('Error: uploadPart: Access Denied (10003)')
      expect(await failure(() => resumed.complete([]))).toBe('Error: completeMultipartUpload: Access Denied (10003)')
      expect(await failure(() => resumed.abort())).toBe('Error: abortMultipartUpload: Access Denied (10003)')
    }
    expect(await bucket.head('denied')).toBeNull()
  })

  test('reaches the bucket of its jurisdiction and no other', async () => {
    const european = await createBinding('placed', { jurisdiction: 'eu' })
    await european.put('where', 'eu')
    expect(await (await european.get('where'))!.text()).toBe('eu')
    const message = 'Error: get: The specified bucket does not exist. (10006)'
    expect(await failure(() => bindTo({ bucket: 'placed', permission: 'read' }).get('where'))).toBe(message)
  })

  test('to a bucket that does not exist says so in every method', async () => {
    for (const name of ['missing-bucket', 'No Bucket!']) {
      const missing = bindTo({ bucket: name, permission: 'read-write' })
      const message = (method: string) => `Error: ${method}: The specified bucket does not exist. (10006)`
      expect(await failure(() => missing.head('k'))).toBe(message('head'))
      expect(await failure(() => missing.put('k', 'x'))).toBe(message('put'))
      expect(await failure(() => missing.put('k', new Uint8Array(2 * MIB)))).toBe(message('put'))
      expect(await failure(() => missing.delete('k'))).toBe(message('delete'))
      expect(await failure(() => missing.list())).toBe(message('list'))
      expect(await failure(() => missing.createMultipartUpload('k'))).toBe(message('createMultipartUpload'))
    }
  })

  test('may make its bucket, if it may write', async () => {
    const props = { bucket: 'made-by-use', createIfMissing: true }
    expect(await failure(() => bindTo(props).head('k'))).toBe('Error: head: The specified bucket does not exist. (10006)')
    const made = bindTo({ ...props, permission: 'read-write' })
    expect(await made.head('k')).toBeNull()
    await made.put('k', 'x')
    expect((await bindTo(props).head('k'))?.size).toBe(1)
  })

  test('whose props are wrong tells its developer', async () => {
    expect(await failure(() => bindTo({}).head('k'))).toBe('TypeError: The props of a binding to Cairn must name its "bucket".')
    expect(await failure(() => bindTo({ bucket: 'binding', permission: 'all' }).head('k'))).toMatch(/^TypeError: The "permission"/)
    expect(await failure(() => bindTo({ bucket: 'binding', jurisdiction: 'mars' }).put('k', 'x'))).toMatch(/^TypeError: The "jurisdiction"/)
    expect(await failure(() => bindTo({ bucket: 'binding', prefix: 'mine/' }).head('k'))).toMatch(
      /^TypeError: The props .* have no "prefix"/,
    )
  })

  test('that is missing is told when the bucket is made', () => {
    expect(() => r2Bucket(undefined as unknown as Fetcher)).toThrow('the service binding to Cairn is missing')
  })
})

describe('bodies', () => {
  test('larger than a message of RPC pass both ways, as streams', async () => {
    const size = 40 * MIB
    const { readable, writable } = new FixedLengthStream(size)
    const writing = writeChunks(writable, size)
    const put = await bucket.put('large', readable)
    await writing
    expect(put?.size).toBe(size)
    const { body } = (await bucket.get('large'))!
    expect(await lengthOf(body)).toBe(size)
  })

  test('that end before their length store nothing', async () => {
    const { readable, writable } = new FixedLengthStream(10)
    const writer = writable.getWriter()
    const written = writer.write(new Uint8Array(5)).then(() => writer.abort(new Error('gone')))
    await expect(bucket.put('short', readable)).rejects.toThrow()
    await written.catch(() => {})
    expect(await bucket.head('short')).toBeNull()
  })

  test('may be read long after the call, and from the middle', async () => {
    await bucket.put('later', new Uint8Array(2 * MIB).fill(5))
    const [a, b] = await Promise.all([bucket.get('later'), bucket.get('later', { range: { suffix: MIB } })])
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect([await lengthOf(a!.body), await lengthOf(b!.body)]).toEqual([2 * MIB, MIB])
  })
})

test('no content type is guessed', async () => {
  expect(shown(await bucket.put('page', '<html>'))?.httpMetadata).toEqual({})
})

async function writeChunks(writable: WritableStream, size: number): Promise<void> {
  const writer = writable.getWriter()
  const chunk = new Uint8Array(MIB).fill(1)
  for (let left = size; left > 0; left -= MIB) await writer.write(chunk)
  await writer.close()
}

async function lengthOf(stream: ReadableStream): Promise<number> {
  let length = 0
  for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) length += chunk.length
  return length
}
