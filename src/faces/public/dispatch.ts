import { isFirstSeen } from '../../control/domains.ts'
import type { CorsRule } from '../../core/cors.ts'
import { acceptsTls, type Domain, type TlsConnection } from '../../core/domain.ts'
import { type ErrorCode, StoreError } from '../../core/errors.ts'
import { newMeasure } from '../../core/operations.ts'
import { corsHeaders, preflightHeaders } from '../../http/cors.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import { SANDBOX } from '../../http/origin-guard.ts'
import type { PublicPorts } from './ports.ts'
import { checkLimit } from './rate-limit.ts'
import { type PublicVisit, readObject } from './read-object.ts'
import { renderError } from './render-error.ts'
import type { PublicTarget } from './target.ts'

/** Answers a request to a public bucket: GET and HEAD of its objects, and preflights. Errors are HTML pages for people. */
export async function dispatchPublic(request: Request, target: PublicTarget, ports: PublicPorts): Promise<Response> {
  const nowMs = Date.now()
  let rules: readonly CorsRule[] | Promise<readonly CorsRule[]> = []
  const visit: PublicVisit = { measure: newMeasure() }
  let response: Response
  let code: ErrorCode | undefined
  try {
    const domain = await admit(request, target, ports, nowMs)
    rules = ports.store.corsRules(domain.bucket, nowMs).catch(noRules)
    response = await answer(request, { ...target, domain }, ports, { rules, nowMs, visit })
  } catch (error) {
    logUnexpected(error)
    response = renderError(error, request.method)
    code = error instanceof StoreError ? error.code : undefined
  }
  if (visit.asked) ports.analytics.count({ ...visit.asked, status: response.status, code, measure: visit.measure, nowMs })
  if (target.onOwnHost) isolate(response.headers)
  return request.method === 'OPTIONS' ? response : withCors(response, request, await rules)
}

/**
 * Gives content on a host of the deployment an opaque origin, whatever its type. Otherwise it would share its origin with the S3 and REST
 * faces, and with all that a browser stores for them. Error pages already have a stricter policy.
 */
function isolate(headers: Headers): void {
  headers.set('X-Content-Type-Options', 'nosniff')
  if (!headers.has('Content-Security-Policy')) headers.set('Content-Security-Policy', SANDBOX)
}

/** If the CORS rules cannot be read, the object is served as if the bucket had none. */
function noRules(error: unknown): readonly CorsRule[] {
  logUnexpected(error)
  return []
}

/** Returns the domain of a request that may be served. @throws StoreError AccessDenied, Unauthorized, TooManyRequests */
async function admit(
  request: Request,
  { host }: PublicTarget,
  { control, managedLimit, waitUntil }: PublicPorts,
  nowMs: number,
): Promise<Domain> {
  const domain = await control.findDomain(host, nowMs, control.visitor(request, nowMs))
  // An unknown id gets the same response as one that is switched off.
  if (!domain) throw new StoreError('Unauthorized')
  const tls = new URL(request.url).protocol === 'https:'
  if (isFirstSeen(domain, tls)) waitUntil(control.noteSeen(domain, tls, nowMs).catch(logUnexpected))
  if (tls && domain.kind === 'custom' && !acceptsTls(domain, (request.cf ?? {}) as TlsConnection)) {
    throw new StoreError('AccessDenied', { message: 'This domain demands a better TLS connection.' })
  }
  if (!domain.enabled) throw new StoreError('Unauthorized')
  if (domain.kind === 'managed') await checkLimit(managedLimit, host)
  return domain
}

type Circumstances = { readonly rules: Promise<readonly CorsRule[]>; readonly nowMs: number; readonly visit: PublicVisit }

async function answer(
  request: Request,
  { domain, encodedKey }: PublicTarget & { readonly domain: Domain },
  ports: PublicPorts,
  { rules, nowMs, visit }: Circumstances,
): Promise<Response> {
  const { method, headers } = request
  if (method === 'OPTIONS') return new Response(null, { status: 204, headers: preflightHeaders(await rules, headers) })
  if (method !== 'GET' && method !== 'HEAD') throw new StoreError('Unauthorized')
  return readObject(ports, { request, url: new URL(request.url), domain, encodedKey, nowMs, visit })
}

/**
 * Adds the CORS headers for this request; our cache never stores them. If the bucket has rules but none matches, `Vary: Origin` is still
 * needed: another origin may match, and caches between here and the client must keep the two apart.
 */
function withCors(response: Response, { method, headers }: Request, rules: readonly CorsRule[]): Response {
  const added = corsHeaders(rules, method, headers)
  for (const [name, value] of added) response.headers.append(name, value)
  if (rules.length > 0 && added.length === 0) response.headers.append('Vary', 'Origin')
  return response
}
