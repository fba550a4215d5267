import type { JobCounts, JobInfo, JobLogEntry } from '../core/job.ts'
import type { Step } from '../core/step.ts'
import type { Store } from '../store/store.ts'

/** The result of one step of a job. */
export interface JobReport {
  readonly counts: JobCounts
  /** Lines for the job's log, such as the keys that were refused. Each kind limits their number itself. */
  readonly log?: readonly Pick<JobLogEntry, 'level' | 'message'>[]
}

/** The interfaces that a step uses. */
export interface JobPorts {
  readonly store: Store
}

/**
 * A kind of job: one file of `src/jobs/kinds`. Each step uses bounded memory and a bounded number of calls. It must be repeatable from the
 * same cursor, since the Durable Object that runs it may be evicted at any point.
 */
export interface JobKind<Params = unknown, Cursor = unknown> {
  readonly name: string
  /** The most calls of Durable Objects, D1 and KV that one step makes. An alarm runs as many steps as its budget allows. */
  readonly callsPerStep: number
  /** @throws StoreError for invalid parameters */
  readonly check: (params: Params) => void
  /**
   * The parameters without their secrets, for everybody but the step: the job's account, the audit log. Absent for a kind whose parameters
   * have no secret.
   */
  readonly shown?: (params: Params) => unknown
  /** Runs one step. The first step has no cursor. */
  readonly step: (ports: JobPorts, job: JobInfo & { readonly params: Params }, cursor?: Cursor) => Promise<Step<Cursor, JobReport>>
}
