import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeWords, encodeWords } from '../../src/http/rfc2047.ts'

describe('decodeWords', () => {
  test.each([
    ['=?UTF-8?B?w6k=?=', 'é'],
    ['=?utf-8?b?w6k?=', 'é'],
    ['=?UTF-8?Q?=C3=A9?=', 'é'],
    ['=?utf-8?q?caf=c3=a9_au_lait?=', 'café au lait'],
    ['=?ISO-8859-1?Q?caf=E9?=', 'café'],
    ['=?ISO-8859-1?Q?=80?=', '\x80'],
    ['=?us-ascii?Q?plain=3F?=', 'plain?'],
    ['=?UTF-8*fr?Q?caf=C3=A9?=', 'café'],
    ['=?UTF-8?B??=', ''],
    ['=?UTF-8?Q?a?= =?UTF-8?Q?b?=', 'ab'],
    ['=?UTF-8?Q?a?= \t  =?ISO-8859-1?Q?=E9?=', 'aé'],
    ['=?UTF-8?Q?a?==?UTF-8?Q?b?=', 'ab'],
    ['=?UTF-8?Q?=C3?= =?UTF-8?Q?=A9?=', 'é'],
    ['before =?UTF-8?Q?a?= after', 'before a after'],
    ['=?UTF-8?Q?a?=, =?UTF-8?Q?b?=', 'a, b'],
    ['=?UTF-8?Q?=EF=BB=BFa?=', '\ufeffa'],
  ])('reads %j as %j', (value, text) => expect(decodeWords(value)).toBe(text))

  test.each([
    'plain',
    '',
    '=?',
    '=?UTF-8?X?abc?=',
    '=?UTF-8?B?***?=',
    '=?UTF-8?B?w?=',
    '=?UTF-8?B?w6kw6?=',
    '=?UTF-8?B?w6k==?=',
    '=?UTF-8?B?=?=',
    '=?UTF-8?B?w6k=w6k=?=',
    '=?UTF-8?Q?=ZZ?=',
    '=?UTF-8?Q?=A?=',
    '=?UTF-8?Q?caf\u00e9?=',
    '=?UTF-8?Q?=FF?=',
    '=?us-ascii?Q?=E9?=',
    '=?klingon?Q?a?=',
    '=?constructor?Q?a?=',
    '=?UTF-8?Q?a b?=',
    '=?UTF-8?Q?a',
  ])('keeps %j as it is', (value) => expect(decodeWords(value)).toBe(value))

  test('a malformed word between two good ones keeps its blanks', () => {
    expect(decodeWords('=?UTF-8?Q?a?= =?UTF-8?X?b?= =?UTF-8?Q?c?=')).toBe('a =?UTF-8?X?b?= c')
  })

  test.each([
    '=?'.repeat(50_000),
    '=?u?q?'.repeat(20_000),
    `=?u?q?${'='.repeat(100_000)}`,
    `=?${'*'.repeat(100_000)}?q?a?=`,
    '=?utf-8?q??='.repeat(20_000),
  ])('hostile text is read in linear time', (value) => expect(decodeWords(value)).toBeTypeOf('string'))
})

describe('encodeWords', () => {
  test('is base64 of UTF-8', () => expect(encodeWords('é')).toBe('=?UTF-8?B?w6k=?='))

  test('what is encoded is decoded to the same, in words of 75 characters at most', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const encoded = encodeWords(text)
        expect(decodeWords(encoded)).toBe(text)
        for (const word of encoded.split(' ')) expect(word.length).toBeLessThanOrEqual(75)
      }),
    )
  })

  test('no word cuts a character in two', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '世', '\u{1f600}'), maxLength: 100 }), (text) => {
        const words = encodeWords(text).split(' ')
        expect(words.map(decodeWords).join('')).toBe(text)
      }),
    )
  })
})
