import { byteSource } from '../../core/byte-sources.ts'
import { cacheLifetime } from '../../core/cache-lifetime.ts'
import type { ObjectRef } from '../../core/object.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import type { Found } from '../../store/bucket-api.ts'
import { type CacheRead, isCacheable, keep, readCached } from './cached-objects.ts'
import type { PublicPorts } from './ports.ts'

type Body = ReadableStream<Uint8Array> | Uint8Array

/** An object that is being sent to a client. */
export interface ToFill {
  readonly read: CacheRead
  readonly at: ObjectRef
  readonly got: Found<Body>
}

/**
 * Fills the cache after the response. A small body is stored at once. A streamed object is read a second time, after the client has read
 * all of it. If one stream fed both client and cache, the slower of the two would hold up the other, or the bytes between them would pile
 * up in memory. Also, a client that disconnects early, or that sends one new query after another, causes no second read.
 * @returns the body for the response.
 */
export function fillBehind(ports: PublicPorts, fill: ToFill): Body {
  const { body, head } = fill.got
  if (body instanceof Uint8Array) {
    ports.waitUntil(once(fill, () => keepBody(ports, fill, { head, body })))
    return body
  }
  const { readable, writable } = new FixedLengthStream(head.size)
  const whole = passOn(body, writable)
  ports.waitUntil(whole.then((isRead) => (isRead ? once(fill, () => readAgain(ports, fill)) : undefined)))
  return readable
}

const READ_BYTES = 64 * 1024

/**
 * Copies a body to its client, at the client's pace. The platform cannot pipe one of its own streams into another.
 * @returns whether the client took all of it: false when it disconnected, or when the body failed.
 */
async function passOn(body: ReadableStream<Uint8Array>, client: WritableStream<Uint8Array>): Promise<boolean> {
  const source = byteSource(body)
  const writer = client.getWriter()
  try {
    for (let piece = await source.read(READ_BYTES); piece.length > 0; piece = await source.read(READ_BYTES)) await writer.write(piece)
    await writer.close()
    return true
  } catch (error) {
    await Promise.all([source.cancel(), writer.abort(error).catch(() => {})])
    return false
  }
}

/** Entries that this isolate is writing, and since when. Work that the platform cuts off never removes itself, so entries expire. */
const underway = new Map<string, number>()
const UNDERWAY_MS = 60_000
const MOST_UNDERWAY = 32

/** Does the work, unless this entry is being written already or too many others are. Failures of the cache are logged, not thrown. */
async function once({ read: { entry } }: ToFill, work: () => Promise<void>): Promise<void> {
  const nowMs = Date.now()
  for (const [other, sinceMs] of underway) if (nowMs - sinceMs > UNDERWAY_MS) underway.delete(other)
  if (underway.has(entry) || underway.size >= MOST_UNDERWAY) return
  underway.set(entry, nowMs)
  await work().catch(logUnexpected)
  underway.delete(entry)
}

/** Reads the object again for the cache, unless another client has filled the entry meanwhile. */
async function readAgain(ports: PublicPorts, fill: ToFill): Promise<void> {
  const hit = await readCached(ports, { ...fill.read, options: {} })
  if (hit?.got.kind === 'found') return hit.got.body?.cancel()
  const got = await ports.store.getObject(fill.at, {})
  if (got.kind === 'found') await keepBody(ports, fill, got)
}

/** Stores the body, if it may be cached: the object may have been replaced since the client asked for it. */
async function keepBody(ports: PublicPorts, { read, at }: ToFill, { head, body }: Pick<Found<Body>, 'head' | 'body'>): Promise<void> {
  const lifetime = cacheLifetime(at.key, head.httpMetadata, read.nowMs)
  if (isCacheable(lifetime, head)) await keep(ports, { read, head, body, lifetime })
  else if (body instanceof ReadableStream) await body.cancel()
}
