import type { JobCounts, JobInfo, JobLogEntry } from '../core/job.ts'
import type { Step } from '../core/step.ts'
import type { Store } from '../store/store.ts'

/** The result of one step of a job. */
export interface JobReport {
  readonly counts: JobCounts
  /** Lines for the job's log, such as the keys that were refused. Few: a kind bounds them itself. */
  readonly log?: readonly Pick<JobLogEntry, 'level' | 'message'>[]
}

/** What a step works with. */
export interface JobPorts {
  readonly store: Store
}

/**
 * A kind of job: one file of `src/jobs/kinds`. Each step takes bounded memory and a bounded number of calls, and can be repeated from
 * the same cursor, since the object that runs it may be lost at any point.
 */
export interface JobKind<Params = unknown, Cursor = unknown> {
  readonly name: string
  /** How many calls of Durable Objects, D1 or KV one step makes at most; an alarm runs as many steps as its budget allows. */
  readonly callsPerStep: number
  /** @throws StoreError for parameters that it cannot work with */
  readonly check: (params: Params) => void
  /** Does one step, the first one without a cursor. */
  readonly step: (ports: JobPorts, job: JobInfo & { readonly params: Params }, cursor?: Cursor) => Promise<Step<Cursor, JobReport>>
}
