import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crcBytes, DIGEST_BYTES, DIGEST_NAMES, Digests, digestOf } from '../../src/core/digests.ts'

const NINE_DIGITS = new TextEncoder().encode('123456789')

test('only the digests that were wanted are computed', () => {
  expect(Object.keys(new Digests(['md5', 'crc32c']).finish())).toEqual(['md5', 'crc32c'])
})

test.each(DIGEST_NAMES)('%s has its length, even of nothing', (name) => {
  expect(new Digests([name]).finish()[name]).toHaveLength(DIGEST_BYTES[name])
})

test.each([
  ['md5', '25f9e794323b453885f5181f1b624d0b'],
  ['sha1', 'f7c3bc1d808e04732adf679965ccc34ca7ae3441'],
  ['sha256', '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225'],
  ['crc32', 'cbf43926'],
  ['crc32c', 'e3069283'],
  ['crc64nvme', 'ae8b14860a799888'],
] as const)('%s of the nine digits is %s', (name, hex) => {
  expect(digestOf(name, NINE_DIGITS).toHex()).toBe(hex)
})

test.each(['sha384', 'sha512'] as const)('%s is the one of the platform', (name) => {
  expect(digestOf(name, NINE_DIGITS).toHex()).toBe(createHash(name).update('123456789').digest('hex'))
})

test('bytes in any pieces give the digests of the whole', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), (pieces) => {
      const digests = new Digests(DIGEST_NAMES)
      for (const piece of pieces) digests.update(piece)
      const values = digests.finish()
      const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]))
      for (const name of DIGEST_NAMES) expect(values[name]?.toHex()).toBe(digestOf(name, whole).toHex())
    }),
  )
})

test('a small CRC keeps its leading zeros', () => {
  expect(crcBytes(1n, 4)).toEqual(new Uint8Array([0, 0, 0, 1]))
})
