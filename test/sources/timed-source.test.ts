import { describe, expect, test } from 'vitest'
import { timedSource } from '../../src/sources/timed-source.ts'
import { readWhole } from '../../src/sources/transport.ts'

/** A body of one byte after the other, with a pause before each. Counts the bytes that were taken. */
function dripping(ms: number) {
  const state = { sent: 0, canceled: false }
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      await scheduler.wait(ms)
      state.sent++
      if (!state.canceled) controller.enqueue(new Uint8Array(1))
    },
    cancel() {
      state.canceled = true
    },
  })
  return { stream, state }
}

describe('a source that sends a byte now and then', () => {
  test('is given up, although each byte comes in time', async () => {
    const { stream, state } = dripping(20)
    const source = timedSource(stream, 100)
    const all = async () => {
      for (let reads = 0; reads < 1000; reads++) await source.read(1)
    }
    await expect(all()).rejects.toMatchObject({ code: 'IncompleteBody' })
    expect(state.sent).toBeLessThan(20)
    expect(state.canceled).toBe(true)
  })

  test('ends no error and no listing either', async () => {
    const { stream, state } = dripping(20)
    expect(await readWhole(new Response(stream), 10_000, 100)).toBeUndefined()
    expect(state.sent).toBeLessThan(20)
    expect(state.canceled).toBe(true)
  })
})

test('the time that the reader takes does not count', async () => {
  const source = timedSource(new Response(new Uint8Array(5)).body!, 100)
  for (let reads = 0; reads < 5; reads++) {
    expect(await source.read(1)).toHaveLength(1)
    await scheduler.wait(40)
  }
  expect(await source.read(1)).toHaveLength(0)
})

test('an answer is read up to its limit', async () => {
  for (const size of [0, 1, 65_536, 65_537, 200_000]) {
    expect(await readWhole(new Response(new Uint8Array(size)), 200_000)).toHaveLength(size)
  }
  expect(await readWhole(new Response(new Uint8Array(200_001)), 200_000)).toBeUndefined()
  expect(await readWhole(new Response(null), 10)).toHaveLength(0)
})
