import { createCipheriv, createHash } from 'node:crypto'
import { CreateBucketCommand, DeleteBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll } from 'vitest'
import { emptyBucket, type SignedRequest, s3Client, signedFetch, uniqueName } from './clients.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

/** A bucket that all tests of a file share. */
export interface LentBucket {
  readonly name: string
  readonly s3: S3Client
  /** `/bucket/key`, with the key encoded. */
  path: (key: string) => string
  /** One signed request about a key of the bucket. */
  send: (method: string, key: string, request?: SignedRequest) => Promise<Response>
  /** Stores an object, and fails the test if that fails. */
  put: (key: string, body?: string | Uint8Array, headers?: Record<string, string>) => Promise<Response>
  get: (key: string, headers?: Record<string, string>) => Promise<Response>
  head: (key: string, headers?: Record<string, string>) => Promise<Response>
}

/** Lends a bucket to the file that calls this: made before its tests, emptied and deleted after them. */
export function lentBucket(): LentBucket {
  const name = uniqueName('bucket')
  const s3 = s3Client()
  beforeAll(async () => {
    await s3.send(new CreateBucketCommand({ Bucket: name }))
  })
  afterAll(async () => {
    await emptyBucket(s3, name)
    await s3.send(new DeleteBucketCommand({ Bucket: name }))
  })
  const path = (key: string) => `/${name}/${key.split('/').map(encodeURIComponent).join('/')}`
  const send: LentBucket['send'] = (method, key, request) => signedFetch(method, path(key), request)
  const put: LentBucket['put'] = async (key, body = '', headers = {}) => {
    const response = await send('PUT', key, { body: Buffer.from(body), headers })
    if (response.status !== 200) throw new Error(`PUT ${key}: ${response.status} ${await response.text()}`)
    return response
  }
  return {
    name,
    s3,
    path,
    send,
    put,
    get: (key, headers) => send('GET', key, { headers }),
    head: (key, headers) => send('HEAD', key, { headers }),
  }
}

type Bytes = Buffer<ArrayBuffer>

/** Bytes that no two places of a body share, the same in every run. */
export function someBytes(size: number, seed = 0): Bytes {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(size)) as Bytes
}

export const md5Hex = (bytes: string | Uint8Array): string => createHash('md5').update(bytes).digest('hex')
export const digest64 = (algorithm: 'md5' | 'sha1' | 'sha256', bytes: string | Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('base64')

/** ETag as a header has it. */
export const etagOf = (bytes: string | Uint8Array): string => `"${md5Hex(bytes)}"`

/** A body in aws-chunked framing: chunks, trailers, end. */
export function awsChunked(chunks: readonly (string | Uint8Array)[], trailers: Record<string, string> = {}): Bytes {
  const pieces = chunks.flatMap((chunk) => {
    const bytes = Buffer.from(chunk)
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]
  })
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`)
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${lines.join('')}\r\n`)])
}

/** The headers that go with {@link awsChunked}. */
export const chunkedHeaders = (size: number, trailer?: string): Record<string, string> => ({
  'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'x-amz-decoded-content-length': String(size),
  'content-encoding': 'aws-chunked',
  ...(trailer ? { 'x-amz-trailer': trailer } : {}),
})
