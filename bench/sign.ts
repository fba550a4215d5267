import { createHash, createHmac } from 'node:crypto'
import type { Outgoing } from './wire.ts'

/** The address of an S3 endpoint, and credentials for it. */
export interface Target {
  readonly host: string
  readonly port: number
  /** Path before `/<bucket>`, for endpoints that do not start at the root. */
  readonly base: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

export interface Call {
  readonly method: string
  readonly bucket: string
  /** Already percent-encoded. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  /** Headers whose names start with `x-amz-` are signed. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | number
}

const DAY = 24 * 3600
const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** Makes requests with the signature in the query. They are signed before the timed part begins. */
export class Signer {
  readonly #target: Target
  readonly #amzDate: string
  readonly #scope: string
  readonly #key: Buffer

  constructor(target: Target, at = new Date()) {
    this.#target = target
    this.#amzDate = at.toISOString().replace(/[-:]|\.\d{3}/g, '')
    const parts = [this.#amzDate.slice(0, 8), target.region, 's3', 'aws4_request']
    this.#scope = parts.join('/')
    this.#key = parts.reduce<string | Buffer>(hmac, `AWS4${target.secretAccessKey}`) as Buffer
  }

  sign({ method, bucket, key, query = {}, headers = {}, body }: Call): Outgoing {
    const { base, accessKeyId } = this.#target
    const host = `${this.#target.host}:${this.#target.port}`
    const signed: Record<string, string> = { host }
    for (const [name, value] of Object.entries(headers)) if (name.startsWith('x-amz-')) signed[name] = value
    const names = Object.keys(signed).sort()
    const parameters = {
      ...query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${accessKeyId}/${this.#scope}`,
      'X-Amz-Date': this.#amzDate,
      'X-Amz-Expires': String(DAY),
      'X-Amz-SignedHeaders': names.join(';'),
    }
    const canonicalQuery = Object.entries(parameters)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&')
    const path = `${base}/${bucket}${key === undefined ? '' : `/${key}`}`
    const canonical = [
      method,
      path,
      canonicalQuery,
      ...names.map((name) => `${name}:${signed[name]}`),
      '',
      names.join(';'),
      'UNSIGNED-PAYLOAD',
    ]
    const text = ['AWS4-HMAC-SHA256', this.#amzDate, this.#scope, createHash('sha256').update(canonical.join('\n')).digest('hex')]
    const signature = hmac(this.#key, text.join('\n')).toString('hex')
    const length = typeof body === 'number' ? body : body?.length
    const lines = Object.entries({
      host,
      'accept-encoding': 'identity', // Without it, the development proxy compresses answers.
      ...(length !== undefined || method === 'PUT' || method === 'POST' ? { 'content-length': String(length ?? 0) } : {}),
      ...headers,
    })
    const head = `${method} ${path}?${canonicalQuery}&X-Amz-Signature=${signature} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    return { head, ...(body === undefined || length === 0 ? {} : { body }) }
  }
}
