import { multiply, type Ring } from './crc.ts'

/** A CRC whose parts can be combined, with its width in bytes. */
export interface CrcRing extends Ring {
  readonly bytes: 4 | 8
}

export const CRC32: CrcRing = { polynomial: 0xedb88320n, one: 1n << 31n, bytes: 4 }
export const CRC32C: CrcRing = { polynomial: 0x82f63b78n, one: 1n << 31n, bytes: 4 }
export const CRC64NVME: CrcRing = { polynomial: 0x9a6c9329ac4bc9b5n, one: 1n << 63n, bytes: 8 }

export interface CrcPart {
  readonly crc: bigint
  /** The number of bytes that the CRC covers. */
  readonly size: number
}

/**
 * The CRC of a concatenation, from the CRCs of its pieces.
 *
 * Appending n bytes multiplies a CRC by x^(8n). That power takes O(log n) products. It is cached by size, since usually all parts but the
 * last have the same size.
 */
export function combineCrcs(ring: CrcRing, parts: Iterable<CrcPart>): bigint {
  const shifts = new Map<number, bigint>()
  let crc = 0n
  for (const part of parts) {
    const shift = shifts.get(part.size) ?? power(ring, 8n * BigInt(part.size))
    shifts.set(part.size, shift)
    crc = multiply(ring, shift, crc) ^ part.crc
  }
  return crc
}

/** x^exponent, by squaring. */
function power(ring: CrcRing, exponent: bigint): bigint {
  let result = ring.one
  let square = ring.one >> 1n
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(ring, result, square)
    square = multiply(ring, square, square)
  }
  return result
}
