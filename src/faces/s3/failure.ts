import type { Config } from '../../config.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import { renderError } from './render-error.ts'

/** Makes a request id of sixteen characters, as on S3. */
export const newRequestId = (): string => crypto.getRandomValues(new Uint8Array(8)).toHex().toUpperCase()

/** Turns the error of a request that reached no operation into a response with a request id. Logs the error if the fault is ours. */
export function failure(error: unknown, method: string, config: Pick<Config, 'allows'>): Response {
  const requestId = config.allows('requestIds') ? newRequestId() : undefined
  logUnexpected(error, requestId)
  const response = renderError(error, method, requestId)
  if (requestId !== undefined) response.headers.set('x-amz-request-id', requestId)
  return response
}
