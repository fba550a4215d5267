import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { createXXHash3, createXXHash64, createXXHash128 } from 'hash-wasm'

// Checksums worked out without the server's code: by Node where it has them, by a library, or bit by bit from their definitions.

/** Reflected table of a 32-bit CRC. */
function table32(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    return crc
  })
}

const CRC32C = table32(0x82f63b78)

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = CRC32C[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

/** CRC-64/NVME, its polynomial reflected. */
const NVME = 0x9a6c9329ac4bc9b5n

const CRC64 = Array.from({ length: 256 }, (_, byte) => {
  let crc = BigInt(byte)
  for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ NVME : crc >> 1n
  return crc
})
const HIGH = Uint32Array.from(CRC64, (crc) => Number(crc >> 32n))
const LOW = Uint32Array.from(CRC64, (crc) => Number(crc & 0xffffffffn))

/** CRC-64/NVME, in two halves since a BigInt for each byte would take seconds. */
export function crc64nvme(bytes: Uint8Array): bigint {
  let high = 0xffffffff
  let low = 0xffffffff
  for (const byte of bytes) {
    const at = (low ^ byte) & 0xff
    low = ((low >>> 8) | (high << 24)) ^ LOW[at]!
    high = (high >>> 8) ^ HIGH[at]!
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0)
}

const XXHASHES = { XXHASH64: await createXXHash64(0, 0), XXHASH3: await createXXHash3(0, 0), XXHASH128: await createXXHash128(0, 0) }

/** R2's checksums. */
export const R2_ALGORITHMS = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const
/** The checksums that AWS added in 2026. */
export const NEW_ALGORITHMS = ['SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128'] as const
export const ALGORITHMS = [...R2_ALGORITHMS, ...NEW_ALGORITHMS] as const
export type Algorithm = (typeof ALGORITHMS)[number]

/** A checksum as its binary value. */
export function checksum(algorithm: Algorithm, bytes: Uint8Array): Buffer {
  if (algorithm === 'XXHASH64' || algorithm === 'XXHASH3' || algorithm === 'XXHASH128') {
    return Buffer.from(XXHASHES[algorithm].init().update(bytes).digest('hex'), 'hex')
  }
  if (algorithm === 'MD5' || algorithm.startsWith('SHA')) return createHash(algorithm).update(bytes).digest()
  const crc = { CRC32: crc32, CRC32C: crc32c, CRC64NVME: crc64nvme }[algorithm as 'CRC32'](bytes)
  return Buffer.from(crc.toString(16).padStart(algorithm === 'CRC64NVME' ? 16 : 8, '0'), 'hex')
}

/** A checksum as headers and XML carry it. */
export const checksum64 = (algorithm: Algorithm, bytes: Uint8Array): string => checksum(algorithm, bytes).toString('base64')

/** The COMPOSITE checksum of a multipart object: of its parts' binary checksums, then the number of parts. */
export const compositeChecksum64 = (algorithm: Algorithm, parts: readonly Uint8Array[]): string =>
  `${checksum64(algorithm, Buffer.concat(parts.map((part) => checksum(algorithm, part))))}-${parts.length}`
