import { invalidArgument, StoreError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { formatAmzDate, parseAmzDate, parseMailDate } from './amz-date.ts'
import { type Credential, parseCredential } from './credential.ts'
import { readSignedHeaders } from './signed-headers.ts'

/** The parts of a request's signature, from either of the two places where it can be. Nothing here is verified yet. */
export interface SignedRequest {
  readonly presigned: boolean
  readonly credential: Credential
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly amzDate: string
  readonly signedMs: number
  /** In lowercase, in the client's order, without repetitions. */
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** The last line of the canonical request. */
  readonly payloadHash: string
  /** `X-Amz-Expires` as it was sent. Presigned requests only. */
  readonly expires?: string
}

/** The only algorithm of signatures. */
export const ALGORITHM = 'AWS4-HMAC-SHA256'
const PRESIGN_PARAMETERS = ['X-Amz-Algorithm', 'X-Amz-Signature', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Expires']

export interface ReadingOptions {
  /** Server time in milliseconds. */
  readonly now: number
  /** Accept only the forms of dates that R2 accepts. */
  readonly strict: boolean
}

/**
 * Reads the `Authorization` header, or else the presigned query. If both are present, the header counts, as on R2, unless it is empty.
 * @throws StoreError of the first of R2's checks that fails. Checks that need the secret come later.
 */
export function parseSignedRequest(headers: Headers, { searchParams }: URL, options: ReadingOptions): SignedRequest {
  const authorization = headers.get('authorization')
  const presigned = searchParams.has('X-Amz-Credential')
  if (authorization || (authorization !== null && !presigned)) return parseHeaders(authorization, headers, options)
  if (presigned) return parsePresigned(searchParams)
  throw searchParams.has('AWSAccessKeyId') && searchParams.has('Signature') ? noVersion2() : invalidArgument('Authorization')
}

/** Whether the header holds a signature of version 2. Such a request has no `x-amz-content-sha256`, so the error must not ask for it. */
const isVersion2 = (authorization: string): boolean => authorization.startsWith('AWS ')

/** R2's refusal of signatures of version 2. */
export const noVersion2 = (): StoreError =>
  new StoreError('Unauthorized', { message: 'SigV2 authorization is not supported. Please use SigV4 instead.' })

/**
 * Refuses a presigned request outside its validity. R2 checks this only after it has found the access key id. R2 also accepts requests
 * from the future: one that is dated ten years ahead stays valid for ten years. S3 refuses it, and so do we, except in strict mode.
 * @throws StoreError `ExpiredRequest`, `AccessDenied`, or `InvalidArgument` for an invalid `X-Amz-Expires`.
 */
export function checkLife({ expires = '', signedMs }: SignedRequest, { now, strict }: ReadingOptions): void {
  const seconds = expires.trim() === '' ? Number.NaN : Number(expires)
  if (Number.isNaN(seconds)) throw invalidArgument('X-Amz-Expires should be a number')
  if (seconds > LIMITS.presignSeconds) {
    throw invalidArgument(
      `X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ${LIMITS.presignSeconds} seconds`,
    )
  }
  if (seconds < 1 || now > signedMs + seconds * 1000) throw new StoreError('ExpiredRequest')
  if (!strict && signedMs > now + LIMITS.skewMs) throw new StoreError('AccessDenied', { message: 'Request is not yet valid' })
}

function parseHeaders(authorization: string, headers: Headers, { now, strict }: ReadingOptions): SignedRequest {
  const payloadHash = headers.get('x-amz-content-sha256')
  if (!payloadHash) {
    throw isVersion2(authorization) ? noVersion2() : new StoreError('InvalidRequest', { message: 'Missing x-amz-content-sha256' })
  }
  const { amzDate, signedMs } = readDate(headers, strict)
  if (Math.abs(now - signedMs) > LIMITS.skewMs) throw new StoreError('RequestTimeTooSkewed')
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
  // R2's text has two spaces after the comma, too.
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

/** Reads the date of the request. If `x-amz-date` is present, `Date` is ignored. */
function readDate(headers: Headers, strict: boolean): { amzDate: string; signedMs: number } {
  const name = headers.has('x-amz-date') ? 'x-amz-date' : 'date'
  const text = headers.get(name)
  if (text === null) throw invalidArgument('No date provided in x-amz-date nor date header')
  // botocore sends no `x-amz-date` if its user has set `Date`, but signs the basic form nevertheless.
  const basicMs = parseAmzDate(text)
  if (basicMs !== undefined) return { amzDate: text, signedMs: basicMs }
  const signedMs = name === 'date' && !strict ? parseMailDate(text) : undefined
  if (signedMs === undefined) throw invalidArgument(`Date provided in '${name}' header (${text}) didn't parse successfully`)
  return { amzDate: formatAmzDate(signedMs), signedMs }
}

function splitAuthorization(text: string): { credential: string; signedHeaders: string; signature: string } {
  if (isVersion2(text)) throw noVersion2()
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
