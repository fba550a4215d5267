import { describe, expect, test } from 'vitest'
import { contentRange, readCopySourceRange, readRange } from '../../src/http/range.ts'

describe('readRange', () => {
  test('without a header there is no range', () => expect(readRange(null)).toBeUndefined())

  test.each([
    ['bytes=0-9', { offset: 0, length: 10 }],
    ['bytes=5-5', { offset: 5, length: 1 }],
    ['bytes=05-', { offset: 5 }],
    ['bytes=-7', { suffix: 7 }],
  ])('%s', (header, asked) => expect(readRange(header)).toEqual(asked))

  test.each([
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=0-1,3-4',
    'bytes=0-1, 3-4',
    'bytes= 0-1',
    'bytes=0 -1',
    'bytes=+0-1',
    'bytes=0x1-2',
    'bytes=1.5-2',
    'bytes=--1',
    'Bytes=0-1',
    'items=0-1',
    'bytes=٠-١',
  ])('refuses %j as malformed', (header) => {
    expect(() => readRange(header)).toThrow(
      expect.objectContaining({
        code: 'InvalidArgument',
        status: 400,
        message: "range must be in format 'bytes=start-end', 'bytes=start-' or 'bytes=-suffix'.'",
      }),
    )
  })

  test('an inverted range is a bad argument', () => {
    expect(() => readRange('bytes=2-1')).toThrow(expect.objectContaining({ code: 'InvalidArgument', message: 'range must be positive.' }))
  })

  test.each(['bytes=-0', 'bytes=-000'])('%s is unsatisfiable whatever the object is', (header) => {
    expect(() => readRange(header)).toThrow(expect.objectContaining({ code: 'InvalidRange', status: 416 }))
  })

  test('digits without end stay finite', () => {
    expect(readRange(`bytes=0-${'9'.repeat(10_000)}`)).toEqual({ offset: 0, length: 2 ** 53 })
    expect(readRange(`bytes=${'9'.repeat(400)}-`)).toEqual({ offset: Number.MAX_SAFE_INTEGER })
  })
})

describe('readCopySourceRange', () => {
  test('without a header there is no range', () => expect(readCopySourceRange(null)).toBeUndefined())

  test('names both ends', () => expect(readCopySourceRange('bytes=1-3')).toEqual({ offset: 1, length: 3 }))

  test.each(['', 'bytes=1-', 'bytes=-3', '1-3', 'bytes=1-3,5-6'])('refuses %j', (header) => {
    expect(() => readCopySourceRange(header)).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: `Invalid x-amz-copy-source-range: ${header}` }),
    )
  })

  test('refuses an inverted range', () => {
    expect(() => readCopySourceRange('bytes=3-1')).toThrow(
      expect.objectContaining({ code: 'InvalidArgument', message: 'x-amz-copy-source-range must be positive.' }),
    )
  })
})

test('Content-Range names the last byte', () => expect(contentRange({ offset: 2, length: 3 }, 10)).toBe('bytes 2-4/10'))
