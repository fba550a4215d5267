import type { Actor } from '../core/audit.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import type { Outcome } from '../core/outcome.ts'

/** A job that is about to be made. */
export type NewJob = Pick<JobInfo, 'id' | 'kind' | 'bucket' | 'params'>

export interface JobLogQuery {
  /** Only lines behind this one. */
  readonly after?: number
  readonly limit: number
}

/** The calls of a job's Durable Object. Each answers with an {@link Outcome}; `NoSuchJob` is a failure of all but `create`. */
export interface JobApi {
  /** Makes the job and starts it. A call that arrives twice answers as the first time. */
  create(job: NewJob, by?: Actor): Promise<Outcome<JobInfo>>
  info(): Promise<Outcome<JobInfo>>
  request(request: JobRequest, by?: Actor): Promise<Outcome<JobInfo>>
  /** Lines of the log, oldest first. */
  log(query: JobLogQuery): Promise<Outcome<JobLogEntry[]>>
}
