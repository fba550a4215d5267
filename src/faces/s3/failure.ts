import type { Config } from '../../config.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import { renderError } from './render-error.ts'

/** Sixteen characters, as S3 has them. */
export const newRequestId = (): string => crypto.getRandomValues(new Uint8Array(8)).toHex().toUpperCase()

/** A failure of a request that did not reach an operation, logged where it is ours, with an id to report it by. */
export function failure(error: unknown, method: string, config: Pick<Config, 'allows'>): Response {
  const requestId = config.allows('requestIds') ? newRequestId() : undefined
  logUnexpected(error, requestId)
  const response = renderError(error, method, requestId)
  if (requestId !== undefined) response.headers.set('x-amz-request-id', requestId)
  return response
}
