/**
 * A field of the options of a call that is a text or absent.
 * @throws TypeError with the runtime's words for anything else, a null included.
 */
export function textField(value: unknown, field: string, on: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new TypeError(`Incorrect type for the '${field}' field on '${on}': the provided value is not of type 'string'.`)
}
