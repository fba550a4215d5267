import type { ByteSource } from '../core/byte-source.ts'
import type { SegmentSpan } from '../core/read-plan.ts'
import { KvSource } from './kv-source.ts'
import { KvWriter } from './kv-writer.ts'
import { type SegmentOpener, type SegmentRange, type SegmentTier, type SegmentWriter, unavailable } from './tier.ts'

/** Segments never change, so a location may keep what it has read for as long as it likes. */
const CACHE_SECONDS = 365 * 86_400
/**
 * The least that KV allows. A location caches an absence, too, for as long as its first reader said; a reader that accepts only
 * younger answers looks past it.
 */
const RETRY_CACHE_SECONDS = 30
/** About six seconds in all; a client that still meets an absence is told to come back. */
const RETRY_MS = [50, 100, 200, 400, 800, 1600, 3000]
const DELETES_AT_ONCE = 5

/** Waits; tests do not. */
export type Sleep = (ms: number) => Promise<unknown>

/** Segments as KV values. KV may not show a new value everywhere at once, so a read that misses is tried again. */
export class KvTier implements SegmentTier {
  readonly name = 'kv'
  readonly #kv: KVNamespace
  readonly #sleep: Sleep

  constructor(kv: KVNamespace, sleep: Sleep = (ms) => scheduler.wait(ms)) {
    this.#kv = kv
    this.#sleep = sleep
  }

  write(blobId: string): SegmentWriter {
    return new KvWriter(this.#kv, blobId)
  }

  read(blobId: string): SegmentOpener {
    return async ({ n, sealed }: SegmentSpan): Promise<ByteSource> => {
      const source = new KvSource(() => this.#get(`${blobId}/${n}`), sealed)
      await source.open()
      return source
    }
  }

  async delete(blobId: string, { from, to }: SegmentRange): Promise<void> {
    let next = from
    const worker = async () => {
      while (next < to) await this.#kv.delete(`${blobId}/${next++}`)
    }
    // All are awaited, so that a failure leaves nothing running behind it.
    const workers = await Promise.allSettled(Array.from({ length: DELETES_AT_ONCE }, worker))
    const failed = workers.find((result) => result.status === 'rejected')
    if (failed) throw unavailable(failed.reason)
  }

  async #get(key: string): Promise<ReadableStream<Uint8Array>> {
    let cause: unknown = new Error(`Segment ${key} is missing in KV`)
    for (let attempt = 0; ; attempt++) {
      try {
        const value = await this.#kv.get(key, { type: 'stream', cacheTtl: attempt === 0 ? CACHE_SECONDS : RETRY_CACHE_SECONDS })
        if (value) return value
      } catch (error) {
        cause = error
      }
      const wait = RETRY_MS[attempt]
      if (wait === undefined) throw unavailable(cause)
      await this.#sleep(wait)
    }
  }
}
