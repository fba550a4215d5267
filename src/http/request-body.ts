import type { ByteSource } from '../core/byte-source.ts'
import { byteSource } from '../core/byte-sources.ts'

/** How much of a body is read that nobody wants: everything that a deployment on most plans lets through. */
const MOST_BYTES = 128 * 1024 * 1024
const PIECE_BYTES = 256 * 1024

/** How long a client may take for a piece: 26 KB/s are fast enough. */
const PIECE_MS = 10_000

/** The open bodies: each is opened once. */
const sources = new WeakMap<Request, RequestSource>()

/**
 * The bytes of a request on its way in, the same source at each call. A reader may stop anywhere: {@link finishBody} reads the rest.
 * Its `read` throws StoreError IncompleteBody when the body breaks off.
 */
export const requestSource = (request: Request): ByteSource => sourceOf(request)

function sourceOf(request: Request): RequestSource {
  const known = sources.get(request)
  if (known) return known
  const source = new RequestSource(byteSource(request.body), lengthOf(request))
  sources.set(request, source)
  return source
}

/**
 * Reads what is left of a request's body and drops it, within bounds. To be called before every answer goes out: many clients
 * look for an answer only after they have sent everything, and the runtime closes the connection of a request whose body
 * was not read. They would see a broken pipe instead of the answer.
 *
 * A body that announces more than the bound is left alone: clients that look for the answer while they send, or that wait
 * for `100 Continue` (which the first read sends), have it at once and send no further.
 */
export async function finishBody(request: Request): Promise<void> {
  if (request.body === null) return
  try {
    await sourceOf(request).drop()
  } catch {
    // The client is gone, sent less than it announced, or is too slow: the answer goes out as things are.
  }
}

function lengthOf({ headers }: Request): number | undefined {
  const value = headers.get('content-length')
  return value === null ? undefined : Number(value)
}

class RequestSource implements ByteSource {
  readonly #inner: ByteSource
  /** Bytes that are still to come; undefined when no length was announced. */
  #left: number | undefined
  /** A stream takes one read at a time. */
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

  /** The connection is still in use: the answer goes over it. */
  async cancel(): Promise<void> {}

  async drop(): Promise<void> {
    if (this.#left === 0) return // Nearly every upload: without a timer.
    await within(this.#latest, PIECE_MS)
    if (this.#left !== undefined && this.#left > MOST_BYTES) return
    for (let most = MOST_BYTES; most > 0 && this.#left !== 0; most -= PIECE_BYTES) await within(this.read(PIECE_BYTES), PIECE_MS)
  }
}

/** @throws Error when the work takes longer, or fails. */
async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Nothing came within ${limitMs} ms`)), limitMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
