import { describe, expect, test } from 'vitest'
import type { ObjectHead } from '../../src/core/object.ts'
import { objectHeaders, readOverrides } from '../../src/http/object-headers.ts'

const bare: ObjectHead = {
  key: 'k',
  version: '0'.repeat(32),
  size: 3,
  etag: 'abc',
  uploadedMs: 784_111_777_999,
  storageClass: 'Standard',
  httpMetadata: {},
  customMetadata: {},
  hashes: {},
}

const full: ObjectHead = {
  ...bare,
  storageClass: 'InfrequentAccess',
  httpMetadata: {
    contentType: 'text/css',
    contentLanguage: 'fr',
    contentDisposition: 'inline',
    contentEncoding: 'gzip',
    cacheControl: 'no-store',
    cacheExpiryMs: 1000,
  },
  customMetadata: { color: 'blue', é: 'unseen', name: 'é' },
  checksum: { algorithm: 'CRC32', type: 'COMPOSITE', value: 'AAAAAA==-2' },
  ssecKeyMd5: 'AAAAAAAAAAAAAAAAAAAAAA==',
  partsCount: 2,
  expiration: { dueMs: 1000, ruleId: 'a "rule"' },
}

const SYSTEM = {
  'accept-ranges': 'bytes',
  'cache-control': 'no-store',
  'content-disposition': 'inline',
  'content-encoding': 'gzip',
  'content-language': 'fr',
  'content-type': 'text/css',
  etag: '"abc"',
  expires: 'Thu, 01 Jan 1970 00:00:01 GMT',
  'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
}

test('an object with nothing stored has a type all the same', () => {
  expect(Object.fromEntries(objectHeaders(bare))).toEqual({
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    etag: '"abc"',
    'last-modified': 'Sun, 06 Nov 1994 08:49:37 GMT',
  })
})

test('everything stored is answered, checksums and part counts apart', () => {
  expect(Object.fromEntries(objectHeaders(full))).toEqual({
    ...SYSTEM,
    'x-amz-expiration': 'expiry-date="Thu, 01 Jan 1970 00:00:01 GMT", rule-id="a%20%22rule%22"',
    'x-amz-meta-color': 'blue',
    'x-amz-meta-name': '=?UTF-8?B?w6k=?=',
    'x-amz-missing-meta': '1',
    'x-amz-storage-class': 'STANDARD_IA',
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key-md5': 'AAAAAAAAAAAAAAAAAAAAAA==',
  })
})

test('a public bucket shows no x-amz-* header', () => {
  expect(Object.fromEntries(objectHeaders(full, { public: true, checksumMode: true }))).toEqual(SYSTEM)
})

test('the checksum is answered when asked for', () => {
  expect(objectHeaders(full, { checksumMode: true }).get('x-amz-checksum-crc32')).toBe('AAAAAA==-2')
  expect(objectHeaders(bare, { checksumMode: true }).get('x-amz-checksum-crc32')).toBeNull()
})

test('stored text that no header can hold does not break the answer', () => {
  const head = { ...bare, httpMetadata: { contentDisposition: 'attachment\r\nX-Evil: 1\0', contentType: 'text/世界' } }
  expect(objectHeaders(head).get('content-disposition')).toBe('attachment  X-Evil: 1')
  expect(objectHeaders(head).get('x-evil')).toBeNull()
})

describe('response-* parameters', () => {
  test('take the place of what is stored', () => {
    const query = new URLSearchParams({
      'response-content-type': 'text/plain',
      'response-content-language': 'de',
      'response-expires': 'never',
      'response-cache-control': 'max-age=1',
      'response-content-disposition': 'attachment; filename="é.txt"',
      'response-content-encoding': 'br',
      'response-etag': 'no',
      'Response-Content-Type': 'no',
    })
    const headers = objectHeaders(full, { overrides: readOverrides(query) })
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/plain',
      'content-language': 'de',
      expires: 'never',
      'cache-control': 'max-age=1',
      'content-disposition': 'attachment; filename="é.txt"',
      'content-encoding': 'br',
      etag: '"abc"',
    })
  })

  test('empty ones change nothing', () => expect(readOverrides(new URLSearchParams('response-content-type='))).toEqual([]))

  test.each(['a\r\nSet-Cookie: b', 'a\nb', 'a\0b', '\x01', '\x7f', '世界', '\ud83d'])('refuses %j', (value) => {
    const query = new URLSearchParams({ 'response-content-disposition': value })
    expect(() => readOverrides(query)).toThrow(expect.objectContaining({ code: 'InvalidArgument', status: 400 }))
  })
})
