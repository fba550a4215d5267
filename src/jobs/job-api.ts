import type { Actor } from '../core/audit.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import type { Outcome } from '../core/outcome.ts'

/** A job that is about to be made. */
export type NewJob = Pick<JobInfo, 'id' | 'kind' | 'bucket' | 'params'> & Partial<Pick<JobInfo, 'createdMs'>>

export interface JobLogQuery {
  /** Returns only lines after the one with this number. */
  readonly after?: number
  readonly limit: number
}

/** The calls of a job's Durable Object. Each returns an {@link Outcome}. All except `create` can fail with `NoSuchJob`. */
export interface JobApi {
  /** Creates the job and starts it. A repeated call returns the same answer as the first one. */
  create(job: NewJob, by?: Actor): Promise<Outcome<JobInfo>>
  info(): Promise<Outcome<JobInfo>>
  request(request: JobRequest, by?: Actor): Promise<Outcome<JobInfo>>
  /** Lines of the log, oldest first. */
  log(query: JobLogQuery): Promise<Outcome<JobLogEntry[]>>
}
