import type { Identity } from '../../auth/authenticate.ts'
import { isForAccount } from '../../auth/policies.ts'
import { permits } from '../../auth/session-scope.ts'
import { type ErrorCode, notImplemented, StoreError } from '../../core/errors.ts'
import type { BucketRef, Jurisdiction } from '../../core/object.ts'
import { type Measure, newMeasure } from '../../core/operations.ts'
import { actorOf } from '../../http/actor.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import type { RestPorts } from './call.ts'
import { failure, success } from './envelope.ts'
import { type Match, matchRoute } from './match.ts'
import type { Route } from './route.ts'
import { readBody, readHeaders, readQuery } from './validate.ts'

/** Answers a request to `/client/v4`. Wraps every error in the envelope of Cloudflare's API. */
export async function dispatchRest(request: Request, ports: RestPorts): Promise<Response> {
  const visit: Visit = { nowMs: Date.now(), measure: newMeasure() }
  try {
    const response = await answer(request, ports, visit)
    count(ports, visit, response.status)
    return response
  } catch (error) {
    logUnexpected(error)
    const response = failure(error)
    count(ports, visit, response.status, error instanceof StoreError ? error.code : undefined)
    return response
  }
}

/** A request while it is processed. */
interface Visit {
  readonly nowMs: number
  readonly measure: Measure
  /** The operation, once its sender may be told about it. */
  counted?: { readonly op: string; readonly bucket?: BucketRef }
}

/** The operations of R2 that name no bucket in their path. The other endpoints without a bucket are not R2's. */
const ACCOUNT_OPERATIONS: readonly string[] = ['ListBuckets', 'CreateBucket', 'GetAccountMetrics']

/** Counts a request for the figures of the account, if it is an operation of R2. */
function count({ analytics }: RestPorts, { nowMs, measure, counted }: Visit, status: number, code?: ErrorCode): void {
  if (counted && (counted.bucket || ACCOUNT_OPERATIONS.includes(counted.op))) {
    analytics.count({ ...counted, status, code, measure, nowMs })
  }
}

/**
 * Finds the endpoint, then checks the token, the account and the permission, then validates the request and runs it. Validation comes after
 * the permission check, so that its errors reveal nothing to outsiders.
 */
async function answer(request: Request, ports: RestPorts, visit: Visit): Promise<Response> {
  const url = new URL(request.url)
  const { route, params } = matchRoute(request.method, url.pathname)
  const { nowMs, measure } = visit
  const identity = route.needs === 'nobody' ? NOBODY : await identify(request, route, ports, nowMs)
  if ('account_id' in params && params.account_id !== ports.accountId) throw new StoreError('CouldNotRoute')
  const headers = readHeaders(route.headers, request.headers)
  if (route.run) visit.counted = { op: route.op, bucket: namedBucket(params, headers) }
  if (!ports.config.allows('itemTokensOnRest')) refuseItemTokens(identity)
  authorize({ route, params }, identity, { headers, query: url.searchParams })
  if (!route.run) throw notImplemented(route.op)
  if (route.needs !== 'nobody') await ports.ready?.()
  const query = readQuery(route.query, url.searchParams)
  const body = route.ignoresBody?.(url.searchParams) ? undefined : await readBody(route.body, request)
  const by = () => actorOf(request, identity, 'API')
  const answered = await route.run({ ...ports, request, url, identity, nowMs, params, query, headers, body, measure, by })
  return answered instanceof Response ? answered : success(answered, route.status)
}

/** Refuses tokens that grant access to objects only: on R2, such tokens work over S3 only. */
function refuseItemTokens({ token }: Identity): void {
  if (token !== NOBODY.token && !isForAccount(token)) throw new StoreError('AuthenticationError')
}

const NOBODY: Identity = { accessKeyId: '', token: { id: '', name: 'nobody', policies: [] } }

/**
 * Finds the token of a request.
 * @throws StoreError when it is missing, unknown, expired or not valid yet
 */
async function identify(request: Request, { unknownToken }: Route, { control }: RestPorts, nowMs: number): Promise<Identity> {
  const identity = await control.identifyByBearer({ request, nowMs, asker: control.visitor(request, nowMs) })
  if (identity === null) throw new StoreError(unknownToken ?? 'InvalidAccessToken')
  return identity
}

/** Checks the permission. On error 10000, wrangler asks for the token's owner and prints it, which helps users with a wrong token. */
function authorize({ route, params }: Match, identity: Identity, asked: { headers: unknown; query: URLSearchParams }): void {
  const { needs, needsOfAccount, op } = route
  if (needs === 'token' || needs === 'nobody') return
  const prefix = op === 'ListObjects' ? (asked.query.get('prefix') ?? '') : undefined
  const bucket = namedBucket(params, asked.headers)
  if (!permits(identity, { needs, action: actionOf(route), bucket, key: params.object_key, prefix }))
    throw new StoreError('AuthenticationError')
  if (needsOfAccount && !permits(identity, { needs: needsOfAccount, action: op })) throw new StoreError('AuthenticationError')
}

/** Returns the name of an operation in the S3 API: the limits of sessions use those names. */
const actionOf = ({ op }: Route): string => (op === 'ListObjects' ? 'ListObjectsV2' : op)

function namedBucket({ bucket_name: name }: Match['params'], headers: unknown): BucketRef | undefined {
  if (name === undefined) return undefined
  const { 'cf-r2-jurisdiction': jurisdiction = 'default' } = (headers ?? {}) as { 'cf-r2-jurisdiction'?: Jurisdiction }
  return { jurisdiction, name }
}
