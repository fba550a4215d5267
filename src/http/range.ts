import { invalidArgument, StoreError } from '../core/errors.ts'
import type { ByteSpan, RangeRequest } from '../core/object.ts'

const RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/
const COPY_RANGE = /^bytes=(\d+)-(\d+)$/

/**
 * Reads a `Range` header. It refuses every range that is wrong for any object, before the object is looked up.
 * @throws StoreError `InvalidArgument` on anything but one range of bytes, `InvalidRange` on `bytes=-0`.
 */
export function readRange(header: string | null): RangeRequest | undefined {
  if (header === null) return undefined
  const [matched, first, last, suffix] = RANGE.exec(header) ?? []
  // R2's text ends in `.'`, odd as it is.
  if (matched === undefined) throw invalidArgument("range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'")
  if (suffix !== undefined) return suffixOf(position(suffix))
  const offset = position(first)
  if (!last) return { offset }
  if (position(last) < offset) throw invalidArgument('range must be positive.')
  return { offset, length: position(last) - offset + 1 }
}

function suffixOf(suffix: number): RangeRequest {
  if (suffix === 0) throw new StoreError('InvalidRange')
  return { suffix }
}

/**
 * Reads `x-amz-copy-source-range`, which must name both ends.
 * @throws StoreError `InvalidArgument`
 */
export function readCopySourceRange(header: string | null): ByteSpan | undefined {
  if (header === null) return undefined
  const [matched, first, last] = COPY_RANGE.exec(header) ?? []
  if (matched === undefined) throw invalidArgument(`Invalid x-amz-copy-source-range: ${header}`)
  const offset = position(first)
  if (position(last) < offset) throw invalidArgument('x-amz-copy-source-range must be positive.')
  return { offset, length: position(last) - offset + 1 }
}

/** Converts digits to a number. The cap keeps the arithmetic exact and finite: it is larger than any object. */
const position = (digits: string | undefined): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER)

/** Returns the `Content-Range` of a partial response. */
export const contentRange = ({ offset, length }: ByteSpan, size: number): string => `bytes ${offset}-${offset + length - 1}/${size}`
