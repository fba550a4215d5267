import { notImplemented } from '../../../core/errors.ts'
import { checkObjectTags } from '../../../core/tags.ts'
import type { ObjectCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseTagging, renderTagging } from '../xml/tagging.ts'
import { xmlResponse } from '../xml/xml-response.ts'

// The tags of an object. A change of them leaves the ETag, the version and Last-Modified as they are.

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export async function getObjectTagging({ store, at }: ObjectCall): Promise<Response> {
  const { tags, version } = await store.getObjectTags(at)
  return xmlResponse(renderTagging(tags), [['x-amz-version-id', version]])
}

/** Replaces all tags of an object. */
export async function putObjectTagging(call: ObjectCall): Promise<Response> {
  // Without versions, the tags of the current object would change in place of those that the client named.
  if (call.url.searchParams.has('versionId')) throw notImplemented('versionId')
  const tags = parseTagging(await readXmlBody(call))
  checkObjectTags(tags)
  const { version } = await call.store.putObjectTags(call.at, tags)
  return new Response(null, { headers: { 'x-amz-version-id': version } })
}

export async function deleteObjectTagging({ store, at }: ObjectCall): Promise<Response> {
  const { version } = await store.putObjectTags(at, [])
  return new Response(null, { status: 204, headers: { 'x-amz-version-id': version } })
}
