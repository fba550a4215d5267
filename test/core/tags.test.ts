import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { checkBucketTags, checkObjectTags, parseTaggingHeader, type TagSet, tagsSize } from '../../src/core/tags.ts'
import { budget } from '../support/fuzz.ts'

const tagsNamed = (count: number): TagSet => Array.from({ length: count }, (_, n) => ({ key: `key-${n}`, value: '' }))
const one = (key: string, value = ''): TagSet => [{ key, value }]

const INVALID_KEY = expect.objectContaining({ code: 'InvalidTag', message: 'The TagKey you have provided is invalid' })
const INVALID_VALUE = expect.objectContaining({ code: 'InvalidTag', message: 'The TagValue you have provided is invalid' })
const NOT_A_QUERY = expect.objectContaining({
  code: 'InvalidArgument',
  message: "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
})

describe('the tags of an object', () => {
  test.each([
    ['no tags', []],
    ['ten tags', tagsNamed(10)],
    ['the longest key and value', one('k'.repeat(128), 'v'.repeat(256))],
    ['an empty value', one('k')],
    ['every kind of character', one('aZ09 äß東٣+-=._:/@\u00a0', ' ')],
    ['keys that differ in case', [...one('a'), ...one('A')]],
    ['aws: elsewhere', one('my-aws:key', 'aws:value')],
    ['names of JavaScript', [...one('__proto__'), ...one('constructor')]],
  ] as [string, TagSet][])('may be %s', (_, tags) => expect(() => checkObjectTags(tags)).not.toThrow())

  test.each([
    ['an empty key', one(''), INVALID_KEY],
    ['a long key', one('k'.repeat(129)), INVALID_KEY],
    ['a key of 65 characters beyond the first plane', one('𐐀'.repeat(65)), INVALID_KEY],
    ['another character in a key', one('a&b'), INVALID_KEY],
    ['a tabulator in a key', one('a\tb'), INVALID_KEY],
    ['half a character', one('\ud800'), INVALID_KEY],
    ['a long value', one('k', 'v'.repeat(257)), INVALID_VALUE],
    ['another character in a value', one('k', '<'), INVALID_VALUE],
    ['a line break', one('k', '\n'), INVALID_VALUE],
    ['an emoji', one('k', '🙂'), INVALID_VALUE],
    ['a reserved key', one('aws:k'), expect.objectContaining({ message: 'Your TagKey cannot be prefixed with aws:' })],
    [
      'a repeated key',
      [...one('k'), ...one('k', 'v')],
      expect.objectContaining({ message: 'Cannot provide multiple Tags with the same key' }),
    ],
    ['eleven tags', tagsNamed(11), expect.objectContaining({ code: 'BadRequest', message: 'Object tags cannot be greater than 10' })],
  ] as [string, TagSet, unknown][])('cannot have %s', (_, tags, error) => expect(() => checkObjectTags(tags)).toThrow(error as Error))
})

describe('the tags of a bucket', () => {
  test('may be fifty', () => expect(() => checkBucketTags(tagsNamed(50))).not.toThrow())

  test.each([
    ['fifty-one tags', tagsNamed(51), 'Bucket tag count cannot be greater than 50'],
    ['a reserved key', one('aws:k'), 'System tags cannot be added/updated by requester'],
    ['another character', one('k', '*'), 'The TagValue you have provided is invalid'],
  ] as [string, TagSet, string][])('cannot have %s', (_, tags, message) => expect(() => checkBucketTags(tags)).toThrow(message))
})

describe('x-amz-tagging', () => {
  test.each([
    ['', []],
    ['k=v', one('k', 'v')],
    ['k', one('k')],
    ['k=', one('k')],
    ['&a=1&&b=2&', [...one('a', '1'), ...one('b', '2')]],
    ['a+b=c%20d', one('a b', 'c d')],
    ['a=b=c', one('a', 'b=c')],
    ['%E6%9D%B1=%2B', one('東', '+')],
  ] as [string, TagSet][])('%s', (header, tags) => expect(parseTaggingHeader(header)).toEqual(tags))

  test.each([
    ['a=1&a=2', NOT_A_QUERY],
    ['a=1&%61=2', NOT_A_QUERY],
    ['a=%', NOT_A_QUERY],
    ['a=%ff', NOT_A_QUERY],
    ['=v', INVALID_KEY],
    ['a%26b=1', INVALID_KEY],
    ['a=%00', INVALID_VALUE],
    ['aws:a=1', expect.objectContaining({ code: 'InvalidTag' })],
    [Array.from({ length: 11 }, (_, n) => `k${n}=`).join('&'), expect.objectContaining({ code: 'BadRequest' })],
  ] as [string, unknown][])('%s is refused', (header, error) => expect(() => parseTaggingHeader(header)).toThrow(error as Error))

  test('every set of tags that is allowed survives its encoding as a query', () => {
    fc.assert(
      fc.property(tagSets(), (tags) => {
        const encoded = tags.map(({ key, value }) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
        expect(parseTaggingHeader(encoded)).toEqual(tags)
        expect(parseTaggingHeader(new URLSearchParams(tags.map(({ key, value }) => [key, value])).toString())).toEqual(tags)
      }),
      budget(200),
    )
  })

  test('any text is either a valid set of tags or a named error', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (header) => {
        try {
          checkObjectTags(parseTaggingHeader(header))
        } catch (error) {
          expect(['InvalidArgument', 'InvalidTag', 'BadRequest']).toContain((error as { code?: string }).code)
        }
      }),
      budget(500),
    )
  })
})

test('the size of tags is that of their UTF-8', () => {
  expect(tagsSize([])).toBe(0)
  expect(tagsSize([...one('k', 'vv'), ...one('東', 'ä')])).toBe(8)
})

/** Sets of tags that an object may have. */
function tagSets(): fc.Arbitrary<TagSet> {
  const text = (range: { minLength?: number; maxLength: number }) =>
    fc.string({ unit: fc.constantFrom(...'abcXYZ019 +-=._:/@äß東𐐀'), ...range }).filter((value) => value.length <= range.maxLength)
  const tag = fc.record({ key: text({ minLength: 1, maxLength: 128 }), value: text({ maxLength: 256 }) })
  return fc
    .uniqueArray(tag, { selector: ({ key }) => key, maxLength: LIMITS.objectTags })
    .filter((tags) => tags.every(({ key }) => !key.startsWith('aws:')))
}
