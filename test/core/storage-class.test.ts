import { expect, test } from 'vitest'
import { unusedByteDays } from '../../src/core/storage-class.ts'

const DAY_MS = 86_400_000
const NOW = Date.parse('2026-11-21T12:00:00Z')
const object = { storageClass: 'InfrequentAccess', size: 1000, sinceMs: NOW } as const

test.each<[string, ms: number, days: number]>([
  ['the moment it came', 0, 30],
  ['a millisecond later', 1, 29],
  ['after a day', DAY_MS, 29],
  ['after a day and a bit', DAY_MS + 1, 28],
  ['after 29 days', 29 * DAY_MS, 1],
  ['on its last day', 29 * DAY_MS + 1, 0],
  ['after 30 days', 30 * DAY_MS, 0],
  ['years later', 3000 * DAY_MS, 0],
  ['before it came, by a clock that was put back', -5 * DAY_MS, 30],
])('an Infrequent Access object that goes %s is billed for the days that are left', (_, ms, days) => {
  expect(unusedByteDays(object, NOW + ms)).toBe(days * 1000)
})

test('an empty object and a Standard one are billed for none', () => {
  expect(unusedByteDays({ ...object, size: 0 }, NOW)).toBe(0)
  expect(unusedByteDays({ ...object, storageClass: 'Standard' }, NOW)).toBe(0)
})
