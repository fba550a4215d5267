import type { Conditions, EtagList } from '../core/object.ts'

/** The three families of conditional headers: on the object, on the source of a copy, and on its destination. */
export type ConditionPrefix = '' | 'x-amz-copy-source-' | 'cf-copy-destination-'

/** Reads one family of conditional headers. Dates that are not dates are ignored, as RFC 9110 asks. */
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
 * What `If-Range` asks of an object before a range of it may be sent, as conditions that fail where it does (RFC 9110, 13.1.5).
 * `undefined` for what can never hold: a weak tag, or no validator at all.
 */
export function readIfRange(header: string): Conditions | undefined {
  const modifiedMs = parseHttpDate(header)
  if (modifiedMs !== undefined) return { ifUnmodifiedSinceMs: modifiedMs, secondsGranularity: true }
  const [, etag] = /^"([^"]*)"$/.exec(header.trim()) ?? []
  return etag === undefined ? undefined : { ifMatch: [{ etag, weak: false }] }
}

/** One member of a list: a tag in quotes, which may hold commas, or whatever stands before the next comma. */
const MEMBER = /[ \t]*(?:(W\/)?"([^"]*)"[ \t]*(?=,|$)|([^,]+))/g

/**
 * `*`, or the tags of a list. AWS takes tags without quotes, so we do.
 * A list without tags stays a list: `If-Match` then matches nothing, which is the safe side for a write.
 */
function readEtags(header: string | null): EtagList | undefined {
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

/** RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT` and the two forms that it obsoletes. The name of the day is not checked. */
const DATE_FORMS = [
  /^[a-z]{3}, (?<day>\d{2}) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{6,9}, (?<day>\d{2})-(?<month>[a-z]{3})-(?<year>\d{2}) (?<time>\d{2}:\d{2}:\d{2}) GMT$/i,
  /^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) (?<time>\d{2}:\d{2}:\d{2}) (?<year>\d{4})$/i,
]

/** Milliseconds of an HTTP date in any of its three forms; `undefined` when it is none. */
export function parseHttpDate(text: string | null, nowMs: number = Date.now()): number | undefined {
  const fields = DATE_FORMS.map((form) => form.exec(text ?? '')?.groups).find((groups) => groups !== undefined)
  if (!fields) return undefined
  const month = MONTHS.indexOf(fields.month!.toLowerCase())
  const [hour, minute, second] = fields.time!.split(':').map(Number) as [number, number, number]
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined
  const day = Number(fields.day)
  const midnight = new Date(Date.UTC(fullYear(fields.year!, nowMs), month, day))
  // The 31st of February would have rolled over.
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined
  return midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
}

/** Two digits that seem more than fifty years ahead are the last year in the past that ends in them. */
function fullYear(digits: string, nowMs: number): number {
  if (digits.length === 4) return Number(digits)
  const thisYear = new Date(nowMs).getUTCFullYear()
  const year = thisYear - (thisYear % 100) + Number(digits)
  return year > thisYear + 50 ? year - 100 : year
}

/** An instant as RFC 1123 writes it, in whole seconds. */
export const formatHttpDate = (ms: number): string => new Date(ms).toUTCString()
