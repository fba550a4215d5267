import { LIMITS } from '../../../core/limits.ts'
import { abortHeaders } from '../../../http/lifecycle.ts'
import type { ObjectCall } from '../call.ts'
import { readWholeNumber } from '../query.ts'
import { renderListParts } from '../xml/list-parts.ts'
import { xmlResponse } from '../xml/xml-response.ts'

export async function listParts({ url, store, at, accountId }: ObjectCall): Promise<Response> {
  const query = url.searchParams
  const maxParts = readWholeNumber(query, 'max-parts', LIMITS.listMax)
  const partNumberMarker = readWholeNumber(query, 'part-number-marker', 0)
  const uploadId = query.get('uploadId') ?? ''
  const { upload, parts, truncated } = await store.listParts(at, {
    uploadId,
    after: partNumberMarker,
    limit: Math.min(maxParts, LIMITS.listMax),
  })
  return xmlResponse(
    renderListParts({
      bucket: at.bucket.name,
      key: at.key,
      uploadId,
      owner: accountId,
      storageClass: upload.storageClass,
      partNumberMarker,
      nextPartNumberMarker: parts.at(-1)?.partNumber,
      maxParts,
      isTruncated: truncated,
      parts,
    }),
    abortHeaders(upload.abortion),
  )
}
