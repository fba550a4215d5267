import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { startCairn } from 'cairn/local'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'

let cairn
let s3

beforeAll(async () => {
  cairn = await startCairn({ buckets: ['photos'] })
  s3 = new S3Client(cairn.s3)
}, 60_000)
afterEach(() => cairn.reset())
afterAll(() => cairn.stop())

test('stores an object', async () => {
  await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'hello.txt', Body: 'Hello' }))
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'photos', Key: 'hello.txt' }))
  expect(await Body.transformToString()).toBe('Hello')
})

test('begins with an empty bucket', async () => {
  expect((await s3.send(new ListObjectsV2Command({ Bucket: 'photos' }))).KeyCount).toBe(0)
})
