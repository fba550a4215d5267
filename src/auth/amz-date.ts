const BASIC_ISO = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Milliseconds of a date written strictly `YYYYMMDDTHHMMSSZ`, the only form R2 takes; undefined for any other text. */
export function parseAmzDate(text: string): number | undefined {
  const match = BASIC_ISO.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [number, number, number, number, number, number]
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  // Date.UTC rolls the 31st of June over to July, and takes the years before 100 for those of the twentieth century.
  const date = new Date(ms)
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  return exists && hour < 24 && minute < 60 && second < 60 ? ms : undefined
}

/** `YYYYMMDDTHHMMSSZ`. */
export const formatAmzDate = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** RFC 5322, 3.3, as programs write it: `Fri, 12 Jun 2026 10:00:00 -0000`. The name of the day is not checked. */
const MAIL_DATE =
  /^(?:[a-z]{3}, )?(?<day>\d{1,2}) (?<month>[a-z]{3}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) (?:GMT|UTC?|Z|(?<sign>[+-])(?<zone>\d{4}))$/i

/** Milliseconds of a date in the form of a `Date` header, in any zone; undefined for any other text. */
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
