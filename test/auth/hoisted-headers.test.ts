import { expect, test } from 'vitest'
import { effectiveHeaders, hoistedHeaders } from '../../src/auth/hoisted-headers.ts'

test('lowercase x-amz- parameters are headers, the signature and other parameters are not', () => {
  const query = 'x-amz-meta-a=%C3%A9+b&X-Amz-Date=1&x-amz-date=2&x-amz-content-sha256=3&x-id=4&x-amz-bad%20name=5&x-amz-checksum-crc32=AAAA'
  expect(hoistedHeaders(new URL(`https://store.example.com/a?${query}`))).toEqual([
    ['x-amz-meta-a', 'é b'],
    ['x-amz-checksum-crc32', 'AAAA'],
  ])
})

test('a hoisted value wins over the header, which need not be signed', () => {
  const headers = effectiveHeaders(new Headers({ 'x-amz-acl': 'public-read', etag: 'x' }), [['x-amz-acl', 'private']])
  expect([...headers]).toEqual([
    ['etag', 'x'],
    ['x-amz-acl', 'private'],
  ])
})

test('a hoisted value that no header can carry is dropped', () => {
  const headers = effectiveHeaders(new Headers(), [
    ['x-amz-meta-a', 'a\r\nb: c'],
    ['x-amz-meta-b', 'b'],
  ])
  expect([...headers]).toEqual([['x-amz-meta-b', 'b']])
})
