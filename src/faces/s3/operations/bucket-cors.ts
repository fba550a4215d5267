import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseCorsConfiguration, renderCorsConfiguration } from '../xml/cors-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

export async function getBucketCors({ store, bucket }: BucketCall): Promise<Response> {
  return xmlResponse(renderCorsConfiguration(await store.getBucketCors(bucket)))
}

export async function putBucketCors(call: BucketCall): Promise<Response> {
  await call.store.putBucketCors(call.bucket, parseCorsConfiguration(await readXmlBody(call)))
  return new Response(null)
}

export async function deleteBucketCors({ store, bucket }: BucketCall): Promise<Response> {
  await store.deleteBucketCors(bucket)
  return new Response(null, { status: 204 })
}
