import { type JobEntry, type JobsQuery, listJobs } from '../control/job-index.ts'
import type { Actor } from '../core/audit.ts'
import { StoreError } from '../core/errors.ts'
import { risingId } from '../core/ids.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { JobApi, JobLogQuery } from './job-api.ts'
import type { JobPorts } from './job-kind.ts'
import { kindOf } from './kinds.ts'

/** The interfaces that the jobs of an account use. */
export interface JobsPorts extends JobPorts {
  readonly control: D1Database
  /** The stub of a job, even of one that does not exist. */
  readonly job: (id: string) => JobApi
}

/** A job to start. */
export interface StartJob {
  readonly kind: string
  readonly bucket: BucketRef
  readonly params: unknown
}

/** The jobs of an account, as faces use them. */
export interface Jobs {
  /**
   * Starts a job. It is in the list of jobs before this returns; if the list's database does not answer, it is added soon afterwards.
   * @throws StoreError InvalidArgument for an unknown kind or invalid parameters, NoSuchBucket
   */
  start(job: StartJob, by?: Actor): Promise<JobInfo>
  /** @throws StoreError NoSuchJob */
  get(id: string): Promise<JobInfo>
  /** One page of the jobs of the account or of a bucket, the newest first. */
  list(query: JobsQuery): Promise<{ jobs: JobEntry[]; truncated: boolean }>
  /**
   * Pauses, resumes or cancels a job. A running step ends first.
   * @throws StoreError NoSuchJob, InvalidRequest if the job's state does not allow it
   */
  request(id: string, request: JobRequest, by?: Actor): Promise<JobInfo>
  /** @throws StoreError NoSuchJob */
  log(id: string, query: JobLogQuery): Promise<JobLogEntry[]>
}

/** Creates the jobs of an account from their ports. */
export function createJobs(ports: JobsPorts): Jobs {
  /** An id of the wrong form is refused here, without a call to a Durable Object. */
  const stub = (id: string): JobApi => {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new StoreError('NoSuchJob')
    return ports.job(id)
  }
  return {
    start: (job, by) => start(ports, job, by),
    get: async (id) => unwrap(await stub(id).info()),
    list: (query) => listJobs(ports.control, query),
    request: async (id, request, by) => unwrap(await stub(id).request(request, by)),
    log: async (id, query) => unwrap(await stub(id).log(query)),
  }
}

async function start({ store, job }: JobsPorts, { kind, bucket, params }: StartJob, by?: Actor): Promise<JobInfo> {
  kindOf(kind).check(params)
  // The bucket's clock dates its objects. By another clock, a job could take an object that was written after its start for an older one.
  const createdMs = await store.bucketTime(bucket)
  const id = risingId()
  return unwrap(await job(id).create({ id, kind, bucket, params, createdMs }, by))
}
