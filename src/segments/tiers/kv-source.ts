import type { ByteSource } from '../../core/byte-source.ts'
import { unavailable } from '../../core/errors.ts'
import type { ByteSpan } from '../../core/object.ts'
import { within } from '../../core/patience.ts'

/** KV has no range reads: what comes before the span is read in large pieces and thrown away. */
const SKIP_BYTES = 1024 * 1024
/** How often one read goes back to KV after a connection was lost, which a slow client makes likely. */
const RESUMES = 2

/** A span of one KV value. A lost connection is taken up again where it broke off. */
export class KvSource implements ByteSource {
  readonly #get: () => Promise<ReadableStream<Uint8Array>>
  readonly #end: number
  readonly #patienceMs: number
  #at: number
  #reader: ReadableStreamBYOBReader | undefined
  /** Bytes of the present stream that come before the next read. */
  #skip = 0
  #cancelled = false

  constructor(get: () => Promise<ReadableStream<Uint8Array>>, span: ByteSpan, patienceMs: number) {
    this.#get = get
    this.#at = span.offset
    this.#end = span.offset + span.length
    this.#patienceMs = patienceMs
  }

  /** Fetches the value; what precedes the span is skipped by the first read. */
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
      scratch = await within(this.#patienceMs, readExactly(reader, scratch.subarray(0, Math.min(this.#skip, scratch.byteLength))))
      this.#skip -= scratch.byteLength
    }
    return within(this.#patienceMs, readExactly(reader, new Uint8Array(wanted)))
  }

  async #drop(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    await reader?.cancel().catch(() => {})
  }
}

/** Fills `view`, whose buffer comes back in another view. */
async function readExactly(reader: ReadableStreamBYOBReader, view: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { byteLength } = view // The stream takes the buffer away, and the length with it.
  const { value } = await reader.readAtLeast(byteLength, view)
  if (value?.byteLength !== byteLength) throw new Error('A segment ended early')
  return value
}
