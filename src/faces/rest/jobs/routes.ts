import { JurisdictionHeader } from '../common-schemas.ts'
import { BUCKET } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { createJob, getJob, listJobs } from './operations.ts'
import { BucketJob, CreateJobBody, JobList, ListJobsQuery } from './schemas.ts'

const JOBS = `${BUCKET}/jobs` as const
const common = { headers: JurisdictionHeader } as const

/** Jobs of a bucket: deletions below a prefix, and migrations of storage classes. Whoever may delete objects sees how far a deletion is. */
export const JOB_ROUTES: readonly Route[] = [
  route({
    ...common,
    op: 'CreateBucketJob',
    method: 'POST',
    path: JOBS,
    needs: 'object:write',
    body: CreateJobBody,
    result: BucketJob,
    run: createJob,
  }),
  route({
    ...common,
    op: 'ListBucketJobs',
    method: 'GET',
    path: JOBS,
    needs: 'object:read',
    query: ListJobsQuery,
    result: JobList,
    run: listJobs,
  }),
  route({
    ...common,
    op: 'GetBucketJob',
    method: 'GET',
    path: `${JOBS}/{job_id}`,
    needs: 'object:read',
    result: BucketJob,
    run: getJob,
  }),
]
