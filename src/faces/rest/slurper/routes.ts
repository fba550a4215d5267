import * as z from 'zod'
import { ACCOUNT } from '../paths.ts'
import { type Route, route } from '../route.ts'
import {
  abortAllMigrations,
  abortMigration,
  checkSource,
  checkTargetOf,
  createMigration,
  deleteMigration,
  getLogs,
  getMigration,
  getProgress,
  listMigrations,
  pauseMigration,
  resumeMigration,
} from './operations.ts'
import {
  Connectivity,
  CreatedMigration,
  CreateMigrationBody,
  Done,
  LogLine,
  LogsQuery,
  Migration,
  MigrationsQuery,
  Progress,
  SourceBody,
  TargetBody,
} from './schemas.ts'

const SLURPER = `${ACCOUNT}/slurper` as const
const JOBS = `${SLURPER}/jobs` as const
const JOB = `${JOBS}/{job_id}` as const

const change = { needs: 'account:write' } as const
const read = { needs: 'account:list' } as const

/** Super Slurper: migrations of whole buckets. https://developers.cloudflare.com/api/resources/r2/subresources/super_slurper/ */
export const SLURPER_ROUTES: readonly Route[] = [
  route({
    ...change,
    op: 'CreateMigration',
    method: 'POST',
    path: JOBS,
    status: 201,
    body: CreateMigrationBody,
    result: CreatedMigration,
    run: createMigration,
  }),
  route({
    ...read,
    op: 'ListMigrations',
    method: 'GET',
    path: JOBS,
    query: MigrationsQuery,
    result: z.array(Migration),
    run: listMigrations,
  }),
  route({ ...change, op: 'AbortAllMigrations', method: 'PUT', path: `${JOBS}/abortAll`, result: Done, run: abortAllMigrations }),
  route({ ...read, op: 'GetMigration', method: 'GET', path: JOB, result: Migration, run: getMigration }),
  route({ ...change, op: 'DeleteMigration', method: 'DELETE', path: JOB, result: Done, run: deleteMigration }),
  route({ ...read, op: 'GetMigrationProgress', method: 'GET', path: `${JOB}/progress`, result: Progress, run: getProgress }),
  route({
    ...read,
    op: 'GetMigrationLogs',
    method: 'GET',
    path: `${JOB}/logs`,
    query: LogsQuery,
    result: z.array(LogLine),
    run: getLogs,
  }),
  route({ ...change, op: 'PauseMigration', method: 'PUT', path: `${JOB}/pause`, result: Done, run: pauseMigration }),
  route({ ...change, op: 'ResumeMigration', method: 'PUT', path: `${JOB}/resume`, result: Done, run: resumeMigration }),
  route({ ...change, op: 'AbortMigration', method: 'PUT', path: `${JOB}/abort`, result: Done, run: abortMigration }),
  route({
    ...change,
    op: 'CheckMigrationSource',
    method: 'PUT',
    path: `${SLURPER}/source/connectivity-precheck`,
    body: SourceBody,
    result: Connectivity,
    run: checkSource,
  }),
  route({
    ...change,
    op: 'CheckMigrationTarget',
    method: 'PUT',
    path: `${SLURPER}/target/connectivity-precheck`,
    body: TargetBody,
    result: Connectivity,
    run: checkTargetOf,
  }),
]
