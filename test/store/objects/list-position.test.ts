import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../../src/core/limits.ts'
import { markerPosition, readToken, writeToken } from '../../../src/store/objects/list-position.ts'

describe('a continuation token', () => {
  test('reads as the position that it was written from, whatever the key', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 })
    const position = fc.oneof(
      text.map((key) => ({ key })),
      text.map((prefix) => ({ prefix })),
    )
    fc.assert(
      fc.property(position, (written) => {
        expect(readToken(writeToken(written))).toEqual(written)
      }),
    )
    for (const key of ['\ufeffbom', '\0', 'k', '', '\u{10ffff}']) expect(readToken(writeToken({ key }))).toEqual({ key })
  })

  test('needs no encoding in a URL, and is short enough for the longest key', () => {
    const token = writeToken({ prefix: '\u{1f600}'.repeat(LIMITS.keyBytes / 4) })
    expect(token).toMatch(/^[\w-]+$/)
    expect(readToken(token)).toEqual({ prefix: '\u{1f600}'.repeat(LIMITS.keyBytes / 4) })
  })

  test.each(['', 'x', '!!!', 'aGVsbG8', '_____w', btoa('k').repeat(2000)])('%j is refused', (token) => {
    expect(() => readToken(token)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }))
  })
})

describe('a marker', () => {
  test.each([
    ['a', {}, { key: 'a' }],
    ['a/', {}, { key: 'a/' }],
    ['a/', { delimiter: '/' }, { prefix: 'a/' }],
    ['a/b', { delimiter: '/' }, { key: 'a/b' }],
    ['a/b/', { delimiter: '/', prefix: 'a/' }, { prefix: 'a/b/' }],
    ['a/', { delimiter: '/', prefix: 'a/' }, { key: 'a/' }],
    ['z/', { delimiter: '/', prefix: 'a' }, { key: 'z/' }],
    ['a--', { delimiter: '--' }, { prefix: 'a--' }],
    ['a-', { delimiter: '--' }, { key: 'a-' }],
  ])('%j with %j stands behind %j', (marker, asked, expected) => {
    expect(markerPosition(marker, { prefix: '', ...asked })).toEqual(expected)
  })
})
