/** Header names that RFC 9110 allows. `Headers.get` throws on any other. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Headers that never repeat and name an object: in another spelling they would name a different object than the signed one. */
const SINGLE: readonly string[] = ['x-amz-copy-source']

/** The sources of the values of signed headers. */
export interface HeaderReadingOptions {
  readonly headers: Headers
  readonly url: URL
  readonly signedHeaders: readonly string[]
  /** Returns `request.cf.clientAcceptEncoding`: the value of `Accept-Encoding` before the edge rewrote it. */
  readonly clientAcceptEncoding?: () => string | undefined
  /** Whether the request has no body at all. */
  readonly bodiless: boolean
}

/**
 * Yields the values that the client may have signed, the most likely first. The headers as they arrived are usually enough. But proxies
 * rewrite `Accept-Encoding` and drop headers that concern one hop only. Also, `Headers.get` joins repeated headers with `", "`, while
 * clients sign them joined with `","`.
 */
export function* headerReadings(options: HeaderReadingOptions): Generator<readonly string[]> {
  const { signedHeaders } = options
  const seen = signedHeaders.map((name) => headerValue(name, options))
  const arrivals = [seen, ...beforeProxies(seen, options)]
  const encodings = acceptEncodings(options, seen)
  for (const values of arrivals) for (const encoding of encodings) yield withEncoding(values, encoding, signedHeaders)
  if (!seen.some((value) => value.includes(', '))) return
  for (const values of arrivals) {
    const joined = values.map((value, i) => (SINGLE.includes(signedHeaders[i]!) ? value : value.replace(/, +/g, ',')))
    for (const encoding of encodings) yield withEncoding(joined, encoding, signedHeaders)
  }
}

const withEncoding = (values: readonly string[], encoding: string, signedHeaders: readonly string[]): readonly string[] =>
  values.map((value, i) => (signedHeaders[i] === 'accept-encoding' ? encoding : value))

/** Adds the values of signed headers that a proxy has dropped, if they can only have had one value. */
function beforeProxies(seen: readonly string[], { signedHeaders, headers, bodiless }: HeaderReadingOptions): (readonly string[])[] {
  const certain: Readonly<Record<string, string>> = { expect: '100-continue', ...(bodiless && { 'content-length': '0' }) }
  const lost = (name: string) => Object.hasOwn(certain, name) && !headers.has(name)
  return signedHeaders.some(lost) ? [seen.map((value, i) => (lost(signedHeaders[i]!) ? certain[signedHeaders[i]!]! : value))] : []
}

/** Returns one entry if the header is not signed, so that each reading is made only once. */
function acceptEncodings({ signedHeaders, clientAcceptEncoding }: HeaderReadingOptions, seen: readonly string[]): readonly string[] {
  const at = signedHeaders.indexOf('accept-encoding')
  if (at < 0) return ['']
  const candidates = [seen[at] ?? '', clientAcceptEncoding?.() ?? '', 'identity', 'gzip']
  return [...new Set(candidates)]
}

function headerValue(name: string, { headers, url }: HeaderReadingOptions): string {
  if (!TOKEN.test(name)) return ''
  // Requests that are made inside the Worker have no Host header.
  return headers.get(name) ?? (name === 'host' ? url.host : '')
}
