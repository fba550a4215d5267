import { randomBytes } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { AwsClient } from 'aws4fetch'
import { inject } from 'vitest'
import type { Connection } from './server.ts'

type Overrides = S3ClientConfig & { server?: Connection }

/** The official SDK, aimed at the shared server unless another one is given. */
export function s3Client({ server = inject('server'), ...overrides }: Overrides = {}): S3Client {
  const { accessKeyId, secretAccessKey, endpoint } = server
  return new S3Client({ region: 'auto', endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey }, ...overrides })
}

export type SignedRequest = {
  headers?: Record<string, string>
  body?: RequestInit['body']
  query?: Record<string, string>
  server?: Connection
}

/**
 * One signed request, with the raw answer: exact status, headers and XML. The path goes out as it is written, so write it encoded.
 * aws4fetch signs `%2F` as `/` and `+` as a space: for such paths use `%2B`, or another client.
 * Without `accept-encoding: identity` the local server would compress text on the way, as Cloudflare's edge does.
 */
export function signedFetch(
  method: string,
  path: string,
  { headers = {}, body, query = {}, server = inject('server') }: SignedRequest = {},
): Promise<Response> {
  const { accessKeyId, secretAccessKey, endpoint } = server
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'auto', retries: 0 })
  const search = Object.entries(query).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const url = endpoint + path + (search.length > 0 ? `?${search.join('&')}` : '')
  return aws.fetch(url, {
    method,
    redirect: 'manual',
    headers: { 'accept-encoding': 'identity', ...headers },
    body,
    ...(isStream(body) ? { duplex: 'half' } : {}),
  })
}

/** A request without any signature. */
export function plainFetch(path: string, init: RequestInit & { server?: Connection } = {}): Promise<Response> {
  const { server = inject('server'), ...rest } = init
  return fetch(server.endpoint + path, rest)
}

const isStream = (body: unknown) => body instanceof ReadableStream

/** A bucket or key name that no other test has. */
export const uniqueName = (prefix = 'test'): string => `${prefix}-${randomBytes(6).toString('hex')}`

/** Lends a fresh bucket and takes it away afterwards, with all that is in it. */
export async function withBucket<T>(use: (bucket: string, s3: S3Client) => Promise<T>, s3: S3Client = s3Client()): Promise<T> {
  const Bucket = uniqueName('bucket')
  await s3.send(new CreateBucketCommand({ Bucket }))
  try {
    return await use(Bucket, s3)
  } finally {
    await emptyBucket(s3, Bucket)
    await s3.send(new DeleteBucketCommand({ Bucket }))
  }
}

export async function emptyBucket(s3: S3Client, Bucket: string): Promise<void> {
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    const Objects = Contents.map(({ Key }) => ({ Key }))
    if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
  }
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket }))
  for (const { Key, UploadId } of Uploads) await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
}
