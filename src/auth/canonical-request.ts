import { createHash } from 'node:crypto'

/** The parts of a request that a signature covers. */
export interface CanonicalParts {
  readonly method: string
  /** One of {@link canonicalPaths}. */
  readonly path: string
  /** The output of {@link canonicalQuery}. */
  readonly query: string
  /** Lowercase names, in the client's order. */
  readonly signedHeaders: readonly string[]
  /** The values of the signed headers, in the same order. A missing header has an empty value. */
  readonly values: readonly string[]
  readonly payloadHash: string
}

/** Yields the canonical request in pieces. */
function* pieces({ method, path, query, signedHeaders, values, payloadHash }: CanonicalParts): Generator<string> {
  yield `${method}\n${path}\n${query}\n`
  for (const [i, name] of signedHeaders.entries()) yield `${name}:${canonicalValue(values[i] ?? '')}\n`
  yield `\n${signedHeaders.join(';')}\n${payloadHash}`
}

/** Pieces are joined up to this length, because each call of the hash costs as much as hashing some hundred bytes. */
const HASH_STEP = 4096

/**
 * Returns the SHA-256 of the canonical request, in lowercase hex, which is what gets signed. A long request is never in memory as a whole.
 */
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

/** Returns the first `limit` characters of the canonical request. */
export function canonicalText(parts: CanonicalParts, limit: number): string {
  let text = ''
  for (const piece of pieces(parts)) {
    text += piece
    if (text.length > limit) break
  }
  return text.slice(0, limit)
}

/**
 * Returns the paths that the client may have signed. R2 takes the path as it was sent, without normalising or encoding it again. AWS
 * encodes it by a rule of its own, and some clients rely on that: aws4fetch sends `(` and signs `%28`. Both paths name the same key.
 */
export function canonicalPaths(pathname: string, strict: boolean): readonly string[] {
  const encoded = pathname.split('/').map(encode).join('/')
  return strict || encoded === pathname ? [pathname] : [pathname, encoded]
}

/**
 * Returns the query with each name and value encoded by the AWS rule, sorted. For a presigned request it leaves out the signature itself.
 *
 * It reads a literal `+` as a space, as `URLSearchParams` does for the operations. So the signed value is always the value that is acted
 * on, and clients that write spaces as `+` (aws4fetch does) verify. If a `+` could also be read as a plus, the holder of a presigned URL
 * could turn `%2B` into a space unnoticed.
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

/** Decodes and encodes in one pass, byte by byte. So escapes that are not UTF-8 survive, and a stray `%` is taken literally. */
const encode = (text: string): string =>
  text.replace(/%[\dA-Fa-f]{2}|[\u0080-\uffff]+|[^\w.~-]/g, (found) => {
    const first = found.charCodeAt(0)
    if (first > 127) return encodeURIComponent(found.toWellFormed())
    return ENCODED[found.length > 1 ? Number.parseInt(found.slice(1), 16) : first]!
  })

const UNRESERVED = /[\w.~-]/

/** The AWS encoding of every byte. It is a table for speed: strangers may send tens of thousands of bytes to encode. */
const ENCODED: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte)
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
})

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const canonicalValue = (value: string): string => value.trim().replace(/ {2,}/g, ' ')
