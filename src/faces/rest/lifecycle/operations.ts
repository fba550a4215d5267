import { actorOf } from '../../../http/actor.ts'
import { type Answer, bucketOf, type Call } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { fromRest, type LifecycleConfiguration, type PutLifecycleBody, toRest } from './schemas.ts'

type LifecycleCall<Body = unknown> = Call<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>

export async function getBucketLifecycle(call: LifecycleCall): Promise<Answer<LifecycleConfiguration>> {
  return { result: { rules: (await call.store.getBucketLifecycle(bucketOf(call))).map(toRest) } }
}

export async function putBucketLifecycle(call: LifecycleCall<PutLifecycleBody>): Promise<Answer<Record<string, never>>> {
  const rules = call.body.rules.map(fromRest)
  await call.store.putBucketLifecycle(bucketOf(call), rules, actorOf(call.request, call.identity, 'API'))
  return { result: {} }
}
