import { type CorsMatch, type CorsRule, matchCors } from '../core/cors.ts'
import { StoreError } from '../core/errors.ts'

/** Longer than any real origin (a scheme, a host of 253 characters, a port). A limit is needed because the response repeats the origin. */
const ORIGIN_LENGTH = 1024

/**
 * Returns the CORS headers of a response that is not a preflight's; errors carry them, too. Returns none when the request has no `Origin`
 * or no rule matches: such a request is served like any other.
 * @param method the method of the request itself.
 */
export function corsHeaders(rules: readonly CorsRule[], method: string, headers: Headers): [string, string][] {
  const origin = headers.get('origin')
  const match = origin === null || origin.length > ORIGIN_LENGTH ? undefined : matchCors(rules, { origin, method })
  if (!match) return []
  return [['Access-Control-Allow-Origin', match.allowOrigin], ...exposeHeaders(match), ['Vary', 'Origin']]
}

/**
 * Returns the headers of the response to a preflight, which is a 204.
 * @throws StoreError `BadRequest` when the request is no preflight, `Unauthorized` (a 403) when no rule matches or the bucket has none.
 */
export function preflightHeaders(rules: readonly CorsRule[], headers: Headers): [string, string][] {
  checkPreflight(headers)
  const [origin, method] = ['origin', 'access-control-request-method'].map((name) => headers.get(name)!) as [string, string]
  const requestHeaders = readNames(headers.get('access-control-request-headers'))
  const match = matchCors(rules, { origin, method, requestHeaders })
  if (!match) throw corsNotConfigured()

  const { rule } = match
  const answer: [string, string][] = [
    // A preflight repeats the origin even if a lone `*` allowed it; other responses say `*` then. R2 was seen to do both.
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Methods', rule.allowedMethods.join(', ')],
  ]
  if (requestHeaders.length > 0) answer.push(['Access-Control-Allow-Headers', requestHeaders.join(', ')])
  answer.push(...exposeHeaders(match))
  if (rule.maxAgeSeconds !== undefined) answer.push(['Access-Control-Max-Age', String(rule.maxAgeSeconds)])
  answer.push(['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'])
  return answer
}

/** Browsers send about a dozen names. Each name costs time per rule, and the response repeats it, so their length is limited. */
const PREFLIGHT_BYTES = 4096

/**
 * Checks the form of a preflight, before anything is looked up for it.
 * @throws StoreError `BadRequest` when it is no preflight, or when it is too long
 */
export function checkPreflight(headers: Headers): void {
  const [origin, method, names] = ['origin', 'access-control-request-method', 'access-control-request-headers'].map((n) => headers.get(n))
  if (!origin) throw new StoreError('BadRequest', { message: 'Insufficient information. Origin request header needed.' })
  if (!method) throw new StoreError('BadRequest', { message: 'Invalid Access-Control-Request-Method: null' })
  if (origin.length + (names?.length ?? 0) > PREFLIGHT_BYTES) throw new StoreError('BadRequest', { message: 'The preflight is too long.' })
}

/** R2's response to every preflight that it does not allow, also for an unknown bucket. */
export const corsNotConfigured = (): StoreError =>
  new StoreError('Unauthorized', { status: 403, message: 'CORS not configured for this bucket' })

const readNames = (header: string | null): string[] =>
  (header ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

function exposeHeaders({ rule }: CorsMatch): [string, string][] {
  return rule.exposeHeaders.length > 0 ? [['Access-Control-Expose-Headers', rule.exposeHeaders.join(', ')]] : []
}
