import { describe, expect, test } from 'vitest'
import { changedPrefixes, type LifecycleRule, objectPart } from '../../src/core/lifecycle.ts'
import { type LifecycleFilter, passesFilter } from '../../src/core/lifecycle-filter.ts'

const RED = { key: 'colour', value: 'red' }
const OLD = { key: 'age', value: 'old' }

describe('a filter', () => {
  test.each<[string, LifecycleFilter | undefined, boolean]>([
    ['that is absent', undefined, true],
    ['without a predicate', {}, true],
    ['by its tag', { tags: [RED] }, true],
    ['by both of its tags', { tags: [OLD, RED] }, true],
    ['by a tag with another value', { tags: [{ ...RED, value: 'Red' }] }, false],
    ['by a tag that it lacks', { tags: [RED, { key: 'shape', value: '' }] }, false],
    ['by a smaller size', { sizeGreaterThan: 99 }, true],
    ['by its own size as the lower bound', { sizeGreaterThan: 100 }, false],
    ['by its own size as the upper bound', { sizeLessThan: 100 }, false],
    ['by a larger size', { sizeLessThan: 101 }, true],
    ['by a tag and two sizes', { tags: [RED], sizeGreaterThan: 99, sizeLessThan: 101 }, true],
    ['by a tag, and a size that is not its own', { tags: [RED], sizeLessThan: 100 }, false],
  ])('%s', (_, filter, passes) => expect(passesFilter(filter, { size: 100, tags: [RED, OLD] })).toBe(passes))

  test('of zero bytes leaves out empty objects', () => {
    expect(passesFilter({ sizeGreaterThan: 0 }, { size: 0, tags: [] })).toBe(false)
    expect(passesFilter({ sizeLessThan: 1 }, { size: 0, tags: [] })).toBe(true)
  })
})

test('a change of the filter alone is a change below the prefix of its rule', () => {
  const rule = (filter?: LifecycleFilter): LifecycleRule => ({
    id: 'r',
    enabled: true,
    prefix: 'a/',
    expiration: { ageSeconds: 60 },
    ...(filter && { filter }),
  })
  expect(changedPrefixes([rule()], [rule({ tags: [RED] })], objectPart)).toEqual(['a/'])
  expect(changedPrefixes([rule({ tags: [RED] })], [rule({ tags: [OLD] })], objectPart)).toEqual(['a/'])
  expect(changedPrefixes([rule({ sizeLessThan: 5 })], [rule({ sizeLessThan: 5 })], objectPart)).toEqual([])
})
