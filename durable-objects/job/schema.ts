import init from '../../migrations/job/0001_init.sql'
import type { Schema } from '../common/schema.ts'

/** The tables of a job. */
export const JOB_SCHEMA: Schema = { owner: "this job's", migrations: [init], compatibleFrom: {} }
