import { expect, test } from 'vitest'
import { randomId, risingId } from '../../src/core/ids.ts'

const SHAPE = /^[0-9a-f]{32}$/

test('rising ids rise with time, within a millisecond by their count, and are all different', () => {
  const ids = Array.from({ length: 1000 }, () => risingId(1_800_000_000_000))
  for (const id of ids) expect(id).toMatch(SHAPE)
  expect(new Set(ids.map((id) => id.slice(0, 12)))).toEqual(new Set(['01a3185c5000']))
  // The count may have started anywhere, and starts again after 65,536.
  const falls = ids.filter((id, n) => n > 0 && id < ids[n - 1]!).length
  expect(falls).toBeLessThanOrEqual(1)
  expect(new Set(ids.map((id) => id.slice(16))).size).toBe(ids.length)
  expect(risingId(1_800_000_000_001) > ids[0]!).toBe(true)
})

test('random ids tell nothing of when they were made', () => {
  const ids = Array.from({ length: 1000 }, randomId)
  for (const id of ids) expect(id).toMatch(SHAPE)
  expect(new Set(ids.map((id) => id.slice(0, 12))).size).toBe(ids.length)
})
