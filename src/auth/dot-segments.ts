/** `.` and `..` between slashes, each dot perhaps percent-encoded. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i

/**
 * The path of a request as it was sent, where it has segments that `URL` resolves; undefined where there are none, or where something
 * before the Worker has resolved them: Cloudflare's edge, `wrangler dev` and many clients do.
 */
export function pathBeforeResolving(requestUrl: string): string | undefined {
  const [, path = ''] = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(requestUrl) ?? []
  return DOT_SEGMENT.test(path) ? path : undefined
}
