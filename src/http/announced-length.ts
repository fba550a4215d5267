/** The length that a header announces for a body. `undefined` without the header, NaN for a value that is no length. */
export function announcedLength(headers: Headers, name = 'content-length'): number | undefined {
  const value = headers.get(name)
  if (value === null) return undefined
  return /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
}
