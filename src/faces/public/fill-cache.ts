import { byteSource } from '../../core/byte-sources.ts'
import { cacheLifetime } from '../../core/cache-lifetime.ts'
import type { ObjectRef } from '../../core/object.ts'
import { logUnexpected } from '../../http/log-unexpected.ts'
import type { GotObject } from '../../store/objects/get-object.ts'
import { type CacheRead, isCacheable, keep, readCached } from './cached-objects.ts'
import type { PublicPorts } from './ports.ts'

type Body = ReadableStream<Uint8Array> | Uint8Array

/** An object on its way to a client. */
export interface ToFill {
  readonly read: CacheRead
  readonly at: ObjectRef
  readonly got: GotObject<Body>
}

/**
 * Fills the cache behind an answer. Small bodies are kept at once. A stream is read once more, when its client has read all of it: with one
 * stream for both, the slower of client and cache would hold up the other, or what lies between them would pile up in memory; and whoever
 * hangs up, or asks for ever new queries, causes no work that he did not wait for.
 * @returns the body for the answer.
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

const PIECE_BYTES = 64 * 1024

/**
 * Passes a body on to its client, at the client's pace. The platform has no pipe from one of its own streams to another.
 * @returns whether the client took all of it: false when it went away, or when the body failed.
 */
async function passOn(body: ReadableStream<Uint8Array>, client: WritableStream<Uint8Array>): Promise<boolean> {
  const source = byteSource(body)
  const writer = client.getWriter()
  try {
    for (let piece = await source.read(PIECE_BYTES); piece.length > 0; piece = await source.read(PIECE_BYTES)) await writer.write(piece)
    await writer.close()
    return true
  } catch (error) {
    await Promise.all([source.cancel(), writer.abort(error).catch(() => {})])
    return false
  }
}

/** Objects on their way into the cache from this isolate, and since when: work that the platform cuts off never says that it ended. */
const underway = new Map<string, number>()
const UNDERWAY_MS = 60_000
const MOST_UNDERWAY = 32

/** Does the work unless it is underway for this entry already, or too much other is. A failure is one of the cache, and for the log. */
async function once({ read: { entry } }: ToFill, work: () => Promise<void>): Promise<void> {
  const nowMs = Date.now()
  for (const [other, sinceMs] of underway) if (nowMs - sinceMs > UNDERWAY_MS) underway.delete(other)
  if (underway.has(entry) || underway.size >= MOST_UNDERWAY) return
  underway.set(entry, nowMs)
  await work().catch(logUnexpected)
  underway.delete(entry)
}

/** Another client may have been faster. */
async function readAgain(ports: PublicPorts, fill: ToFill): Promise<void> {
  const hit = await readCached(ports, { ...fill.read, options: {} })
  if (hit?.got.kind === 'found') return hit.got.body?.cancel()
  const got = await ports.store.getObject(fill.at, {})
  if (got.kind === 'found') await keepBody(ports, fill, got)
}

/** The object may have been replaced since the client asked. */
async function keepBody(ports: PublicPorts, { read, at }: ToFill, { head, body }: Pick<GotObject<Body>, 'head' | 'body'>): Promise<void> {
  const lifetime = cacheLifetime(at.key, head.httpMetadata, read.nowMs)
  if (isCacheable(lifetime, head)) await keep(ports, { read, head, body, lifetime })
  else if (body instanceof ReadableStream) await body.cancel()
}
