import { describe, expect, test, vi } from 'vitest'
import { type Asker, KnownNames } from '../../src/core/known-names.ts'

const NOW = 1_800_000_000_000
const FRESH_MS = 30_000
const STALE_MS = 600_000

function names() {
  const onOutage = vi.fn()
  const known = new KnownNames<string>({
    freshMs: FRESH_MS,
    staleMs: STALE_MS,
    maxBytes: 100_000,
    sizeOf: (text) => 2 * text.length,
    onOutage,
  })
  return { known, onOutage }
}

/** Counts what it is asked, and admits nothing once it is closed. */
function askerOf() {
  let closed = false
  const asker = {
    admit: vi.fn(() => {
      if (closed) throw new Error('too many')
    }),
    found: vi.fn(),
    miss: vi.fn(async () => {}),
  } satisfies Asker
  const close = () => {
    closed = true
  }
  return { asker, close }
}

const down = async () => Promise.reject(new Error('down'))

describe('a name', () => {
  test('is looked up once while it is fresh, whether somebody has it or nobody', async () => {
    const { known } = names()
    for (const [key, value] of [
      ['a', 'x'],
      ['b', null],
    ] as const) {
      const lookUp = vi.fn(async () => value)
      for (const nowMs of [NOW, NOW + 1, NOW + FRESH_MS - 1]) expect(await known.find(key, nowMs, lookUp)).toBe(value)
      expect(lookUp).toHaveBeenCalledTimes(1)
      await known.find(key, NOW + FRESH_MS, lookUp)
      expect(lookUp).toHaveBeenCalledTimes(2)
    }
  })

  test('that somebody has is never pushed out by names that nobody has', async () => {
    const { known } = names()
    await known.find('a', NOW, async () => 'x')
    for (let i = 0; i < 5000; i++) await known.find(`${i}`.padStart(250, 'n'), NOW, async () => null)
    expect(await known.find('a', NOW, down)).toBe('x')
    expect(known.bytes).toBeLessThanOrEqual(100_000 + 256 * 1024)
  })

  test('that was read before a change of this isolate and arrives behind it is not stored', async () => {
    const { known } = names()
    const { promise, resolve } = Promise.withResolvers<string>()
    const late = known.find('a', NOW, () => promise)
    known.forget('b')
    resolve('old')
    expect(await late).toBe('old')
    expect(await known.find('a', NOW, async () => 'new')).toBe('new')
  })

  test('is forgotten with its value, and so is every name that nobody had', async () => {
    const { known } = names()
    for (const key of ['a', 'b']) await known.find(key, NOW, async () => `of ${key}`)
    await known.find('c', NOW, async () => null)
    known.forgetWhere((value) => value === 'of a')
    const answers = ['a', 'b', 'c'].map((key) => known.find(key, NOW, async () => 'new'))
    expect(await Promise.all(answers)).toEqual(['new', 'of b', 'new'])
  })
})

describe('a source that fails', () => {
  test('leaves what was known for as long as it is kept, and is asked again now and then', async () => {
    const { known, onOutage } = names()
    await known.find('a', NOW, async () => 'x')
    const lookUp = vi.fn(down)
    const later = NOW + FRESH_MS
    for (let ms = 0; ms < 10_000; ms += 100) expect(await known.find('a', later + ms, lookUp)).toBe('x')
    expect(lookUp).toHaveBeenCalledTimes(2)
    expect(onOutage).toHaveBeenCalledTimes(2)
    expect(await known.find('a', NOW + FRESH_MS + STALE_MS - 1, lookUp)).toBe('x')
    await expect(known.find('a', NOW + FRESH_MS + STALE_MS, lookUp)).rejects.toThrow('down')
  })

  test('says nothing of a name that is not known, and its failure is not stored', async () => {
    const { known } = names()
    await known.find('b', NOW, async () => null)
    await expect(known.find('a', NOW, down)).rejects.toThrow('down')
    expect(await known.find('a', NOW, async () => 'x')).toBe('x')
  })

  test('is waited for a little where something is known, and longer where nothing is', async () => {
    const wait = vi.spyOn(scheduler, 'wait').mockResolvedValue(undefined)
    const { known, onOutage } = names()
    const never = () => new Promise<string>(() => {})
    await known.find('a', NOW, async () => 'x')
    wait.mockClear()
    expect(await known.find('a', NOW + FRESH_MS, never)).toBe('x')
    await expect(known.find('b', NOW, never)).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    expect([wait.mock.calls.map(([ms]) => ms), onOutage.mock.calls.length]).toEqual([[2000, 10_000], 1])
    wait.mockRestore()
  })

  test('leaves nothing of a name that was forgotten', async () => {
    const { known } = names()
    await known.find('a', NOW, async () => 'x')
    known.forget('a')
    await expect(known.find('a', NOW, down)).rejects.toThrow('down')
  })
})

describe('an asker', () => {
  test('is asked for admission to look-ups of unknown names alone, and hears of those that found nothing', async () => {
    const { known } = names()
    const { asker, close } = askerOf()
    await known.find('a', NOW, async () => 'x', asker)
    expect([asker.admit.mock.calls.length, asker.miss.mock.calls.length]).toEqual([1, 0])
    await known.find('b', NOW, async () => null, asker)
    await known.find('b', NOW, async () => null, asker)
    await known.find('c', NOW, down, asker).catch(() => {})
    expect([asker.admit.mock.calls.length, asker.miss.mock.calls.length]).toEqual([3, 2])
    close()
    const lookUp = vi.fn(async () => 'y')
    await expect(known.find('d', NOW, lookUp, asker)).rejects.toThrow('too many')
    expect(lookUp).not.toHaveBeenCalled()
    expect(await known.find('b', NOW, lookUp, asker)).toBe(null)
    expect(await known.find('a', NOW + 2 * FRESH_MS, lookUp, asker)).toBe('y')
  })
})
