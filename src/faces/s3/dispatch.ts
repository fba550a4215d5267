import type { Analytics } from '../../analytics/analytics.ts'
import type { Authenticated } from '../../auth/authenticate.ts'
import { effectiveHeaders } from '../../auth/hoisted-headers.ts'
import type { Permission } from '../../auth/policies.ts'
import { permits } from '../../auth/session-scope.ts'
import type { Config } from '../../config.ts'
import type { Control } from '../../control/control.ts'
import { type ErrorCode, notImplemented, StoreError } from '../../core/errors.ts'
import type { FormFields } from '../../core/form-fields.ts'
import { checkKey, decodeKey } from '../../core/key.ts'
import type { Asker } from '../../core/known-names.ts'
import type { BucketRef } from '../../core/object.ts'
import { type Measure, newMeasure } from '../../core/operations.ts'
import { actorOf } from '../../http/actor.ts'
import { checkPreflight, corsHeaders, preflightHeaders } from '../../http/cors.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import type { Store } from '../../store/store.ts'
import { type Address, readAddress } from './address.ts'
import type { BucketCall, ObjectCall, S3Call } from './call.ts'
import { copySourceBucket, copySourceKey } from './copy-source.ts'
import { withoutEmpty } from './empty-headers.ts'
import { checkExpectedOwners } from './expected-owner.ts'
import { newRequestId } from './failure.ts'
import { match } from './match.ts'
import { answerForm, POST_OBJECT } from './post-form.ts'
import { renameSourceKey } from './rename-source.ts'
import { renderError } from './render-error.ts'
import type { Route } from './route.ts'
import { screenHeaders } from './screening.ts'
import { refuseUnknownParameters } from './unknown-parameters.ts'

/** Everything that the S3 face depends on. */
export interface S3Ports {
  readonly store: Store
  readonly config: Config
  readonly accountId: string
  readonly control: Control
  readonly analytics: Pick<Analytics, 'count'>
  /** Throws when the databases belong to another deployment, are unfinished, or have the schema of a newer version. */
  readonly ready?: () => Promise<void>
}

/** A request while it is processed. */
interface Visit {
  readonly request: Request
  readonly url: URL
  readonly address: Address
  readonly ports: S3Ports
  readonly nowMs: number
  /** The sender of the request. */
  readonly asker: Asker
  /** Whether its signature is verified. Until then, look-ups of unknown names count against the sender. */
  isVerified: boolean
  /** The operation that the request asks for, once it is found. Only requests with one are counted. */
  op?: string
  readonly measure: Measure
}

/** Answers a request to the S3 endpoint. An error becomes R2's XML. Errors have CORS headers, too. R2 has no request id; we add one if allowed. */
export async function dispatch(request: Request, ports: S3Ports): Promise<Response> {
  const url = new URL(request.url)
  const nowMs = Date.now()
  const asker = ports.control.visitor(request, nowMs)
  const visit: Visit = {
    request,
    url,
    address: readAddress(url, ports.config),
    ports,
    nowMs,
    asker,
    isVerified: false,
    measure: newMeasure(),
  }
  const requestId = ports.config.allows('requestIds') ? newRequestId() : undefined
  let response: Response
  let code: ErrorCode | undefined
  try {
    response = isPreflight(request) ? await preflight(visit) : await answer(visit)
  } catch (error) {
    logUnexpected(error, requestId)
    response = renderError(error, request.method, requestId)
    code = error instanceof StoreError ? error.code : undefined
  }
  if (visit.op !== undefined) count(visit, visit.op, response.status, code)
  if (requestId !== undefined) response.headers.set('x-amz-request-id', requestId)
  return hasCorsHeaders(visit) ? withCors(response, visit) : response
}

/** Counts a request for the figures of the account. */
function count({ address, ports, measure, nowMs }: Visit, op: string, status: number, code?: ErrorCode): void {
  ports.analytics.count({ op, bucket: address.on === 'account' ? undefined : bucketOf(address), status, code, measure, nowMs })
}

/**
 * Processes a request in R2's order: checks that need no authentication, authentication, finding the operation, screening the headers,
 * permission, and the operation itself.
 */
async function answer(visit: Visit): Promise<Response> {
  const { request, url, address, ports } = visit
  if (address.on === 'account' && request.method !== 'GET') throw new StoreError('RouteNotFound')
  if (isPostForm(request, url, address)) return postForm(visit, bucketOf(address))
  const authenticated = await ports.control.identifyBySignature({ request, nowMs: visit.nowMs, asker: visit.asker })
  visit.isVerified = true
  const sent = effectiveHeaders(request.headers, authenticated.hoistedHeaders)
  const headers = ports.config.allows('emptyHeaders') ? withoutEmpty(sent) : sent
  const { allows } = ports.config
  const route = match({ on: address.on, method: request.method, query: url.searchParams, headers, allows })
  if (!route) throw new StoreError('RouteNotFound')
  if (route.run) visit.op = route.op
  if (address.on === 'object') refuseVersions(request.method, url)
  if (address.on !== 'account') checkExpectedOwners(headers, route, { accountId: ports.accountId, allows })
  screenHeaders(headers, route.refuses ?? 'none', ports.config)
  const call = callOf(address, { request, url, headers, authenticated, ports, measure: visit.measure })
  authorize(route, call)
  if (address.on !== 'object' || !READS.includes(request.method)) await ports.ready?.()
  if (!route.run) throw notImplemented(route.op)
  if (!ports.config.strict) refuseUnknownParameters(route, url.searchParams)
  await createMissingBucket(route, call)
  return route.run(call)
}

