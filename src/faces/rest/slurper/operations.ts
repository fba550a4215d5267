import { StoreError } from '../../../core/errors.ts'
import { hasEnded, type JobInfo, type JobRequest } from '../../../core/job.ts'
import { migrate } from '../../../jobs/kinds/migrate.ts'
import type { MigrationParams } from '../../../jobs/migration/migration.ts'
import { jobPurpose } from '../../../sources/secrets.ts'
import type { Answer, RestCall } from '../call.ts'
import { checkTarget, configOf, openSourceOf, refOf } from './connections.ts'
import {
  type Connectivity,
  type CreateMigrationBody,
  type LogLine,
  type LogsQuery,
  type Migration,
  type MigrationsQuery,
  type Progress,
  type SourceBody,
  type TargetBody,
  toLogLine,
  toMigration,
  toProgress,
} from './schemas.ts'

type MigrationCall<Query = unknown> = RestCall<{ params: 'job_id'; query: Query }>

const KIND = migrate.name
/** A longer list of keys is not shown. */
const SHOWN_KEYS_BYTES = 8192

/**
 * Starts a migration.
 * @throws StoreError TooManyJobs for the fourth one at the same time, NoSuchBucket, InvalidUpstreamCredentials, InvalidArgument
 */
export async function createMigration(call: RestCall<{ body: CreateMigrationBody }>): Promise<Answer<{ id: string }>> {
  const { body, jobs, seal } = call
  const { source, target, overwrite = true } = body
  const bucket = refOf(target)
  openSourceOf(call, source, bucket)
  await checkTarget(call, target)
  const { config, secrets } = configOf(source)
  const { pathPrefix: prefix, keys } = source
  const isShort = keys !== undefined && JSON.stringify(keys).length <= SHOWN_KEYS_BYTES
  const params: MigrationParams = { source: config, prefix, keyCount: keys?.length, overwrite, ...(isShort && { keys }) }
  const hidden = async (id: string) => ({ sealed: await seal(jobPurpose(id), secrets), keys })
  const { id } = await jobs.start({ kind: KIND, bucket, params, hidden }, call.by())
  return { result: { id } }
}

/** One page of the migrations, the newest first. */
export async function listMigrations({ jobs, query }: RestCall<{ query: MigrationsQuery }>): Promise<Answer<Migration[]>> {
  const page = await jobs.list({ kinds: [KIND], limit: query.limit, offset: query.offset })
  const found = await Promise.all(page.jobs.map(({ id }) => jobs.get(id).catch(onlyMissing)))
  return { result: found.flatMap((job) => (job ? [toMigration(job)] : [])) }
}

/** A job may have been removed since the list was read. */
function onlyMissing(error: unknown): null {
  if (error instanceof StoreError && error.code === 'NoSuchJob') return null
  throw error
}

export async function getMigration(call: MigrationCall): Promise<Answer<Migration>> {
  return { result: toMigration(await find(call)) }
}

export async function getProgress(call: MigrationCall): Promise<Answer<Progress>> {
  return { result: toProgress(await find(call)) }
}

/** One page of the log, the oldest line first. */
export async function getLogs(call: MigrationCall<LogsQuery>): Promise<Answer<LogLine[]>> {
  const { id } = await find(call)
  return { result: (await call.jobs.log(id, call.query)).map((line) => toLogLine(id, line)) }
}

/** @throws StoreError NoSuchJob, also for a job of another kind */
async function find({ jobs, params }: MigrationCall): Promise<JobInfo> {
  const job = await jobs.get(params.job_id)
  if (job.kind !== KIND) throw new StoreError('NoSuchJob')
  return job
}

const conflict = (message: string): StoreError => new StoreError('InvalidRequest', { status: 409, message })

/** Makes the operation for a request to a migration. A repeated request for the state that it is in changes nothing. */
const asking =
  (request: JobRequest, done: string) =>
  async (call: MigrationCall): Promise<Answer<string>> => {
    const job = await find(call)
    if (hasEnded(job)) throw conflict('The migration has ended: it cannot be paused, resumed or aborted any more.')
    await call.jobs.request(job.id, request, call.by())
    return { result: done }
  }

export const pauseMigration = asking('pause', 'Job paused')
export const resumeMigration = asking('resume', 'Job resumed')
/** Copies that are under way end first; none begins. */
export const abortMigration = asking('cancel', 'Job aborted')

export async function abortAllMigrations({ jobs, by }: RestCall): Promise<Answer<string>> {
  for (const { id } of await jobs.active(KIND)) {
    await jobs.request(id, 'cancel', by()).catch((error) => {
      // It may have ended meanwhile.
      if (!(error instanceof StoreError && (error.code === 'NoSuchJob' || error.code === 'InvalidRequest'))) throw error
    })
  }
  return { result: 'All jobs aborted' }
}

/** @throws StoreError InvalidRequest with status 409 while it has not ended */
export async function deleteMigration(call: MigrationCall): Promise<Answer<string>> {
  const job = await find(call)
  if (!hasEnded(job)) throw conflict('Active jobs cannot be deleted')
  await call.jobs.remove(job.id, call.by())
  return { result: 'Job deleted' }
}

/** Whether the source answers: lists one key, or reads the head of the first key of a list. */
export async function checkSource(call: RestCall<{ body: SourceBody }>): Promise<Answer<Connectivity>> {
  return connectivity(async () => {
    const { pathPrefix: prefix, keys } = call.body
    const source = openSourceOf(call, call.body)
    const answer = keys?.[0] === undefined ? await source.list({ prefix, limit: 1 }) : await source.head(keys[0])
    return answer.ok || answer.failure.kind === 'absent' ? undefined : answer.failure.message
  })
}

export async function checkTargetOf(call: RestCall<{ body: TargetBody }>): Promise<Answer<Connectivity>> {
  return connectivity(async () => {
    await checkTarget(call, call.body)
    return undefined
  })
}

/** As on R2, a check that finds a problem has succeeded as a request. `check` returns the problem, or throws it. */
async function connectivity(check: () => Promise<string | undefined>): Promise<Answer<Connectivity>> {
  const message = await check().catch((error) => {
    if (!(error instanceof StoreError)) throw error
    return error.message
  })
  return { result: message === undefined ? { connectivityStatus: 'success' } : { connectivityStatus: 'error', message } }
}
