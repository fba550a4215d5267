import { createHash } from 'node:crypto'

/** What a signature covers. */
export interface CanonicalParts {
  readonly method: string
  /** One of {@link canonicalPaths}. */
  readonly path: string
  /** As {@link canonicalQuery} writes it. */
  readonly query: string
  /** Lowercase names, in the client's order. */
  readonly signedHeaders: readonly string[]
  /** Their values, in the same order; empty for a header that is missing. */
  readonly values: readonly string[]
  readonly payloadHash: string
}

/** The canonical request, piece by piece. */
function* pieces({ method, path, query, signedHeaders, values, payloadHash }: CanonicalParts): Generator<string> {
  yield `${method}\n${path}\n${query}\n`
  for (const [i, name] of signedHeaders.entries()) yield `${name}:${canonicalValue(values[i] ?? '')}\n`
  yield `\n${signedHeaders.join(';')}\n${payloadHash}`
}

/** Pieces are gathered up to here: each call of the hash costs as much as some hundred bytes. */
const HASH_STEP = 4096

/** SHA-256 of the canonical request, in lowercase hex: what is signed. A long one is never in memory as a whole. */
export function canonicalHash(parts: CanonicalParts): string {
  const hash = createHash('sha256')
  let waiting = ''
  for (const piece of pieces(parts)) {
    waiting += piece
    if (waiting.length < HASH_STEP) continue
    hash.update(waiting)
    waiting = ''
  }
  return hash.update(waiting).digest('hex')
}

/** The canonical request as text, up to `limit` characters of it. */
export function canonicalText(parts: CanonicalParts, limit: number): string {
  let text = ''
  for (const piece of pieces(parts)) {
    text += piece
    if (text.length > limit) break
  }
  return text.slice(0, limit)
}

/**
 * The paths that the client may have signed. R2 takes the path as sent and neither normalises nor encodes it again; AWS encodes it by
 * its own rule, and clients rely on that: aws4fetch sends `(` and signs `%28`. Either way the path names the same key.
 */
export function canonicalPaths(pathname: string, strict: boolean): readonly string[] {
  const encoded = pathname.split('/').map(encode).join('/')
  return strict || encoded === pathname ? [pathname] : [pathname, encoded]
}

/**
 * The query with every name and value encoded by the AWS rule, sorted. A presigned request leaves out its own signature.
 *
 * A literal `+` is read as a space, as `URLSearchParams` reads it for the operations: the value that was signed is then always the
 * value acted on, and clients that write spaces so (aws4fetch does) verify. Reading it as a plus too would let the holder of a
 * presigned URL turn `%2B` into a space unnoticed.
 */
export function canonicalQuery(search: string, presigned: boolean): string {
  return search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map(encodePair)
    .filter(([name]) => !(presigned && name === 'X-Amz-Signature'))
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map((pair) => pair.join('='))
    .join('&')
}

function encodePair(pair: string): [name: string, value: string] {
  const text = pair.replaceAll('+', ' ')
  const equals = text.indexOf('=')
  return equals < 0 ? [encode(text), ''] : [encode(text.slice(0, equals)), encode(text.slice(equals + 1))]
}

/** Decodes and encodes again in one pass, byte by byte, so that escapes that are not UTF-8 survive and a stray `%` is a literal one. */
const encode = (text: string): string =>
  text.replace(/%[\dA-Fa-f]{2}|[\u0080-\uffff]+|[^\w.~-]/g, (found) => {
    const first = found.charCodeAt(0)
    if (first > 127) return encodeURIComponent(found.toWellFormed())
    return ENCODED[found.length > 1 ? Number.parseInt(found.slice(1), 16) : first]!
  })

const UNRESERVED = /[\w.~-]/

/** Every byte as AWS writes it: a table, since strangers may send tens of thousands to be encoded. */
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const canonicalValue = (value: string): string => value.trim().replace(/ {2,}/g, ' ')
