import { env } from 'cloudflare:workers'
import fc from 'fast-check'
import { Random } from './random.ts'

/** Of every property in an ordinary run: test/support/seed.ts. */
export const USUAL_SEED = 20261121

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH } = env as unknown as Record<string, string | undefined>

/**
 * Everything random in a file of tests follows from this. An ordinary run is the same every time, so that it says something of the
 * change that it runs on; `npm run test:model` looks further, prints what it drew, and takes it back.
 */
const SEED = Number(MODEL_SEED ?? (MODEL_RUNS === undefined ? USUAL_SEED : crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1))

let random = new Random(SEED)

/** Bytes that no test expects anything of. */
export const randomBytes = (size: number): Uint8Array => random.bytes(size)

/** How often a property runs: `usual` times, or as `npm run test:model` asks. */
export function budget(usual: number, share = 1): { numRuns: number; seed: number; path?: string } {
  const numRuns = MODEL_RUNS === undefined ? usual : Math.ceil(Number(MODEL_RUNS) * share)
  console.log(`${numRuns} runs, seed ${SEED}${MODEL_PATH ? `, path ${MODEL_PATH}` : ''}`)
  return { numRuns, seed: SEED, ...(MODEL_PATH !== undefined && { path: MODEL_PATH }) }
}

/** Time for a property of so many runs. */
export const timeLimit = (usualMs: number): number => (MODEL_RUNS === undefined ? usualMs : 6 * 3_600_000)

/** {@link fc.assert} on a budget. Every run draws the same bytes whatever ran before, so that one can be repeated by itself. */
export async function holds<T>(property: fc.IAsyncPropertyWithHooks<T>, usual: number, share = 1): Promise<void> {
  const begin = () => {
    random = new Random(SEED)
  }
  await fc.assert(property.beforeEach(begin), budget(usual, share))
}
