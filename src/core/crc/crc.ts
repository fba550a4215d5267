import { crc32 as nativeCrc32 } from 'node:zlib'
import wasm from './crc.wasm'

interface CrcExports {
  readonly memory: WebAssembly.Memory
  crc32c(crc: number, length: number): number
  crc64nvme(crc: bigint, length: number): bigint
  multiply(a: bigint, b: bigint, polynomial: bigint, one: bigint): bigint
}

// One instance serves the whole isolate: each call copies its bytes in, computes and returns before another call can start.
const exports = new WebAssembly.Instance(wasm).exports as unknown as CrcExports

const SLAB_OFFSET = 0x10000
// 64 KiB stays in the processor's cache between the copy and the computation; larger slabs are no faster.
const slab = new Uint8Array(exports.memory.buffer, SLAB_OFFSET)

/** CRC-32, continued from an earlier value. */
export const crc32 = (bytes: Uint8Array, previous = 0): number => nativeCrc32(bytes, previous)

/** CRC-32C (Castagnoli), continued from an earlier value. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = previous
  for (const length of slabs(bytes)) crc = exports.crc32c(crc, length)
  return crc >>> 0
}

/** CRC-64/NVME, continued from an earlier value. */
export function crc64nvme(bytes: Uint8Array, previous = 0n): bigint {
  let crc = previous
  for (const length of slabs(bytes)) crc = exports.crc64nvme(crc, length)
  return BigInt.asUintN(64, crc)
}

/** A polynomial ring modulo a CRC's generator. It is reflected, as CRCs are: the lowest bit is the highest power. */
export interface Ring {
  readonly polynomial: bigint
  /** The polynomial 1, which is the highest bit of the CRC. */
  readonly one: bigint
}

/** The product of two polynomials modulo the ring's generator. */
export const multiply = (ring: Ring, a: bigint, b: bigint): bigint => BigInt.asUintN(64, exports.multiply(a, b, ring.polynomial, ring.one))

/** Copies the bytes into the module's memory, one slab at a time, and yields the length of each. */
function* slabs(bytes: Uint8Array): Generator<number> {
  for (let offset = 0; offset < bytes.length; offset += slab.length) {
    const piece = bytes.subarray(offset, offset + slab.length)
    slab.set(piece)
    yield piece.length
  }
}
