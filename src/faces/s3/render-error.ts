import { Buffer } from 'node:buffer'
import { isRetriable, StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { bareDocument, element, escapeXmlWithin, optionalElement, textElement } from './xml/writer.ts'

/**
 * Turns an error into a response of the S3 face. An error that is not a {@link StoreError} is a bug or an outage: the caller logs it,
 * and the client gets no details. The answer to a HEAD has the same status and headers, and no body.
 * @param requestId the id that a client can quote when it reports the error; R2 has no such id
 */
export function renderError(error: unknown, method: string, requestId?: string): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  const headers = new Headers({ 'Content-Type': 'application/xml' })
  if (isRetriable(known.status)) headers.set('Retry-After', '1')
  return new Response(method === 'HEAD' ? null : errorDocument(known, requestId), { status: known.status, headers })
}

/** The limit for a message. Our longest fixed message is a third of this; other messages repeat text of the client. */
const MESSAGE_BYTES = 1024
/** The room for the XML declaration, the code and all tags. */
const FRAME_BYTES = 512

/**
 * Writes an error document of limited length. The message and the fields may repeat text of the client, of any length. The message gets
 * room first, then each field in order; a text that is too long is cut.
 */
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
