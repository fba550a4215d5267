import { Buffer } from 'node:buffer'
import { StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { bareDocument, element, escapeXmlWithin, optionalElement, textElement } from './xml/writer.ts'

/** Statuses that ask the client to come back. */
const RETRIABLE: readonly number[] = [429, 503]

/**
 * Any failure as the S3 face answers it. What is not a {@link StoreError} is a bug or an outage: the caller logs it,
 * the client learns nothing of it. A HEAD has the same status and headers without the body.
 * @param requestId what the client may name when it reports the failure; R2 has none
 */
export function renderError(error: unknown, method: string, requestId?: string): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const headers = new Headers({ 'Content-Type': 'application/xml' })
  if (RETRIABLE.includes(known.status)) headers.set('Retry-After', '1')
  return new Response(method === 'HEAD' ? null : errorDocument(known, requestId), { status: known.status, headers })
}

/** The longest message that is all ours is a third of this; others repeat what a client sent. */
const MESSAGE_BYTES = 1024
/** The declaration, the code and all tags. */
const FRAME_BYTES = 512

/** Messages and fields may repeat what anybody sent, at any length: the document is cut, message first, then each field in its order. */
function errorDocument({ code, message, detail }: StoreError, requestId: string | undefined): string {
  let room = LIMITS.errorBytes - FRAME_BYTES
  const texts: [name: string, text: string, most: number][] = [['Message', message, MESSAGE_BYTES]]
  for (const [name, value] of Object.entries(detail.fields ?? {})) texts.push([name, value, LIMITS.errorBytes])
  const elements = texts.map(([name, text, most]) => {
    const escaped = escapeXmlWithin(text, Math.min(most, room))
    room -= Buffer.byteLength(escaped)
    return element(name, escaped)
  })
  return bareDocument('Error', textElement('Code', code), ...elements, optionalElement('RequestId', requestId))
}
