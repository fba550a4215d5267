import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { UploadClaims } from '../../src/core/byte-source.ts'
import {
  checksumOf,
  checksumTypeFor,
  combineCrc,
  compositeChecksum,
  decodeDigest,
  digestsFor,
  verifyClaims,
} from '../../src/core/checksums.ts'
import { type DigestName, Digests, digestOf } from '../../src/core/digests.ts'
import type { StoreError } from '../../src/core/errors.ts'
import { CHECKSUM_ALGORITHMS } from '../../src/core/object.ts'

const BODY = new TextEncoder().encode('123456789')
const base64 = (name: DigestName) => digestOf(name, BODY).toBase64()
const hex = (name: DigestName) => digestOf(name, BODY).toHex()

/** Computes what the claims need, over the nine digits, and compares. */
function verify(claims: UploadClaims): void {
  const digests = new Digests(digestsFor(claims))
  digests.update(BODY)
  verifyClaims(claims, digests.finish())
}

function failureOf(work: () => unknown): StoreError {
  try {
    work()
  } catch (error) {
    return error as StoreError
  }
  throw new Error('it did not fail')
}

describe('the digests of an upload', () => {
  test('are MD5 and CRC64NVME when nothing is claimed', () => {
    expect(digestsFor({})).toEqual(['md5', 'crc64nvme'])
  })

  test('have the checksum that was asked for in place of CRC64NVME', () => {
    expect(digestsFor({ checksumAlgorithm: 'SHA1' })).toEqual(['md5', 'sha1'])
  })

  test('have SHA-256 for a signed payload, and once', () => {
    expect(digestsFor({ payloadSha256: hex('sha256') })).toEqual(['md5', 'crc64nvme', 'sha256'])
    expect(digestsFor({ payloadSha256: hex('sha256'), checksumAlgorithm: 'SHA256' })).toEqual(['md5', 'sha256'])
  })

  test('have what the binding was given', () => {
    expect(digestsFor({ hashes: { sha512: hex('sha512'), sha1: undefined } })).toEqual(['md5', 'crc64nvme', 'sha512'])
  })
})

describe('claims', () => {
  test('pass when every one holds', () => {
    verify({
      contentMd5: base64('md5'),
      payloadSha256: hex('sha256'),
      checksumAlgorithm: 'CRC32C',
      checksumValue: () => base64('crc32c'),
      hashes: { sha384: hex('sha384').toUpperCase() },
    })
  })

  test('pass when a checksum is wanted and none is claimed', () => {
    verify({ checksumAlgorithm: 'SHA1', checksumValue: () => undefined })
  })

  test.each(CHECKSUM_ALGORITHMS)('of %s fail for another value', (algorithm) => {
    const name = algorithm.toLowerCase() as DigestName
    const other = digestOf(name, BODY.subarray(1)).toBase64()
    expect(failureOf(() => verify({ checksumAlgorithm: algorithm, checksumValue: () => other })).code).toBe('BadDigest')
  })

  test.each([
    ['an MD5', { contentMd5: 'XrY7u+Ae7tCTyyK7j1rNww==' }, 'MD5', '5eb63bbbe01eeed093cb22bb8f5acdc3', hex('md5')],
    ['a SHA-1', { hashes: { sha1: '00'.repeat(20) } }, 'SHA-1', '00'.repeat(20), hex('sha1')],
    ['a CRC32C', { checksumAlgorithm: 'CRC32C', checksumValue: () => 'AAAAAA==' }, 'CRC32C', '00000000', 'e3069283'],
  ] as const)('of %s fail with both values in hex, on three lines', (_, claims, alg, provided, actual) => {
    expect(failureOf(() => verify(claims)).message).toBe(
      `The ${alg} checksum you specified did not match what we received.\nYou provided a ${alg} checksum with value: ${provided}\nActual ${alg} was: ${actual}`,
    )
  })

  test('of the payload hash fail first', () => {
    expect(failureOf(() => verify({ payloadSha256: '00'.repeat(32), contentMd5: 'AAAA' })).code).toBe('XAmzContentSHA256Mismatch')
  })

  test.each([
    { contentMd5: '' },
    { contentMd5: 'not base64' },
    { contentMd5: 'AAAAAA==' },
    { checksumAlgorithm: 'SHA256', checksumValue: () => 'AAAAAA==' },
    { hashes: { md5: 'abc' } },
  ] as UploadClaims[])('that no body could meet are invalid: %o', (claims) => {
    expect(failureOf(() => verify(claims)).code).toBe('InvalidDigest')
  })

  test('never pass uncomputed', () => {
    expect(() => verifyClaims({ contentMd5: base64('md5') }, {})).toThrow('md5 was not computed')
    expect(failureOf(() => verifyClaims({ payloadSha256: hex('sha256') }, {})).code).toBe('XAmzContentSHA256Mismatch')
  })
})

