import { StoreError } from '../../core/errors.ts'
import { bareDocument, textElement } from './xml/writer.ts'

/** Statuses that ask the client to come back. */
const RETRIABLE: readonly number[] = [429, 503]

/**
 * Any failure as the S3 face answers it. What is not a {@link StoreError} is a bug or an outage: the caller logs it,
 * the client learns nothing of it. A HEAD has the same status and headers without the body.
 */
export function renderError(error: unknown, method: string): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const headers = new Headers({ 'Content-Type': 'application/xml' })
  if (RETRIABLE.includes(known.status)) headers.set('Retry-After', '1')
  return new Response(method === 'HEAD' ? null : errorDocument(known), { status: known.status, headers })
}

function errorDocument({ code, message, detail }: StoreError): string {
  const fields = Object.entries(detail.fields ?? {}).map(([name, value]) => textElement(name, value))
  return bareDocument('Error', textElement('Code', code), textElement('Message', message), ...fields)
}
