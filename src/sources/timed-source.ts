import type { ByteSource } from '../core/byte-source.ts'
import { byteSource } from '../core/byte-sources.ts'
import { StoreError } from '../core/errors.ts'
import { TooLate, within } from '../core/timeout.ts'
import { ANSWER_MS } from './transport.ts'

/** The slowest source that we wait for: 16 KiB a second. */
const SLOWEST_BYTES_PER_MS = 16 * 1.024

/**
 * The stream of a source as bytes to read, each within a time, and all of them at a pace. A source whose connection hangs, or that sends a
 * byte now and then, would otherwise hold its copy and the memory for it forever. Only the time that the source takes counts.
 * @throws StoreError IncompleteBody
 */
export function timedSource(stream: ReadableStream<Uint8Array>, ms = ANSWER_MS): ByteSource {
  const inner = byteSource(stream)
  let leftMs = ms
  return {
    async read(size) {
      const startMs = Date.now()
      try {
        const bytes = await within(Math.min(ms, Math.max(leftMs, 0)), inner.read(size))
        leftMs += bytes.length / SLOWEST_BYTES_PER_MS - (Date.now() - startMs)
        return bytes
      } catch (error) {
        await inner.cancel()
        throw error instanceof TooLate ? new StoreError('IncompleteBody') : error
      }
    },
    cancel: () => inner.cancel(),
  }
}
