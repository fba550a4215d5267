import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CRC32, CRC32C, CRC64NVME, combineCrcs } from '../../../src/core/crc/combine.ts'
import { crc32, crc32c, crc64nvme } from '../../../src/core/crc/crc.ts'

test.each([
  { name: 'CRC-32', ring: CRC32, crc: (bytes: Uint8Array) => BigInt(crc32(bytes)) },
  { name: 'CRC-32C', ring: CRC32C, crc: (bytes: Uint8Array) => BigInt(crc32c(bytes)) },
  { name: 'CRC-64/NVME', ring: CRC64NVME, crc: (bytes: Uint8Array) => crc64nvme(bytes) },
])('the combination of $name values is the CRC of the concatenation', ({ ring, crc }) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (pieces) => {
      const parts = pieces.map((piece) => ({ crc: crc(piece), size: piece.length }))
      return combineCrcs(ring, parts) === crc(new Uint8Array(pieces.flatMap((piece) => [...piece])))
    }),
  )
})

test('nothing combines to zero', () => {
  expect(combineCrcs(CRC64NVME, [])).toBe(0n)
})

test('a part longer than 4 GiB moves the CRC on by its whole size', () => {
  // Appending 5 GiB at once is appending 1 GiB five times.
  const gib = 2 ** 30
  const first = { crc: 0xae8b14860a799888n, size: 9 }
  const pieces = Array.from({ length: 5 }, () => ({ crc: 0x123456789abcdef0n, size: gib }))
  const joined = { crc: combineCrcs(CRC64NVME, pieces), size: 5 * gib }
  expect(combineCrcs(CRC64NVME, [first, joined])).toBe(combineCrcs(CRC64NVME, [first, ...pieces]))
})
