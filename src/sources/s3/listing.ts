import { readXml, type XmlElement } from '../../core/xml-reader.ts'
import type { ListOfSource, SourceItem, SourcePage } from '../source.ts'
import { unquoted } from './heads.ts'

/** Where a listing continues: version 2 has tokens of its own, version 1 continues behind a key. */
export type Position = { readonly version: 1 | 2; readonly after: string }

const MOST = 1000
/** A place to continue, a key and an ETag are kept between the steps of a job. Real ones are far shorter. */
const LONGEST_KEY = 4096
const LONGEST_TOKEN = 8192
const LONGEST_ETAG = 256

/** Reads a cursor that {@link readPage} made. */
export function positionOf(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  return { version: cursor.startsWith('1') ? 1 : 2, after: cursor.slice(1) }
}

/** The query of a page. Keys are asked for in percent encoding, since XML cannot hold every character. */
export function listQuery({ prefix, limit = MOST }: ListOfSource, { version, after }: Position): URLSearchParams {
  const query = new URLSearchParams({ 'encoding-type': 'url', 'max-keys': String(Math.min(limit, MOST)) })
  if (prefix) query.set('prefix', prefix)
  if (version === 2) query.set('list-type', '2')
  if (after !== '') query.set(version === 2 ? 'continuation-token' : 'marker', after)
  return query
}

/**
 * Reads a page of either version.
 * @returns undefined for a document that is no listing, or that is cut off without a place to continue
 */
export function readPage(body: Uint8Array): SourcePage | undefined {
  const list = parse(body)
  if (!list) return undefined
  const decode = textOf(list, 'EncodingType') === 'url' ? decodeUrl : (text: string) => text
  const items = list.children.flatMap((child) => (child.name === 'Contents' ? [itemOf(child, decode)] : []))
  if (items.some((item) => item === undefined)) return undefined
  const page = items as SourceItem[]
  if (textOf(list, 'IsTruncated')?.toLowerCase() !== 'true') return { items: page }
  const token = textOf(list, 'NextContinuationToken')
  const marker = textOf(list, 'NextMarker')
  // A server that knows version 1 alone ignores `list-type`: it has no token, and the last key is where it continues.
  const next = token ? `2${token}` : marker ? `1${decode(marker)}` : page.length > 0 ? `1${page.at(-1)!.key}` : undefined
  return next === undefined || next.length > LONGEST_TOKEN ? undefined : { items: page, next }
}

function parse(body: Uint8Array): XmlElement | undefined {
  try {
    return readXml(body, 'ListBucketResult')
  } catch {
    return undefined
  }
}

function itemOf(element: XmlElement, decode: (text: string) => string): SourceItem | undefined {
  const [encoded, size] = [element.children.find(({ name }) => name === 'Key')?.text, textOf(element, 'Size')]
  if (encoded === undefined || size === undefined || !/^\d{1,15}$/.test(size)) return undefined
  const [key, etag] = [decode(encoded), unquoted(textOf(element, 'ETag') ?? '')]
  if (key.length > LONGEST_KEY) return undefined
  const storageClass = textOf(element, 'StorageClass')
  const modifiedMs = Date.parse(textOf(element, 'LastModified') ?? '')
  return {
    key,
    size: Number(size),
    etag: etag.length > LONGEST_ETAG ? '' : etag,
    modifiedMs: Number.isNaN(modifiedMs) ? 0 : modifiedMs,
    storageClass: storageClass === 'STANDARD' ? undefined : storageClass?.slice(0, LONGEST_ETAG) || undefined,
  }
}

const textOf = ({ children }: XmlElement, name: string): string | undefined => children.find((child) => child.name === name)?.text.trim()

/** AWS writes a space as `+`, and a plus as `%2B`. */
function decodeUrl(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text // Not encoded after all.
  }
}
