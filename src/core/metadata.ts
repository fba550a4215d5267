import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { CustomMetadata, HttpMetadata } from './object.ts'

/** Whose metadata a copy carries; `MERGE` is R2's own. */
export const METADATA_DIRECTIVES = ['COPY', 'REPLACE', 'MERGE'] as const
export type MetadataDirective = (typeof METADATA_DIRECTIVES)[number]

/** System and user metadata together, as an object holds them. */
export interface Metadata {
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
}

/** Length of an RFC 1123 date, as which `Expires` is served. */
const HTTP_DATE_BYTES = 29

/**
 * Refuses user metadata over R2's limit.
 * @throws StoreError `MetadataTooLarge`
 */
export function checkMetadata(custom: CustomMetadata): void {
  let size = 0
  for (const [name, value] of Object.entries(custom)) size += storedLength(name) + storedLength(value)
  if (size > LIMITS.metadataSize) throw new StoreError('MetadataTooLarge')
}

/** R2 counts what V8 would store: one byte a character, two for all of them when one is beyond Latin-1. */
function storedLength(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return text.length * 2
  return text.length
}

/**
 * The metadata of a copy. Merging overlays what the request names and cannot remove anything.
 * @throws StoreError `MetadataTooLarge` for what comes of it; what a copy leaves out may be of any size.
 */
export function mergeMetadata(directive: MetadataDirective, source: Metadata, own: Metadata): Metadata {
  // Taken one by one: a source is often a whole head, whose ETag and version are not the copy's.
  if (directive === 'COPY') return { httpMetadata: source.httpMetadata, customMetadata: source.customMetadata }
  const customMetadata = directive === 'REPLACE' ? own.customMetadata : overlay(source.customMetadata, own.customMetadata)
  checkMetadata(customMetadata)
  return { customMetadata, httpMetadata: directive === 'REPLACE' ? own.httpMetadata : overlay(source.httpMetadata, own.httpMetadata) }
}

/** A field that is there but `undefined` leaves the one beneath it. */
function overlay<T extends object>(below: T, above: T): T {
  return { ...below, ...Object.fromEntries(Object.entries(above).filter(([, value]) => value !== undefined)) }
}

/** Bytes of UTF-8 that an object's metadata adds to a bucket's usage. */
export function metadataSize(http: HttpMetadata, custom: CustomMetadata): number {
  const { cacheExpiryMs, ...texts } = http
  let bytes = cacheExpiryMs === undefined ? 0 : HTTP_DATE_BYTES
  for (const text of Object.values(texts)) bytes += Buffer.byteLength(text ?? '')
  for (const [name, value] of Object.entries(custom)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  return bytes
}
