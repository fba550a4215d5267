import { StoreError } from '../../../core/errors.ts'
import { actorOf } from '../../../http/actor.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseLifecycleConfiguration, renderLifecycleConfiguration } from '../xml/lifecycle-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** To S3, a configuration without rules is none. */
export async function getBucketLifecycleConfiguration({ store, bucket }: BucketCall): Promise<Response> {
  const rules = await store.getBucketLifecycle(bucket)
  if (rules.length === 0) throw new StoreError('NoSuchLifecycleConfiguration')
  return xmlResponse(renderLifecycleConfiguration(rules))
}

export async function putBucketLifecycleConfiguration(call: BucketCall): Promise<Response> {
  const rules = parseLifecycleConfiguration(await readXmlBody(call))
  await call.store.putBucketLifecycle(call.bucket, rules, actorOf(call.request, call.identity, 'S3'))
  return new Response(null)
}

/** Removes all rules, the default one included: S3 clients wait until there is no configuration any more. */
export async function deleteBucketLifecycle({ request, identity, store, bucket }: BucketCall): Promise<Response> {
  await store.putBucketLifecycle(bucket, [], actorOf(request, identity, 'S3'))
  return new Response(null, { status: 204 })
}
