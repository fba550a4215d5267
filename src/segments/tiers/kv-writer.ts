import { unavailable } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { within } from '../../core/timeout.ts'
import type { SegmentLabel, SegmentWriter } from '../tier.ts'

/** The next put may begin while the previous one finishes. */
const OPEN_PUTS = 2

interface OpenPut {
  readonly writer: WritableStreamDefaultWriter<Uint8Array>
  readonly stored: Promise<void>
}

/** The metadata of each value. */
export interface KvMetadata extends SegmentLabel {
  readonly sealedBytes: number
}

/** Streams each segment into its own put, so that no segment is ever in memory as a whole. */
export class KvWriter implements SegmentWriter {
  readonly #kv: KVNamespace
  readonly #blobId: string
  readonly #label?: SegmentLabel
  readonly #timeoutMs: number
  readonly #puts: OpenPut[] = []
  #next = 0

  constructor(kv: KVNamespace, blobId: string, { label, timeoutMs }: { label?: SegmentLabel; timeoutMs: number }) {
    this.#kv = kv
    this.#blobId = blobId
    this.#label = label
    this.#timeoutMs = timeoutMs
  }

  async begin(length: number): Promise<void> {
    if (length > LIMITS.kvValueBytes) throw new RangeError('The segment is more than a KV value holds')
    this.#closeLast()
    while (this.#puts.length >= OPEN_PUTS) {
      await this.#patiently(this.#puts[0]!.stored)
      this.#puts.shift()
    }
    const { readable, writable } = new FixedLengthStream(length)
    const metadata = this.#label && ({ ...this.#label, sealedBytes: length } satisfies KvMetadata)
    const stored = this.#kv.put(`${this.#blobId}/${this.#next++}`, readable, { metadata }).catch((error) => {
      throw unavailable(error)
    })
    stored.catch(() => {}) // It is awaited later, perhaps after another failure.
    this.#puts.push({ writer: writable.getWriter(), stored })
  }

  /** A put that fails stops reading, and a write alone would then never settle. */
  async append(sealed: Uint8Array): Promise<void> {
    const { writer, stored } = this.#puts.at(-1)!
    await this.#patiently(Promise.race([writer.write(sealed), stored]))
  }

  async finish(): Promise<void> {
    this.#closeLast()
    await Promise.all(this.#puts.map(({ stored }) => this.#patiently(stored)))
  }

  async abort(cause: unknown): Promise<void> {
    for (const { writer } of this.#puts) writer.abort(cause).catch(() => {})
    await Promise.allSettled(this.#puts.map(({ stored }) => this.#patiently(stored)))
  }

  #patiently<T>(work: Promise<T>): Promise<T> {
    return within(this.#timeoutMs, work).catch((error) => {
      throw unavailable(error)
    })
  }

  /** The put ends by itself once it has read the last byte. */
  #closeLast(): void {
    this.#puts
      .at(-1)
      ?.writer.close()
      .catch(() => {})
  }
}
