import { admit, type ChangeRate } from '../common/change-rate.ts'
import type { Context } from '../keyspace/context.ts'

/** How many configuration changes a bucket accepts. */
const CHANGES: ChangeRate = {
  setting: 'changes',
  burst: 100,
  oneEachMs: 30_000,
  message: "Reduce your rate of changes of this bucket's configuration.",
}

/**
 * How many jobs a bucket accepts. They have a rate of their own: a token that may only delete objects starts jobs too, and must not use up
 * the changes of the configuration.
 */
const JOBS: ChangeRate = { setting: 'jobs', burst: 100, oneEachMs: 30_000, message: 'Reduce your rate of new jobs for this bucket.' }

/** @throws StoreError TooManyRequests */
export const admitChange = (context: Context): void => admit(context, CHANGES)

/** @throws StoreError TooManyRequests */
export const admitJob = (context: Context): void => admit(context, JOBS)

/** The settings that outlive a deletion of the bucket, so that a new bucket of the same name does not begin anew. */
export const RATES: readonly string[] = [CHANGES.setting, JOBS.setting]
