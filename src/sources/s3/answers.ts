import { readXml } from '../../core/xml-reader.ts'
import { type FailureKind, failed, type Sourced } from '../source.ts'
import { ERROR_BYTES, readWhole, retryAfterMs, type Transport } from '../transport.ts'
import { isRegion } from './place.ts'

// Answers of S3 that are no success. The status is often too coarse, so the code in the body decides.

/** The parts of an error that decide what it means. */
export interface S3Error {
  readonly status: number
  readonly code?: string
  readonly message?: string
  /** The region that the bucket is in, if the answer says so. */
  readonly region?: string
  readonly retryAfterMs?: number
  /** The size of the object, of an error about a range. */
  readonly size?: number
}

/** Reads an answer that is an error, to its end. */
export async function readError(answer: Response, nowMs: number): Promise<S3Error> {
  const { headers, status } = answer
  const body = await readWhole(answer, ERROR_BYTES)
  const fields = fieldsOf(body)
  const region = headers.get('x-amz-bucket-region') ?? fields.Region
  const size = fields.ActualObjectSize ?? /^bytes \*\/(\d{1,15})$/.exec(headers.get('content-range') ?? '')?.[1]
  return {
    status,
    code: readCode(fields.Code),
    message: fields.Message,
    region: region !== undefined && isRegion(region) ? region : undefined,
    retryAfterMs: retryAfterMs(headers, nowMs),
    size: size === undefined || !/^\d{1,15}$/.test(size) ? undefined : Number(size),
  }
}

/** The code of an error decides and is shown, so it must look like one. */
const readCode = (text: string | undefined): string | undefined => (/^[A-Za-z0-9._-]{1,64}$/.test(text ?? '') ? text : undefined)

function fieldsOf(body: Uint8Array | undefined): Readonly<Record<string, string>> {
  if (body === undefined || body.length === 0) return {}
  try {
    return Object.fromEntries(readXml(body, 'Error').children.map(({ name, text }) => [name, text.trim()]))
  } catch {
    return {} // A page of a proxy, or no XML at all.
  }
}

/** Whether the answer says that the bucket is in another region than the one that was signed for. */
export const isOtherRegion = ({ status, region }: S3Error, signedFor: string): boolean =>
  region !== undefined && region !== signedFor && (status === 301 || status === 307 || status === 400 || status === 403)

const KINDS: Readonly<Record<string, FailureKind>> = {
  NoSuchKey: 'absent',
  NoSuchVersion: 'absent',
  NoSuchBucket: 'no-bucket',
  InvalidObjectState: 'archived',
  InvalidRange: 'unsatisfiable',
  PreconditionFailed: 'changed',
  ConditionalRequestConflict: 'changed',
  SlowDown: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequests: 'throttled',
  RequestLimitExceeded: 'throttled',
  ServiceUnavailable: 'throttled',
  RequestTimeout: 'unreachable',
  ExpiredToken: 'denied',
  InvalidToken: 'denied',
  NotImplemented: 'unsupported',
}

/** The failure that an error stands for. */
export function failureOf(error: S3Error, transport: Transport): Sourced<never> {
  const { status, code, retryAfterMs: retryMs, size } = error
  const message = transport.clean(`The source answered ${status}${code === undefined ? '' : ` ${code}`}: ${error.message ?? 'no message'}`)
  const kind = (code !== undefined && Object.hasOwn(KINDS, code) ? KINDS[code] : undefined) ?? kindOfStatus(status)
  return failed(kind, message, { code, ...(kind === 'throttled' && { retryAfterMs: retryMs }), ...(kind === 'unsatisfiable' && { size }) })
}

/** A 404 without S3's code comes from something that is no S3: the object may well exist. */
function kindOfStatus(status: number): FailureKind {
  if (status === 401 || status === 403) return 'denied'
  if (status === 412) return 'changed'
  if (status === 416) return 'unsatisfiable'
  if (status === 429 || status === 503) return 'throttled'
  if (status === 501) return 'unsupported'
  if (status === 404 || status === 408 || status >= 500 || status < 400) return 'unreachable'
  return 'unsupported'
}
