import { StoreError } from '../core/errors.ts'

/**
 * A document with this policy has an opaque origin. Its scripts run, but they cannot use the storage, cookies or service workers of its
 * host, and the API treats them as a foreign site. https://html.spec.whatwg.org/multipage/browsers.html#sandboxing
 */
export const SANDBOX = 'sandbox allow-downloads allow-forms allow-popups allow-scripts'

/** One media type with its parameters. A value with commas never matches: a browser would take the last of its types. */
const MEDIA_TYPE = /^[ \t]*([a-z]+)\/([a-z0-9.+-]+)[ \t]*(?:;[^,]*)?$/i

const INERT_KINDS: readonly string[] = ['image', 'audio', 'video', 'font']
const INERT_TYPES: readonly string[] = ['text/plain', 'application/json', 'application/octet-stream', 'application/pdf']

/**
 * Protects the API's origin from uploaded content: browsers do not guess its type, and run anything runnable in a sandbox. Used on every
 * response that carries an object from a host that also serves the API. Programs only see two more headers.
 */
export function guardOrigin(headers: Headers): void {
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!isInert(headers.get('content-type') ?? '')) headers.set('Content-Security-Policy', SANDBOX)
}

/**
 * Returns whether a browser that opens this content runs none of it: it shows it, plays it or offers to save it. A PDF counts as inert: it
 * cannot be shown in a sandbox, and its scripts cannot reach the origin. XML of any kind, SVG included, may hold scripts.
 */
export function isInert(contentType: string): boolean {
  const [, kind = '', subtype = ''] = MEDIA_TYPE.exec(contentType.toLowerCase()) ?? []
  if (subtype === 'xml' || subtype.endsWith('+xml')) return false
  return INERT_KINDS.includes(kind) || INERT_TYPES.includes(`${kind}/${subtype}`)
}

/**
 * Blocks cross-site requests with JSON. A page on another site can make a browser send text here without a preflight, but
 * `application/json` needs one. So a request that a browser sent (it names an origin) must use that type. Other clients may use any type:
 * wrangler sends `text/plain`.
 * @throws StoreError InvalidRequest, a 415
 */
export function checkJsonType(headers: Headers): void {
  if (!headers.has('origin') && !headers.has('sec-fetch-site')) return
  if (/^[ \t]*application\/json[ \t]*(?:;|$)/i.test(headers.get('content-type') ?? '')) return
  throw new StoreError('InvalidRequest', { status: 415, message: 'A browser must send JSON with the content type application/json.' })
}
