import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { startCairn } from 'cairn/local'

let cairn
let s3

before(async () => {
  cairn = await startCairn({ seed: new URL('seed', import.meta.url).pathname, tokens: { reader: { permission: 'object-read' } } })
  s3 = new S3Client(cairn.s3)
})
afterEach(() => cairn.reset())
after(() => cairn.stop())

test('reads and overwrites the seed', async () => {
  const at = { Bucket: 'photos', Key: 'hello.txt' }
  await s3.send(new PutObjectCommand({ ...at, Body: 'changed' }))
  await s3.send(new PutObjectCommand({ ...at, Key: 'more.txt', Body: 'more' }))
})

test('has the seed again', async () => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'photos', Key: 'hello.txt' }))
  assert.equal(await Body.transformToString(), 'Hello from the seed\n')
  assert.equal((await s3.send(new ListObjectsV2Command({ Bucket: 'photos' }))).KeyCount, 1)
})

test('has a token that may only read', async () => {
  const reader = new S3Client(cairn.tokens.reader.s3)
  await assert.rejects(reader.send(new PutObjectCommand({ Bucket: 'photos', Key: 'x', Body: '' })), { name: 'AccessDenied' })
})
