import init from '../../migrations/job/0001_init.sql'
import logDetails from '../../migrations/job/0002_log_details.sql'
import type { Schema } from '../common/schema.ts'

/** The tables of a job. Older code ignores the columns of the second migration. */
export const JOB_SCHEMA: Schema = { owner: "this job's", migrations: [init, logDetails], compatibleFrom: { 2: 1 } }
