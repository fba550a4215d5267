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
