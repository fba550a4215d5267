import { LIMITS } from '../../../core/limits.ts'
import { markerPosition } from '../../../store/objects/list-position.ts'
import type { BucketCall } from '../call.ts'
import { checkListingParameters, optional, readEncodingType, readWholeNumber } from '../query.ts'
import { renderListMultipartUploads } from '../xml/list-multipart-uploads.ts'
import { xmlResponse } from '../xml/xml-response.ts'

const PARAMETERS = ['uploads', 'prefix', 'delimiter', 'encoding-type', 'key-marker', 'upload-id-marker', 'max-uploads']

export async function listMultipartUploads({ url, store, bucket, accountId }: BucketCall): Promise<Response> {
  const query = url.searchParams
  checkListingParameters(query, 'ListMultipartUploads', PARAMETERS)
  const encodingType = readEncodingType(query)
  const maxUploads = readWholeNumber(query, 'max-uploads', LIMITS.listMax)
  const prefix = query.get('prefix') ?? ''
  const delimiter = optional(query.get('delimiter'))
  const keyMarker = optional(query.get('key-marker'))
  // Ignore an upload id without a key.
  const uploadIdMarker = keyMarker === undefined ? undefined : optional(query.get('upload-id-marker'))
  const page = await store.listMultipartUploads(bucket, {
    prefix,
    delimiter,
    after: keyMarker === undefined ? undefined : markerPosition(keyMarker, { prefix, delimiter }),
    afterUploadId: uploadIdMarker,
    limit: Math.min(maxUploads, LIMITS.listMax),
  })
  const { last } = page
  return xmlResponse(
    renderListMultipartUploads({
      bucket: bucket.name,
      keyMarker,
      uploadIdMarker,
      nextKeyMarker: last && ('key' in last ? last.key : last.prefix),
      nextUploadIdMarker: last && 'key' in last ? page.items.at(-1)?.uploadId : undefined,
      prefix: query.get('prefix') ?? undefined,
      delimiter,
      encodingType,
      maxUploads,
      isTruncated: page.truncated,
      owner: accountId,
      uploads: page.items.map((upload) => ({ ...upload, initiatedMs: upload.createdMs })),
      delimitedPrefixes: page.delimitedPrefixes,
    }),
  )
}
