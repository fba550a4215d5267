import type { Config } from '../../config.ts'
import { invalidArgument } from '../../core/errors.ts'
import { parseIsoDate } from '../../core/iso-date.ts'
import type { EtagList } from '../../core/object.ts'
import { parseHttpDate, readConditions } from '../../http/conditions.ts'
import type { DeleteConditions } from '../../store/bucket-api.ts'
import type { DeleteEntry } from './xml/delete.ts'

const HEADERS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']
const TIME = 'x-amz-if-match-last-modified-time'
const SIZE = 'x-amz-if-match-size'

/**
 * Reads the conditions of DeleteObject. S3 has size and time only in directory buckets; a condition that was ignored would delete what it
 * should protect. Returns `undefined` when there are none, and in strict mode, since R2 ignores all of them.
 * @throws StoreError InvalidArgument
 */
export function readDeleteConditions(headers: Headers, { allows }: Pick<Config, 'allows'>): DeleteConditions | undefined {
  if (!allows('conditionalDeletes') || ![...HEADERS, TIME, SIZE].some((name) => headers.has(name))) return undefined
  return {
    conditions: readConditions(headers),
    size: readSize(headers.get(SIZE), SIZE),
    uploadedMs: readTime(headers.get(TIME), TIME),
  }
}

/**
 * Reads the conditions of an entry of DeleteObjects.
 * @throws StoreError InvalidArgument
 */
export function entryConditions(
  { etag, size, lastModifiedTime }: DeleteEntry,
  { allows }: Pick<Config, 'allows'>,
): DeleteConditions | undefined {
  const asked = [etag, size, lastModifiedTime].some((text) => text !== undefined)
  if (!asked || !allows('conditionalDeletes')) return undefined
  return {
    ...(etag !== undefined && { conditions: { ifMatch: oneEtag(etag) } }),
    size: readSize(size, 'Size'),
    uploadedMs: readTime(lastModifiedTime, 'LastModifiedTime'),
  }
}

/** An entry names one tag, or `*`. A list as in a header would make millions of values of a body. */
const oneEtag = (text: string): EtagList => (text === '*' ? '*' : [{ etag: /^"([^"]*)"$/.exec(text)?.[1] ?? text, weak: false }])

function readSize(text: string | null | undefined, name: string): number | undefined {
  if (text === null || text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument(`${name} must be a number of bytes.`)
  return Number(text)
}

/** SDKs write the date of HTTP; ISO 8601 is what GET of a listing shows. */
function readTime(text: string | null | undefined, name: string): number | undefined {
  if (text === null || text === undefined) return undefined
  const ms = parseHttpDate(text) ?? parseIsoDate(text)
  if (ms === undefined) throw invalidArgument(`${name} must be a date.`)
  return ms
}
