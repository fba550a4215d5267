import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { httpEtag, multipartEtag } from '../../src/core/etag.ts'

const md5 = (data: string | Uint8Array) => createHash('md5').update(data).digest('hex')

test('the ETag of a multipart object hashes the binary MD5s of its parts and ends in their number', () => {
  const parts = [md5('one'), md5('two')]
  expect(multipartEtag(parts)).toBe(`${md5(Uint8Array.fromHex(parts.join('')))}-2`)
})

test('an object of no parts has the MD5 of nothing', () => {
  expect(multipartEtag([])).toBe('d41d8cd98f00b204e9800998ecf8427e-0')
})

test('HTTP quotes an ETag', () => {
  expect(httpEtag('abc-1')).toBe('"abc-1"')
})
