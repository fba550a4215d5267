import { createHash } from 'node:crypto'
import { expectError } from './answers.ts'
import type { SignedRequest } from './clients.ts'
import { type LentBucket, MIB, someBytes } from './objects.ts'

/** The least that a part before the last may have. */
export const PART_BYTES = 5 * MIB

/** Two parts of the least size and a short last one, made once. */
export const PART_A = someBytes(PART_BYTES, 11)
export const PART_B = someBytes(PART_BYTES, 12)
export const TAIL = someBytes(1000, 13)

/** Whose uploads they are. */
type Sender = Pick<LentBucket, 'send'>

/** A part as CompleteMultipartUpload lists it; `fields` are further elements, already XML. */
export interface ListedPart {
  readonly number: number | string
  readonly etag: string
  readonly fields?: string
}

export interface OpenUpload {
  readonly key: string
  readonly id: string
  readonly created: Response
  /** One signed request about the upload, with `uploadId` in its query. */
  send: (method: string, request?: SignedRequest) => Promise<Response>
  put: (number: number | string, body: string | Uint8Array, headers?: Record<string, string>) => Promise<Response>
  /** Stores a part, and fails the test if that fails. */
  part: (number: number, body: string | Uint8Array, headers?: Record<string, string>) => Promise<ListedPart>
  copy: (number: number | string, source: string, headers?: Record<string, string>) => Promise<Response>
  /** Stores a part by copying, and fails the test if that fails. */
  copied: (number: number, source: string, headers?: Record<string, string>) => Promise<ListedPart>
  complete: (parts: readonly ListedPart[] | string, headers?: Record<string, string>) => Promise<Response>
  /** Completes, and fails the test if that fails. */
  finish: (parts: readonly ListedPart[], headers?: Record<string, string>) => Promise<Response>
  abort: () => Promise<Response>
}

/** Opens a multipart upload, and fails the test if that fails. */
export async function openUpload(bucket: Sender, key: string, headers: Record<string, string> = {}): Promise<OpenUpload> {
  const created = await must(bucket.send('POST', key, { query: { uploads: '' }, headers }), `CreateMultipartUpload ${key}`)
  const id = /<UploadId>([^<]+)<\/UploadId>/.exec(await created.text())![1]!
  return { ...uploadAt(bucket, key, id), created }
}

/** The calls of an upload, whether there is one or not. */
export function uploadAt(bucket: Sender, key: string, id: string): Omit<OpenUpload, 'created'> {
  const send: OpenUpload['send'] = (method, { query, ...request } = {}) =>
    bucket.send(method, key, { ...request, query: { uploadId: id, ...query } })
  const put: OpenUpload['put'] = (number, body, headers) =>
    send('PUT', { query: { partNumber: String(number) }, body: Buffer.from(body), headers })
  const copy: OpenUpload['copy'] = (number, source, headers) =>
    send('PUT', { query: { partNumber: String(number) }, headers: { 'x-amz-copy-source': source, ...headers } })
  const complete: OpenUpload['complete'] = (parts, headers) =>
    send('POST', { body: typeof parts === 'string' ? parts : completion(parts), headers })
  return {
    key,
    id,
    send,
    put,
    copy,
    complete,
    part: async (number, body, headers) => {
      const response = await must(put(number, body, headers), `UploadPart ${number}`)
      return { number, etag: response.headers.get('etag')! }
    },
    copied: async (number, source, headers) => {
      const response = await must(copy(number, source, headers), `UploadPartCopy ${number}`)
      return { number, etag: /<ETag>&quot;([0-9a-f]+)&quot;<\/ETag>/.exec(await response.text())![1]! }
    },
    finish: (parts, headers) => must(complete(parts, headers), 'CompleteMultipartUpload'),
    abort: () => send('DELETE'),
  }
}

/** An object of {@link PART_A}, {@link PART_B} and {@link TAIL}. Returns its bytes. */
export async function putMultipart(bucket: Sender, key: string, headers: Record<string, string> = {}): Promise<Buffer> {
  const upload = await openUpload(bucket, key, headers)
  const bodies = [PART_A, PART_B, TAIL]
  const parts = await Promise.all(bodies.map((body, index) => upload.part(index + 1, body)))
  await upload.finish(parts)
  return Buffer.concat(bodies)
}

/** Body of CompleteMultipartUpload. */
export const completion = (parts: readonly ListedPart[]): string =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts
    .map(({ number, etag, fields = '' }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag>${fields}</Part>`)
    .join('')}</CompleteMultipartUpload>`

/** The ETag that S3 gives an object of these parts, in quotes. */
export function multipartEtag(...bodies: readonly Uint8Array[]): string {
  const md5s = bodies.map((body) => createHash('md5').update(body).digest())
  return `"${createHash('md5').update(Buffer.concat(md5s)).digest('hex')}-${bodies.length}"`
}

/** The headers that carry a customer's key, one for each seed; `copy-source-` for the source of a copy. */
export function customerKey(seed: number, prefix: '' | 'copy-source-' = ''): Record<string, string> {
  const key = someBytes(32, seed)
  return {
    [`x-amz-${prefix}server-side-encryption-customer-algorithm`]: 'AES256',
    [`x-amz-${prefix}server-side-encryption-customer-key`]: key.toString('base64'),
    [`x-amz-${prefix}server-side-encryption-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  }
}

export const expectNoSuchUpload = (response: Response) =>
  expectError(response, 404, 'NoSuchUpload', 'The specified multipart upload does not exist.')

async function must(sent: Promise<Response>, what: string): Promise<Response> {
  const response = await sent
  if (response.status !== 200) throw new Error(`${what}: ${response.status} ${await response.text()}`)
  return response
}
