import { normalizeKey } from '../../core/key.ts'

/** A segment that a URL parser would resolve. */
const DOTS = /(^|\/)\.\.?(\/|$)/

/**
 * The URL by which the cache finds an object, and by which its owner purges it: the one that a browser shows. A key has one entry for each
 * query, as on Cloudflare's Standard level, however its path was spelt; http and https share it.
 * @param search the query with its question mark, as it came; empty without one.
 */
export const entryUrl = (host: string, key: string, search: string): string => `https://${host}/${pathOf(normalizeKey(key))}${search}`

/** Keys have one encoding: what a URL's path can hold stays, anything else is encoded. */
function pathOf(key: string): string {
  const path = encodeURI(key).replaceAll('%5B', '[').replaceAll('%5D', ']').replaceAll('?', '%3F').replaceAll('#', '%23')
  // The parser would make `a/../b` the entry of `b`.
  return DOTS.test(key) ? path.replaceAll('/', '%2F') : path
}
