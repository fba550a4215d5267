import { httpEtag } from '../../../core/etag.ts'
import { checksumHeaderName } from '../../../http/checksums.ts'
import { readCustomerKey, ssecHeaders } from '../../../http/ssec.ts'
import type { PartRef } from '../../../store/uploads/upload-part.ts'
import type { ObjectCall } from '../call.ts'
import { readUpload } from '../upload.ts'
import { readPartNumber } from './get-object.ts'

export async function uploadPart(call: ObjectCall): Promise<Response> {
  const customerKey = readCustomerKey(call.headers, '')
  const place = readPartRef(call)
  const upload = readUpload(call)
  const part = await call.store.uploadPart(place, upload, customerKey)
  call.measure.objectBytes = upload.size
  const headers: [string, string][] = [['ETag', httpEtag(part.etag)]]
  if (part.checksum && upload.claims.checksumAlgorithm) headers.push([checksumHeaderName(part.checksum.algorithm), part.checksum.value])
  if (customerKey) headers.push(...ssecHeaders(customerKey.keyMd5))
  return new Response(null, { headers })
}

/**
 * Reads which part a request names.
 * @throws StoreError InvalidArgument, also for an empty part number
 */
export const readPartRef = ({ at, url }: ObjectCall): PartRef => ({
  at,
  uploadId: url.searchParams.get('uploadId') ?? '',
  partNumber: readPartNumber(url.searchParams.get('partNumber') ?? '') as number,
})
