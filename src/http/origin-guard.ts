import { StoreError } from '../core/errors.ts'

/**
 * A document with this policy has an opaque origin: it runs, but without the storage, the cookies and the service workers of its host, and to
 * the API it is a stranger. https://html.spec.whatwg.org/multipage/browsers.html#sandboxing
 */
export const SANDBOX = 'sandbox allow-downloads allow-forms allow-popups allow-scripts'

/** One media type and its parameters. Of several behind commas, a browser takes the last. */
const MEDIA_TYPE = /^[ \t]*([a-z]+)\/([a-z0-9.+-]+)[ \t]*(?:;[^,]*)?$/i

const INERT_KINDS: readonly string[] = ['image', 'audio', 'video', 'font']
const INERT_TYPES: readonly string[] = ['text/plain', 'application/json', 'application/octet-stream', 'application/pdf']

/**
 * Guards the origin of the API against what a user uploaded: no browser guesses a type, and what it might run it runs in a sandbox. For every
 * answer with an object from a host that also serves the API; programs see two more headers.
 */
export function guardOrigin(headers: Headers): void {
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!isInert(headers.get('content-type') ?? '')) headers.set('Content-Security-Policy', SANDBOX)
}

/**
 * Whether a browser that opens this runs nothing of it: it shows or plays it, or offers to save it. A PDF does not open in a sandbox, and its
 * scripts do not reach the origin. XML of any kind, SVG among it, may hold scripts.
 */
export function isInert(contentType: string): boolean {
  const [, kind = '', subtype = ''] = MEDIA_TYPE.exec(contentType.toLowerCase()) ?? []
  if (subtype === 'xml' || subtype.endsWith('+xml')) return false
  return INERT_KINDS.includes(kind) || INERT_TYPES.includes(`${kind}/${subtype}`)
}

/**
 * A page on another site can make a browser send text to this one without asking. So whoever names an origin, as browsers do, must send JSON as
 * `application/json`, which is not sent without asking. Other clients call it what they like: wrangler says `text/plain`.
 * @throws StoreError InvalidRequest, a 415
 */
export function checkJsonType(headers: Headers): void {
  if (!headers.has('origin') && !headers.has('sec-fetch-site')) return
  if (/^[ \t]*application\/json[ \t]*(?:;|$)/i.test(headers.get('content-type') ?? '')) return
  throw new StoreError('InvalidRequest', { status: 415, message: 'A browser must send JSON with the content type application/json.' })
}
