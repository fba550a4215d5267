import { describe, expect, test } from 'vitest'
import { readCustomMetadata, readHttpMetadata, writeCustomMetadata } from '../../src/http/metadata.ts'

describe('readHttpMetadata', () => {
  test('reads the six system headers', () => {
    const headers = new Headers({
      'Content-Type': 'text/css',
      'Content-Language': 'fr',
      'Content-Disposition': 'attachment; filename="a.css"',
      'Content-Encoding': 'gzip',
      'Cache-Control': 'no-store',
      Expires: 'Thu, 01 Jan 1970 00:00:01 GMT',
      'Content-Length': '3',
    })
    expect(readHttpMetadata(headers)).toEqual({
      contentType: 'text/css',
      contentLanguage: 'fr',
      contentDisposition: 'attachment; filename="a.css"',
      contentEncoding: 'gzip',
      cacheControl: 'no-store',
      cacheExpiryMs: 1000,
    })
  })

  test('headers that were not sent leave no field', () => expect(readHttpMetadata(new Headers())).toStrictEqual({}))

  test('an empty header is one that was not sent', () => {
    expect(readHttpMetadata(new Headers({ 'content-type': '', 'cache-control': ' ' }))).toStrictEqual({})
  })

  test.each(['0', '-1', 'tomorrow', '2030-01-01'])('an Expires of %s is ignored', (expires) => {
    expect(readHttpMetadata(new Headers({ expires }))).toStrictEqual({})
  })

  test.each([
    ['aws-chunked', undefined],
    ['AWS-Chunked', undefined],
    ['aws-chunked,', undefined],
    ['aws-chunked,gzip', 'gzip'],
    ['gzip, aws-chunked', 'gzip'],
    ['gzip, aws-chunked, br', 'gzip, br'],
    ['gzip,br', 'gzip,br'],
    ['x-aws-chunked', 'x-aws-chunked'],
  ])('a Content-Encoding of %j is stored as %j', (header, stored) => {
    expect(readHttpMetadata(new Headers({ 'content-encoding': header })).contentEncoding).toBe(stored)
  })
})

describe('readCustomMetadata', () => {
  test('reads x-amz-meta-* in lowercase and nothing else', () => {
    const headers = new Headers({ 'X-Amz-Meta-Color': 'Blue', 'x-amz-meta-empty': '', 'x-amz-meta-': 'no name', 'x-amz-acl': 'private' })
    expect(readCustomMetadata(headers)).toEqual({ color: 'Blue', empty: '' })
  })

  test.each([
    ['=?UTF-8?B?w6k=?=', 'é'],
    ['=?UTF-8?Q?caf=C3=A9?= noir', 'café noir'],
    ['é', 'é'],
    ['世界', '世界'],
    ['=?UTF-8?B?broken', '=?UTF-8?B?broken'],
  ])('stores %j as %j', (header, value) => expect(readCustomMetadata(new Headers({ 'x-amz-meta-a': header }))).toEqual({ a: value }))

  test('a name of the object prototype is a name like any other', () => {
    expect(Object.entries(readCustomMetadata(new Headers({ 'x-amz-meta-__proto__': 'x' })))).toEqual([['__proto__', 'x']])
  })
})

describe('writeCustomMetadata', () => {
  test.each([
    ['plain ~text', 'plain ~text'],
    ['', ''],
    ['é', '=?UTF-8?B?w6k=?='],
    ['a\r\nb', '=?UTF-8?B?YQ0KYg==?='],
    ['\x7f', '=?UTF-8?B?fw==?='],
  ])('writes %j as %j', (value, header) => {
    expect(writeCustomMetadata({ a: value })).toEqual({ headers: [['x-amz-meta-a', header]], missing: 0 })
  })

  test('counts the names that no header can have', () => {
    expect(writeCustomMetadata({ ok: '1', é: '2', 'a b': '3', '': '4', 'a\r\nb': '5', "!#$%&'*+-.^_`|~": '6' })).toEqual({
      headers: [
        ['x-amz-meta-ok', '1'],
        ["x-amz-meta-!#$%&'*+-.^_`|~", '6'],
      ],
      missing: 4,
    })
  })

  test('what is written is read back', () => {
    const custom = { a: 'plain', b: 'été', c: '世界 '.repeat(40), d: 'tab\tand\nline' }
    expect(readCustomMetadata(new Headers(writeCustomMetadata(custom).headers))).toEqual(custom)
  })
})
