const lists = new WeakMap<Headers, readonly (readonly [name: string, value: string])[]>()

/**
 * The headers as a list, with lowercase names. Each pass over a `Headers` object calls the runtime once for every header, and several
 * checks of a request look at all of them, so the list is made once. Do not change headers after their list was made.
 */
export function headerList(headers: Headers): readonly (readonly [name: string, value: string])[] {
  const known = lists.get(headers)
  if (known) return known
  const list = [...headers]
  lists.set(headers, list)
  return list
}
