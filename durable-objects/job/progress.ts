import { StoreError } from '../../src/core/errors.ts'
import { addCounts, hasEnded, type JobInfo } from '../../src/core/job.ts'
import type { Step } from '../../src/core/step.ts'
import type { JobKind, JobReport } from '../../src/jobs/job-kind.ts'
import { readSetting, writeSetting } from '../common/settings.ts'
import { writeLog } from './job-log.ts'

// The progress of a job: the job as its account sees it, its cursor, and how often its next step has failed.

/** After this many failures of one step the job stops until somebody resumes it. */
const MAX_ATTEMPTS = 10
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 5 * 60_000
/** How long an ended job stays in the list. */
export const RETENTION_MS = 90 * 86_400_000

/** The job as it is stored; `null` when there is none. */
export const readJob = (sql: SqlStorage): JobInfo | null => readSetting<JobInfo>(sql, 'job')

/** @throws StoreError NoSuchJob, also for a job that somebody removed */
export function jobOf(sql: SqlStorage): JobInfo {
  const job = readJob(sql)
  if (job === null || isRemoved(sql)) throw new StoreError('NoSuchJob')
  return job
}

/** Records that a job is removed, until its row in the account's list is gone and its tables can follow. */
export const noteRemoval = (sql: SqlStorage): void => writeSetting(sql, 'removed', true)

export const isRemoved = (sql: SqlStorage): boolean => readSetting(sql, 'removed') !== null

/** Stores the job. One that has ended needs its hidden parameters no more. */
export function writeJob(sql: SqlStorage, job: JobInfo): void {
  writeSetting(sql, 'job', job)
  if (hasEnded(job)) writeHidden(sql, null)
}

/** The parameters that only the steps see; `null` when there are none. */
export const readHidden = (sql: SqlStorage): unknown => readSetting(sql, 'hidden')

export const writeHidden = (sql: SqlStorage, hidden: unknown): void => writeSetting(sql, 'hidden', hidden)

/** When the job is deleted; `null` while it may still go on. A failed job waits as long for somebody who resumes it. */
export function pastOf(sql: SqlStorage): number | null {
  const { state, updatedMs, endedMs = state === 'failed' ? updatedMs : undefined } = readJob(sql) ?? {}
  return endedMs === undefined ? null : endedMs + RETENTION_MS
}

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
export function advance(sql: SqlStorage, nowMs: number, { report, next }: Step<unknown, JobReport>, { logLines }: JobKind): JobInfo {
  const job = jobOf(sql)
  const isDone = next === undefined && !hasEnded(job)
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
  if (report.waitMs !== undefined) writeSetting(sql, 'retryMs', nowMs + Math.ceil(report.waitMs))
  const completed = { level: 'info', type: 'complete', message: 'Completed.' } as const
  writeLog(sql, nowMs, [...(report.log ?? []), ...(isDone ? [completed] : [])], logLines)
  return advanced
}

/**
 * Records a failed step. It is retried later. After too many failures, or if a retry cannot help, the job stops until somebody resumes it;
 * or it has ended, if its kind says so. `kind` is absent for a kind that this version does not know.
 */
export function noteFailure(sql: SqlStorage, nowMs: number, cause: unknown, kind?: JobKind): JobInfo {
  const attempts = (readSetting<number>(sql, 'attempts') ?? 0) + 1
  const error = messageOf(cause)
  const isFinal = attempts >= MAX_ATTEMPTS || !isPassing(cause)
  const job = jobOf(sql)
  const stops = isFinal && job.state === 'running'
  const end = stops && kind?.endsOnFailure ? { endedMs: nowMs } : {}
  const failed: JobInfo = { ...job, error, updatedMs: nowMs, ...(stops && { state: 'failed' }), ...end }
  writeJob(sql, failed)
  writeSetting(sql, 'attempts', isFinal ? null : attempts)
  writeSetting(sql, 'retryMs', isFinal ? null : nowMs + retryDelayMs(attempts))
  const severity = isFinal ? ({ level: 'error', type: 'error' } as const) : ({ level: 'warning', type: 'retry' } as const)
  writeLog(sql, nowMs, [{ ...severity, message: `A step failed (${attempts}): ${error}` }], kind?.logLines)
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
