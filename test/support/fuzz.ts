import { env } from 'cloudflare:workers'
import fc from 'fast-check'

/** Of every property in an ordinary run: test/support/seed.ts. */
export const USUAL_SEED = 20261121

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = env as unknown as Record<string, string | undefined>

/**
 * How often a property runs: `usual` times, or as `npm run test:model` asks. Its seed is printed, and can be given back. An
 * ordinary run is the same every time, so that it says something of the change that it runs on; the long form is what looks further.
 */
export function budget(usual: number, share = 1): { numRuns: number; seed: number; path?: string } {
  const numRuns = MODEL_RUNS === undefined ? usual : Math.ceil(Number(MODEL_RUNS) * share)
  const fresh = MODEL_RUNS === undefined ? USUAL_SEED : crypto.getRandomValues(new Int32Array(1))[0]!
  const seed = MODEL_SEED === undefined ? fresh : Number(MODEL_SEED)
  console.log(`${numRuns} runs, seed ${seed}${MODEL_PATH ? `, path ${MODEL_PATH}` : ''}`)
  return { numRuns, seed, ...(MODEL_PATH !== undefined && { path: MODEL_PATH }) }
}

/** Time for a property of so many runs. */
export const timeLimit = (usualMs: number): number => (MODEL_RUNS === undefined ? usualMs : 6 * 3_600_000)

/** {@link fc.assert} on a budget. */
export async function holds<T>(property: fc.IAsyncProperty<T>, usual: number, share = 1): Promise<void> {
  await fc.assert(property, budget(usual, share))
}
