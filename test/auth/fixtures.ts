import { createHash, createHmac } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { expect } from 'vitest'
import { type AccessKey, type AuthenticateOptions, authenticate } from '../../src/auth/authenticate.ts'
import { StoreError } from '../../src/core/errors.ts'

export const KEY_ID = 'fedcba9876543210fedcba9876543210'
export const SECRET_KEY = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'
export const AMZ_DATE = '20260612T100000Z'
export const NOW = Date.UTC(2026, 5, 12, 10)
export const OBJECT_URL = 'https://store.example.com/photos/cat.jpg'
export const UNSIGNED = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }

export const KNOWN: AccessKey = {
  secretAccessKey: SECRET_KEY,
  token: { id: KEY_ID, name: 'test', policies: [{ level: 'admin-read-write' }] },
}

interface Signing {
  url?: string
  method?: string
  headers?: Record<string, string>
  presign?: boolean
  secret?: string
  keyId?: string
  region?: string
  amzDate?: string
}

/** Signs with aws4fetch, which shares no code with ours. Every header given is signed. */
export async function signed(signing: Signing = {}): Promise<Request> {
  const signer = new AwsV4Signer({
    url: signing.url ?? OBJECT_URL,
    method: signing.method ?? 'GET',
    headers: signing.headers ?? (signing.presign ? {} : UNSIGNED),
    accessKeyId: signing.keyId ?? KEY_ID,
    secretAccessKey: signing.secret ?? SECRET_KEY,
    service: 's3',
    region: signing.region ?? 'auto',
    datetime: signing.amzDate ?? AMZ_DATE,
    signQuery: signing.presign ?? false,
    allHeaders: true,
  })
  const { url, method, headers } = await signer.sign()
  return new Request(url, { method, headers })
}

interface HandSigning {
  url?: string
  method?: string
  body?: string
  /** Signed, all of them. */
  headers?: Record<string, string>
  /** On their way these are added; null takes one away. */
  underway?: Record<string, string | null>
}

/** Signs by hand: what aws4fetch would send otherwise, and headers that are not there any more when the request arrives. */
export function handSigned({ url = OBJECT_URL, method = 'GET', body, headers = {}, underway = {} }: HandSigning = {}): Request {
  const { host, search } = new URL(url)
  const path = url.slice(url.indexOf(host) + host.length).replace(/\?.*/, '')
  const signed: Record<string, string> = { host, ...UNSIGNED, 'x-amz-date': AMZ_DATE, ...headers }
  for (const name of Object.keys(signed)) if (signed[name] === LEFT_OUT) delete signed[name]
  const names = Object.keys(signed).sort()
  const lines = names.map((name) => `${name}:${signed[name]}\n`)
  const canonical = [method, path, search.slice(1), lines.join(''), names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n')
  const scope = `${AMZ_DATE.slice(0, 8)}/auto/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', AMZ_DATE, scope, createHash('sha256').update(canonical).digest('hex')].join('\n')
  const key = scope.split('/').reduce<string | Uint8Array>((secret, part) => hmac(secret, part), `AWS4${SECRET_KEY}`)
  const authorization = `AWS4-HMAC-SHA256 Credential=${KEY_ID}/${scope}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, text).toString('hex')}`
  const { host: _, ...sent } = signed
  const request = withHeaders(new Request(url, { method, body, headers: { ...sent, authorization } }), underway)
  // The constructor resolves dot segments; a request from the network comes as it was sent.
  return Object.defineProperty(request, 'url', { value: url })
}

/** As a value of a header of {@link handSigned}: not even those that are signed always. */
export const LEFT_OUT = '(left out)'

const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()

/** Authenticates with the one known key at the time of signing, unless told otherwise. */
export function check(request: Request, options: Partial<AuthenticateOptions> = {}) {
  const findSecret = async (id: string) => (id === KEY_ID ? KNOWN : null)
  return authenticate(request, { now: NOW, findSecret, strict: false, ...options })
}

/** Rewrites query parameters; null removes one. */
export function withQuery(request: Request, changes: Record<string, string | null>): Request {
  const url = new URL(request.url)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) url.searchParams.delete(name)
    else url.searchParams.set(name, value)
  }
  return new Request(url, request)
}

/** Rewrites headers; null removes one. */
export function withHeaders(request: Request, changes: Record<string, string | null>): Request {
  const headers = new Headers(request.headers)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
  return new Request(request, { headers })
}

/** The failure of `work`, as a client sees it. */
export async function failure(work: Promise<unknown>): Promise<{ status: number; code: string; message: string }> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(StoreError)
  const { status, code, message } = error as StoreError
  return { status, code, message }
}
