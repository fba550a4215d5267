import type { ByteSource } from '../../core/byte-source.ts'

/** How many bytes wait for a client at most, and how long the copy waits for the client altogether. */
export const QUEUE_BYTES = 4 * 1024 * 1024
const PATIENCE_MS = 3000
const READ_BYTES = 256 * 1024

/** Opens the object from an offset on, for a client that fell behind. */
export type Rest = (offset: number) => Promise<ByteSource>

/**
 * A client that receives the bytes that a copy reads. The copy sets the pace: if the client stays behind for too long, it gets the rest of
 * the object by itself, and the copy goes on alone. A client that disconnects does not end the copy either.
 */
export class Listener {
  /** The body for the client. */
  readonly body: ReadableStream<Uint8Array>
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #size: number
  readonly #rest: Rest
  readonly #queue: Uint8Array[] = []
  #queuedBytes = 0
  #sentBytes = 0
  /** Whether the copy still passes its bytes on. */
  #attached = true
  #gone = false
  #patienceMs = PATIENCE_MS
  #wake: (() => void) | undefined

  constructor(size: number, rest: Rest) {
    const { readable, writable } = new FixedLengthStream(size)
    this.body = readable
    this.#writer = writable.getWriter()
    this.#size = size
    this.#rest = rest
  }

  /** Passes bytes on. Waits for a client that is behind, but not for long. */
  async push(bytes: Uint8Array): Promise<void> {
    if (!this.#attached || bytes.length === 0) return
    const untilMs = Date.now() + this.#patienceMs
    while (this.#attached && this.#queuedBytes >= QUEUE_BYTES && Date.now() < untilMs) await scheduler.wait(10)
    this.#patienceMs = Math.min(this.#patienceMs, Math.max(untilMs - Date.now(), 0))
    if (this.#queuedBytes >= QUEUE_BYTES) return this.detach()
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    this.#wake?.()
  }

  /** The copy passes nothing on any more: it has read everything, or it failed. */
  detach(): void {
    this.#attached = false
    this.#wake?.()
  }

  /** Sends the bytes to the client, until it has all of them or is gone. Never throws. */
  async send(): Promise<void> {
    try {
      await this.#sendQueue()
      if (this.#sentBytes < this.#size) await this.#sendRest()
      await this.#writer.close()
    } catch (error) {
      this.#gone = true
      this.#attached = false
      this.#queue.length = 0
      this.#queuedBytes = 0
      await this.#writer.abort(error).catch(() => {})
    }
  }

  /** Whether the client disconnected, or its body failed. */
  get gone(): boolean {
    return this.#gone
  }

  async #sendQueue(): Promise<void> {
    for (;;) {
      const bytes = this.#queue.shift()
      if (bytes) {
        await this.#write(bytes)
        this.#queuedBytes -= bytes.length
      } else if (this.#attached && this.#sentBytes < this.#size) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      } else return
    }
  }

  async #sendRest(): Promise<void> {
    const source = await this.#rest(this.#sentBytes)
    try {
      for (let bytes = await source.read(READ_BYTES); bytes.length > 0; bytes = await source.read(READ_BYTES)) await this.#write(bytes)
    } finally {
      await source.cancel()
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    await this.#writer.write(bytes)
    this.#sentBytes += bytes.length
  }
}

/** A source whose bytes a listener receives as well. */
export function overheard(source: ByteSource, listener: Listener): ByteSource {
  return {
    async read(size) {
      const bytes = await source.read(size)
      await listener.push(bytes)
      return bytes
    },
    async cancel() {
      listener.detach()
      await source.cancel()
    },
  }
}
