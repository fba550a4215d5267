import { invalidArgument } from '../../core/errors.ts'
import { parseJson } from '../../core/json.ts'

/** Writes a position in a listing as an opaque string. */
export const writeCursor = (position: unknown): string =>
  new TextEncoder().encode(JSON.stringify(position)).toBase64({ alphabet: 'base64url', omitPadding: true })

/**
 * Reads a cursor.
 * @throws StoreError InvalidArgument when {@link writeCursor} did not write it, or `fits` refuses its value
 */
export function readCursor<T>(text: string, fits: (value: unknown) => value is T): T {
  const value = decode(text)
  if (!fits(value)) throw invalidArgument('The cursor provided is incorrect')
  return value
}

export const isText = (value: unknown): value is string => typeof value === 'string'

function decode(text: string): unknown {
  try {
    return parseJson(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.fromBase64(text, { alphabet: 'base64url' })),
    )
  } catch {
    return undefined
  }
}
