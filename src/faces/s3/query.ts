import { invalidArgument, notImplemented, StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { EncodingType } from './xml/encoding-type.ts'

/** Whether a parameter has no effect on the operation: it belongs to the signature, or has no meaning at all. */
export const isIgnored = (name: string): boolean => name.startsWith('X-Amz-') || name === 'x-id' || name === 'x-purpose'

/** Returns the names of the other parameters in URL order, each name once. */
export const countingNames = (query: URLSearchParams): string[] => [...new Set(query.keys())].filter((name) => !isIgnored(name))

/**
 * Refuses parameters that a listing does not know. The error names the first one in URL order.
 * @throws StoreError NotImplemented
 */
export function checkListingParameters(query: URLSearchParams, operation: string, known: readonly string[]): void {
  const stranger = countingNames(query).find((name) => !known.includes(name))
  if (stranger !== undefined) throw notImplemented(`${operation} search parameter ${stranger}`)
}

/** @throws StoreError NotImplemented for any value but `url`, also for the empty value */
export function readEncodingType(query: URLSearchParams): EncodingType | undefined {
  const value = query.get('encoding-type')
  if (value === null) return undefined
  if (value !== 'url') throw notImplemented(`Unrecognized encoding-type "${value}"`)
  return value
}

/** `max-keys`: `asked` is echoed, `limit` is used. A fraction is rounded down; a number above 1,000 is allowed and limited to 1,000. */
export interface MaxKeys {
  readonly asked: number
  readonly limit: number
}

/** @throws StoreError InvalidMaxKeys */
export function readMaxKeys(value: string | null): MaxKeys {
  if (value === null) return { asked: LIMITS.listMax, limit: LIMITS.listMax }
  const asked = /^\d{1,15}(\.\d{1,15})?$/.test(value) ? Math.floor(Number(value)) : Number.NaN
  if (Number.isNaN(asked)) throw new StoreError('InvalidMaxKeys')
  return { asked, limit: Math.min(asked, LIMITS.listMax) }
}

/** The largest number that AWS accepts in a query. */
const MOST = 2 ** 31 - 1

/**
 * Reads a whole number: `max-parts`, `max-uploads` or `part-number-marker`.
 * @throws StoreError InvalidArgument
 */
export function readWholeNumber(query: URLSearchParams, name: string, fallback: number): number {
  return toWholeNumber(query.get(name), name, fallback)
}

/** {@link readWholeNumber} for a value from elsewhere, such as a header. */
export function toWholeNumber(value: string | null, name: string, fallback: number): number {
  if (value === null || value === '') return fallback
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
  if (!(number <= MOST)) throw invalidArgument(`Argument ${name} must be an integer between 0 and ${MOST}`)
  return number
}

/** Treats an empty value as absent. */
export const optional = (value: string | null): string | undefined => value || undefined
