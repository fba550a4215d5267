import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type Cloudflare from 'cloudflare'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { s3Client, signedFetch } from './support/clients.ts'
import { cloudflare } from './support/rest.ts'
import { type Server, startServer } from './support/server.ts'

// The example of the README: a consumer Worker beside Cairn, in one server, and a real queue in between.

let server: Server
let s3: S3Client
let client: Cloudflare

beforeAll(async () => {
  server = await startServer({ door: 'notifications' })
  s3 = s3Client({ server })
  client = cloudflare({ server })
})
afterAll(() => server.stop())

/** Every message that the consumer has written down, in the order of the batches. */
async function written(): Promise<Record<string, unknown>[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'event-log' })).catch(() => ({ Contents: [] }))
  const texts = await Promise.all(
    Contents.map(async ({ Key }) => (await signedFetch('GET', `/event-log/${encodeURIComponent(Key!)}`, { server })).text()),
  )
  return texts.flatMap((text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>),
  )
}

test('what happens over S3 is written down by the consumer, in order', async () => {
  const { accountId: account_id } = server
  await s3.send(new CreateBucketCommand({ Bucket: 'photos' }))
  const { result: queues } = await client.queues.list({ account_id })
  const queue = queues.find(({ queue_name }) => queue_name === 'cairn-events')!
  const actions = ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'DeleteObject', 'LifecycleDeletion'] as const
  await client.r2.buckets.eventNotifications.update(queue.queue_id!, {
    account_id,
    bucket_name: 'photos',
    rules: [{ actions: [...actions], prefix: 'img/' }],
  })
  const { ETag } = await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'img/ä.png', Body: 'hello' }))
  await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'other', Body: 'x' }))
  await s3.send(new CopyObjectCommand({ Bucket: 'photos', Key: 'img/copy', CopySource: '/photos/other' }))
  await s3.send(new DeleteObjectCommand({ Bucket: 'photos', Key: 'img/ä.png' }))
  await s3.send(new DeleteObjectCommand({ Bucket: 'photos', Key: 'img/nothing' }))
  await vi.waitFor(async () => expect(await written()).toHaveLength(3), { timeout: 30_000, interval: 250 })
  const about = { account: account_id, bucket: 'photos', eventTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) }
  expect(await written()).toEqual([
    { ...about, action: 'PutObject', object: { key: 'img/ä.png', size: 5, eTag: ETag!.slice(1, -1) } },
    {
      ...about,
      action: 'CopyObject',
      object: { key: 'img/copy', size: 1, eTag: '9dd4e461268c8034f5c8564e155c67a6' },
      copySource: { bucket: 'photos', object: 'other' },
    },
    { ...about, action: 'DeleteObject', object: { key: 'img/ä.png' } },
  ])
  await vi.waitFor(() => expect(server.output()).toContain('DeleteObject photos/img/ä.png'), { timeout: 10_000 })
})
