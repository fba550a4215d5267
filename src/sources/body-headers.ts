import type { ByteSpan } from '../core/object.ts'
import { announcedLength } from '../http/announced-length.ts'

// The headers that describe the bytes of an answer, the same for every kind of source.

/** The encodings that the runtime undoes when a body is read, without a way to the bytes that were sent. */
const DECODED = /^(gzip|x-gzip|br)$/i

/** Whether the runtime decodes the body of an answer. Its length is then that of other bytes. */
export const isDecoded = (headers: Headers): boolean =>
  (headers.get('content-encoding') ?? '').split(',').some((coding) => DECODED.test(coding.trim()))

/** The length that an answer announces; `undefined` if it announces none, or none that is a number. */
export function lengthOf(headers: Headers): number | undefined {
  const length = announcedLength(headers)
  return Number.isNaN(length) ? undefined : length
}

/** The span and the size of the whole object from `Content-Range`; `undefined` if it is malformed. */
export function contentRangeOf(headers: Headers): { span: ByteSpan; total?: number } | undefined {
  const [, first, last, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(headers.get('content-range')?.trim() ?? '') ?? []
  const [offset, end] = [Number(first), Number(last)]
  if (first === undefined || end < offset) return undefined
  return { span: { offset, length: end - offset + 1 }, total: total === '*' ? undefined : Number(total) }
}
