import { describe, expect, test } from 'vitest'
import { formatHttpDate, parseHttpDate, readConditions, readIfRange } from '../../src/http/conditions.ts'

const DATE = 'Sun, 06 Nov 1994 08:49:37 GMT'
const DATE_MS = 784_111_777_000

describe('tags', () => {
  const strong = (...etags: string[]) => etags.map((etag) => ({ etag, weak: false }))

  test.each([
    ['*', '*'],
    [' * ', '*'],
    ['"a"', strong('a')],
    ['""', strong('')],
    ['"a", "b"', strong('a', 'b')],
    ['"a","b",,"c" ,', strong('a', 'b', 'c')],
    ['"a,b"', strong('a,b')],
    ['"*"', strong('*')],
    ['W/"a"', [{ etag: 'a', weak: true }]],
    ['"a", W/"b"', [...strong('a'), { etag: 'b', weak: true }]],
    ['abc', strong('abc')],
    ['abc-2, "b"', strong('abc-2', 'b')],
    ['"a", *', '*'],
    ['"unclosed', strong('"unclosed')],
    ['"a"b', strong('"a"b')],
    ['', []],
    [' , ,', []],
  ])('of %j', (header, tags) => expect(readConditions(new Headers({ 'if-match': header })).ifMatch).toEqual(tags))

  test.each([`"${'a'.repeat(50_000)}`, '"'.repeat(50_001), '"a" '.repeat(20_000), `${' '.repeat(50_000)},`, `x${' ,'.repeat(50_000)}`])(
    'hostile text is read in linear time',
    (header) => expect(readConditions(new Headers({ 'if-none-match': header })).ifNoneMatch).toBeDefined(),
  )
})

describe('families', () => {
  test.each(['', 'x-amz-copy-source-', 'cf-copy-destination-'] as const)('%sif-*', (prefix) => {
    const headers = new Headers({
      [`${prefix}if-match`]: '"a"',
      [`${prefix}if-none-match`]: '*',
      [`${prefix}if-modified-since`]: DATE,
      [`${prefix}if-unmodified-since`]: DATE,
    })
    expect(readConditions(headers, prefix)).toEqual({
      ifMatch: [{ etag: 'a', weak: false }],
      ifNoneMatch: '*',
      ifModifiedSinceMs: DATE_MS,
      ifUnmodifiedSinceMs: DATE_MS,
      secondsGranularity: true,
    })
  })

  test('one family does not read the others', () => {
    expect(readConditions(new Headers({ 'x-amz-copy-source-if-match': '*' })).ifMatch).toBeUndefined()
  })

  test('a date that is none is ignored', () => {
    expect(readConditions(new Headers({ 'if-modified-since': 'yesterday' })).ifModifiedSinceMs).toBeUndefined()
  })
})

describe('If-Range', () => {
  test.each([
    ['"a"', { ifMatch: [{ etag: 'a', weak: false }] }],
    [' "a" ', { ifMatch: [{ etag: 'a', weak: false }] }],
    [DATE, { ifUnmodifiedSinceMs: DATE_MS, secondsGranularity: true }],
  ])('reads %j', (header, conditions) => expect(readIfRange(header)).toEqual(conditions))

  test.each(['', '*', 'a', 'W/"a"', '"a", "b"', '"a" "b"', `"${'a'.repeat(50_000)}`])('can never hold with %j', (header) =>
    expect(readIfRange(header)).toBeUndefined(),
  )
})

describe('dates', () => {
  const now = Date.UTC(2026, 5, 1)

  test.each([
    [DATE, DATE_MS],
    ['Sunday, 06-Nov-94 08:49:37 GMT', DATE_MS],
    ['Sun Nov  6 08:49:37 1994', DATE_MS],
    ['Monday, 01-Jan-76 00:00:00 GMT', Date.UTC(2076, 0, 1)],
    ['Friday, 01-Jan-77 00:00:00 GMT', Date.UTC(1977, 0, 1)],
    ['Sat, 29 Feb 2020 23:59:60 GMT', Date.UTC(2020, 2, 1)],
  ])('reads %s', (text, ms) => expect(parseHttpDate(text, now)).toBe(ms))

  test.each([
    null,
    '',
    '0',
    '1994-11-06T08:49:37Z',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    `${DATE}, ${DATE}`,
  ])('reads no date in %j', (text) => expect(parseHttpDate(text, now)).toBeUndefined())

  test('are written in whole seconds', () => expect(formatHttpDate(DATE_MS + 999)).toBe(DATE))
})
