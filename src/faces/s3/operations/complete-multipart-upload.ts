import { StoreError } from '../../../core/errors.ts'
import { httpEtag } from '../../../core/etag.ts'
import { awsEncode } from '../../../core/key.ts'
import { LIMITS } from '../../../core/limits.ts'
import { CHECKSUM_ALGORITHMS } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { checksumHeaderName } from '../../../http/checksums.ts'
import { readConditions } from '../../../http/conditions.ts'
import type { ObjectCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { parseCompleteMultipartUpload } from '../xml/complete-multipart-upload.ts'
import { renderCompleteMultipartUploadResult } from '../xml/multipart-results.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import { writtenHeaders } from './put-object.ts'

/** Answers an error with its own status. AWS may send 200 with an error in the body instead. */
export async function completeMultipartUpload(call: ObjectCall): Promise<Response> {
  const { url, headers, store, at, config } = call
  // The checksum headers describe the object and not this body.
  const { parts } = parseCompleteMultipartUpload(await readXmlBody({ ...call, headers: withoutChecksums(headers) }, LIMITS.completionBytes))
  const head = await store.completeMultipartUpload(at, {
    parts,
    uploadId: url.searchParams.get('uploadId') ?? '',
    conditions: readConditions(headers),
    checksum: claimedChecksum(headers),
    size: config.strict ? undefined : claimedSize(headers),
    isRepeatable: config.allows('repeatedCompletions'),
  })
  measureObject(call.measure, head)
  const document = renderCompleteMultipartUploadResult({
    bucket: at.bucket.name,
    key: at.key,
    etag: head.etag,
    checksum: head.checksum,
    location: `${endpointOf(url, at.bucket.name)}/${at.bucket.name}/${awsEncode(at.key)}`,
  })
  return xmlResponse(document, [['ETag', httpEtag(head.etag)], ...writtenHeaders(head)])
}

/** Returns the origin without the label of a virtual-hosted bucket, because R2 writes the path-style URL. */
export const endpointOf = ({ origin }: URL, bucket: string): string => origin.replace(`//${bucket}.`, '//')

function withoutChecksums(headers: Headers): Headers {
  const rest = new Headers(headers)
  for (const algorithm of CHECKSUM_ALGORITHMS) rest.delete(checksumHeaderName(algorithm))
  return rest
}

function claimedChecksum(headers: Headers) {
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = headers.get(checksumHeaderName(algorithm))
    if (value !== null) return { algorithm, value }
  }
  return undefined
}

/** @throws StoreError InvalidRequest when it is no number */
function claimedSize(headers: Headers): number | undefined {
  const value = headers.get('x-amz-mp-object-size')
  if (value === null) return undefined
  if (/^\d{1,15}$/.test(value)) return Number(value)
  throw new StoreError('InvalidRequest', { message: `Value for x-amz-mp-object-size header is invalid: '${value}'` })
}