test('an upload is stored with the checksum it asked for, or CRC64NVME', () => {
  const computed = { crc64nvme: digestOf('crc64nvme', BODY), sha1: digestOf('sha1', BODY) }
  expect(checksumOf({}, computed)).toEqual({ algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: 'rosUhgp5mIg=' })
  expect(checksumOf({ checksumAlgorithm: 'SHA1' }, computed).value).toBe(base64('sha1'))
})

test.each([
  ['4waSgw==', true],
  ['4waSgw', false],
  ['4waSgx==', false], // Bits beyond the last byte.
  [' 4waSgw==', false],
  ['4waS-w==', false],
  ['4waSgwA=', false],
])('%j is a CRC32C in base64: %s', (value, valid) => {
  expect(decodeDigest('crc32c', value) !== undefined).toBe(valid)
})

describe('the checksum type of a multipart object', () => {
  const strict = { strict: true }
  const lenient = { strict: false }

  test.each(CHECKSUM_ALGORITHMS)('goes without saying for %s', (algorithm) => {
    const usual = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
    for (const mode of [strict, lenient]) {
      expect(checksumTypeFor(algorithm, undefined, mode)).toBe(usual)
      expect(checksumTypeFor(algorithm, usual, mode)).toBe(usual)
    }
  })

  test.each([
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['SHA1', 'FULL_OBJECT'],
    ['SHA256', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
    ['CRC32', 'full'],
  ] as const)('of %s cannot be %s on R2', (algorithm, type) => {
    const failure = failureOf(() => checksumTypeFor(algorithm, type, strict))
    expect(failure.status).toBe(501)
    expect(failure.message).toBe(`Header 'x-amz-checksum-type' with value '${type}' not implemented`)
  })

  test.each(['CRC32', 'CRC32C'] as const)('of %s may be FULL_OBJECT on AWS', (algorithm) => {
    expect(checksumTypeFor(algorithm, 'FULL_OBJECT', lenient)).toBe('FULL_OBJECT')
  })

  test.each([
    ['SHA1', 'FULL_OBJECT', 'The FULL_OBJECT checksum type cannot be used with the sha1 checksum algorithm.'],
    ['SHA256', 'FULL_OBJECT', 'The FULL_OBJECT checksum type cannot be used with the sha256 checksum algorithm.'],
    ['CRC64NVME', 'COMPOSITE', 'The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.'],
    ['CRC32', 'full', 'Value for x-amz-checksum-type header is invalid.'],
  ] as const)('of %s cannot be %s on AWS', (algorithm, type, message) => {
    const failure = failureOf(() => checksumTypeFor(algorithm, type, lenient))
    expect(failure.code).toBe('InvalidRequest')
    expect(failure.message).toBe(message)
  })
})

test('a composite checksum is the checksum of the binary checksums and ends in their number', () => {
  const parts = [digestOf('sha1', BODY), digestOf('sha1', BODY.subarray(4))]
  const joined = new Uint8Array(parts.flatMap((part) => [...part]))
  const values = parts.map((part) => part.toBase64())
  expect(compositeChecksum('SHA1', values)).toBe(`${digestOf('sha1', joined).toBase64()}-2`)
})

describe('a combined checksum', () => {
  test.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('of %s parts is that of the whole object', (algorithm) => {
    const name = algorithm.toLowerCase() as DigestName
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (pieces) => {
        const parts = pieces.map((piece) => ({ value: digestOf(name, piece).toBase64(), size: piece.length }))
        const whole = new Uint8Array(pieces.flatMap((piece) => [...piece]))
        return combineCrc(algorithm, parts) === digestOf(name, whole).toBase64()
      }),
    )
  })

  test('of zero bytes in 10,000 equal parts is that of as many zero bytes', () => {
    const value = digestOf('crc32c', new Uint8Array(100)).toBase64()
    const parts = Array.from({ length: 10_000 }, () => ({ value, size: 100 }))
    expect(combineCrc('CRC32C', parts)).toBe(digestOf('crc32c', new Uint8Array(1_000_000)).toBase64())
  })
})
