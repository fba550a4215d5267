import type { ByteSource } from '../core/byte-source.ts'

/** Bytes in memory as a source. The arrays it gives are views of `bytes`. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  let at = 0
  return {
    async read(size) {
      const piece = bytes.subarray(at, at + size)
      at += piece.byteLength
      return piece
    },
    async cancel() {
      at = bytes.byteLength
    },
  }
}
