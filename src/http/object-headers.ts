import { invalidArgument } from '../core/errors.ts'
import type { ObjectHead } from '../core/object.ts'
import { checksumHeaders } from './checksums.ts'
import { formatHttpDate } from './conditions.ts'
import { expirationHeaders } from './lifecycle.ts'
import { HTTP_METADATA_HEADERS, writeCustomMetadata } from './metadata.ts'
import { responseHeaders } from './response-headers.ts'
import { ssecHeaders } from './ssec.ts'
import { storageClassName } from './storage-class.ts'

/** Response headers that a client asks for with `response-*` parameters. They replace the stored ones. */
export type HeaderOverrides = readonly (readonly [name: string, value: string])[]

export interface ObjectHeaderOptions {
  /** From `response-*` parameters. Apply to 200 and 206 only. */
  readonly overrides?: HeaderOverrides
  /** A public bucket sends no `x-amz-*` headers. */
  readonly public?: boolean
  /** True if the client sent `x-amz-checksum-mode: ENABLED` and the response is the whole object or one whole part. */
  readonly checksumMode?: boolean
}

const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

/** Returns the headers that 200, 206 and 304 have in common. The caller adds lengths, ranges and part counts. */
export function objectHeaders(head: ObjectHead, options: ObjectHeaderOptions = {}): Headers {
  const headers = responseHeaders([
    ['Content-Type', DEFAULT_CONTENT_TYPE],
    ['ETag', `"${head.etag}"`],
    ['Last-Modified', formatHttpDate(head.uploadedMs)],
    ['Accept-Ranges', 'bytes'],
  ])
  addHttpMetadata(headers, head)
  if (!options.public) addAmzHeaders(headers, head, options.checksumMode)
  for (const [name, value] of options.overrides ?? []) headers.set(name, value)
  return headers
}

function addHttpMetadata(headers: Headers, { httpMetadata }: ObjectHead): void {
  for (const [field, name] of HTTP_METADATA_HEADERS) {
    const value = httpMetadata[field]
    if (value) headers.set(name, singleLine(value))
  }
  if (httpMetadata.cacheExpiryMs !== undefined) headers.set('Expires', formatHttpDate(httpMetadata.cacheExpiryMs))
}

/** The binding and the REST face can store characters that a header cannot hold: this replaces them by blanks. */
const singleLine = (value: string): string => value.replace(/[\0\r\n]/g, ' ')

function addAmzHeaders(headers: Headers, head: ObjectHead, checksumMode = false): void {
  const { headers: custom, missing } = writeCustomMetadata(head.customMetadata)
  for (const [name, value] of custom) headers.set(name, value)
  if (missing > 0) headers.set('x-amz-missing-meta', String(missing))
  if (head.storageClass === 'InfrequentAccess') headers.set('x-amz-storage-class', storageClassName(head.storageClass))
  if (head.ssecKeyMd5 !== undefined) for (const [name, value] of ssecHeaders(head.ssecKeyMd5)) headers.set(name, value)
  for (const [name, value] of expirationHeaders(head.expiration)) headers.set(name, value)
  if (head.tags?.length) headers.set('x-amz-tagging-count', String(head.tags.length))
  if (checksumMode && head.checksum) for (const [name, value] of checksumHeaders(head.checksum)) headers.set(name, value)
}

const OVERRIDABLE = ['content-type', 'content-language', 'expires', 'cache-control', 'content-disposition', 'content-encoding']

/** The characters of a header value: blanks, printable ASCII and the upper half of Latin-1. */
const HEADER_VALUE = /^[\t -~\x80-\xff]*$/

/**
 * Reads the `response-*` parameters of a read. Ignores those with an empty value.
 * @throws StoreError `InvalidArgument` when a value cannot be a header.
 */
export function readOverrides(query: URLSearchParams): HeaderOverrides {
  const overrides: [string, string][] = []
  if (query.size === 0) return overrides
  for (const name of OVERRIDABLE) {
    const value = query.get(`response-${name}`)
    if (!value) continue
    // The text is AWS's: we do not know R2's.
    if (!HEADER_VALUE.test(value)) throw invalidArgument('Header value cannot be represented using ISO-8859-1.')
    overrides.push([name, value])
  }
  return overrides
}
