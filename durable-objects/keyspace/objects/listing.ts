import { compareUtf8, normalizeKey, prefixEnd } from '../../../src/core/key.ts'
import type { ListPage, ListPosition, ListQuery } from '../../../src/core/listing.ts'
import type { ObjectHead, ObjectSummary, StorageClass } from '../../../src/core/object.ts'
import { type ObjectRow, toHead } from '../rows.ts'

/** Where a scan starts: at a key, or directly after it. */
export interface Bound {
  readonly key: string
  readonly inclusive: boolean
}

/**
 * Reads rows in key order from a bound to the end of the prefix. It reads in batches, on demand: when the caller stops, the rest is not
 * read.
 */
export type Scan<Row> = (from: Bound, end: string | null) => Iterable<Row>

interface Walk<Row> {
  readonly prefix: string
  readonly delimiter?: string
  readonly after?: ListPosition
  readonly limit: number
  /** The bytes that a row adds to the answer; only for rows that may be large. A page ends early when it has {@link PAGE_BYTES}. */
  readonly weigh?: (row: Row) => number
  readonly scan: Scan<Row>
}

/** The limit of one page. RPC carries 32 MiB, and a string may take twice its UTF-8 length there. */
const PAGE_BYTES = 8 * 1024 * 1024

/**
 * One page of objects. Reads one row for each item and one for each delimited prefix, however many keys that prefix has. With metadata a
 * page may have fewer items than requested, as on R2.
 */
export function listObjects(sql: SqlStorage, query: ListQuery): ListPage<ObjectHead> {
  const columns = query.includeMetadata ? '*' : HEAD_COLUMNS
  const page = walk<ObjectRow>({
    ...query,
    weigh: query.includeMetadata ? (row) => row.metadata_bytes : undefined,
    scan: scanObjects(query, (selection) => sql.exec<ObjectRow>(...selection(columns)).toArray()),
  })
  return { ...page, items: page.items.map(toHead) }
}

/** Like {@link listObjects}, but with only the fields that S3 listings show, in half the processor time. */
export function listSummaries(sql: SqlStorage, query: Omit<ListQuery, 'includeMetadata'>): ListPage<ObjectSummary> {
  const page = walk<SummaryRow>({
    ...query,
    // Rows as arrays: building an object with column names takes as long as reading the row.
    scan: scanObjects(query, (selection) => {
      const rows = sql.exec(...selection('key, spelled, size, etag, uploaded_ms, storage_class')).raw<SummaryColumns>()
      return Array.from(rows, ([key, spelled, size, etag, uploadedMs, storageClass]) => ({
        key,
        spelled,
        size,
        etag,
        uploadedMs,
        storageClass,
      }))
    }),
  })
  const items = page.items.map(({ spelled, key, ...rest }) => ({ key: spelled ?? key, ...rest }))
  return { ...page, items }
}

type SummaryRow = ObjectSummary & { readonly spelled: string | null }
type SummaryColumns = [key: string, spelled: string | null, size: number, etag: string, uploadedMs: number, storageClass: StorageClass]

/** Makes the statement for these columns, and the values to bind to it. */
type Selection = (columns: string) => [statement: string, ...bound: (string | number)[]]

function scanObjects<Row extends { key: string }>(query: ListQuery, select: (selection: Selection) => readonly Row[]): Scan<Row> {
  return (from, end) =>
    inBatches<Row>(query, (behind, limit) => {
      const { key, inclusive } = behind ? { key: behind.key, inclusive: false } : from
      const where = `key ${inclusive ? '>=' : '>'} ?1 ${end === null ? '' : 'AND key < ?2'}`
      const bound = end === null ? [key, limit] : [key, end, limit]
      return select((columns) => [`SELECT ${columns} FROM objects WHERE ${where} ORDER BY key LIMIT ?`, ...bound])
    })
}

/**
 * Reads rows in batches; each batch starts after the last row of the one before. Every batch is read to its end: a cursor that is left
 * earlier stays open until it is garbage-collected, and until then SQLite can drop no table, which the end of a check does. Without a
 * delimiter one batch is a page. With a delimiter most scans end at their first row, so the first batch has one row.
 */
export function* inBatches<Row>(
  { delimiter, limit }: { delimiter?: string; limit: number },
  fetch: (behind: Row | undefined, limit: number) => readonly Row[],
): Generator<Row> {
  let behind: Row | undefined
  for (let size = delimiter ? 1 : limit + 1; ; size = Math.min(4 * size, limit + 1)) {
    const rows = fetch(behind, size)
    yield* rows
    if (rows.length < size) return
    behind = rows.at(-1)
  }
}

/**
 * The columns of a head without metadata, which may be many times longer. Each column takes time, for each of the thousand rows of a page.
 */
const HEAD_COLUMNS = 'key, spelled, version, size, etag, uploaded_ms, storage_class, hashes, checksum, ssec_key_md5, parts_count'

/**
 * Walks rows in key order and returns those that share a delimited prefix as one prefix. After such a prefix the scan seeks to the first
 * key behind it, so that the cost depends on the rows returned, and not on the keys skipped.
 */
export function walk<Row extends { key: string }>({ prefix: spelled, delimiter, after, limit, weigh, scan }: Walk<Row>): ListPage<Row> {
  const prefix = normalizeKey(spelled)
  const end = prefixEnd(prefix)
  const items: Row[] = []
  const delimitedPrefixes: string[] = []
  let bytes = 0
  let last: ListPosition | undefined
  let from = startOf(prefix, after)

  const isFull = () => items.length + delimitedPrefixes.length >= limit || bytes >= PAGE_BYTES
  seek: while (from !== null) {
    for (const row of scan(from, end)) {
      if (isFull()) return { items, delimitedPrefixes, truncated: true, last }
      const group = delimitedPrefix(row.key, prefix, delimiter)
      if (group === null) {
        items.push(row)
        bytes += weigh?.(row) ?? 0
        last = { key: row.key }
        continue
      }
      delimitedPrefixes.push(group)
      last = { prefix: group }
      from = startOf(prefix, last)
      continue seek
    }
    break
  }
  return { items, delimitedPrefixes, truncated: false }
}

/** Where a walk starts: at the start of the prefix or behind `after`, whichever is later; `null` when no key can follow. */
function startOf(prefix: string, after: ListPosition | undefined): Bound | null {
  const start: Bound = { key: prefix, inclusive: true }
  if (!after) return start
  if ('key' in after) {
    const key = normalizeKey(after.key)
    return compareUtf8(key, prefix) < 0 ? start : { key, inclusive: false }
  }
  const end = prefixEnd(normalizeKey(after.prefix))
  if (end === null) return null
  return compareUtf8(end, prefix) < 0 ? start : { key: end, inclusive: true }
}

/** The part of a key up to the first delimiter behind the prefix; `null` when there is none. */
function delimitedPrefix(key: string, prefix: string, delimiter: string | undefined): string | null {
  if (!delimiter) return null
  const at = key.indexOf(delimiter, prefix.length)
  return at === -1 ? null : key.slice(0, at + delimiter.length)
}
