import type { Conditions, EtagList } from '../core/object.ts'

/** The families of conditional headers: for the object itself, for the source of a copy, for its destination, and for the source of a rename. */
export type ConditionPrefix = '' | 'x-amz-copy-source-' | 'cf-copy-destination-' | 'x-amz-rename-source-'

/** Reads one family of conditional headers. Ignores malformed dates, as RFC 9110 asks. */
export function readConditions(headers: Headers, prefix: ConditionPrefix = ''): Conditions {
  return {
    ifMatch: readEtags(headers.get(`${prefix}if-match`)),
    ifNoneMatch: readEtags(headers.get(`${prefix}if-none-match`)),
    ifModifiedSinceMs: parseHttpDate(headers.get(`${prefix}if-modified-since`)),
    ifUnmodifiedSinceMs: parseHttpDate(headers.get(`${prefix}if-unmodified-since`)),
    secondsGranularity: true,
  }
}

/**
 * Reads `If-Range` as conditions on the object: if they fail, the range must not be sent (RFC 9110, 13.1.5).
 * Returns `undefined` for a value that never holds: a weak tag, or neither a tag nor a date.
 */
export function readIfRange(header: string): Conditions | undefined {
  const modifiedMs = parseHttpDate(header)
  if (modifiedMs !== undefined) return { ifUnmodifiedSinceMs: modifiedMs, secondsGranularity: true }
  const [, etag] = /^"([^"]*)"$/.exec(header.trim()) ?? []
  return etag === undefined ? undefined : { ifMatch: [{ etag, weak: false }] }
}

/** One member of a list: a tag in quotes, which may hold commas, or any text up to the next comma. */
const MEMBER = /[ \t]*(?:(W\/)?"([^"]*)"[ \t]*(?=,|$)|([^,]+))/g

/**
 * Reads `*` or a list of tags. Accepts tags without quotes, as AWS does.
 * A list without tags stays an empty list, so that `If-Match` matches nothing: this is the safe side for a write.
 */
export function readEtags(header: string | null): EtagList | undefined {
  if (header === null) return undefined
  const tags: { etag: string; weak: boolean }[] = []
  for (const [, weak, quoted, bare] of header.matchAll(MEMBER)) {
    const etag = quoted ?? bare!.trim()
    if (quoted === undefined && etag === '*') return '*'
    if (quoted !== undefined || etag !== '') tags.push({ etag, weak: weak !== undefined })
  }
  return tags
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` and the two obsolete forms. The name of the day is not checked. */
const DATE_FORMS = [
  /^[a-z]{3}, (?<day>\d{2}) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{6,9}, (?<day>\d{2})-(?<month>[a-z]{3})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/i,
]

/** Returns an HTTP date in any of its three forms as milliseconds, or `undefined` when it is malformed. */
export function parseHttpDate(text: string | null, nowMs: number = Date.now()): number | undefined {
  const fields = DATE_FORMS.map((form) => form.exec(text ?? '')?.groups).find((groups) => groups !== undefined)
  if (!fields) return undefined
  const month = MONTHS.indexOf(fields.month!.toLowerCase())
  const [hour, minute, second] = fields.time!.split(':').map(Number) as [number, number, number]
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined
  const day = Number(fields.day)
  const midnight = new Date(Date.UTC(fullYear(fields.year!, nowMs), month, day))
  // `Date.UTC` turns the 31st of February into a day in March.
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

/** RFC 9110: a two-digit year that seems more than fifty years ahead is the latest past year that ends in these digits. */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}

/** Formats a time as RFC 1123 does, in whole seconds. */
export const formatHttpDate = (ms: number): string => new Date(ms).toUTCString()
