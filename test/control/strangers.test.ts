import { afterEach, expect, test, vi } from 'vitest'
import { STRANGER_MISSES, STRANGER_WINDOW_MS, Strangers } from '../../src/control/strangers.ts'
import { env } from '../support/bucket.ts'

const NOW = 1_800_000_000_000
const tooMany = expect.objectContaining({ code: 'TooManyRequests' })
afterEach(() => vi.restoreAllMocks())

/** A limiter that allows so many calls for each key. */
function limiterOf(limit: number): RateLimit {
  const counts = new Map<string, number>()
  return {
    limit: async ({ key }) => {
      counts.set(key, (counts.get(key) ?? 0) + 1)
      return { success: counts.get(key)! <= limit }
    },
  }
}

/** How many of some look-ups of unknown names are admitted. */
async function admitted(strangers: Strangers, address: (n: number) => string, { count, nowMs = NOW }: { count: number; nowMs?: number }) {
  let sum = 0
  for (let n = 0; n < count; n++) {
    const asker = strangers.from(address(n), nowMs)
    try {
      asker.admit()
    } catch (error) {
      expect(error).toEqual(tooMany)
      continue
    }
    sum++
    await asker.miss()
  }
  return sum
}

test('an address that asked too often is refused until the window is over, and others are not', async () => {
  const strangers = new Strangers(limiterOf(5))
  expect(await admitted(strangers, () => 'a', { count: 20 })).toBe(6)
  expect(() => strangers.from('a', NOW + STRANGER_WINDOW_MS - 1).admit()).toThrow()
  expect(await admitted(strangers, () => 'b', { count: 1 })).toBe(1)
  expect(await admitted(strangers, () => 'a', { count: 20, nowMs: NOW + STRANGER_WINDOW_MS })).toBe(1)
})

test('who finds what it asks for is never counted', async () => {
  const strangers = new Strangers(limiterOf(5))
  for (let n = 0; n < 100; n++) strangers.from('a', NOW).admit()
  expect(await admitted(strangers, () => 'a', { count: 1 })).toBe(1)
})

test('all addresses together have a limit in the isolate, with or without a limiter', async () => {
  for (const limiter of [undefined, limiterOf(5)]) {
    const strangers = new Strangers(limiter)
    expect(await admitted(strangers, (n) => `address ${n}`, { count: STRANGER_MISSES + 50 })).toBe(STRANGER_MISSES)
    expect(() => strangers.from('another', NOW).admit()).toThrow()
    expect(() => strangers.from('another', NOW + STRANGER_WINDOW_MS).admit()).not.toThrow()
  }
})

test('a limiter that fails refuses nobody', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const failing = new Strangers({ limit: () => Promise.reject(new Error('down')) } as RateLimit)
  expect(await admitted(failing, () => 'a', { count: 20 })).toBe(20)
})

test("the platform's limiter is asked", async () => {
  const strangers = new Strangers((env as unknown as { LOW_RATE_LIMIT: RateLimit }).LOW_RATE_LIMIT)
  // A new period of the limiter may begin in between, once.
  expect(await admitted(strangers, () => 'a', { count: 20 })).toBeLessThanOrEqual(6)
})
