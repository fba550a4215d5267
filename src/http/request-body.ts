import type { ByteSource } from '../core/byte-source.ts'
import { byteSource } from '../core/byte-sources.ts'
import { MemoryBudget } from '../core/memory-budget.ts'
import { announcedLength } from './announced-length.ts'

/** How much of an unread body is read and dropped. This covers the largest body that most Cloudflare plans accept. */
const MOST_BYTES = 128 * 1024 * 1024

/** How much of it a client must send within which time. This allows for 26 KB/s. */
const STRETCH_BYTES = 256 * 1024
const STRETCH_MS = 10_000

/** A read takes this much memory before the client has sent anything, and strangers choose how many bodies are read at once. */
const READ_BYTES = 32 * 1024

/** For dropping the bodies of all requests of the isolate: some 500 at once. It is apart from the memory that uploads need. */
const dropping = new MemoryBudget(16 * 1024 * 1024)

/** The open bodies, so that each is opened once. */
const sources = new WeakMap<Request, RequestSource>()

/**
 * Returns the incoming bytes of a request, the same source at each call. A reader may stop anywhere: {@link finishBody} reads the rest.
 * Its `read` throws StoreError IncompleteBody when the body breaks off.
 */
export const requestSource = (request: Request): ByteSource => sourceOf(request)

function sourceOf(request: Request): RequestSource {
  const known = sources.get(request)
  if (known) return known
  const source = new RequestSource(byteSource(request.body), announcedLength(request.headers))
  sources.set(request, source)
  return source
}

/**
 * Reads the rest of a request's body and drops it, within bounds. Call it before every response is sent: many clients
 * read the response only after they have sent everything, and the runtime closes the connection of a request whose body
 * was not read. Those clients would see a broken pipe instead of the response.
 *
 * A body that announces more than the bound is left unread. A client that reads the response while it sends, or that waits
 * for `100 Continue` (which the first read sends), gets the response at once and stops sending.
 */
export async function finishBody(request: Request): Promise<void> {
  if (request.body === null) return
  try {
    await sourceOf(request).drop()
  } catch {
    // The client is gone, sent less than it announced, or is too slow, or too many bodies are being dropped: the response is sent anyway.
  }
}

class RequestSource implements ByteSource {
  readonly #inner: ByteSource
  /** Bytes that are still to arrive, or undefined when no length was announced. */
  #left: number | undefined
  /** The last read: a stream takes one read at a time. */
  #latest: Promise<unknown> = Promise.resolve()

  constructor(inner: ByteSource, length: number | undefined) {
    this.#inner = inner
    this.#left = length
  }

  read(size: number): Promise<Uint8Array> {
    const bytes = this.#inner.read(size)
    this.#latest = bytes.then(
      ({ length }) => {
        if (length < size) this.#left = 0
        else if (this.#left !== undefined) this.#left -= length
      },
      () => {
        this.#left = 0
      },
    )
    return bytes
  }

  /** Does nothing: the connection must stay open, because the response uses it. */
  async cancel(): Promise<void> {}

  async drop(): Promise<void> {
    if (this.#left === 0) return // True of nearly every upload, which then needs no timer.
    await within(this.#latest, STRETCH_MS)
    if (this.#left !== undefined && this.#left > MOST_BYTES) return
    const hold = dropping.hold(READ_BYTES)
    try {
      for (let most = MOST_BYTES; most > 0 && this.#left !== 0; most -= STRETCH_BYTES) {
        hold.touch()
        await within(this.#dropStretch(), STRETCH_MS)
      }
    } finally {
      hold.release()
    }
  }

  async #dropStretch(): Promise<void> {
    for (let bytes = 0; bytes < STRETCH_BYTES && this.#left !== 0; bytes += READ_BYTES) await this.read(READ_BYTES)
  }
}

/** @throws Error when the work fails or takes longer than the limit. */
async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No data arrived within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
