import { describe, expect, test } from 'vitest'
import { checksumAlgorithms } from '../../src/core/checksums.ts'
import {
  trailerAlgorithm as acceptedTrailer,
  checksumHeaders,
  isChecksumValue,
  readChecksumAlgorithm as readAcceptedAlgorithm,
  readChecksum as readAcceptedChecksum,
  readContentMd5,
} from '../../src/http/checksums.ts'

const ALL = checksumAlgorithms(() => true)
const R2 = checksumAlgorithms(() => false)
const readChecksum = (headers: Headers, accepted = ALL) => readAcceptedChecksum(headers, accepted)
const readChecksumAlgorithm = (headers: Headers, accepted = ALL) => readAcceptedAlgorithm(headers, accepted)
const trailerAlgorithm = (headers: Headers, accepted = ALL) => acceptedTrailer(headers, accepted)

const CRC32C = '4waSgw=='
const invalidRequest = (message: string) => expect.objectContaining({ code: 'InvalidRequest', message })

describe('a checksum header', () => {
  test.each([
    ['CRC32', 'y/Q5Jg=='],
    ['CRC32C', CRC32C],
    ['CRC64NVME', 'rosUhgp5mIg='],
    ['SHA1', '98O8HYCOBHMq32eZZczDTKeuNEE='],
    ['SHA256', 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU='],
    ['MD5', 'JfnnlDI7RTiF9RgfG2JNCw=='],
    ['XXHASH3', 'ctyxi2ehff8='],
  ])('names %s and carries its value', (algorithm, value) => {
    expect(readChecksum(new Headers({ [`X-Amz-Checksum-${algorithm}`]: value }))).toEqual({ algorithm, value })
  })

  test('is not one of those that only speak about checksums, nor an unknown one', () => {
    const headers = new Headers({
      'x-amz-checksum-algorithm': 'CRC32',
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-checksum-mode': 'ENABLED',
      'x-amz-sdk-checksum-algorithm': 'CRC32',
      'x-amz-checksum-md4': 'AAAA',
    })
    expect(readChecksum(headers)).toBeUndefined()
  })

  test('must be of the algorithm that was announced, if one was', () => {
    const sent = (announced: string, headers: Record<string, string>) => new Headers({ 'x-amz-checksum-algorithm': announced, ...headers })
    const refused = invalidRequest('The checksum that was sent is not of the algorithm that the x-amz-checksum-algorithm header names.')
    expect(() => readChecksum(sent('CRC32', { 'x-amz-checksum-crc32c': CRC32C }))).toThrow(refused)
    expect(readChecksum(sent('crc32c', { 'x-amz-checksum-crc32c': CRC32C }))).toBeDefined()
    expect(() => trailerAlgorithm(sent('SHA256', { 'x-amz-trailer': 'x-amz-checksum-crc32c' }))).toThrow(refused)
    expect(trailerAlgorithm(sent('CRC32C', { 'x-amz-trailer': 'x-amz-checksum-crc32c' }))).toBe('CRC32C')
  })

  test('must be alone', () => {
    const headers = new Headers({ 'x-amz-checksum-crc32': 'y/Q5Jg==', 'x-amz-checksum-crc32c': CRC32C })
    expect(() => readChecksum(headers)).toThrow(
      invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.'),
    )
  })

  test.each(['', 'AAAA', '4waSgw', 'e3069283', `${CRC32C}, ${CRC32C}`])('with the value %j is invalid', (value) => {
    expect(() => readChecksum(new Headers({ 'x-amz-checksum-crc32c': value }))).toThrow(expect.objectContaining({ code: 'InvalidDigest' }))
  })
})

test('a trailer value is checked like a header value', () => {
  expect(isChecksumValue('CRC32C', CRC32C)).toBe(true)
  expect(isChecksumValue('CRC64NVME', CRC32C)).toBe(false)
})

describe('Content-MD5', () => {
  test('may be absent', () => {
    expect(readContentMd5(new Headers())).toBeUndefined()
  })

  test('is read as it is', () => {
    expect(readContentMd5(new Headers({ 'Content-MD5': 'JfnnlDI7RTiF9RgfG2JNCw==' }))).toBe('JfnnlDI7RTiF9RgfG2JNCw==')
  })

  test.each(['', 'AAAA', '25f9e794323b453885f5181f1b624d0b'])('with the value %j is invalid', (value) => {
    expect(() => readContentMd5(new Headers({ 'content-md5': value }))).toThrow(expect.objectContaining({ code: 'InvalidDigest' }))
  })
})

describe('x-amz-trailer', () => {
  test('may be absent', () => {
    expect(trailerAlgorithm(new Headers({ 'x-amz-checksum-crc32c': CRC32C }))).toBeUndefined()
  })

  test('announces a checksum', () => {
    expect(trailerAlgorithm(new Headers({ 'x-amz-trailer': 'X-Amz-Checksum-CRC64NVME' }))).toBe('CRC64NVME')
  })

  test.each(['', 'x-amz-checksum-md4', 'x-amz-meta-a', 'x-amz-checksum-crc32, x-amz-checksum-crc32c'])('cannot announce %j', (value) => {
    expect(() => trailerAlgorithm(new Headers({ 'x-amz-trailer': value }))).toThrow(
      invalidRequest('The value specified in the x-amz-trailer header is not supported'),
    )
  })

  test('cannot announce a checksum beside one in a header', () => {
    const headers = new Headers({ 'x-amz-trailer': 'x-amz-checksum-crc32', 'x-amz-checksum-crc32c': CRC32C })
    expect(() => trailerAlgorithm(headers)).toThrow(invalidRequest('Expecting a single x-amz-checksum- header'))
  })
})

describe('x-amz-checksum-algorithm', () => {
  test.each([
    [undefined, undefined],
    ['SHA256', 'SHA256'],
    ['crc64nvme', 'CRC64NVME'],
  ])('%s is %s', (value, algorithm) => {
    expect(readChecksumAlgorithm(new Headers(value === undefined ? {} : { 'x-amz-checksum-algorithm': value }))).toBe(algorithm)
  })

  test('of another kind is refused with the list of what there is', () => {
    expect(() => readChecksumAlgorithm(new Headers({ 'x-amz-checksum-algorithm': 'MD4' }))).toThrow(
      invalidRequest(
        'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64]',
      ),
    )
  })
})

describe('a checksum that R2 does not have, where only those of R2 are accepted', () => {
  const sent = { 'x-amz-checksum-xxhash3': 'ctyxi2ehff8=' }

  test('is ignored in a header, as on R2', () => {
    expect(readChecksum(new Headers(sent), R2)).toBeUndefined()
  })

  test('cannot be announced as a trailer', () => {
    expect(() => trailerAlgorithm(new Headers({ 'x-amz-trailer': 'x-amz-checksum-xxhash3' }), R2)).toThrow(
      invalidRequest('The value specified in the x-amz-trailer header is not supported'),
    )
  })

  test('is not in the list of what there is', () => {
    expect(() => readChecksumAlgorithm(new Headers({ 'x-amz-checksum-algorithm': 'XXHASH3' }), R2)).toThrow(
      invalidRequest(
        'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
      ),
    )
  })
})

test('a stored checksum is reported with its type', () => {
  expect(checksumHeaders({ algorithm: 'CRC32C', type: 'COMPOSITE', value: 'AAAAAA==-3' })).toEqual([
    ['x-amz-checksum-crc32c', 'AAAAAA==-3'],
    ['x-amz-checksum-type', 'COMPOSITE'],
  ])
})
