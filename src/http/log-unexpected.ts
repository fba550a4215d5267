import { StoreError } from '../core/errors.ts'

/** What the client did wrong is its own affair; what we did is for the log, which never sees a header or a body. */
export function logUnexpected(error: unknown): void {
  if (!(error instanceof StoreError)) console.error('Unexpected failure:', error)
  else if (error.status >= 500 && error.code !== 'NotImplemented') console.error(`${error.code}: ${error.message}`, error.cause ?? '')
}
