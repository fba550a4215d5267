import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimedCache } from '../../src/core/timed-cache.ts'
import { budget } from '../support/fuzz.ts'

const NOW = 1_800_000_000_000
const cacheOf = (limits: Partial<ConstructorParameters<typeof TimedCache<string>>[0]> = {}) =>
  new TimedCache<string>({ freshMs: 30, maxBytes: 10_000, sizeOf: (text) => 2 * text.length, ...limits })

test('an entry is trusted until its time is over', () => {
  const cache = cacheOf()
  cache.set('a', 'x', NOW)
  expect([cache.fresh('a', NOW + 29), cache.fresh('a', NOW + 30), cache.fresh('b', NOW)]).toEqual(['x', undefined, undefined])
})

test('an entry is kept for a while after it is no longer fresh', () => {
  const cache = cacheOf({ staleMs: 70 })
  cache.set('a', 'x', NOW)
  expect([cache.fresh('a', NOW + 30), cache.kept('a', NOW + 30), cache.kept('a', NOW + 99), cache.kept('a', NOW + 100)]).toEqual([
    undefined,
    'x',
    'x',
    undefined,
  ])
})

test('a stale entry can be trusted for a moment, and never longer than it is kept', () => {
  const cache = cacheOf({ staleMs: 70 })
  cache.set('a', 'x', NOW)
  cache.trustFor(50, 'a', NOW + 80)
  expect([cache.fresh('a', NOW + 99), cache.fresh('a', NOW + 100), cache.kept('a', NOW + 100)]).toEqual(['x', undefined, undefined])
})

test('entries that ran out leave memory when another one comes', () => {
  const cache = cacheOf({ staleMs: 70 })
  for (const key of ['a', 'b', 'c']) cache.set(key, 'x', NOW)
  cache.set('d', 'x', NOW + 99)
  expect(cache.size).toBe(4)
  cache.set('e', 'x', NOW + 100)
  expect(cache.size).toBe(2)
})

test('the oldest entries make room, and one that is set again is the youngest', () => {
  const cache = cacheOf({ maxBytes: 3 * 104 })
  for (const key of ['a', 'b', 'c', 'a', 'd']) cache.set(key, 'x', NOW)
  expect(['a', 'b', 'c', 'd'].map((key) => cache.fresh(key, NOW) !== undefined)).toEqual([true, false, true, true])
})

test('a value that is larger than the cache is not stored, and leaves the others', () => {
  const cache = cacheOf()
  cache.set('a', 'x', NOW)
  cache.set('b', 'x'.repeat(5000), NOW)
  cache.set('k'.repeat(5000), 'x', NOW)
  expect([cache.fresh('a', NOW), cache.size]).toEqual(['x', 1])
})

test('any use: it holds no more bytes than it may, and counts them right', () => {
  const step = fc.record({
    kind: fc.constantFrom('set', 'set', 'set', 'delete', 'deleteWhere', 'update', 'trust', 'clear'),
    key: fc.string({ maxLength: 300 }),
    length: fc.nat(2000),
    laterMs: fc.nat(20),
  })
  const property = fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
    const cache = cacheOf({ staleMs: 50 })
    const model = new Map<string, string>()
    let nowMs = NOW
    for (const { kind, key, length, laterMs } of steps) {
      nowMs += laterMs
      const value = 'v'.repeat(length)
      if (kind === 'set') {
        cache.set(key, value, nowMs)
        model.set(key, value)
      } else if (kind === 'delete') cache.delete(key)
      else if (kind === 'deleteWhere') cache.deleteWhere((text) => text.length < length)
      else if (kind === 'update') cache.update(key, (text) => text)
      else if (kind === 'trust') cache.trustFor(length, key, nowMs)
      else if (length < 100) cache.clear()
      expect(cache.bytes).toBeLessThanOrEqual(10_000)
      expect(cache.bytes).toBeGreaterThanOrEqual(100 * cache.size)
      const found = cache.kept(key, nowMs)
      if (found !== undefined) expect(found).toBe(model.get(key))
    }
    cache.deleteWhere(() => true)
    expect([cache.bytes, cache.size]).toEqual([0, 0])
  })
  fc.assert(property, budget(200))
})
