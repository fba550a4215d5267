/** A day, or a time of day with its zone. */
const ISO_DATE = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/

/** Milliseconds of a date in ISO 8601, a day alone being its midnight in UTC; `undefined` when it is none. */
export function parseIsoDate(text: string): number | undefined {
  const [, day] = ISO_DATE.exec(text) ?? []
  const ms = Date.parse(text)
  // `Date.parse` alone takes the 30th of February for a day of March.
  return day !== undefined && !Number.isNaN(ms) && isCalendarDay(day) ? ms : undefined
}

function isCalendarDay(day: string): boolean {
  const startMs = Date.parse(day)
  return !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(day)
}
