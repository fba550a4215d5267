import { StoreError } from '../core/errors.ts'

/**
 * What the client did wrong is its own affair; what we did is for the log, which never sees a header or a body.
 * @param requestId as the client was told it, so that its report leads to this line
 */
export function logUnexpected(error: unknown, requestId?: string): void {
  const who = requestId === undefined ? '' : `Request ${requestId}: `
  if (!(error instanceof StoreError)) console.error(`${who}Unexpected failure:`, error)
  else if (error.status >= 500 && error.code !== 'NotImplemented') console.error(`${who}${error.code}: ${error.message}`, error.cause ?? '')
}
