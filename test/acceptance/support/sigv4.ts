import { createHash, createHmac } from 'node:crypto'
import { inject } from 'vitest'
import type { Connection } from './server.ts'

// AWS Signature Version 4 by hand: every piece of it can be replaced, so that a test can send what no client would.

export interface ToSign {
  readonly method?: string
  /** Path and query as they go out. */
  readonly target?: string
  /** Sent; signed as well unless `signedHeaders` says otherwise. */
  readonly headers?: Readonly<Record<string, string>>
  /** `null` leaves the header out. */
  readonly payloadHash?: string | null
  readonly at?: Date
  /** Instead of `at`, in any form. */
  readonly amzDate?: string
  /** Parts of the credential. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly scopeDate?: string
  readonly region?: string
  readonly service?: string
  readonly terminator?: string
  readonly signedHeaders?: readonly string[]
  readonly server?: Connection
}

/** What a signature was made of, for chunk signatures to continue. */
export interface Signed {
  readonly headers: Record<string, string>
  readonly signature: string
  readonly key: Buffer
  readonly amzDate: string
  readonly scope: string
}

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex')
export const hmac = (key: string | Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()
export const amzDateOf = (at: Date): string => at.toISOString().replace(/[-:]|\.\d{3}/g, '')
export const awsEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)

/** Signs in the `Authorization` header, the payload as `UNSIGNED-PAYLOAD` unless told otherwise. */
export function signHeaders(request: ToSign = {}): Signed {
  const { payloadHash = 'UNSIGNED-PAYLOAD', server = inject('server') } = request
  const amzDate = request.amzDate ?? amzDateOf(request.at ?? new Date())
  const own = {
    host: new URL(server.endpoint).host,
    'x-amz-date': amzDate,
    ...(payloadHash === null ? {} : { 'x-amz-content-sha256': payloadHash }),
  }
  const headers: Record<string, string> = { ...own, ...request.headers }
  const signedHeaders = request.signedHeaders ?? Object.keys(headers).map(lower).sort()
  const made = signature({ ...request, server, headers, amzDate, signedHeaders, payloadHash: payloadHash ?? 'UNSIGNED-PAYLOAD' })
  const { credential } = made
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${made.signature}`
  return { ...made, headers, amzDate }
}

export interface ToPresign extends ToSign {
  readonly expires?: string | number
  /** Further parameters, or replacements of the signature's own; `null` leaves one out. */
  readonly query?: Readonly<Record<string, string | null>>
}

/** Signs in the query; returns the target to send. `headers` are signed as they would be sent. */
export function presign(request: ToPresign = {}): string {
  const { target = '/', expires = 600, server = inject('server'), query = {} } = request
  const amzDate = request.amzDate ?? amzDateOf(request.at ?? new Date())
  const headers = { host: new URL(server.endpoint).host, ...request.headers }
  const signedHeaders = request.signedHeaders ?? Object.keys(headers).map(lower).sort()
  const parameters: Record<string, string | null> = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': credentialOf({ ...request, server, amzDate }).credential,
    'X-Amz-Date': amzDate,
    'X-Amz-Expires': String(expires),
    'X-Amz-SignedHeaders': signedHeaders.join(';'),
    ...query,
  }
  const pairs = Object.entries(parameters).flatMap(([name, value]) => (value === null ? [] : [`${awsEncode(name)}=${awsEncode(value)}`]))
  const unsigned = `${target}${target.includes('?') ? '&' : '?'}${pairs.join('&')}`
  if (query['X-Amz-Signature'] !== undefined) return unsigned
  const made = signature({ ...request, server, target: unsigned, headers, amzDate, signedHeaders, payloadHash: 'UNSIGNED-PAYLOAD' })
  return `${unsigned}&X-Amz-Signature=${made.signature}`
}

const lower = (name: string) => name.toLowerCase()

function credentialOf(request: ToSign & { server: Connection; amzDate: string }) {
  const { server, amzDate, accessKeyId = server.accessKeyId, region = 'auto', service = 's3', terminator = 'aws4_request' } = request
  const scope = [request.scopeDate ?? amzDate.slice(0, 8), region, service, terminator].join('/')
  return { scope, credential: `${accessKeyId}/${scope}` }
}

type Complete = ToSign & { server: Connection; amzDate: string; headers: Record<string, string>; signedHeaders: readonly string[] }

function signature(request: Complete) {
  const { method = 'GET', target = '/', headers, signedHeaders, payloadHash, server, amzDate } = request
  const [path = '/', query = ''] = target.split(/\?(.*)/s)
  const sent = new Map(Object.entries(headers).map(([name, value]) => [lower(name), value]))
  const lines = signedHeaders.map((name) => `${lower(name)}:${(sent.get(lower(name)) ?? '').trim().replace(/ +/g, ' ')}\n`)
  const canonical = [method, path, canonicalQuery(query), lines.join(''), signedHeaders.map(lower).join(';'), payloadHash].join('\n')
  const { scope, credential } = credentialOf(request)
  const secret: string | Buffer = `AWS4${request.secretAccessKey ?? server.secretAccessKey}`
  const key = scope.split('/').reduce<string | Buffer>(hmac, secret) as Buffer
  const text = ['AWS4-HMAC-SHA256', amzDate, scope, sha256(canonical)].join('\n')
  return { signature: hmac(key, text).toString('hex'), key, scope, credential, canonical, text }
}

const canonicalQuery = (query: string) =>
  [...new URLSearchParams(query)]
    .map(([name, value]) => [awsEncode(name), awsEncode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
