import type { SegmentWriter } from './tier.ts'

/** Collects segments in memory, for the tiers whose blobs are small. */
export class BufferWriter implements SegmentWriter {
  readonly segments: Uint8Array[] = []
  #expected = 0
  #filled = 0

  async begin(length: number): Promise<void> {
    this.#complete()
    this.#expected = length
    this.#filled = 0
  }

  async append(sealed: Uint8Array): Promise<void> {
    if (this.#filled === 0) this.segments.push(sealed.byteLength === this.#expected ? sealed : new Uint8Array(this.#expected))
    const segment = this.segments.at(-1)!
    if (segment !== sealed) segment.set(sealed, this.#filled)
    this.#filled += sealed.byteLength
  }

  async finish(): Promise<void> {
    this.#complete()
  }

  async abort(): Promise<void> {
    this.segments.length = 0
  }

  #complete(): void {
    if (this.#filled !== this.#expected) throw new Error('A segment is not as long as announced.')
  }
}
