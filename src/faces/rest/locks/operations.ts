import type { LockRule } from '../../../core/locks.ts'
import { actorOf } from '../../../http/actor.ts'
import { type Answer, bucketOf, type Call } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import type { LockConfiguration, PutLocksBody } from './schemas.ts'

type LocksCall<Body = unknown> = Call<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>

/** A bucket without rules has an empty list of them, and no error as CORS has. */
export async function getBucketLocks(call: LocksCall): Promise<Answer<LockConfiguration>> {
  return { result: { rules: (await call.store.getBucketLocks(bucketOf(call))) as LockConfiguration['rules'] } }
}

export const putBucketLocks = (call: LocksCall<PutLocksBody>): Promise<Answer<Record<string, never>>> => replaceRules(call, call.body.rules)

export const deleteBucketLocks = (call: LocksCall): Promise<Answer<Record<string, never>>> => replaceRules(call, [])

async function replaceRules(call: LocksCall, rules: readonly LockRule[]): Promise<Answer<Record<string, never>>> {
  await call.store.putBucketLocks(bucketOf(call), rules, actorOf(call.request, call.identity, 'API'))
  return { result: {} }
}
