import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CRC32, CRC32C, CRC64NVME, type CrcRing } from '../../../src/core/crc/combine.ts'
import { crc32, crc32c, crc64nvme } from '../../../src/core/crc/crc.ts'

const SLAB = 65_536

/** Each CRC under one signature. */
const CRCS: { name: string; ring: CrcRing; crc: (bytes: Uint8Array, previous?: bigint) => bigint; check: bigint }[] = [
  { name: 'CRC-32', ring: CRC32, crc: (bytes, previous = 0n) => BigInt(crc32(bytes, Number(previous))), check: 0xcbf43926n },
  { name: 'CRC-32C', ring: CRC32C, crc: (bytes, previous = 0n) => BigInt(crc32c(bytes, Number(previous))), check: 0xe3069283n },
  { name: 'CRC-64/NVME', ring: CRC64NVME, crc: crc64nvme, check: 0xae8b14860a799888n },
]

/** The definition, one bit at a time. */
function bitwiseCrc({ polynomial, one }: CrcRing, bytes: Uint8Array): bigint {
  const ones = 2n * one - 1n
  let crc = ones
  for (const byte of bytes) {
    crc ^= BigInt(byte)
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ polynomial : crc >> 1n
  }
  return crc ^ ones
}

describe.each(CRCS)('$name', ({ ring, crc, check }) => {
  test('gives the published check value', () => {
    expect(crc(new TextEncoder().encode('123456789'))).toBe(check)
  })

  test('of nothing is zero', () => {
    expect(crc(new Uint8Array())).toBe(0n)
  })

  test('agrees with the definition for any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => crc(bytes) === bitwiseCrc(ring, bytes)))
  })

  test('does not depend on how the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]))
        return pieces.reduce((previous, piece) => crc(piece, previous), 0n) === crc(whole)
      }),
    )
  })

  test.each([SLAB - 1, SLAB, SLAB + 1, 3 * SLAB + 17])('reads all of %i bytes, more or less than the module holds at a time', (size) => {
    const bytes = Uint8Array.from({ length: size }, (_, index) => (index * 31) % 251)
    expect(crc(bytes.subarray(1000), crc(bytes.subarray(0, 1000)))).toBe(crc(bytes))
    expect(crc(bytes)).toBe(bitwiseCrc(ring, bytes))
  })

  test('reads a view where it starts, not where its buffer starts', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index)
    expect(crc(bytes.subarray(3, 40))).toBe(crc(bytes.slice(3, 40)))
  })
})