interface Arrival {
  readonly request: Request
  readonly url: URL
  readonly headers: Headers
  readonly authenticated: Authenticated
  readonly ports: S3Ports
  readonly measure: Measure
}

/** Makes the call of an operation, with the bucket and the object that the address names. */
function callOf(
  address: Address,
  { request, url, headers, authenticated, ports, measure }: Arrival,
): S3Call & Partial<BucketCall> & Partial<ObjectCall> {
  const { store, config, accountId } = ports
  const { identity, payload } = authenticated
  const by = () => actorOf(request, identity, 'S3')
  const call: S3Call = {
    request,
    url,
    headers,
    payload,
    identity,
    jurisdiction: address.jurisdiction,
    store,
    config,
    accountId,
    measure,
    by,
  }
  if (address.on === 'account') return call
  const bucket = bucketOf(address)
  if (address.on === 'bucket') return { ...call, bucket }
  const key = decodeKey(address.encodedKey)
  checkKey(key)
  return { ...call, bucket, at: { bucket, key } }
}

/** @throws StoreError AccessDenied when the token lacks the permission, or may not read the source of a copy */
function authorize(route: Route, { identity, bucket, at, jurisdiction, headers, url }: S3Call & Partial<ObjectCall>): void {
  const { op, action = op } = route
  const prefix = route.lists ? (url.searchParams.get('prefix') ?? '') : undefined
  if (!permits(identity, { needs: route.needs, action, bucket, key: at?.key, prefix })) throw new StoreError('AccessDenied')
  if (route.renames) {
    const source = renameSourceKey(headers)
    const may = (needs: Permission) => permits(identity, { needs, action, bucket, key: source })
    if (!may('object:read') || !may('object:write')) throw new StoreError('AccessDenied')
  }
  if (!route.copies) return
  const source: BucketRef = { jurisdiction, name: copySourceBucket(headers) }
  const wanted = { needs: 'object:read', action, bucket: source, key: copySourceKey(headers) } as const
  if (!permits(identity, wanted)) throw new StoreError('AccessDenied')
}

/** Methods that only read an object. They are served even when the database CONTROL is not ready. */
const READS: readonly string[] = ['GET', 'HEAD']

/** Obeys `cf-create-bucket-if-missing`, if the token may create buckets. */
async function createMissingBucket(
  { createsBucket }: Route,
  { identity, headers, bucket, store, by }: S3Call & Partial<BucketCall>,
): Promise<void> {
  if (!bucket || !createsBucket || headers.get('cf-create-bucket-if-missing')?.toLowerCase() !== 'true') return
  if (!permits(identity, { needs: 'bucket:write', action: 'CreateBucket', bucket })) throw new StoreError('AccessDenied')
  await store.ensureBucket(bucket, by())
}

/** Refuses `versionId`: buckets have no versions. */
function refuseVersions(method: string, { searchParams }: URL): void {
  if (searchParams.has('versionId') && ['GET', 'HEAD', 'DELETE'].includes(method)) throw notImplemented('versionId')
}

/** Whether a request is a browser's upload form: an unsigned POST to a bucket. */
function isPostForm(request: Request, { searchParams }: URL, address: Address): address is Extract<Address, { on: 'bucket' }> {
  const signed = request.headers.has('authorization') || searchParams.has('X-Amz-Credential')
  return address.on === 'bucket' && request.method === 'POST' && !signed && !searchParams.has('delete')
}

/** R2's message was observed to end in "not yet implemented not implemented". Strict mode does the same. */
function postForm(visit: Visit, bucket: BucketRef): Promise<Response> {
  const { request, url, nowMs, asker, ports, measure } = visit
  const { store, config, accountId, control, ready } = ports
  if (!config.allows('postForms')) throw notImplemented('Presigned post requests are not yet implemented')
  const identify = async (fields: FormFields) => {
    const identity = await control.identifyByForm({ request, fields, nowMs, asker })
    visit.isVerified = true
    visit.op = POST_OBJECT.op
    return identity
  }
  return answerForm({ request, url, measure, store, config, accountId, bucket, nowMs, identify, ready: async () => ready?.() })
}

const isPreflight = (request: Request): boolean => request.method === 'OPTIONS' && request.headers.has('origin')

/** Answers a preflight without authentication, because browsers cannot sign it. An account and a missing bucket have no rules. */
async function preflight({ request, address, ports, nowMs, asker }: Visit): Promise<Response> {
  checkPreflight(request.headers)
  const rules = address.on === 'account' ? [] : await ports.store.corsRules(bucketOf(address), nowMs, asker)
  return new Response(null, { status: 204, headers: preflightHeaders(rules, request.headers) })
}

/** Whether the response gets CORS headers if the bucket's rules allow the request. A preflight has its own answer. */
const hasCorsHeaders = ({ request, address }: Visit): boolean =>
  address.on !== 'account' && request.headers.has('origin') && request.method !== 'OPTIONS'

/** Adds CORS headers. If the rules cannot be read, it returns the answer without them, because the operation has already run. */
async function withCors(response: Response, { request, address, ports, asker, isVerified, nowMs }: Visit): Promise<Response> {
  if (address.on === 'account') return response
  const rules = await ports.store.corsRules(bucketOf(address), nowMs, isVerified ? undefined : asker).catch((error: unknown) => {
    logUnexpected(error)
    return []
  })
  for (const [name, value] of corsHeaders(rules, request.method, request.headers)) response.headers.append(name, value)
  return response
}

const bucketOf = ({ jurisdiction, bucket }: Extract<Address, { bucket: string }>): BucketRef => ({ jurisdiction, name: bucket })
