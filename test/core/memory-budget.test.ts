import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hold, MemoryBudget } from '../../src/core/memory-budget.ts'

const slowDown = expect.objectContaining({ code: 'SlowDown', status: 503 })

/** A clock that stands still until somebody sleeps. */
function clock(onSleep: (ms: number) => void = () => {}) {
  let nowMs = 1_000_000
  return {
    now: () => nowMs,
    pass: (ms: number) => {
      nowMs += ms
    },
    sleep: async (ms: number) => {
      nowMs += ms
      onSleep(nowMs)
    },
  }
}

test('claims fit until they do not, and what is released fits again', () => {
  const budget = new MemoryBudget(100)
  const first = budget.hold(60)
  expect(() => budget.hold(41)).toThrow(slowDown)
  const second = budget.hold(40)
  expect(() => second.grow(1)).toThrow(slowDown)
  first.release()
  second.grow(60)
  expect(budget.heldBytes).toBe(100)
  second.release()
  second.release()
  expect(budget.heldBytes).toBe(0)
})

test('what is released claims no more', () => {
  const budget = new MemoryBudget(100)
  const hold = budget.hold(10)
  hold.release()
  hold.grow(50)
  expect(budget.heldBytes).toBe(0)
})

test('a transfer waits for room, and is told to slow down when there is none for some seconds', async () => {
  let looks = 0
  const holds: Hold[] = []
  const time = clock(() => {
    if (++looks === 3) holds[0]!.release()
  })
  const budget = new MemoryBudget(100, time)
  holds.push(budget.hold(80))
  const later = await budget.holdSoon(50)
  expect([looks, budget.heldBytes]).toEqual([3, 50])
  const startedMs = time.now()
  await expect(budget.holdSoon(51)).rejects.toThrow(slowDown)
  expect(time.now() - startedMs).toBeLessThan(6000)
  later.release()
})

test('what was not touched for long is forgotten when room is needed, what is in use is not', () => {
  const time = clock()
  const budget = new MemoryBudget(100, time)
  const lost = budget.hold(50)
  const used = budget.hold(50)
  time.pass(9 * 60_000)
  used.touch()
  expect(() => budget.hold(10)).toThrow(slowDown)
  time.pass(2 * 60_000)
  expect(budget.hold(10)).toBeDefined()
  expect(budget.heldBytes).toBe(60)
  lost.release()
  expect(budget.heldBytes).toBe(60)
})

test('never more than its bytes is held, and nothing once all is released, whatever the order', () => {
  const step = fc.record({ what: fc.constantFrom('hold', 'grow', 'release'), which: fc.nat(5), bytes: fc.nat(60) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const budget = new MemoryBudget(100)
      const holds: Hold[] = []
      for (const { what, which, bytes } of steps) {
        try {
          if (what === 'hold') holds.push(budget.hold(bytes))
          else if (what === 'grow') holds[which]?.grow(bytes)
          else holds[which]?.release()
        } catch (error) {
          expect(error).toEqual(slowDown)
        }
        expect(budget.heldBytes).toBeGreaterThanOrEqual(0)
        expect(budget.heldBytes).toBeLessThanOrEqual(100)
      }
      for (const hold of holds) hold.release()
      expect(budget.heldBytes).toBe(0)
    }),
  )
})
