// Jest runs CommonJS, which loads `cairn/local` with a dynamic import. Start it with NODE_OPTIONS=--experimental-vm-modules.
const { ListObjectsV2Command, PutObjectCommand, S3Client } = require('@aws-sdk/client-s3')

let cairn
let s3

beforeAll(async () => {
  const { startCairn } = await import('cairn/local')
  cairn = await startCairn({ buckets: ['photos'] })
  s3 = new S3Client(cairn.s3)
}, 60_000)
afterEach(() => cairn.reset())
afterAll(() => cairn.stop())

const count = async () => (await s3.send(new ListObjectsV2Command({ Bucket: 'photos' }))).KeyCount

test('stores an object', async () => {
  await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'hello.txt', Body: 'Hello' }))
  expect(await count()).toBe(1)
})

test('begins with an empty bucket', async () => expect(await count()).toBe(0))
