import { expect, test } from 'vitest'
import { createBinding, REAL } from './buckets.ts'
import { PARITY_TIMEOUT_MS } from './timeout.ts'

/** What a scenario works with: a bucket, and a key that nothing else of the file uses. */
export interface Scene {
  readonly bucket: R2Bucket
  readonly key: string
}

type Scenario = (scene: Scene) => Promise<unknown>

const cairn = createBinding('parity')
let scenes = 0

/** Both buckets see the same calls with the same keys. */
async function play(scenario: Scenario): Promise<{ cairn: unknown; r2: unknown }> {
  const key = `scene-${String(++scenes).padStart(4, '0')}/key`
  return { r2: await scenario({ bucket: REAL, key }), cairn: await scenario({ bucket: await cairn, key }) }
}

/** Runs a scenario against workerd's R2 and against Cairn and demands the same answer, and this one if it is given. */
export function parity(name: string, scenario: Scenario, expected?: unknown): void {
  test(
    name,
    async () => {
      const answers = await play(scenario)
      expect(answers.cairn).toEqual(answers.r2)
      expect(answers.r2).not.toBeUndefined()
      if (expected !== undefined) expect(answers.cairn).toEqual(expected)
    },
    PARITY_TIMEOUT_MS,
  )
}

/** A deliberate difference: what each of them answers, and why Cairn's answer is not the same. */
export function differs(name: string, reason: string, scenario: Scenario, expected: { cairn: unknown; r2: unknown }): void {
  test(`${name} (differs: ${reason})`, async () => expect(await play(scenario)).toEqual(expected), PARITY_TIMEOUT_MS)
}

/** Where the local R2 breaks down, which it prints at length: Cairn's answer alone. */
export function alone(name: string, reason: string, scenario: Scenario, expected: unknown): void {
  test(
    `${name} (without the local R2: ${reason})`,
    async () => {
      expect(await scenario({ bucket: await cairn, key: crypto.randomUUID() })).toEqual(expected)
    },
    PARITY_TIMEOUT_MS,
  )
}
