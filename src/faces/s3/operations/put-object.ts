import { httpEtag } from '../../../core/etag.ts'
import type { ObjectHead } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { checksumHeaders } from '../../../http/checksums.ts'
import { readConditions } from '../../../http/conditions.ts'
import { expirationHeaders } from '../../../http/lifecycle.ts'
import { readCustomMetadata, readHttpMetadata } from '../../../http/metadata.ts'
import { responseHeaders } from '../../../http/response-headers.ts'
import { readCustomerKey, ssecHeaders } from '../../../http/ssec.ts'
import { readStorageClass } from '../../../http/storage-class.ts'
import { readTagging } from '../../../http/tagging.ts'
import type { PutOptions } from '../../../store/objects/put-object.ts'
import type { ObjectCall, S3Call } from '../call.ts'
import { readUpload } from '../upload.ts'

/** https://developers.cloudflare.com/r2/api/s3/api/ (PutObject) */
export async function putObject(call: ObjectCall): Promise<Response> {
  // Read the options before the body, because R2 reports a wrong customer key or storage class first.
  const options = readPutOptions(call)
  const head = await call.store.putObject(call.at, readUpload(call), options)
  measureObject(call.measure, head)
  return new Response(null, { headers: responseHeaders([['ETag', httpEtag(head.etag)], ...writtenHeaders(head)]) })
}

/** Reads the headers that describe a new object, for PutObject, CreateMultipartUpload and CopyObject. */
export function readPutOptions({ headers }: Pick<S3Call, 'headers'>): PutOptions {
  return {
    customerKey: readCustomerKey(headers, ''),
    storageClass: readStorageClass(headers),
    conditions: readConditions(headers),
    httpMetadata: readHttpMetadata(headers),
    customMetadata: readCustomMetadata(headers),
    tags: readTagging(headers),
  }
}

/** Returns the headers of a write's answer, besides the ETag. */
export const writtenHeaders = ({ version, checksum, ssecKeyMd5, expiration }: ObjectHead): [string, string][] => [
  ['x-amz-version-id', version],
  ...(checksum ? checksumHeaders(checksum) : []),
  ...(ssecKeyMd5 ? ssecHeaders(ssecKeyMd5) : []),
  ...expirationHeaders(expiration),
]
