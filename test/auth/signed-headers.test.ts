import { describe, expect, test } from 'vitest'
import { readSignedHeaders } from '../../src/auth/signed-headers.ts'

const names = (count: number, prefix: string) => Array.from({ length: count }, (_, n) => `${prefix}${n}`).join(';')

describe('SignedHeaders', () => {
  test('are read in lowercase, in their order', () => {
    expect(readSignedHeaders('Host;x-amz-date;Range')).toEqual(['host', 'x-amz-date', 'range'])
    expect(readSignedHeaders('')).toEqual([''])
  })

  test.each(['host;host', 'host;x;X', 'a;;', 'host;range;x-amz-date;range'])('%s repeats a name', (text) => {
    expect(() => readSignedHeaders(text)).toThrow('SignedHeaders names a header more than once')
  })

  test('are 64 at most, and 2,048 of metadata besides', () => {
    expect(readSignedHeaders(names(64, 'h'))).toHaveLength(64)
    expect(() => readSignedHeaders(names(65, 'h'))).toThrow('SignedHeaders names more than 64 headers')
    expect(readSignedHeaders(`host;${names(2048, 'x-amz-meta-')}`)).toHaveLength(2049)
    expect(() => readSignedHeaders(`host;${names(2049, 'x-amz-meta-')}`)).toThrow('SignedHeaders names more than 2048 metadata headers')
  })
})
