import { inject } from 'vitest'
import { plainFetch } from './clients.ts'
import type { Connection } from './server.ts'
import { amzDateOf, hmac } from './sigv4.ts'

// Upload forms by hand: every piece of them can be wrong.

export type Field = readonly [name: string, value: string]
type Condition = Readonly<Record<string, unknown>> | readonly unknown[]

export interface ToSignForm {
  readonly bucket: string
  /** Fields of the form beside those of the signature. Each gets a condition that it has this value. */
  readonly fields?: readonly Field[]
  /** Further conditions. */
  readonly conditions?: readonly Condition[]
  /** The whole policy instead of the one that the fields make. */
  readonly policy?: string
  readonly expiresMs?: number
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly server?: Connection
}

/** Returns the fields of a signed form. */
export function signForm({ bucket, fields = [], conditions = [], server = inject('server'), ...own }: ToSignForm): Field[] {
  const { accessKeyId = server.accessKeyId, secretAccessKey = server.secretAccessKey, expiresMs = Date.now() + 600_000 } = own
  const amzDate = amzDateOf(new Date())
  const scope = [amzDate.slice(0, 8), 'auto', 's3', 'aws4_request']
  const signing: Field[] = [
    ['x-amz-algorithm', 'AWS4-HMAC-SHA256'],
    ['x-amz-credential', [accessKeyId, ...scope].join('/')],
    ['x-amz-date', amzDate],
  ]
  const exact = [...fields, ...signing].map(([name, value]) => ({ [name]: value }))
  const document = { expiration: new Date(expiresMs).toISOString(), conditions: [{ bucket }, ...exact, ...conditions] }
  const policy = own.policy ?? Buffer.from(JSON.stringify(document)).toString('base64')
  const key = scope.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`))
  return [...fields, ...signing, ['policy', policy], ['x-amz-signature', hmac(key, policy).toString('hex')]]
}

export const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW'

export interface ToWrite {
  readonly fields?: readonly Field[]
  readonly file?: Uint8Array | string | null
  readonly filename?: string | null
  /** What follows the file. */
  readonly after?: readonly Field[]
  readonly end?: string
}

/** Writes a form as browsers do. */
export function writeForm({ fields = [], file = 'data', filename = 'a.txt', after = [], end = '--\r\n' }: ToWrite): Buffer {
  const part = ([name, value]: Field) => [`--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`, value, '\r\n']
  const disposition = `form-data; name="file"${filename === null ? '' : `; filename="${filename}"`}`
  const filePart =
    file === null ? [] : [`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\nContent-Type: text/x-part\r\n\r\n`, file, '\r\n']
  const pieces = [...fields.flatMap(part), ...filePart, ...after.flatMap(part), `--${BOUNDARY}${end}`]
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)))
}

/** Sends a form to a bucket, without any signature in the headers. */
export function sendForm(
  bucket: string,
  body: Buffer,
  init: { headers?: Record<string, string>; server?: Connection } = {},
): Promise<Response> {
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}`, ...init.headers }
  return plainFetch(`/${bucket}`, { method: 'POST', body: new Uint8Array(body), headers, redirect: 'manual', server: init.server })
}
