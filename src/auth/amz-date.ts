const BASIC_ISO = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/**
 * Parses a date of the exact form `YYYYMMDDTHHMMSSZ`, the only one that R2 accepts, as milliseconds. Returns undefined for any other text.
 */
export function parseAmzDate(text: string): number | undefined {
  const match = BASIC_ISO.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC turns the 31st of June into the 1st of July, and a year below 100 into one of the twentieth century.
  const date = new Date(ms)
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists && hour < 24 && minute < 60 && second < 60 ? ms : undefined
}

/** Formats a time as `YYYYMMDDTHHMMSSZ`. */
export const formatAmzDate = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 5322, 3.3, in the form that programs write: `Fri, 12 Jun 2026 10:00:00 -0000`. The name of the day is not checked. */
const MAIL_DATE =
  /^(?:[a-z]{3}, )?(?<day>\d{1,2}) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) (?:GMT|UTC?|Z|(?<sign>[+-])(?<zone>\d{4}))$/i

/** Parses a date in the form of a `Date` header, in any zone, as milliseconds. Returns undefined for any other text. */
export function parseMailDate(text: string): number | undefined {
  const { day, month, year, time, sign, zone = '0000' } = MAIL_DATE.exec(text)?.groups ?? {}
  if (day === undefined) return undefined
  const monthNumber = String(MONTHS.indexOf(month!.toLowerCase()) + 1)
  const basic = `${year}${monthNumber.padStart(2, '0')}${day.padStart(2, '0')}T${time!.replaceAll(':', '')}Z`
  const localMs = parseAmzDate(basic)
  const [hours, minutes] = [Number(zone.slice(0, 2)), Number(zone.slice(2))]
  if (localMs === undefined || hours > 23 || minutes > 59) return undefined
  return localMs - (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
