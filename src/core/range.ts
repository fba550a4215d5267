import { StoreError } from './errors.ts'
import type { ByteSpan, RangeRequest } from './object.ts'

/**
 * The bytes that a range means on an object of `size` bytes. An end past the object is clamped; a suffix longer than the object is all of it.
 * @throws StoreError `InvalidRange` if no byte is left, as for any range on an empty object, unless `asked.unsatisfiable` says otherwise.
 */
export function resolveRange(asked: RangeRequest, size: number): ByteSpan {
  const offset = 'suffix' in asked ? Math.max(size - asked.suffix, 0) : asked.offset
  const length = Math.min('suffix' in asked ? asked.suffix : (asked.length ?? size), size - offset)
  if (length > 0) return { offset, length }
  if (asked.unsatisfiable === 'whole') return { offset: 0, length: size }
  if (asked.unsatisfiable === 'empty' && offset === size && 'length' in asked && (asked.length ?? 0) > 0) return { offset, length: 0 }
  throw new StoreError('InvalidRange')
}
