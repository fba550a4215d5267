import { type CorsMatch, type CorsRule, matchCors } from '../core/cors.ts'
import { StoreError } from '../core/errors.ts'

/** Longer than any origin: a scheme, a host of 253 characters, a port. The answer repeats it. */
const ORIGIN_LENGTH = 1024

/**
 * CORS headers of an actual answer, errors included. Empty without `Origin` and where no rule fits: such a request is served as any other.
 * @param method the request's own.
 */
export function corsHeaders(rules: readonly CorsRule[], method: string, headers: Headers): [string, string][] {
  const origin = headers.get('origin')
  const match = origin === null || origin.length > ORIGIN_LENGTH ? undefined : matchCors(rules, { origin, method })
  if (!match) return []
  return [['Access-Control-Allow-Origin', match.allowOrigin], ...exposeHeaders(match), ['Vary', 'Origin']]
}

/**
 * Headers of the answer to a preflight, which is a 204.
 * @throws StoreError `BadRequest` when it is no preflight, `Unauthorized` (a 403) when no rule fits or the bucket has none.
 */
export function preflightHeaders(rules: readonly CorsRule[], headers: Headers): [string, string][] {
  checkPreflight(headers)
  const [origin, method] = ['origin', 'access-control-request-method'].map((name) => headers.get(name)!) as [string, string]
  const requestHeaders = readNames(headers.get('access-control-request-headers'))
  const match = matchCors(rules, { origin, method, requestHeaders })
  if (!match) throw corsNotConfigured()

  const { rule } = match
  const answer: [string, string][] = [
    // The origin even where a lone `*` allowed it, unlike on actual answers: so R2 was seen to do.
    ['Access-Control-Allow-Origin', origin],
    ['Access-Control-Allow-Methods', rule.allowedMethods.join(', ')],
  ]
  if (requestHeaders.length > 0) answer.push(['Access-Control-Allow-Headers', requestHeaders.join(', ')])
  answer.push(...exposeHeaders(match))
  if (rule.maxAgeSeconds !== undefined) answer.push(['Access-Control-Max-Age', String(rule.maxAgeSeconds)])
  answer.push(['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'])
  return answer
}

/** Browsers send some dozen names. A preflight costs time for each of them and each rule, and its answer repeats them. */
const PREFLIGHT_BYTES = 4096

/**
 * Checks a preflight before anything is looked up for it.
 * @throws StoreError `BadRequest` when it is no preflight, or one that is too long
 */
export function checkPreflight(headers: Headers): void {
  const [origin, method, names] = ['origin', 'access-control-request-method', 'access-control-request-headers'].map((n) => headers.get(n))
  if (!origin) throw new StoreError('BadRequest', { message: 'Insufficient information. Origin request header needed.' })
  if (!method) throw new StoreError('BadRequest', { message: 'Invalid Access-Control-Request-Method: null' })
  if (origin.length + (names?.length ?? 0) > PREFLIGHT_BYTES) throw new StoreError('BadRequest', { message: 'The preflight is too long.' })
}

/** R2's answer to every preflight it does not allow, for an unknown bucket too. */
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
