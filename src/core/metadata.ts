import { Buffer } from 'node:buffer'
import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'
import type { CustomMetadata, HttpMetadata } from './object.ts'

/** Whose metadata a copy gets. `MERGE` exists on R2 only. */
export const METADATA_DIRECTIVES = ['COPY', 'REPLACE', 'MERGE'] as const
export type MetadataDirective = (typeof METADATA_DIRECTIVES)[number]

/** System and user metadata together, as an object has them. */
export interface Metadata {
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
}

/** The length of an RFC 1123 date, the form in which `Expires` is served. */
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

/** R2 counts the bytes that V8 would store: one for each character, or two for each if any of them is beyond Latin-1. */
function storedLength(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return text.length * 2
  return text.length
}

/**
 * The metadata of a copy. A merge overwrites the fields that the request names and cannot remove any.
 * @throws StoreError `MetadataTooLarge` if the result of a merge or a replacement is too large. Metadata that the copy drops is not counted.
 */
export function mergeMetadata(directive: MetadataDirective, source: Metadata, own: Metadata): Metadata {
  // Takes the two fields one by one: `source` is often a whole head, whose ETag and version must not get into the copy.
  if (directive === 'COPY') return { httpMetadata: source.httpMetadata, customMetadata: source.customMetadata }
  const customMetadata = directive === 'REPLACE' ? own.customMetadata : overlay(source.customMetadata, own.customMetadata)
  checkMetadata(customMetadata)
  return { customMetadata, httpMetadata: directive === 'REPLACE' ? own.httpMetadata : overlay(source.httpMetadata, own.httpMetadata) }
}

/** A field of `above` that is `undefined` leaves the field of `below` as it is. */
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
