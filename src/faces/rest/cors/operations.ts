import { actorOf } from '../../../http/actor.ts'
import { type Answer, bucketOf, type Call } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { fromRest, type PutCorsBody, toRest } from './schemas.ts'

type CorsCall<Body = unknown> = Call<{ params: 'bucket_name'; headers: JurisdictionHeader; body: Body }>

export async function getBucketCors(call: CorsCall): Promise<Answer<PutCorsBody>> {
  return { result: { rules: (await call.store.getBucketCors(bucketOf(call))).map(toRest) } }
}

export async function putBucketCors(call: CorsCall<PutCorsBody>): Promise<Answer<Record<string, never>>> {
  const { rules } = call.body
  if (rules.length === 0) return deleteBucketCors(call)
  await call.store.putBucketCors(bucketOf(call), rules.map(fromRest), actorOf(call.request, call.identity, 'API'))
  return { result: {} }
}

export async function deleteBucketCors(call: CorsCall): Promise<Answer<Record<string, never>>> {
  await call.store.deleteBucketCors(bucketOf(call), actorOf(call.request, call.identity, 'API'))
  return { result: {} }
}
