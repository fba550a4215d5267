import { actorOf } from '../../../http/actor.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseCorsConfiguration, renderCorsConfiguration } from '../xml/cors-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

export async function getBucketCors({ store, bucket }: BucketCall): Promise<Response> {
  return xmlResponse(renderCorsConfiguration(await store.getBucketCors(bucket)))
}

export async function putBucketCors(call: BucketCall): Promise<Response> {
  const rules = parseCorsConfiguration(await readXmlBody(call))
  await call.store.putBucketCors(call.bucket, rules, actorOf(call.request, call.identity, 'S3'))
  return new Response(null)
}

export async function deleteBucketCors({ request, identity, store, bucket }: BucketCall): Promise<Response> {
  await store.deleteBucketCors(bucket, actorOf(request, identity, 'S3'))
  return new Response(null, { status: 204 })
}
