import type { CustomMetadata, HttpMetadata } from '../core/object.ts'
import { parseHttpDate } from './conditions.ts'
import { decodeWords, encodeWords } from './rfc2047.ts'

/** Where each text of the system metadata travels; `Expires` is a date and stands apart. */
export const HTTP_METADATA_HEADERS = [
  ['contentType', 'content-type'],
  ['contentLanguage', 'content-language'],
  ['contentDisposition', 'content-disposition'],
  ['contentEncoding', 'content-encoding'],
  ['cacheControl', 'cache-control'],
] as const satisfies readonly (readonly [keyof HttpMetadata, string])[]

const META_PREFIX = 'x-amz-meta-'

/** Reads the system metadata of an upload. An empty header is one that was not sent; an `Expires` that is no date is ignored. */
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

/** `aws-chunked` frames the request and is not part of the object; other codings are kept in their order. */
function withoutAwsChunked(header: string | null): string | null {
  if (!header?.toLowerCase().includes('aws-chunked')) return header
  const codings = header.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding.toLowerCase() !== 'aws-chunked').join(', ')
}

/**
 * Reads the user metadata of an upload, decoding RFC 2047 words. Names come in lowercase from `Headers`, and values
 * that were sent as raw UTF-8 come decoded: Workers read header bytes as UTF-8, so decoding again would spoil them.
 */
export function readCustomMetadata(headers: Headers): CustomMetadata {
  const entries: [string, string][] = []
  for (const [name, value] of headers) {
    const own = name.startsWith(META_PREFIX) ? name.slice(META_PREFIX.length) : ''
    if (own !== '') entries.push([own, decodeWords(value)])
  }
  // Not by assignment: `x-amz-meta-__proto__` is a name like any other.
  return Object.fromEntries(entries)
}

const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/i
const PLAIN = /^[ -~]*$/

/** User metadata as headers; `missing` counts the names that no header can have, for `x-amz-missing-meta`. */
export function writeCustomMetadata(custom: CustomMetadata): { headers: [string, string][]; missing: number } {
  const all = Object.entries(custom)
  const writable = all.filter(([name]) => HEADER_NAME.test(name))
  const headers = writable.map(([name, value]): [string, string] => [META_PREFIX + name, PLAIN.test(value) ? value : encodeWords(value)])
  return { headers, missing: all.length - writable.length }
}
