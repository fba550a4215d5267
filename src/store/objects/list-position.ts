import { invalidArgument } from '../../core/errors.ts'
import { compareUtf8, normalizeKey, prefixEnd } from '../../core/key.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ListPosition } from '../../core/listing.ts'

/** Writes a position in a listing as an opaque token. The token is not signed: it only says where the next page of the bucket starts. */
export function writeToken(position: ListPosition): string {
  const text = 'key' in position ? `k${position.key}` : `p${position.prefix}`
  return new TextEncoder().encode(text).toBase64({ alphabet: 'base64url', omitPadding: true })
}

/** @throws StoreError InvalidArgument for a token that {@link writeToken} did not write */
export function readToken(token: string): ListPosition {
  const text = decode(token)
  if (text === undefined || !/^[kp]/.test(text)) throw invalidArgument('The continuation token provided is incorrect')
  return text.startsWith('k') ? { key: text.slice(1) } : { prefix: text.slice(1) }
}

function decode(token: string): string | undefined {
  // The limit has room for the letter, a key, and a delimiter that reaches beyond the key, in Base64.
  if (token.length > 4 * LIMITS.keyBytes) return undefined
  try {
    const bytes = Uint8Array.fromBase64(token, { alphabet: 'base64url' })
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/**
 * Reads a marker that a client wrote. It means the position after a key. If the marker is the prefix of a group, it means the position after
 * the whole group, because the previous page returned that prefix last.
 */
export function markerPosition(marker: string, { prefix, delimiter }: { prefix: string; delimiter?: string }): ListPosition {
  if (!delimiter || !marker.startsWith(prefix)) return { key: marker }
  const at = marker.indexOf(delimiter, prefix.length)
  return at !== -1 && at + delimiter.length === marker.length ? { prefix: marker } : { key: marker }
}

/** Returns the later one of two positions. A position after a group comes after every key of the group. */
export function laterPosition(a: ListPosition | undefined, b: ListPosition | undefined): ListPosition | undefined {
  if (!a || !b) return a ?? b
  const [endOfA, endOfB] = [endOf(a), endOf(b)]
  if (endOfA === null || endOfB === null) return endOfA === null ? a : b
  const difference = compareUtf8(endOfA, endOfB)
  // Equal ends: after a group, the end itself may still be a key to list. After a key, it is not listed again, so the key's position is later.
  return difference > 0 || (difference === 0 && 'key' in a) ? a : b
}

/** Returns the place of a position among the keys, or `null` if it comes after all keys. */
const endOf = (position: ListPosition): string | null =>
  'key' in position ? normalizeKey(position.key) : prefixEnd(normalizeKey(position.prefix))
