import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { awsEncode, checkKey, compareUtf8, decodeKey, normalizeKey, prefixEnd } from '../../src/core/key.ts'

/** Well-formed text rich in the characters where UTF-16 and UTF-8 order differ. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'b', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 6,
})

describe('checkKey', () => {
  test.each([
    ['the empty key, which the binding has', ''],
    ['1,024 bytes of ASCII', 'a'.repeat(1024)],
    ['1,024 bytes of UTF-8', 'é'.repeat(512)],
    ['characters outside the BMP', '\u{1f600}'.repeat(256)],
  ])('takes %s', (_, key) => expect(() => checkKey(key)).not.toThrow())

  test.each([
    ['1,025 bytes of ASCII', 'a'.repeat(1025)],
    ['1,025 bytes of UTF-8 in fewer characters', `${'é'.repeat(512)}a`],
    ['a high surrogate alone', 'a\ud83d'],
    ['a low surrogate alone', '\ude00a'],
  ])('refuses %s', (_, key) => expect(() => checkKey(key)).toThrow('The specified object name is not valid.'))
})

test('NFC-equal spellings are one key', () => expect(normalizeKey('e\u0301')).toBe(normalizeKey('\u00e9')))

describe('compareUtf8', () => {
  test('sorts characters outside the BMP after all others', () => expect(compareUtf8('\u{10000}', '\uffff')).toBeGreaterThan(0))

  test('sorts as the bytes of UTF-8 sort', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
      }),
    )
  })
})

describe('prefixEnd', () => {
  test.each([
    ['', null],
    ['a', 'b'],
    ['photos/', 'photos0'],
    ['\ud7ff', '\ue000'],
    ['\uffff', '\u{10000}'],
    ['a\u{1f600}', 'a\u{1f601}'],
    ['a\u{10ffff}\u{10ffff}', 'b'],
    ['\u{10ffff}', null],
  ])('of %j is %j', (prefix, end) => expect(prefixEnd(prefix)).toBe(end))

  test('bounds exactly the strings with the prefix', () => {
    fc.assert(
      fc.property(text, text, (prefix, other) => {
        const end = prefixEnd(prefix)
        const inRange = compareUtf8(other, prefix) >= 0 && (end === null || compareUtf8(other, end) < 0)
        expect(inRange).toBe(other.startsWith(prefix))
        if (end !== null) expect(compareUtf8(prefix + other, end)).toBeLessThan(0)
      }),
    )
  })

  test('takes a long run of the last character in linear time', () => expect(prefixEnd('\u{10ffff}'.repeat(100_000))).toBeNull())
})

describe('decodeKey', () => {
  test.each([
    ['a%20b', 'a b'],
    ['a+b', 'a+b'],
    ['a%2Fb/c', 'a/b/c'],
    ['%2541', '%41'],
    ['%C3%A9', 'é'],
    ['', ''],
  ])('decodes %j once, to %j', (path, key) => expect(decodeKey(path)).toBe(key))

  test.each(['%', '%4', '%zz', '%ff', '%c3', '%c0%af', '%ed%a0%80'])('refuses %s', (path) => {
    expect(() => decodeKey(path)).toThrow('The specified object name is not valid.')
  })
})

describe('awsEncode', () => {
  test.each([
    ['AZaz09-._~', 'AZaz09-._~'],
    ["!'()*", '%21%27%28%29%2A'],
    ['a b+c', 'a%20b%2Bc'],
    ['a/é', 'a%2F%C3%A9'],
  ])('encodes %j as %j', (plain, encoded) => expect(awsEncode(plain)).toBe(encoded))

  test('keeps slashes where asked', () => expect(awsEncode('a/b c', true)).toBe('a/b%20c'))

  test('survives a surrogate without partner', () => expect(awsEncode('\ud83d')).toBe('%EF%BF%BD'))

  test('is undone by decodeKey', () => {
    fc.assert(
      fc.property(text, (key) => {
        expect(decodeKey(awsEncode(key))).toBe(key)
      }),
    )
  })
})
