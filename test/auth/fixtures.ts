import { AwsV4Signer } from 'aws4fetch'
import { expect } from 'vitest'
import { type AuthenticateOptions, authenticate, type Secret } from '../../src/auth/authenticate.ts'
import { StoreError } from '../../src/core/errors.ts'

export const KEY_ID = 'fedcba9876543210fedcba9876543210'
export const SECRET_KEY = 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c'
export const AMZ_DATE = '20260612T100000Z'
export const NOW = Date.UTC(2026, 5, 12, 10)
export const OBJECT_URL = 'https://store.example.com/photos/cat.jpg'
export const UNSIGNED = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }

export const KNOWN: Secret = {
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
