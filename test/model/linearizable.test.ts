import { expect, test } from 'vitest'
import { type Event, isLinearizable, refusedIf, removed, saw, wrote, wroteIf } from './linearizable.ts'

const event = (startMs: number, endMs: number, apply: Event['apply']): Event => ({ name: '', startMs, endMs, apply })
const isNothing = (value: string | null) => value === null

test('a read during a write may see it or not; one after it must', () => {
  const write = event(0, 10, wrote('x'))
  expect(isLinearizable([write, event(5, 6, saw(null))], null)).toBe(true)
  expect(isLinearizable([write, event(5, 6, saw('x'))], null)).toBe(true)
  expect(isLinearizable([write, event(11, 12, saw(null))], null)).toBe(false)
})

test('once a new value was seen, nobody sees the old one again', () => {
  const write = event(0, 10, wrote('x'))
  expect(isLinearizable([write, event(1, 2, saw('x')), event(3, 4, saw(null))], null)).toBe(false)
  expect(isLinearizable([write, event(1, 2, saw(null)), event(3, 4, saw('x'))], null)).toBe(true)
})

test('of two creations at once, one is refused', () => {
  const both = [event(0, 10, wroteIf(isNothing, 'x')), event(0, 10, wroteIf(isNothing, 'y'))]
  expect(isLinearizable(both, null)).toBe(false)
  expect(isLinearizable([both[0]!, event(0, 10, refusedIf(isNothing))], null)).toBe(true)
  expect(isLinearizable([...both, event(0, 10, removed)], null)).toBe(true)
})
