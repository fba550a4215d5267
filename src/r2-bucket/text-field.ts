/**
 * A field of a call's options that must be a text or absent.
 * @throws TypeError with the runtime's text for anything else, including null.
 */
export function textField(value: unknown, field: string, on: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new TypeError(`Incorrect type for the '${field}' field on '${on}': the provided value is not of type 'string'.`)
}
