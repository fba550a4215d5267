/** Header names as RFC 9110 allows them; `Headers.get` throws on others. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Where the signed headers are read from. */
export interface HeaderReadingOptions {
  readonly headers: Headers
  readonly url: URL
  readonly signedHeaders: readonly string[]
  /** `Accept-Encoding` before the edge rewrote it: `request.cf.clientAcceptEncoding`. */
  readonly clientAcceptEncoding?: string
  /** Whether the request has no body at all. */
  readonly bodiless: boolean
}

/**
 * The values that the client may have signed, most likely first. Usually there is one reading: the headers as seen. But proxies
 * rewrite `Accept-Encoding` and drop what only concerns one hop, and `Headers.get` joins repeated headers with `", "` where clients
 * sign them joined with `","`.
 */
export function* headerReadings(options: HeaderReadingOptions): Generator<readonly string[]> {
  const { signedHeaders } = options
  const seen = signedHeaders.map((name) => headerValue(name, options))
  const arrivals = [seen, ...beforeProxies(seen, options)]
  const encodings = acceptEncodings(options, seen)
  for (const values of arrivals) for (const encoding of encodings) yield withEncoding(values, encoding, signedHeaders)
  if (!seen.some((value) => value.includes(', '))) return
  for (const values of arrivals) {
    const joined = values.map((value) => value.replace(/, +/g, ','))
    for (const encoding of encodings) yield withEncoding(joined, encoding, signedHeaders)
  }
}

const withEncoding = (values: readonly string[], encoding: string, signedHeaders: readonly string[]): readonly string[] =>
  values.map((value, i) => (signedHeaders[i] === 'accept-encoding' ? encoding : value))

/** Signed headers that are not there although their value is certain: a proxy kept them for itself. */
function beforeProxies(seen: readonly string[], { signedHeaders, headers, bodiless }: HeaderReadingOptions): (readonly string[])[] {
  const certain: Readonly<Record<string, string>> = { expect: '100-continue', ...(bodiless && { 'content-length': '0' }) }
  const lost = (name: string) => Object.hasOwn(certain, name) && !headers.has(name)
  return signedHeaders.some(lost) ? [seen.map((value, i) => (lost(signedHeaders[i]!) ? certain[signedHeaders[i]!]! : value))] : []
}

/** One entry where the header is not signed, so that the readings are made once. */
function acceptEncodings({ signedHeaders, clientAcceptEncoding }: HeaderReadingOptions, seen: readonly string[]): readonly string[] {
  const at = signedHeaders.indexOf('accept-encoding')
  if (at < 0) return ['']
  const candidates = [seen[at] ?? '', clientAcceptEncoding ?? '', 'identity', 'gzip']
  return [...new Set(candidates)]
}

function headerValue(name: string, { headers, url }: HeaderReadingOptions): string {
  if (!TOKEN.test(name)) return ''
  // Requests that were made within the Worker carry no Host header.
  return headers.get(name) ?? (name === 'host' ? url.host : '')
}
