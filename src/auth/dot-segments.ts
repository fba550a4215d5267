/** `.` or `..` between slashes. Each dot may be percent-encoded. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * Returns the path of a request as it was sent, if it has dot segments, which `URL` resolves. Returns undefined if it has none, or if
 * they were resolved before the Worker saw the request: Cloudflare's edge, `wrangler dev` and many clients do that.
 */
export function pathBeforeResolving(requestUrl: string): string | undefined {
  const [, path = ''] = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(requestUrl) ?? []
  return DOT_SEGMENT.test(path) ? path : undefined
}
