import { normalizeKey } from '../../core/key.ts'

/** Path segments `.` and `..`, which a URL parser would resolve. */
const DOTS = /(^|\/)\.\.?(\/|$)/

/**
 * Returns the URL of an object's cache entry. It is the URL that a browser shows, so the owner can purge the entry by it. Each query of a
 * key has its own entry, as on Cloudflare's Standard level. All spellings of one path share an entry, and so do http and https.
 * @param search the query as it was sent, with its question mark; empty without one.
 */
export const entryUrl = (host: string, key: string, search: string): string => `https://${host}/${pathOf(normalizeKey(key))}${search}`

/** Gives each key exactly one encoding: characters that a URL path may hold stay, all others are encoded. */
function pathOf(key: string): string {
  const path = encodeURI(key).replaceAll('%5B', '[').replaceAll('%5D', ']').replaceAll('?', '%3F').replaceAll('#', '%23')
  // The URL parser would turn `a/../b` into the entry of `b`.
  return DOTS.test(key) ? path.replaceAll('/', '%2F') : path
}
