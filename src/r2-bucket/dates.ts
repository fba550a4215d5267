/**
 * A date in the options of a call, in milliseconds. Like the runtime, it accepts a number as a date.
 * @throws TypeError
 */
export function dateField(value: Date | undefined, field: string, on: string): number | undefined {
  if (value === undefined) return undefined
  const ms = value instanceof Date ? value.getTime() : value
  if (typeof ms !== 'number') {
    throw new TypeError(`Incorrect type for the '${field}' field on '${on}': the provided value is not of type 'date'.`)
  }
  if (Number.isNaN(ms)) throw new TypeError('The value cannot be converted because it is not a valid Date.')
  return ms
}

/** A date in a header. Like the runtime, it reads an invalid date as the epoch. */
export function headerDate(header: string | null): number | undefined {
  if (header === null) return undefined
  const ms = Date.parse(header)
  return Number.isNaN(ms) ? 0 : ms
}
