import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { LOCATIONS, type Location } from '../../../core/object.ts'
import { readStorageClass } from '../../../http/storage-class.ts'
import type { BucketCall } from '../call.ts'
import { countingNames } from '../query.ts'
import { readXmlBody } from '../upload.ts'
import { parseCreateBucketConfiguration } from '../xml/create-bucket-configuration.ts'
import { renderLocationConstraint } from '../xml/location-constraint.ts'
import { xmlResponse } from '../xml/xml-response.ts'

/** Creates a bucket, and returns its path in `Location`. */
export async function createBucket(call: BucketCall): Promise<Response> {
  const { url, store, bucket, headers } = call
  refuseParameters(url.searchParams, 'PUT')
  const asked = parseCreateBucketConfiguration(await readXmlBody(call), call.config.allows('tagging'))
  const location = readLocation(asked.location)
  const storageClass = readStorageClass(headers)
  await store.createBucket(bucket, { location, storageClass, tags: asked.tags, by: call.by() })
  return new Response(null, { headers: { Location: `/${bucket.name}` } })
}

export async function headBucket({ store, bucket }: BucketCall): Promise<Response> {
  await store.headBucket(bucket)
  return new Response(null, { headers: { 'x-amz-bucket-region': 'auto' } })
}

export async function deleteBucket({ url, store, bucket, by }: BucketCall): Promise<Response> {
  refuseParameters(url.searchParams, 'DELETE')
  await store.deleteBucket(bucket, by())
  return new Response(null, { status: 204 })
}

export async function getBucketLocation({ url, store, bucket }: BucketCall): Promise<Response> {
  const stranger = countingNames(url.searchParams).find((name) => name !== 'location')
  if (stranger !== undefined) throw invalidArgument(`Search param ${stranger} is unsupported for bucket location`)
  const { location } = await store.headBucket(bucket)
  return xmlResponse(renderLocationConstraint(location))
}

/** Does nothing and returns 200, as R2 does on a signed POST to a bucket. */
export async function postBucket({ store, bucket }: BucketCall): Promise<Response> {
  await store.headBucket(bucket)
  return new Response(null)
}

function refuseParameters(query: URLSearchParams, method: 'PUT' | 'DELETE'): void {
  const strangers = countingNames(query)
  if (strangers.length === 0) return
  throw invalidArgument(`Unsupported search param(s) ${strangers.map((name) => `"${name}"`).join(', ')} on a ${method} bucket route`)
}

/** Reads a location name, in upper or lower case. `auto` and `us-east-1` leave the choice to the platform. */
function readLocation(constraint: string | undefined): Location | undefined {
  const name = constraint?.toLowerCase()
  if (name === undefined || name === 'auto' || name === 'us-east-1') return undefined
  const location = LOCATIONS.find((known) => known === name)
  if (location) return location
  throw new StoreError('InvalidRegionName', {
    message: `The region name '${constraint}' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto`,
  })
}
