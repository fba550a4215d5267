import type { ByteSource } from '../../core/byte-source.ts'
import { unavailable } from '../../core/errors.ts'
import type { ByteSpan } from '../../core/object.ts'
import { within } from '../../core/timeout.ts'

/** KV has no range reads: the bytes before the span are read in large pieces and discarded. */
const SKIP_BYTES = 1024 * 1024
/** How often one read fetches the value again after a lost connection. A slow client makes lost connections likely. */
const RESUMES = 2

/** Reads a span of one KV value. After a lost connection it resumes where it stopped. */
export class KvSource implements ByteSource {
  readonly #get: () => Promise<ReadableStream<Uint8Array>>
  readonly #end: number
  readonly #timeoutMs: number
  #at: number
  #reader: ReadableStreamBYOBReader | undefined
  /** How many bytes of the present stream to discard before the next read. */
  #skip = 0
  #cancelled = false

  constructor(get: () => Promise<ReadableStream<Uint8Array>>, span: ByteSpan, timeoutMs: number) {
    this.#get = get
    this.#at = span.offset
    this.#end = span.offset + span.length
    this.#timeoutMs = timeoutMs
  }

  /** Fetches the value. The first read skips the bytes before the span. */
  async open(): Promise<void> {
    const stream = await this.#get()
    if (this.#cancelled) {
      await stream.cancel().catch(() => {})
      throw new Error('The read was cancelled')
    }
    this.#reader = stream.getReader({ mode: 'byob' })
    this.#skip = this.#at
  }

  async read(size: number): Promise<Uint8Array> {
    const wanted = Math.min(size, this.#end - this.#at)
    if (wanted === 0) return new Uint8Array(0)
    for (let resumes = 0; ; resumes++) {
      try {
        const bytes = await this.#attempt(wanted)
        this.#at += wanted
        return bytes
      } catch (error) {
        await this.#drop()
        if (this.#cancelled || resumes === RESUMES) throw unavailable(error)
      }
    }
  }

  async cancel(): Promise<void> {
    this.#cancelled = true
    await this.#drop()
  }

  async #attempt(wanted: number): Promise<Uint8Array> {
    if (!this.#reader) await this.open()
    const reader = this.#reader!
    let scratch = new Uint8Array(Math.min(this.#skip, SKIP_BYTES))
    while (this.#skip > 0) {
      scratch = await within(this.#timeoutMs, readExactly(reader, scratch.subarray(0, Math.min(this.#skip, scratch.byteLength))))
      this.#skip -= scratch.byteLength
    }
    return within(this.#timeoutMs, readExactly(reader, new Uint8Array(wanted)))
  }

  async #drop(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    await reader?.cancel().catch(() => {})
  }
}

/** Fills `view` and returns its buffer in a new view. */
async function readExactly(reader: ReadableStreamBYOBReader, view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { byteLength } = view // The stream detaches the buffer, which sets the view's length to 0.
  const { value } = await reader.readAtLeast(byteLength, view)
  if (value?.byteLength !== byteLength) throw new Error('A segment ended early')
  return value
}
