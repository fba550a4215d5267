import { Buffer } from 'node:buffer'
import type { Lifetime } from '../../core/cache-lifetime.ts'
import { evaluateConditions } from '../../core/conditions.ts'
import type { Domain } from '../../core/domain.ts'
import { StoreError } from '../../core/errors.ts'
import { normalizeKey } from '../../core/key.ts'
import type { ByteSpan, ObjectHead } from '../../core/object.ts'
import { resolveRange } from '../../core/range.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import { contentRange } from '../../http/range.ts'
import type { Looked } from '../../store/bucket-api.ts'
import type { GetOptions } from '../../store/objects/get-object.ts'
import type { PublicPorts } from './ports.ts'

/** Cloudflare's limit for one entry. https://developers.cloudflare.com/workers/platform/limits/#cache-api-limits */
export const CACHED_BYTES_MAX = 512 * 1024 * 1024

/** The data about a cached object: where and when it was read, and its head. The bytes are the body of the cached response. */
interface Entry {
  /** When the domain was attached. If a domain is attached again, to the same or another bucket, older entries no longer match. */
  readonly attachedMs: number
  readonly bucket: Domain['bucket']
  readonly storedMs: number
  readonly head: ObjectHead
}

/**
 * The header that holds an {@link Entry}. No other header of a cached response comes from the object: the cache would act on
 * `Content-Encoding` or on validators by itself. Clients never see this header, because their headers are built from the head.
 */
const ENTRY_HEADER = 'Cairn-Object'

export interface CacheRead {
  readonly domain: Domain
  /** As the client wrote it. */
  readonly key: string
  /** The URL of the cache entry. */
  readonly entry: string
  readonly options: GetOptions
  readonly nowMs: number
}

export interface Hit {
  readonly got: Looked<ReadableStream<Uint8Array> | null>
  readonly ageSeconds: number
}

/**
 * Reads an object from the cache, and evaluates the conditions and the range as the Bucket would.
 * Returns `undefined` when the cache lacks it, or when it is uncertain that the entry is this object and this range.
 * @throws StoreError PreconditionFailed, InvalidRange
 */
export async function readCached({ cache }: Pick<PublicPorts, 'cache'>, read: CacheRead): Promise<Hit | undefined> {
  const response = await match(cache, read.entry, read.options)
  let hit: Hit | undefined
  try {
    hit = response && hitOf(response, read)
  } finally {
    // An unread body would hold its connection.
    if (hit?.got.kind !== 'found') response?.body?.cancel().catch(() => {})
  }
  return hit
}

function hitOf(response: Response, read: CacheRead): Hit | undefined {
  const { options, nowMs } = read
  const entry = readEntry(response.headers)
  if (!entry || !belongs(entry, read)) return undefined
  const { head } = entry
  const ageSeconds = Math.max(0, Math.floor((nowMs - entry.storedMs) / 1000))
  const verdict = evaluateConditions(options.conditions ?? {}, head)
  if (verdict === 'failed') throw new StoreError('PreconditionFailed')
  if (verdict === 'not-modified') return { got: { kind: 'not-modified', head }, ageSeconds }
  const span = options.range ? resolveRange(options.range, head.size) : { offset: 0, length: head.size }
  if (options.range && !isPiece(response, span, head.size)) return undefined
  return { got: { kind: 'found', head, span, body: response.body }, ageSeconds }
}

/** Looks an entry up. A cache that fails counts as empty. */
async function match(cache: PublicPorts['cache'], entry: string, { range }: GetOptions): Promise<Response | undefined> {
  try {
    return await cache.match(new Request(entry, { headers: range ? { Range: rangeHeader(range) } : {} }))
  } catch (error) {
    logUnexpected(error)
    return undefined
  }
}

const rangeHeader = (range: NonNullable<GetOptions['range']>): string =>
  'suffix' in range
    ? `bytes=-${range.suffix}`
    : `bytes=${range.offset}-${range.length === undefined ? '' : range.offset + range.length - 1}`

/** Returns undefined for an entry that another Worker of the zone wrote. */
function readEntry(headers: Headers): Entry | undefined {
  try {
    return JSON.parse(Buffer.from(headers.get(ENTRY_HEADER) ?? '', 'base64').toString()) as Entry
  } catch {
    return undefined
  }
}

const belongs = ({ attachedMs, bucket, head }: Entry, { domain, key }: CacheRead): boolean =>
  attachedMs === domain.createdMs &&
  bucket.name === domain.bucket.name &&
  bucket.jurisdiction === domain.bucket.jurisdiction &&
  normalizeKey(head.key) === normalizeKey(key)

/** Whether the cache answered with exactly the wanted range. If the range is the whole object, the cache may answer 200. */
const isPiece = ({ status, headers }: Response, span: ByteSpan, size: number): boolean =>
  status === 206 ? headers.get('Content-Range') === contentRange(span, size) : status === 200 && span.length === size

/** A whole object for the cache. */
export interface ToKeep {
  readonly read: CacheRead
  readonly head: ObjectHead
  readonly body: ReadableStream<Uint8Array> | Uint8Array
  readonly lifetime: number
}

/** Whether the cache may hold an object: it has a lifetime, and it fits. */
export const isCacheable = (lifetime: Lifetime, { size }: ObjectHead): lifetime is number =>
  typeof lifetime === 'number' && size <= CACHED_BYTES_MAX

/** Writes a whole object into the cache. */
export async function keep({ cache }: Pick<PublicPorts, 'cache'>, { read, head, body, lifetime }: ToKeep): Promise<void> {
  const { domain, nowMs } = read
  const entry: Entry = {
    attachedMs: domain.createdMs,
    bucket: domain.bucket,
    storedMs: nowMs,
    head: { ...head, customMetadata: {}, hashes: {}, checksum: undefined },
  }
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(head.size),
    'Cache-Control': `public, max-age=${lifetime}`,
    [ENTRY_HEADER]: Buffer.from(JSON.stringify(entry)).toString('base64'),
  }
  const response = new Response(body, { headers })
  try {
    await cache.put(read.entry, response)
  } catch (error) {
    // A cache that refuses an entry may leave its body unread.
    response.body?.cancel(error).catch(() => {})
    throw error
  }
}
