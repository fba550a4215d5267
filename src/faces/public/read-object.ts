import { cacheLifetime } from '../../core/cache-lifetime.ts'
import type { Domain } from '../../core/domain.ts'
import { StoreError } from '../../core/errors.ts'
import { checkKey, decodeKey } from '../../core/key.ts'
import type { BucketRef, Conditions, ObjectRef } from '../../core/object.ts'
import { type Measure, measureObject } from '../../core/operations.ts'
import { MIGRATION_HEADER } from '../../core/sippy.ts'
import { answerWith } from '../../http/answer-with.ts'
import { clientNetwork } from '../../http/client-network.ts'
import { readConditions, readIfRange } from '../../http/conditions.ts'
import { objectHeaders } from '../../http/object-headers.ts'
import { contentRange, readRange } from '../../http/range.ts'
import type { Looked } from '../../store/bucket-api.ts'
import type { GetOptions } from '../../store/objects/get-object.ts'
import { type CacheRead, isCacheable, readCached } from './cached-objects.ts'
import { entryUrl } from './entry-url.ts'
import { fillBehind } from './fill-cache.ts'
import type { PublicPorts } from './ports.ts'
import { checkLimit } from './rate-limit.ts'

/** The operation that a request turned out to be. The cache answers most requests, and a bucket is then not asked: that is no operation. */
export interface PublicVisit {
  readonly measure: Measure
  asked?: { readonly op: string; readonly bucket: BucketRef }
}

/** A GET or a HEAD of an object. */
export interface PublicRead {
  readonly request: Request
  readonly url: URL
  readonly domain: Domain
  readonly encodedKey: string
  readonly nowMs: number
  readonly visit: PublicVisit
}

type Body = ReadableStream<Uint8Array> | Uint8Array

/**
 * Reads an object for an anonymous visitor: through the cache on a custom domain, directly from the bucket on its managed URL.
 * @throws StoreError when the object is missing, or when its conditions or range fail
 */
export async function readObject(ports: PublicPorts, read: PublicRead): Promise<Response> {
  const { request, domain } = read
  const key = decodeKey(read.encodedKey)
  // The root has no listing.
  if (key === '') throw new StoreError('NoSuchKey')
  checkKey(key)
  const at = { bucket: domain.bucket, key }
  // A source may be a public URL, also one of this bucket: it must not ask itself without end.
  const whose = request.headers.has(MIGRATION_HEADER) && { forMigration: true }
  const answer = async (asked: GetOptions) => {
    const options = { ...asked, ...whose }
    return domain.kind === 'custom'
      ? throughCache(ports, read, at, options)
      : answerWith(await fromBucket(ports, read, at, options), (got) => respond(got, options, read.visit))
  }
  const whole = { conditions: readConditions(request.headers) }
  const piece = pieceOf(request.headers, whole.conditions)
  if (!piece) return answer(whole)
  try {
    return await answer(piece.options)
  } catch (error) {
    // `If-Range` failed: the client holds a part of another version, so it gets the current object whole.
    if (piece.ifRange && error instanceof StoreError && error.code === 'PreconditionFailed') return answer(whole)
    throw error
  }
}

/**
 * Reads the range that a client asks for, and its conditions. Returns undefined when the whole object must be sent: there is no range,
 * `If-Range` can never hold, or it is combined with `If-Match` or `If-Unmodified-Since`.
 */
function pieceOf(headers: Headers, conditions: Conditions): { options: GetOptions; ifRange: boolean } | undefined {
  const range = readRange(headers.get('range') || null)
  if (!range) return undefined
  const header = headers.get('if-range')
  if (header === null) return { options: { range, conditions }, ifRange: false }
  const condition = readIfRange(header)
  if (!condition || conditions.ifMatch !== undefined || conditions.ifUnmodifiedSinceMs !== undefined) return undefined
  return { options: { range, conditions: { ...conditions, ...condition } }, ifRange: true }
}

function fromBucket(
  { store }: PublicPorts,
  { request, visit }: PublicRead,
  at: ObjectRef,
  options: GetOptions,
): Promise<Looked<Body | null>> {
  const isHead = request.method === 'HEAD'
  visit.asked = { op: isHead ? 'HeadObject' : 'GetObject', bucket: at.bucket }
  return isHead ? store.headObject(at, options) : store.getObject(at, options)
}

async function throughCache(ports: PublicPorts, read: PublicRead, at: ObjectRef, options: GetOptions): Promise<Response> {
  const { request, domain, nowMs } = read
  const cacheRead: CacheRead = { domain, key: at.key, entry: entryUrl(domain.host, at.key, read.url.search), options, nowMs }
  const hit = await readCached(ports, cacheRead)
  if (hit) {
    const { got, ageSeconds } = hit
    const response = respond(got.kind === 'found' && request.method === 'HEAD' ? withoutBody(got) : got, options)
    response.headers.set('Age', String(ageSeconds))
    return withStatus(response, 'HIT')
  }
  await checkLimit(ports.missLimit, `${read.domain.host}/${clientNetwork(request)}`)
  return answerWith(await fromBucket(ports, read, at, options), (got) => respondAndFill(ports, { cacheRead, at, visit: read.visit }, got))
}

/** Builds the response for an object that was not in the cache, and starts to fill the cache if the object may be cached. */
function respondAndFill(
  ports: PublicPorts,
  { cacheRead, at, visit }: { cacheRead: CacheRead; at: ObjectRef; visit: PublicVisit },
  got: Looked<Body | null>,
): Response {
  const { options, nowMs } = cacheRead
  const lifetime = cacheLifetime(at.key, got.head.httpMetadata, nowMs)
  const cacheable = isCacheable(lifetime, got.head) && !(got.kind === 'found' && got.fromSource)
  if (!cacheable) return withStatus(respond(got, options, visit), lifetime === 'unasked' ? 'DYNAMIC' : 'BYPASS')
  // Do not read the whole object for the cache when this client does not: on a HEAD, on a range, or on a 304.
  if (options.range || got.kind !== 'found' || got.body === null) return withStatus(respond(got, options, visit), 'MISS')
  const body = fillBehind(ports, { read: cacheRead, at, got: { ...got, body: got.body } })
  return withStatus(respond({ ...got, body }, options, visit), 'MISS')
}

function withoutBody<B extends ReadableStream | null>(got: Extract<Looked<B>, { kind: 'found' }>): Looked<null> {
  got.body?.cancel().catch(() => {})
  return { ...got, body: null }
}

function respond(got: Looked<Body | null>, { range }: GetOptions, visit?: PublicVisit): Response {
  if (visit) measureObject(visit.measure, got.head)
  const headers = objectHeaders(got.head, { public: true })
  if (got.kind === 'not-modified') return new Response(null, { status: 304, headers })
  headers.set('Content-Length', String(got.span.length))
  if (visit && got.body !== null) visit.measure.responseBytes = got.span.length
  if (range) headers.set('Content-Range', contentRange(got.span, got.head.size))
  return new Response(got.body, { status: range ? 206 : 200, headers, encodeBody: 'manual' })
}

/** Sets R2's header: there, Cloudflare's cache stands before the bucket. */
function withStatus(response: Response, status: 'HIT' | 'MISS' | 'DYNAMIC' | 'BYPASS'): Response {
  response.headers.set('CF-Cache-Status', status)
  return response
}
