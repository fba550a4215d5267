import { countRunning, type JobEntry, type JobsQuery, listJobs } from '../control/job-index.ts'
import type { Actor } from '../core/audit.ts'
import { rethrowUnavailable, StoreError } from '../core/errors.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import { LIMITS } from '../core/limits.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { JobApi, JobLogQuery } from './job-api.ts'
import { jurisdictionOfJob, newJobId } from './job-id.ts'
import type { JobPorts } from './job-kind.ts'
import { kindOf } from './kinds.ts'

/** Two requests at the same time may both be admitted as the last one: the limit is not exact. */
const TOO_MANY = `The bucket has ${LIMITS.runningJobs} jobs that run. Wait until one of them has ended.`

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
   * Starts a job. It is in the list of jobs before this returns; if the list's database does not answer then, it is added soon afterwards.
   * @throws StoreError InvalidArgument for an unknown kind or invalid parameters, NoSuchBucket, TooManyRequests while many jobs of the
   * bucket run or were started lately, ServiceUnavailable
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
    jurisdictionOfJob(id)
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

async function start({ store, job, control }: JobsPorts, { kind, bucket, params }: StartJob, by?: Actor): Promise<JobInfo> {
  kindOf(kind).check(params)
  const running = await countRunning(control, bucket, LIMITS.runningJobs).catch(rethrowUnavailable)
  if (running >= LIMITS.runningJobs) throw new StoreError('TooManyRequests', { message: TOO_MANY })
  // The bucket's clock dates its objects. By another clock, a job could take an object that was written after its start for an older one.
  const createdMs = await store.admitJob(bucket)
  const id = newJobId(bucket.jurisdiction)
  return unwrap(await job(id).create({ id, kind, bucket, params, createdMs }, by))
}
