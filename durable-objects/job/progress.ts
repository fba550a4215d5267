import { StoreError } from '../../src/core/errors.ts'
import { addCounts, ENDED, type JobInfo } from '../../src/core/job.ts'
import type { Step } from '../../src/core/step.ts'
import type { JobReport } from '../../src/jobs/job-kind.ts'
import { readSetting, writeSetting } from '../common/settings.ts'
import { writeLog } from './job-log.ts'

// The progress of a job: the job as its account sees it, its cursor, and how often its next step has failed.

/** After this many failures of one step the job stops until somebody resumes it. */
const MAX_ATTEMPTS = 10
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 5 * 60_000

/** The job as it is stored; `null` when there is none. */
export const readJob = (sql: SqlStorage): JobInfo | null => readSetting<JobInfo>(sql, 'job')

/** @throws StoreError NoSuchJob */
export function jobOf(sql: SqlStorage): JobInfo {
  const job = readJob(sql)
  if (job === null) throw new StoreError('NoSuchJob')
  return job
}

export const writeJob = (sql: SqlStorage, job: JobInfo): void => writeSetting(sql, 'job', job)

/** Clears the failures of the next step, so that it runs at once. */
export function forgetFailures(sql: SqlStorage): void {
  writeSetting(sql, 'attempts', null)
  writeSetting(sql, 'retryMs', null)
}

/** When the next step is due; `null` while the job does not run. */
export function nextStepMs(sql: SqlStorage, nowMs: number): number | null {
  if (readJob(sql)?.state !== 'running') return null
  return readSetting<number>(sql, 'retryMs') ?? nowMs
}

export const readCursor = (sql: SqlStorage): unknown => readSetting(sql, 'cursor') ?? undefined

/** Records a finished step. Its work counts even if the job was paused or canceled while the step ran. */
export function advance(sql: SqlStorage, nowMs: number, { report, next }: Step<unknown, JobReport>): JobInfo {
  const job = jobOf(sql)
  const isDone = next === undefined && !ENDED.includes(job.state)
  const advanced: JobInfo = {
    ...job,
    counts: addCounts(job.counts, report.counts),
    updatedMs: nowMs,
    error: undefined,
    ...(isDone && { state: 'completed', endedMs: nowMs }),
  }
  writeJob(sql, advanced)
  writeSetting(sql, 'cursor', next ?? null)
  forgetFailures(sql)
  writeLog(sql, nowMs, [...(report.log ?? []), ...(isDone ? [{ level: 'info' as const, message: 'Completed.' }] : [])])
  return advanced
}

/**
 * Records a failed step. It is retried later. After too many failures, or if a retry cannot help, the job stops until somebody resumes it.
 */
export function noteFailure(sql: SqlStorage, nowMs: number, cause: unknown): JobInfo {
  const attempts = (readSetting<number>(sql, 'attempts') ?? 0) + 1
  const error = messageOf(cause)
  const isFinal = attempts >= MAX_ATTEMPTS || !isPassing(cause)
  const job = jobOf(sql)
  const failed: JobInfo = { ...job, error, updatedMs: nowMs, ...(isFinal && job.state === 'running' && { state: 'failed' }) }
  writeJob(sql, failed)
  writeSetting(sql, 'attempts', isFinal ? null : attempts)
  writeSetting(sql, 'retryMs', isFinal ? null : nowMs + retryDelayMs(attempts))
  writeLog(sql, nowMs, [{ level: isFinal ? 'error' : 'warning', message: `A step failed (${attempts}): ${error}` }])
  return failed
}

/**
 * The delay doubles with each failure, up to a limit. Half of it is random, so that jobs that failed together retry at different times. It
 * is in whole milliseconds: the platform drops the fraction of an alarm's time, and the alarm would ring before the step is due.
 */
function retryDelayMs(attempts: number): number {
  const most = Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS)
  return Math.ceil(most / 2 + (most / 2) * Math.random())
}

/** Whether the same step may succeed later. */
const isPassing = (cause: unknown): boolean => !(cause instanceof StoreError) || cause.status >= 500 || cause.status === 429

/** Only the message of a StoreError was written for users. */
const messageOf = (cause: unknown): string =>
  cause instanceof StoreError ? `${cause.code}: ${cause.message}` : 'The platform did not answer.'
