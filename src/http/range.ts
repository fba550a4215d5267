import { invalidArgument, StoreError } from '../core/errors.ts'
import type { ByteSpan, RangeRequest } from '../core/object.ts'

const RANGE = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/
const COPY_RANGE = /^bytes=(\d+)-(\d+)$/

/**
 * Reads a `Range` header; what is wrong whatever the object is refused here, before the object is looked up.
 * @throws StoreError `InvalidArgument` on anything but one range of bytes, `InvalidRange` on `bytes=-0`.
 */
export function readRange(header: string | null): RangeRequest | undefined {
  if (header === null) return undefined
  const [matched, first, last, suffix] = RANGE.exec(header) ?? []
  // R2's text really ends in `.'`.
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
 * Reads `x-amz-copy-source-range`, which has to name both ends.
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

/** Digits as a number; past what is exact they are past any object, and a cap keeps the arithmetic finite. */
const position = (digits: string | undefined): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER)

/** `Content-Range` of a partial answer. */
export const contentRange = ({ offset, length }: ByteSpan, size: number): string => `bytes ${offset}-${offset + length - 1}/${size}`
