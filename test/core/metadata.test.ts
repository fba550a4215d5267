import { describe, expect, test } from 'vitest'
import { checkMetadata, mergeMetadata, metadataSize } from '../../src/core/metadata.ts'

describe('checkMetadata', () => {
  test.each([
    ['nothing', {}],
    ['8,192 characters of names and values', { [`n${'a'.repeat(91)}`]: 'v'.repeat(8100) }],
    ['8,192 characters of Latin-1, each counted once', { ab: 'é'.repeat(8190) }],
    ['wide text that doubles to the limit', { ab: 'ж'.repeat(4095) }],
    ['a narrow value beside a wide one, doubled apart', { ab: 'v'.repeat(8186), c: 'ж', d: '' }],
  ])('takes %s', (_, custom) => expect(() => checkMetadata(custom)).not.toThrow())

  test.each([
    ['8,193 characters', { ab: 'v'.repeat(8191) }],
    ['one wide character that doubles its value', { ab: `${'v'.repeat(4095)}ж` }],
    ['a wide name', { ['ж'.repeat(4097)]: '' }],
    ['many small ones', Object.fromEntries(Array.from({ length: 1100 }, (_, i) => [`n${1000 + i}`, 'abc']))],
  ])('refuses %s', (_, custom) => {
    expect(() => checkMetadata(custom)).toThrow('Your metadata headers exceed the maximum allowed metadata size.')
  })
})

describe('mergeMetadata', () => {
  const source = { httpMetadata: { contentType: 'text/css', cacheControl: 'no-store' }, customMetadata: { a: '1', b: '2' } }
  const own = { httpMetadata: { contentType: 'text/html', cacheControl: undefined }, customMetadata: { b: '3', c: '' } }

  test('COPY takes all from the source', () => expect(mergeMetadata('COPY', source, own)).toEqual(source))

  test('COPY takes nothing else of a source that is a head', () =>
    expect(mergeMetadata('COPY', { ...source, etag: 'e', version: 'v' } as typeof source, own)).toEqual(source))

  test('REPLACE takes all from the request', () => expect(mergeMetadata('REPLACE', source, own)).toEqual(own))

  test('MERGE overlays what the request names and removes nothing', () => {
    expect(mergeMetadata('MERGE', source, own)).toEqual({
      httpMetadata: { contentType: 'text/html', cacheControl: 'no-store' },
      customMetadata: { a: '1', b: '3', c: '' },
    })
  })

  test('what comes of it has to keep the limit, what is left out need not', () => {
    const large = (name: string) => ({ httpMetadata: {}, customMetadata: { [name]: 'v'.repeat(8000) } })
    expect(() => mergeMetadata('MERGE', large('a'), large('b'))).toThrow('maximum allowed metadata size')
    expect(() => mergeMetadata('MERGE', large('a'), large('a'))).not.toThrow()
    const over = { httpMetadata: {}, customMetadata: { a: 'v'.repeat(9000) } }
    expect(() => mergeMetadata('REPLACE', own, over)).toThrow('maximum allowed metadata size')
    expect(mergeMetadata('COPY', source, over)).toEqual(source)
  })

  test('a name of the object prototype is a name like any other', () => {
    const hostile = { httpMetadata: {}, customMetadata: Object.fromEntries([['__proto__', 'x']]) }
    expect(Object.entries(mergeMetadata('MERGE', source, hostile).customMetadata)).toContainEqual(['__proto__', 'x'])
  })
})

test('metadata is measured in bytes of UTF-8, with Expires as the header that it becomes', () => {
  expect(metadataSize({}, {})).toBe(0)
  expect(metadataSize({ contentType: 'text/css', cacheExpiryMs: 0 }, { é: 'ж', a: '' })).toBe(8 + 29 + 4 + 1)
})
