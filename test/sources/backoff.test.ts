import { expect, test } from 'vitest'
import { retrying } from '../../src/sources/backoff.ts'
import { failed, type Source, type Sourced, type SourcePage, sourced } from '../../src/sources/source.ts'

const POLICY = { attempts: 3, firstMs: 100, totalMs: 1000 }
const PAGE: SourcePage = { items: [] }

/** Calls a source that answers in this order, and returns its last answer, the number of calls and the pauses. */
async function run(answers: readonly Sourced<SourcePage>[], random = 1) {
  const pauses: number[] = []
  let calls = 0
  const list = async () => answers[Math.min(calls++, answers.length - 1)]!
  const source = retrying({ list } as unknown as Source, POLICY, { sleep: async (ms) => pauses.push(ms), random: () => random })
  return { answer: await source.list({}), calls, pauses }
}

test('failures that pass are repeated, with a pause that doubles', async () => {
  const result = await run([failed('unreachable', ''), failed('throttled', ''), sourced(PAGE)])
  expect(result).toEqual({ answer: sourced(PAGE), calls: 3, pauses: [100, 200] })
})

test('half of a pause is random', async () => {
  expect((await run([failed('unreachable', ''), sourced(PAGE)], 0)).pauses).toEqual([50])
})

test.each(['absent', 'denied', 'archived', 'changed', 'unsatisfiable', 'unsupported', 'no-bucket'] as const)(
  '%s is final',
  async (kind) => {
    expect((await run([failed(kind, '')])).calls).toBe(1)
  },
)

test('the attempts end', async () => {
  expect(await run([failed('unreachable', 'last')])).toMatchObject({ calls: 3, answer: { failure: { message: 'last' } } })
})

test('a source says when it wants to be asked again, and one that wants too long a pause is left alone', async () => {
  const soon = failed('throttled', '', { retryAfterMs: 700 })
  expect(await run([soon, sourced(PAGE)])).toMatchObject({ calls: 2, pauses: [700] })
  expect(await run([failed('throttled', '', { retryAfterMs: 5000 })])).toMatchObject({ calls: 1, pauses: [], answer: { ok: false } })
})
