/** Header names as RFC 9110 allows them; `Headers.get` throws on others. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Where the signed headers are read from. */
export interface HeaderReadingOptions {
  readonly headers: Headers
  readonly url: URL
  readonly signedHeaders: readonly string[]
  /** `Accept-Encoding` before the edge rewrote it: `request.cf.clientAcceptEncoding`. */
  readonly clientAcceptEncoding?: string
}

/**
 * The values that the client may have signed, most likely first. Usually there is one reading: the headers as seen. But proxies
 * rewrite `Accept-Encoding`, and `Headers.get` joins repeated headers with `", "` where clients sign them joined with `","`.
 */
export function* headerReadings(options: HeaderReadingOptions): Generator<readonly string[]> {
  const { signedHeaders } = options
  const seen = signedHeaders.map((name) => headerValue(name, options))
  const encodings = acceptEncodings(options, seen)
  for (const encoding of encodings) {
    yield seen.map((value, i) => (signedHeaders[i] === 'accept-encoding' ? encoding : value))
  }
  if (!seen.some((value) => value.includes(', '))) return
  for (const encoding of encodings) {
    yield seen.map((value, i) => (signedHeaders[i] === 'accept-encoding' ? encoding : value.replace(/, +/g, ',')))
  }
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
