import type { CustomMetadata, HttpMetadata } from '../core/object.ts'
import { parseHttpDate } from './conditions.ts'
import { decodeWords, encodeWords } from './rfc2047.ts'

/** The header of each text field of the system metadata. `Expires` is separate, because it is a date. */
export const HTTP_METADATA_HEADERS = [
  ['contentType', 'content-type'],
  ['contentLanguage', 'content-language'],
  ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'],
  ['cacheControl', 'cache-control'],
] as const satisfies readonly (readonly [keyof HttpMetadata, string])[]

const META_PREFIX = 'x-amz-meta-'

/** Reads the system metadata of an upload. Ignores empty headers, and an `Expires` that is not a date. */
export function readHttpMetadata(headers: Headers): HttpMetadata {
  const metadata: { -readonly [field in keyof HttpMetadata]: HttpMetadata[field] } = {}
  for (const [field, name] of HTTP_METADATA_HEADERS) {
    const value = field === 'contentEncoding' ? withoutAwsChunked(headers.get(name)) : headers.get(name)
    if (value) metadata[field] = value
  }
  const expiryMs = parseHttpDate(headers.get('expires'))
  if (expiryMs !== undefined) metadata.cacheExpiryMs = expiryMs
  return metadata
}

/** Removes `aws-chunked`, which describes the request and not the object. Other codings stay in their order. */
function withoutAwsChunked(header: string | null): string | null {
  if (!header?.toLowerCase().includes('aws-chunked')) return header
  const codings = header.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked').join(', ')
}

/**
 * Reads the user metadata of an upload and decodes RFC 2047 words. `Headers` gives the names in lowercase. Values that were sent as raw
 * UTF-8 are decoded already, because Workers read header bytes as UTF-8: decoding them again would corrupt them.
 */
export function readCustomMetadata(headers: Headers): CustomMetadata {
  const entries: [string, string][] = []
  for (const [name, value] of headers) {
    const own = name.startsWith(META_PREFIX) ? name.slice(META_PREFIX.length) : ''
    if (own !== '') entries.push([own, decodeWords(value)])
  }
  // `fromEntries` instead of assignment: `x-amz-meta-__proto__` is a valid name like any other.
  return Object.fromEntries(entries)
}

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i
const PLAIN = /^[ -~]*$/

/** Returns user metadata as headers. `missing` counts the names that cannot be a header name, for `x-amz-missing-meta`. */
export function writeCustomMetadata(custom: CustomMetadata): { headers: [string, string][]; missing: number } {
  const all = Object.entries(custom)
  const writable = all.filter(([name]) => HEADER_NAME.test(name))
  const headers = writable.map(([name, value]): [string, string] => [META_PREFIX + name, PLAIN.test(value) ? value : encodeWords(value)])
  return { headers, missing: all.length - writable.length }
}
