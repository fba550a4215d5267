import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../src/core/limits.ts'
import { DAY_MS, GRACE_MS } from '../support/bucket.ts'
import { problemsOf } from '../support/check.ts'
import { fsckAll } from '../support/fsck.ts'
import { holds, timeLimit } from '../support/fuzz.ts'
import { ABORT_RULE, PART_MIN_BYTES } from './model.ts'
import { Pair } from './real.ts'
import { step } from './steps.ts'

// Runs any sequence of operations on the engine and on a model of R2 side by side: every answer is the same, and so is the final state.

const limits = LIMITS as { partMinBytes: number }
const { partMinBytes } = limits
beforeAll(() => {
  limits.partMinBytes = PART_MIN_BYTES
})
afterAll(() => {
  limits.partMinBytes = partMinBytes
})

test(
  "every answer is the model's, whatever came before",
  async () => {
    const sequence = fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
      const pair = await Pair.create()
      for (const each of steps) await pair.run(each)
      await pair.compareAll()
      expect(await problemsOf(...pair.buckets)).toEqual([])
      for (const { store, ref } of pair.buckets) expect(await fsckAll(store, ref)).toEqual([])
      // End all uploads, whichever rules the sequence has set.
      for (const bucket of [0, 1]) await pair.setRules(bucket, [ABORT_RULE])
      // First an upload expires; a grace period later its copied part is swept; another one later the source of that part.
      for (const ms of [8 * DAY_MS, GRACE_MS, GRACE_MS]) await pair.pass({ do: 'pass', ms: ms as 1 })
      await pair.compareAll()
      expect(await problemsOf(...pair.buckets)).toEqual([])
      for (const bucket of pair.buckets) {
        expect(await bucket.rows('garbage', 'uploads', 'parts')).toBe(0)
        await bucket.store.putSetting(bucket.ref, 'locks', [])
        await bucket.empty()
      }
      expect(await pair.buckets[0].segments()).toEqual([])
      for (const bucket of pair.buckets) await bucket.close()
    })
    await holds(sequence, 20)
  },
  timeLimit(60_000),
)
