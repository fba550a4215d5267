import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeKey, normalizeKey } from '../../../src/core/key.ts'
import { entryUrl } from '../../../src/faces/public/entry-url.ts'
import { holds } from '../../support/fuzz.ts'

const HOST = 'files.example'
const entryOf = (key: string) => entryUrl(HOST, key, '')

/** Characters that URLs treat in a way of their own come often. */
const character = fc.oneof(
  fc.constantFrom(...'/..\\?#%&+[](){}|^`"<>\'~ :@\t\nüé', 'e\u0301', '日', '😀'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)
const key = fc.string({ unit: character, minLength: 1, maxLength: 12 }).filter((text) => text.isWellFormed())

describe('the URL of an entry', () => {
  test.each([
    ['cat.png', 'cat.png'],
    ['a b/ü(1)[2].png', 'a%20b/%C3%BC(1)[2].png'],
    ['a?b#c%d', 'a%3Fb%23c%25d'],
    ['/a//b/', '/a//b/'],
    ['u\u0308', '%C3%BC'],
    ['a/../b', 'a%2F..%2Fb'],
    ['a/.', 'a%2F.'],
    ['a..b/.c', 'a..b/.c'],
  ])('of %j is the one that a browser shows: %s', (text, path) => expect(entryOf(text)).toBe(`https://${HOST}/${path}`))

  test('is one for every spelling of a path, and leads back to the key', () =>
    holds(
      fc.asyncProperty(key, fc.infiniteStream(fc.nat(2)), async (text, how) => {
        // The spellings of a path that name this key: bytes encoded or not, in capitals or not.
        const spelt = [...text].map((one) => spell(one, how.next().value as number)).join('')
        const { pathname } = new URL(`https://${HOST}/${spelt}`)
        const asked = decodeKey(pathname.slice(1))
        const { href, pathname: path } = new URL(entryOf(asked))
        expect(href).toBe(entryOf(asked))
        expect(normalizeKey(decodeKey(path.slice(1)))).toBe(normalizeKey(asked))
        if (normalizeKey(asked) === normalizeKey(text)) expect(href).toBe(entryOf(text))
      }),
      500,
    ))

  test('is another one for another key', () =>
    holds(
      fc.asyncProperty(key, key, async (a, b) => {
        expect(new URL(entryOf(a)).href === new URL(entryOf(b)).href || ['.', '..'].includes(a)).toBe(
          normalizeKey(a) === normalizeKey(b) || ['.', '..'].includes(a),
        )
      }),
      500,
    ))
})

function spell(character: string, how: number): string {
  const encoded = [...new TextEncoder().encode(character)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  if (how === 2) return encoded.toUpperCase()
  return how === 1 || /[?#%\\\s]/.test(character) ? encoded : character
}
