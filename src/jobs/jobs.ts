import { activeJobs, countRunning, forgetJobStatement, type JobEntry, type JobsQuery, listJobs, reserveJob } from '../control/job-index.ts'
import type { Actor } from '../core/audit.ts'
import { rethrowUnavailable, StoreError } from '../core/errors.ts'
import { madeMs } from '../core/ids.ts'
import type { JobInfo, JobLogEntry, JobRequest } from '../core/job.ts'
import { LIMITS } from '../core/limits.ts'
import type { TokenRotationReport } from '../core/maintenance.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { JobApi, JobLogQuery, Resealed } from './job-api.ts'
import { jurisdictionOfJob, newJobId } from './job-id.ts'
import type { JobKind, JobPorts } from './job-kind.ts'
import { kindOf, SECRET_KINDS } from './kinds.ts'

/** Two requests at the same time may both be admitted as the last one: the limit is not exact. */
const TOO_MANY = `The bucket has ${LIMITS.runningJobs} jobs that run. Wait until one of them has ended.`

/** The interfaces that the jobs of an account use. */
export interface JobsPorts extends Pick<JobPorts, 'store'> {
  readonly control: D1Database
  /** The stub of a job, even of one that does not exist. */
  readonly job: (id: string) => JobApi
}

/** A job to start. */
export interface StartJob {
  readonly kind: string
  readonly bucket: BucketRef
  readonly params: unknown
  /** Parameters that only the steps see. Secrets among them are sealed for the job's id, so they are made with it. */
  readonly hidden?: (id: string) => Promise<unknown>
}

/** The jobs of an account, as faces use them. */
export interface Jobs {
  /**
   * Starts a job. It is in the list of jobs before this returns; if the list's database does not answer then, it is added soon afterwards.
   * @throws StoreError InvalidArgument for an unknown kind or invalid parameters, NoSuchBucket, TooManyRequests while many jobs of the
   * bucket run or were started lately, TooManyJobs while as many jobs of the kind are active as may be, ServiceUnavailable
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
  /**
   * Deletes a job that has ended.
   * @throws StoreError NoSuchJob, InvalidRequest while it has not ended
   */
  remove(id: string, by?: Actor): Promise<JobInfo>
  /** The jobs of a kind that have not ended. */
  active(kind: string): Promise<JobEntry[]>
  /** Seals the secrets of all active jobs with the current master key. Returns the ids whose secrets no configured master key opens. */
  reseal(): Promise<TokenRotationReport>
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
    remove: async (id, by) => unwrap(await stub(id).remove(by)),
    active: (kind) => activeJobs(ports.control, kind),
    reseal: () => reseal(ports),
  }
}

async function start(ports: JobsPorts, { kind: name, bucket, params, hidden }: StartJob, by?: Actor): Promise<JobInfo> {
  const { store, job, control } = ports
  const kind = kindOf(name)
  kind.check(params)
  const running = await countRunning(control, bucket, LIMITS.runningJobs).catch(rethrowUnavailable)
  if (running >= LIMITS.runningJobs) throw new StoreError('TooManyRequests', { message: TOO_MANY })
  // The bucket's clock dates its objects. By another clock, a job could take an object that was written after its start for an older one.
  const createdMs = await store.admitJob(bucket)
  const id = newJobId(bucket.jurisdiction)
  const made = { id, kind: name, bucket, params, createdMs, hidden: await hidden?.(id) }
  await reserve(ports, kind, { ...made, state: 'running' }).catch(rethrowUnavailable)
  return unwrap(await job(id).create(made, by))
}

/** @throws StoreError TooManyJobs */
async function reserve(ports: JobsPorts, { name, maxActive }: JobKind, entry: JobEntry): Promise<void> {
  if (maxActive === undefined || (await reserveJob(ports.control, entry, maxActive))) return
  await dropLostRows(ports, name)
  if (!(await reserveJob(ports.control, entry, maxActive))) throw new StoreError('TooManyJobs')
}

/** How long a row of the list may be there before its job exists. */
const CREATION_MS = 60_000

/** Deletes rows whose jobs were never created: the Worker that reserved them was lost. */
async function dropLostRows({ control, job }: JobsPorts, kind: string): Promise<void> {
  for (const { id } of await activeJobs(control, kind)) {
    const found = await job(id).info()
    const isLost = !found.ok && found.code === 'NoSuchJob' && madeMs(id) < Date.now() - CREATION_MS
    if (isLost) await forgetJobStatement(control, id).run()
  }
}

async function reseal({ control, job }: JobsPorts): Promise<TokenRotationReport> {
  const found: [string, Resealed][] = []
  for (const kind of SECRET_KINDS) {
    for (const { id } of await activeJobs(control, kind)) found.push([id, unwrap(await job(id).reseal())])
  }
  const idsOf = (result: Resealed) => found.filter(([, one]) => one === result).map(([id]) => id)
  return { checked: found.length, resealed: idsOf('resealed').length, lost: idsOf('lost') }
}
