import { invalidArgument, StoreError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { parseAmzDate } from './amz-date.ts'
import { type Credential, parseCredential } from './credential.ts'
import { readSignedHeaders } from './signed-headers.ts'

/** What a request says about its signature, whichever of the two places it says it in. Nothing here is verified yet. */
export interface SignedRequest {
  readonly presigned: boolean
  readonly credential: Credential
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string
  readonly signedMs: number
  /** In lowercase, in the client's order, each once. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** Last line of the canonical request. */
  readonly payloadHash: string
  /** `X-Amz-Expires` as sent; presigned requests only. */
  readonly expires?: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'
const PRESIGN_PARAMETERS = ['X-Amz-Algorithm', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Expires']

/**
 * Reads the `Authorization` header, else the presigned query: with both, R2 uses the header.
 * @throws StoreError the first of R2's checks that fails, up to but without those that need the secret.
 */
export function parseSignedRequest(headers: Headers, url: URL, nowMs: number): SignedRequest {
  const authorization = headers.get('authorization')
  if (authorization !== null) return parseHeaders(authorization, headers, nowMs)
  if (url.searchParams.has('X-Amz-Credential')) return parsePresigned(url.searchParams)
  throw invalidArgument('Authorization')
}

/**
 * Refuses a presigned request outside its life. R2 comes to this only after the access key id turned out to exist.
 * @throws StoreError `ExpiredRequest`, or `InvalidArgument` for a life that makes no sense.
 */
export function checkExpiry({ expires = '', signedMs }: SignedRequest, nowMs: number): void {
  const seconds = expires.trim() === '' ? Number.NaN : Number(expires)
  if (Number.isNaN(seconds)) throw invalidArgument('X-Amz-Expires should be a number')
  if (seconds > LIMITS.presignSeconds) {
    throw invalidArgument(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${LIMITS.presignSeconds} seconds`,
    )
  }
  if (seconds < 1 || nowMs > signedMs + seconds * 1000) throw new StoreError('ExpiredRequest')
}

function parseHeaders(authorization: string, headers: Headers, nowMs: number): SignedRequest {
  const payloadHash = headers.get('x-amz-content-sha256')
  if (payloadHash === null) throw new StoreError('InvalidRequest', { message: 'Missing x-amz-content-sha256' })
  const { amzDate, signedMs } = readDate(headers)
  if (Math.abs(nowMs - signedMs) > LIMITS.skewMs) throw new StoreError('RequestTimeTooSkewed')
  const { credential, signedHeaders, signature } = splitAuthorization(authorization)
  return {
    presigned: false,
    credential: parseCredential(credential, amzDate),
    amzDate,
    signedMs,
    signedHeaders: readSignedHeaders(signedHeaders),
    signature,
    payloadHash,
  }
}

function parsePresigned(query: URLSearchParams): SignedRequest {
  const missing = PRESIGN_PARAMETERS.filter((name) => !query.has(name))
  if (missing.length === 1) throw invalidArgument(`Required search parameter ${missing[0]} missing`)
  // Two spaces after the comma: R2's own.
  if (missing.length > 1) throw invalidArgument(`Required search parameters ${missing.join(',  ')} missing`)
  const value = (name: string) => query.get(name) ?? ''
  if (value('X-Amz-Algorithm') !== ALGORITHM) throw otherAlgorithm()
  const amzDate = value('X-Amz-Date')
  const signedMs = parseAmzDate(amzDate)
  if (signedMs === undefined) throw invalidArgument(`Date provided in X-Amz-Date (${amzDate}) didn't parse successfully`)
  return {
    presigned: true,
    credential: parseCredential(value('X-Amz-Credential'), amzDate),
    amzDate,
    signedMs,
    signedHeaders: readSignedHeaders(value('X-Amz-SignedHeaders')),
    signature: value('X-Amz-Signature'),
    payloadHash: 'UNSIGNED-PAYLOAD',
    expires: value('X-Amz-Expires'),
  }
}

function readDate(headers: Headers): { amzDate: string; signedMs: number } {
  const name = headers.has('x-amz-date') ? 'x-amz-date' : 'date'
  const amzDate = headers.get(name)
  if (amzDate === null) throw invalidArgument('No date provided in x-amz-date nor date header')
  const signedMs = parseAmzDate(amzDate)
  if (signedMs === undefined) throw invalidArgument(`Date provided in '${name}' header (${amzDate}) didn't parse successfully`)
  return { amzDate, signedMs }
}

function splitAuthorization(text: string): { credential: string; signedHeaders: string; signature: string } {
  if (!text.startsWith(`${ALGORITHM} `)) throw otherAlgorithm()
  const fields = new Map<string, string>()
  for (const field of text.slice(ALGORITHM.length).split(',')) {
    const equals = field.indexOf('=')
    if (equals > 0) fields.set(field.slice(0, equals).trimStart(), field.slice(equals + 1).trimEnd())
  }
  const credential = fields.get('Credential')
  const signedHeaders = fields.get('SignedHeaders')
  const signature = fields.get('Signature')
  if (credential === undefined || signedHeaders === undefined || signature === undefined) throw otherAlgorithm()
  return { credential, signedHeaders, signature }
}

const otherAlgorithm = (): StoreError => new StoreError('InvalidRequest', { message: `Please use ${ALGORITHM}` })
