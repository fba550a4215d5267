import * as z from 'zod'
import type { JobInfo, JobState } from '../../../core/job.ts'
import type { DeletePrefixParams } from '../../../jobs/kinds/delete-prefix.ts'
import type { StorageClassParams } from '../../../jobs/kinds/storage-class.ts'
import { isoTime, StorageClass, Timestamp } from '../common-schemas.ts'

/** The kinds of jobs that this resource has, by their names in the API. Other kinds of a bucket have endpoints of their own. */
export const KINDS = { prefixDelete: 'delete-prefix', storageClassMigration: 'storage-class' } as const

export const JobType = z.enum(Object.keys(KINDS) as [JobType, ...JobType[]])
export type JobType = keyof typeof KINDS

/** The states by R2's names. A job that is paused waits, as one that has not begun. */
const STATES = {
  ENQUEUED: 'paused',
  RUNNING: 'running',
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'canceled',
} as const satisfies Record<string, JobState>

export const JobStatus = z.enum(Object.keys(STATES) as [JobStatus, ...JobStatus[]])
type JobStatus = keyof typeof STATES

/** The state that a status stands for. */
export const stateOf = (status: JobStatus): JobState => STATES[status]

const PREFIX_END = 'must end in "/", so that it names whole folders; an empty prefix stands for the whole bucket'

/** The prefix of a deletion. Without the slash, `logs` would also take `logs-of-today`. */
export const Prefix = z.string().refine((prefix) => prefix === '' || prefix.endsWith('/'), PREFIX_END)

const NO_JOB_TYPE = `must be ${Object.keys(KINDS)
  .map((name) => JSON.stringify(name))
  .join(' or ')}`

/** Strict, because a misspelt class would be no class, which has a meaning: from Infrequent Access to Standard. */
export const CreateJobBody = z.discriminatedUnion(
  'jobType',
  [
    z.strictObject({ jobType: z.literal('prefixDelete'), prefix: Prefix }),
    z
      .strictObject({
        jobType: z.literal('storageClassMigration'),
        sourceStorageClass: StorageClass.optional(),
        destinationStorageClass: StorageClass.optional(),
      })
      .refine(
        ({ sourceStorageClass: from, destinationStorageClass: to }) => (from === undefined) === (to === undefined),
        'needs both storage classes or neither of them',
      ),
  ],
  { error: ({ code }) => (code === 'invalid_union' ? NO_JOB_TYPE : undefined) },
)
export type CreateJobBody = z.output<typeof CreateJobBody>

export const ListJobsQuery = z.object({
  jobType: JobType.optional(),
  status: JobStatus.optional(),
  maxKeys: z.coerce.number().int().min(1).max(1000).default(100),
  continuationToken: z.string().optional(),
})
export type ListJobsQuery = z.output<typeof ListJobsQuery>

const PrefixDelete = z.object({
  prefix: z.string(),
  deletedObjects: z.int(),
  /** The job empties the whole bucket. */
  isBucketClear: z.boolean(),
  /** Beyond R2: objects that a bucket lock kept, and open uploads that were aborted. */
  lockedObjects: z.int(),
  abortedUploads: z.int(),
})

const StorageClassMigration = z.object({
  sourceStorageClass: StorageClass,
  destinationStorageClass: StorageClass,
  migratedObjects: z.int(),
})

export const BucketJob = z.object({
  id: z.string(),
  jobType: JobType,
  status: JobStatus,
  startTime: Timestamp,
  endTime: Timestamp.optional(),
  /** Beyond R2: why the last step failed. */
  error: z.string().optional(),
  prefixDelete: PrefixDelete.optional(),
  storageClassMigration: StorageClassMigration.optional(),
})
export type BucketJob = z.input<typeof BucketJob>

export const JobList = z.object({ jobs: z.array(BucketJob), nextContinuationToken: z.string().optional() })
export type JobList = z.input<typeof JobList>

/** The fields of a job that its row in the list lacks. */
type Details = Partial<Pick<JobInfo, 'params' | 'counts' | 'error'>>

/** Returns a job as the REST API shows it; without the details of its kind if only its row in the list is known. */
export function toBucketJob(job: Pick<JobInfo, 'id' | 'kind' | 'state' | 'createdMs' | 'endedMs'> & Details): BucketJob {
  const { id, kind, state, createdMs, endedMs, error, params, counts } = job
  const [jobType] = entryWith(KINDS, kind)
  const [status] = entryWith(STATES, state)
  return {
    id,
    jobType,
    status,
    startTime: isoTime(createdMs),
    ...(endedMs === undefined ? {} : { endTime: isoTime(endedMs) }),
    ...(error === undefined ? {} : { error }),
    ...(counts && { [jobType]: DETAILS[jobType](params as never, counts) }),
  }
}

/** The row of a table with this value. A job of another kind or state never gets here. */
const entryWith = <Name extends string, Value>(table: Readonly<Record<Name, Value>>, value: unknown): [Name, Value] =>
  (Object.entries(table) as [Name, Value][]).find(([, own]) => own === value)!

const DETAILS = {
  prefixDelete: ({ prefix }: DeletePrefixParams, { deleted = 0, refused = 0, aborted = 0 }: JobInfo['counts']) => ({
    prefix,
    deletedObjects: deleted,
    isBucketClear: prefix === '',
    lockedObjects: refused,
    abortedUploads: aborted,
  }),
  storageClassMigration: ({ from, to }: StorageClassParams, { moved = 0 }: JobInfo['counts']) => ({
    sourceStorageClass: from,
    destinationStorageClass: to,
    migratedObjects: moved,
  }),
}
