import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RangeRequest } from '../../src/core/object.ts'
import { resolveRange } from '../../src/core/range.ts'

test.each<[string, RangeRequest, { offset: number; length: number }]>([
  ['both ends', { offset: 2, length: 3 }, { offset: 2, length: 3 }],
  ['an open end', { offset: 2 }, { offset: 2, length: 8 }],
  ['an end past the object, clamped', { offset: 8, length: 100 }, { offset: 8, length: 2 }],
  ['an end past all numbers, clamped', { offset: 8, length: 2 ** 53 }, { offset: 8, length: 2 }],
  ['everything', { offset: 0 }, { offset: 0, length: 10 }],
  ['a suffix', { suffix: 3 }, { offset: 7, length: 3 }],
  ['a suffix longer than the object, all of it', { suffix: 11 }, { offset: 0, length: 10 }],
])('resolves %s', (_, asked, span) => expect(resolveRange(asked, 10)).toEqual(span))

test.each<[string, RangeRequest, number]>([
  ['starts at the size', { offset: 10 }, 10],
  ['starts past the size', { offset: 11, length: 1 }, 10],
  ['is an empty suffix', { suffix: 0 }, 10],
  ['has no length', { offset: 0, length: 0 }, 10],
  ['asks for the start of an empty object', { offset: 0 }, 0],
  ['asks for the end of an empty object', { suffix: 5 }, 0],
])('refuses a range that %s', (_, asked, size) => {
  expect(() => resolveRange(asked, size)).toThrow(expect.objectContaining({ code: 'InvalidRange', status: 416 }))
})

test('a resolved range has bytes and lies within the object', () => {
  const whole = fc.nat({ max: 2 ** 40 })
  const asked = fc.oneof(fc.record({ offset: whole }), fc.record({ offset: whole, length: whole }), fc.record({ suffix: whole }))
  fc.assert(
    fc.property(asked, whole, (range, size) => {
      const satisfiable =
        'suffix' in range ? range.suffix > 0 && size > 0 : range.offset < size && !('length' in range && range.length === 0)
      if (!satisfiable) {
        expect(() => resolveRange(range, size)).toThrow('The requested range is not satisfiable')
        return
      }
      const { offset, length } = resolveRange(range, size)
      expect(offset).toBeGreaterThanOrEqual(0)
      expect(length).toBeGreaterThan(0)
      expect(offset + length).toBeLessThanOrEqual(size)
    }),
  )
})

test('the binding reads nothing right behind the last byte, if it names a length, and nowhere else', () => {
  expect(resolveRange({ offset: 10, length: 1, unsatisfiable: 'empty' }, 10)).toEqual({ offset: 10, length: 0 })
  for (const asked of [{ offset: 10 }, { offset: 10, length: 0 }, { offset: 11, length: 1 }, { suffix: 0 }]) {
    expect(() => resolveRange({ ...asked, unsatisfiable: 'empty' }, 10)).toThrow('The requested range is not satisfiable')
  }
})

test('the binding ignores a header whose range holds no byte', () => {
  for (const asked of [{ offset: 10 }, { offset: 99, length: 1 }, { suffix: 0 }]) {
    expect(resolveRange({ ...asked, unsatisfiable: 'whole' }, 10)).toEqual({ offset: 0, length: 10 })
  }
})
