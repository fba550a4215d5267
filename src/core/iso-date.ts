/** A day, or a day and a time with a time zone. */
const ISO_DATE = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** The milliseconds of a date in ISO 8601; a day alone means its midnight in UTC. Returns `undefined` for any other text. */
export function parseIsoDate(text: string): number | undefined {
  const [, day] = ISO_DATE.exec(text) ?? []
  const ms = Date.parse(text)
  // `Date.parse` alone reads 30 February as a day in March.
  return day !== undefined && !Number.isNaN(ms) && isCalendarDay(day) ? ms : undefined
}

function isCalendarDay(day: string): boolean {
  const startMs = Date.parse(day)
  return !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(day)
}
