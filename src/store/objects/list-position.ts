import { invalidArgument } from '../../core/errors.ts'
import { compareUtf8, normalizeKey, prefixEnd } from '../../core/key.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ListPosition } from '../../core/listing.ts'

/** A position in a listing as an opaque token: what is behind it in the same bucket, whoever wrote it. */
export function writeToken(position: ListPosition): string {
  const text = 'key' in position ? `k${position.key}` : `p${position.prefix}`
  return new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** @throws StoreError InvalidArgument for what {@link writeToken} did not write. */
export function readToken(token: string): ListPosition {
  const text = decode(token)
  if (text === undefined || !/^[kp]/.test(text)) throw invalidArgument('The continuation token provided is incorrect')
  return text.startsWith('k') ? { key: text.slice(1) } : { prefix: text.slice(1) }
}

function decode(token: string): string | undefined {
  // A key, a prefix letter, and a delimiter that reaches past the key.
  if (token.length > 4 * LIMITS.keyBytes) return undefined
  try {
    const bytes = Uint8Array.fromBase64(token, { alphabet: 'base64url' })
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * A marker that a client wrote: behind a key, or behind a whole group when it ends where the group's prefix ends, since
 * such a marker is what the page before returned last.
 */
export function markerPosition(marker: string, { prefix, delimiter }: { prefix: string; delimiter?: string }): ListPosition {
  if (!delimiter || !marker.startsWith(prefix)) return { key: marker }
  const at = marker.indexOf(delimiter, prefix.length)
  return at !== -1 && at + delimiter.length === marker.length ? { prefix: marker } : { key: marker }
}

/** The one of two positions that leaves less to list: behind a group means behind every key in it. */
export function laterPosition(a: ListPosition | undefined, b: ListPosition | undefined): ListPosition | undefined {
  if (!a || !b) return a ?? b
  const [endOfA, endOfB] = [endOf(a), endOf(b)]
  if (endOfA === null || endOfB === null) return endOfA === null ? a : b
  const difference = compareUtf8(endOfA, endOfB)
  // The end of a group may itself be a key that comes next; a key that was passed may not.
  return difference > 0 || (difference === 0 && 'key' in a) ? a : b
}

/** Where a position lies among the keys; `null` behind all of them. */
const endOf = (position: ListPosition): string | null =>
  'key' in position ? normalizeKey(position.key) : prefixEnd(normalizeKey(position.prefix))
