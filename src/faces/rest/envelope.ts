import { ERRORS, isRetriable, StoreError } from '../../core/errors.ts'
import type { Enveloped } from './call.ts'

/** Statuses that the Cloudflare SDK would retry although a retry cannot succeed. */
const FINAL: readonly number[] = [409, 501]

/** Wraps a result as Cloudflare's API does. The body is never empty, because clients take an empty body for a failure. */
export function success({ result, info, messages = [], headers = {} }: Enveloped, status = 200): Response {
  const envelope = { success: true, errors: [], messages, result, ...(info === undefined ? {} : { result_info: info }) }
  return Response.json(envelope, { status, headers })
}

/** Turns an error into a response. An error that is not a {@link StoreError} is a bug or an outage: the client gets no details. */
export function failure(error: unknown): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const headers = new Headers()
  if (isRetriable(known.status)) headers.set('Retry-After', '1')
  if (FINAL.includes(known.status)) headers.set('x-should-retry', 'false')
  const errors = [{ code: codeOf(known), message: known.message }]
  return Response.json({ success: false, errors, messages: [], result: null }, { status: known.status, headers })
}

/** Returns R2's number for an error. If R2 has none, returns the number of an invalid argument or of an internal error. */
function codeOf({ code, status }: StoreError): number {
  const row = ERRORS[code]
  return 'v4' in row ? row.v4 : ERRORS[status < 500 ? 'InvalidArgument' : 'InternalError'].v4
}
