import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ATTRIBUTES, randomBytes, TestBucket, uploadOf } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { allowSmallParts, copy } from '../support/full-bucket.ts'
import { signedRequest } from '../support/s3.ts'
import { worker } from './support.ts'

// Work per request inside a Bucket and the account's database, and what was remembered or guessed there.

let restore: () => void
beforeAll(() => {
  restore = allowSmallParts()
})
afterAll(() => restore())

/** Makes `key` of parts with these numbers and bodies. */
async function numbered(bucket: TestBucket, key: string, bodies: Readonly<Record<number, Uint8Array>>): Promise<void> {
  const at = bucket.at(key)
  const { uploadId } = await bucket.store.createMultipartUpload(at, ATTRIBUTES)
  const parts = []
  for (const [number, body] of Object.entries(bodies)) {
    parts.push(await bucket.store.uploadPart({ at, uploadId, partNumber: Number(number) }, uploadOf(body)))
  }
  await bucket.store.completeMultipartUpload(at, { uploadId, parts })
}

const send = async (method: string, path: string) => worker.fetch(await signedRequest(method, path))

describe('F6: partNumber', () => {
  const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 10_000]
  let bucket: TestBucket
  beforeAll(async () => {
    bucket = await TestBucket.create()
  })

  /** What GET and HEAD answer to each number: status, length and range. */
  async function answers(key: string) {
    const found: Record<number, unknown> = {}
    for (const number of NUMBERS) {
      const [got, head] = await Promise.all(
        ['GET', 'HEAD'].map((method) => send(method, `/${bucket.ref.name}/${key}?partNumber=${number}`)),
      )
      const told = (response: Response) => [response.status, response.headers.get('content-range')]
      expect(told(head!)).toEqual(told(got!))
      const text = new Uint8Array(await got!.arrayBuffer())
      if (got!.status !== 416) found[number] = [...told(got!), text.length]
    }
    return found
  }

  test.each<[string, Readonly<Record<number, number>>, Record<number, unknown>]>([
    [
      'numbers with a gap',
      { 1: 20, 2: 30, 10000: 40 },
      { 1: [206, 'bytes 0-19/90', 20], 2: [206, 'bytes 20-49/90', 30], 10000: [206, 'bytes 50-89/90', 40] },
    ],
    ['an empty last part', { 1: 20, 2: 0 }, { 1: [206, 'bytes 0-19/20', 20], 2: [200, null, 0] }],
    ['an empty last part behind a gap', { 1: 20, 7: 0 }, { 1: [206, 'bytes 0-19/20', 20], 7: [200, null, 0] }],
    ['a single part that is not the first', { 5: 20 }, { 5: [206, 'bytes 0-19/20', 20] }],
    ['a single part without a byte', { 5: 0 }, { 5: [200, null, 0] }],
  ])('of %s finds the parts that are there, and no other, also in a copy', async (name, sizes, expected) => {
    const key = name.replaceAll(' ', '-')
    const bodies = Object.fromEntries(Object.entries(sizes).map(([number, size]) => [number, randomBytes(size)]))
    await numbered(bucket, key, bodies)
    expect(await answers(key)).toEqual(expected)
    await copy(bucket, key, `${key}-copied`)
    expect(await answers(`${key}-copied`)).toEqual(expected)
  })

  test('of a simple object is 1, and of an empty one a 200 without a byte', async () => {
    await bucket.put('simple', 9)
    await bucket.put('empty', 0)
    expect(await answers('simple')).toEqual({ 1: [206, 'bytes 0-8/9', 9] })
    expect(await answers('empty')).toEqual({ 1: [200, null, 0] })
  })

  test('of objects of an earlier version, which noted no last number, finds no part that is not there', async () => {
    const empty = new Uint8Array()
    await numbered(bucket, 'old-gap', { 1: randomBytes(20), 2: randomBytes(30), 10000: randomBytes(40) })
    await numbered(bucket, 'old-tail', { 1: randomBytes(20), 2: empty })
    await bucket.query('UPDATE objects SET last_part = NULL')
    expect(Object.keys(await answers('old-gap'))).toEqual(['1', '2', '10000'])
    expect(Object.keys(await answers('old-tail'))).toEqual(['1', '2'])
    expect(await problemsOf(bucket)).toEqual([])
  })
})
