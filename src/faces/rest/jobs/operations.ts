import { permits } from '../../../auth/session-scope.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import type { JobInfo } from '../../../core/job.ts'
import type { BucketRef } from '../../../core/object.ts'
import type { StartJob } from '../../../jobs/jobs.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { isText, readCursor, writeCursor } from '../cursor.ts'
import { type BucketJob, type CreateJobBody, type JobList, KINDS, type ListJobsQuery, stateOf, toBucketJob } from './schemas.ts'

type JobCall<Params extends string = 'bucket_name', Body = unknown, Query = unknown> = RestCall<{
  params: 'bucket_name' | Params
  headers: JurisdictionHeader
  body: Body
  query: Query
}>

/** The longest page of the list: each job on it is asked for its progress. */
const MAX_PAGE = 100

/** Starts a job of a bucket. A deletion needs the permission to delete objects; a migration changes the bucket. */
export async function createJob(call: JobCall<never, CreateJobBody>): Promise<Answer<BucketJob>> {
  const { body, identity } = call
  if (body.jobType === 'prefixDelete') return { result: await startPrefixDelete(call, body.prefix) }
  const bucket = bucketOf(call)
  if (!permits(identity, { needs: 'bucket:write', action: 'CreateBucketJob', bucket })) throw new StoreError('AuthenticationError')
  const { sourceStorageClass: from = 'InfrequentAccess', destinationStorageClass: to = 'Standard' } = body
  return { result: await start(call, { kind: KINDS.storageClassMigration, bucket, params: { from, to } }) }
}

/**
 * Starts a deletion below a prefix, or of the whole bucket.
 * @throws StoreError NoSuchBucket, BucketHasNotificationRules for a whole bucket whose events somebody waits for, as on R2, TooManyRequests
 */
export async function startPrefixDelete(call: JobCall, prefix: string): Promise<BucketJob> {
  const bucket = bucketOf(call)
  const waits = prefix === '' && (await call.store.getSetting(bucket, 'notifications')).length > 0
  if (waits) throw new StoreError('BucketHasNotificationRules')
  return start(call, { kind: KINDS.prefixDelete, bucket, params: { prefix } })
}

const start = async ({ jobs, by }: JobCall, job: StartJob): Promise<BucketJob> => toBucketJob(await jobs.start(job, by()))

/** Returns one page of the jobs of a bucket, the newest first. */
export async function listJobs(call: JobCall<never, unknown, ListJobsQuery>): Promise<Answer<JobList>> {
  const { jobs, store, query } = call
  const { jobType, status, maxKeys, continuationToken } = query
  if (status !== undefined && jobType === undefined) throw invalidArgument('The parameter status needs a jobType beside it')
  const bucket = bucketOf(call)
  const after = continuationToken ? readCursor(continuationToken, isText) : undefined
  await store.headBucket(bucket)
  const kinds = jobType === undefined ? Object.values(KINDS) : [KINDS[jobType]]
  const states = status === undefined ? undefined : [stateOf(status)]
  const page = await jobs.list({ bucket, kinds, states, after, limit: Math.min(maxKeys, MAX_PAGE) })
  const current = await Promise.all(page.jobs.map((entry) => jobs.get(entry.id).catch(() => entry)))
  const last = page.truncated ? page.jobs.at(-1) : undefined
  return { result: { jobs: current.map(toBucketJob), ...(last && { nextContinuationToken: writeCursor(last.id) }) } }
}

/** Returns one job of a bucket, with its progress. */
export async function getJob(call: JobCall<'job_id'>): Promise<Answer<BucketJob>> {
  const job = await call.jobs.get(call.params.job_id)
  if (!isJobOf(bucketOf(call), job)) throw new StoreError('NoSuchJob')
  return { result: toBucketJob(job) }
}

/** Whether a job is one of this resource: whoever may read one bucket must not see jobs of another one. */
const isJobOf = ({ jurisdiction, name }: BucketRef, { bucket, kind }: JobInfo): boolean =>
  bucket.jurisdiction === jurisdiction && bucket.name === name && (Object.values(KINDS) as string[]).includes(kind)
