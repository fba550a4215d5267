import type { Actor } from '../core/audit.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import type { Outcome } from '../core/outcome.ts'

/** A job that is about to be made. */
export type NewJob = Pick<JobInfo, 'id' | 'kind' | 'bucket' | 'params'> &
  Partial<Pick<JobInfo, 'createdMs'>> & {
    /** Parameters that only the steps see, such as sealed secrets or a long list. They are deleted when the job ends. */
    readonly hidden?: unknown
  }

export interface JobLogQuery {
  /** Returns only lines after the one with this number. */
  readonly after?: number
  /** Leaves out as many of the oldest lines that the log still has. */
  readonly offset?: number
  readonly limit: number
}

/** The result of sealing a job's secrets again: it had none, they were up to date, they are now, or no configured master key opens them. */
export type Resealed = 'none' | 'current' | 'resealed' | 'lost'

/** The calls of a job's Durable Object. Each returns an {@link Outcome}. All except `create` can fail with `NoSuchJob`. */
export interface JobApi {
  /** Creates the job and starts it. A repeated call returns the same answer as the first one. */
  create(job: NewJob, by?: Actor): Promise<Outcome<JobInfo>>
  info(): Promise<Outcome<JobInfo>>
  request(request: JobRequest, by?: Actor): Promise<Outcome<JobInfo>>
  /** Lines of the log, oldest first. */
  log(query: JobLogQuery): Promise<Outcome<JobLogEntry[]>>
  /** Seals the secrets of the hidden parameters with the current master key. A job that has ended has none any more. */
  reseal(): Promise<Outcome<Resealed>>
  /** Deletes a job that has ended, and its row in the list. Fails with `InvalidRequest` for a job that has not. */
  remove(by?: Actor): Promise<Outcome<JobInfo>>
}
