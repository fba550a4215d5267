import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { Random } from './random.ts'

/** The seed of every property in an ordinary run: see test/support/seed.ts. */
export const USUAL_SEED = 20261121

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = env as unknown as Record<string, string | undefined>

/**
 * Everything random in a test file follows from this seed. An ordinary run is always the same, so that a failure is due to the change under
 * test. `npm run test:model` draws other seeds: it prints its seed, and accepts one to run again.
 */
const SEED = Number(MODEL_SEED ?? (MODEL_RUNS === undefined ? USUAL_SEED : crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1))

let random = new Random(SEED)

/** Bytes whose values do not matter to a test. */
export const randomBytes = (size: number): Uint8Array => random.bytes(size)

/** How often a property runs: `usual` times, or as often as `npm run test:model` asks. */
export function budget(usual: number, share = 1): { numRuns: number; seed: number; path?: string } {
  const numRuns = MODEL_RUNS === undefined ? usual : Math.ceil(Number(MODEL_RUNS) * share)
  console.log(`${numRuns} runs, seed ${SEED}${MODEL_PATH ? `, path ${MODEL_PATH}` : ''}`)
  return { numRuns, seed: SEED, ...(MODEL_PATH !== undefined && { path: MODEL_PATH }) }
}

/** The time that a property may take for that many runs. */
export const timeLimit = (usualMs: number): number => (MODEL_RUNS === undefined ? usualMs : 6 * 3_600_000)

/** {@link fc.assert} with a budget. Every run draws the same bytes, whichever runs came before, so that one run can be repeated alone. */
export async function holds<T>(property: fc.IAsyncPropertyWithHooks<T>, usual: number, share = 1): Promise<void> {
  const begin = () => {
    random = new Random(SEED)
  }
  await fc.assert(property.beforeEach(begin), budget(usual, share))
}
