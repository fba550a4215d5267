import { StoreError } from './errors.ts'
import type { BucketRef } from './object.ts'

// A job is work that runs for minutes or days. The account can see it, pause it, resume it and cancel it.

export type JobState = 'running' | 'paused' | 'completed' | 'failed' | 'canceled'

/** The states of a job that has nothing more to do. A failed job has ended, too, if its kind says so: see {@link hasEnded}. */
export const ENDED: readonly JobState[] = ['completed', 'canceled']

/** How much a job has done. Its kind chooses the names, such as `deleted` and `refused`. */
export type JobCounts = Readonly<Record<string, number>>

/** A job as its account sees it. */
export interface JobInfo {
  /** 32 lowercase hex digits that rise with time. */
  readonly id: string
  /** The name of its kind, such as `delete-prefix`. */
  readonly kind: string
  readonly bucket: BucketRef
  /** The parameters for its kind. */
  readonly params: unknown
  readonly state: JobState
  readonly counts: JobCounts
  readonly createdMs: number
  readonly updatedMs: number
  /** When it was completed or canceled, or when it failed if its kind cannot be resumed then. */
  readonly endedMs?: number
  /** Why its last step failed; absent after a step succeeds. */
  readonly error?: string
}

/** A line of a job's log. */
export interface JobLogEntry {
  /** Rises by one with each line. Old lines are deleted. */
  readonly seq: number
  readonly atMs: number
  readonly level: 'info' | 'warning' | 'error'
  readonly message: string
  /** The kind of event: one of {@link JobEvent}, or a name that the job's kind chooses. Lines of earlier versions have none. */
  readonly type?: string
  /** The key of the object that the line is about. */
  readonly key?: string
}

/** A new line of a job's log. */
export type JobLogLine = Omit<JobLogEntry, 'seq' | 'atMs'>

/** The types of the lines that every job writes. `retry` is a step that failed and runs again, `error` a step that ended the work. */
export type JobEvent = 'start' | 'complete' | 'retry' | 'error' | JobRequest

/** The requests that a user can make of a job: the states that allow each, and the state that follows. */
export const JOB_REQUESTS = {
  pause: { from: ['running'], to: 'paused' },
  /** Also retries a failed job. */
  resume: { from: ['paused', 'failed'], to: 'running' },
  cancel: { from: ['running', 'paused', 'failed'], to: 'canceled' },
} as const satisfies Record<string, { from: readonly JobState[]; to: JobState }>

export type JobRequest = keyof typeof JOB_REQUESTS

/** Whether a job does nothing any more, so that it can be removed. */
export const hasEnded = ({ endedMs }: Pick<JobInfo, 'endedMs'>): boolean => endedMs !== undefined

/**
 * The state of a job after a request. A request for the state that the job is in changes nothing.
 * @throws StoreError InvalidRequest when the job's state does not allow it
 */
export function stateAfter(request: JobRequest, { state, endedMs }: Pick<JobInfo, 'state' | 'endedMs'>): JobState {
  const { from, to } = JOB_REQUESTS[request]
  if (state !== to && (hasEnded({ endedMs }) || !(from as readonly JobState[]).includes(state))) {
    throw new StoreError('InvalidRequest', { message: `The job is ${state}: it cannot be asked to ${request}.` })
  }
  return to
}

/** The sum of two counts, name by name. */
export function addCounts(a: JobCounts, b: JobCounts): JobCounts {
  const sum: Record<string, number> = { ...a }
  for (const [name, amount] of Object.entries(b)) sum[name] = (sum[name] ?? 0) + amount
  return sum
}
