import type { SippyCursor } from '../../store/sippy/step.ts'
import type { JobKind, JobReport } from '../job-kind.ts'

/** The most calls of a step that completes an upload: ten pages of parts, and a few others. A step that copies makes fewer, for KV writes. */
const CALLS = 40

/**
 * Copies the large objects of a bucket's Sippy, one after the other. The bucket has the queue; the engine starts this job when the first
 * copy waits, and it ends when none waits any more.
 */
export const sippy: JobKind<Record<string, never>, SippyCursor | 'search'> = {
  name: 'sippy',
  callsPerStep: CALLS,
  check() {},

  async step({ store }, { bucket, id }, cursor) {
    const { copied, problem, waitMs, next } = await store.sippyStep(bucket, id, cursor)
    const counts = { copied: copied?.objects ?? 0, bytes: copied?.bytes ?? 0, failed: problem?.final ? 1 : 0 }
    const log: JobReport['log'] = problem && [
      { level: 'warning', type: problem.final ? 'sippyFailed' : 'retry', key: problem.key, message: problem.message },
    ]
    return { report: { counts, log, waitMs }, next }
  },
}
