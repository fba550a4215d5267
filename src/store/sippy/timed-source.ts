import type { ByteSource } from '../../core/byte-source.ts'
import { byteSource } from '../../core/byte-sources.ts'
import { StoreError } from '../../core/errors.ts'
import { TooLate, within } from '../../core/timeout.ts'
import { ANSWER_MS } from '../../sources/transport.ts'

/**
 * The stream of a source as bytes to read, each within a time. A source whose connection hangs would otherwise hold its copy forever.
 * @throws StoreError IncompleteBody
 */
export function timedSource(stream: ReadableStream<Uint8Array>, ms = ANSWER_MS): ByteSource {
  const inner = byteSource(stream)
  return {
    async read(size) {
      try {
        return await within(ms, inner.read(size))
      } catch (error) {
        await inner.cancel()
        throw error instanceof TooLate ? new StoreError('IncompleteBody') : error
      }
    },
    cancel: () => inner.cancel(),
  }
}
