import { ERRORS, StoreError } from '../../core/errors.ts'

/** Statuses that ask the client to come back. */
const RETRIABLE: readonly number[] = [429, 503]
/** Statuses that the Cloudflare SDK would try again although nothing can change. */
const FINAL: readonly number[] = [409, 501]

/** A result as Cloudflare's API wraps it. Never an empty body: clients take that for a failure. */
export function success(result: unknown, info?: unknown): Response {
  return Response.json({ success: true, errors: [], messages: [], result, ...(info === undefined ? {} : { result_info: info }) })
}

/** Any failure as the REST face answers it. What is not a {@link StoreError} is a bug or an outage: the client learns nothing of it. */
export function failure(error: unknown): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const headers = new Headers()
  if (RETRIABLE.includes(known.status)) headers.set('Retry-After', '1')
  if (FINAL.includes(known.status)) headers.set('x-should-retry', 'false')
  const errors = [{ code: codeOf(known), message: known.message }]
  return Response.json({ success: false, errors, messages: [], result: null }, { status: known.status, headers })
}

/** R2's number; where it has none, that of an invalid argument or of an internal error. */
function codeOf({ code, status }: StoreError): number {
  const row = ERRORS[code]
  return 'v4' in row ? row.v4 : ERRORS[status < 500 ? 'InvalidArgument' : 'InternalError'].v4
}
