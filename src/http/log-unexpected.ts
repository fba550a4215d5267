import { StoreError } from '../core/errors.ts'

/**
 * Logs an error that is our fault. Errors of the client are not logged. Headers and bodies never enter the log.
 * @param requestId the id that the response showed, so that a client's report leads to this line
 */
export function logUnexpected(error: unknown, requestId?: string): void {
  const who = requestId === undefined ? '' : `Request ${requestId}: `
  if (!(error instanceof StoreError)) console.error(`${who}Unexpected failure:`, error)
  else if (error.status >= 500 && error.code !== 'NotImplemented') console.error(`${who}${error.code}: ${error.message}`, error.cause ?? '')
}
