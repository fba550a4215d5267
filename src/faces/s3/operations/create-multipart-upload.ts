import { checksumAlgorithms, checksumTypeFor } from '../../../core/checksums.ts'
import { StoreError } from '../../../core/errors.ts'
import { readChecksumAlgorithm } from '../../../http/checksums.ts'
import { abortHeaders } from '../../../http/lifecycle.ts'
import { ssecHeaders } from '../../../http/ssec.ts'
import type { ObjectCall, S3Call } from '../call.ts'
import { renderInitiateMultipartUploadResult } from '../xml/multipart-results.ts'
import { xmlResponse } from '../xml/xml-response.ts'
import { readPutOptions } from './put-object.ts'

/** Starts an upload in parts. It accepts the same headers as PutObject. */
export async function createMultipartUpload(call: ObjectCall): Promise<Response> {
  const { store, at } = call
  const options = readPutOptions(call)
  const { checksumAlgorithm, checksumType } = readChecksumWish(call)
  const { uploadId, abortion } = await store.createMultipartUpload(at, { ...options, checksumAlgorithm, checksumType })
  return xmlResponse(renderInitiateMultipartUploadResult({ bucket: at.bucket.name, key: at.key, uploadId }), [
    ...abortHeaders(abortion),
    ...(options.customerKey ? ssecHeaders(options.customerKey.keyMd5) : []),
    ...(checksumAlgorithm ? [['x-amz-checksum-algorithm', checksumAlgorithm] as [string, string]] : []),
    ...(checksumType ? [['x-amz-checksum-type', checksumType] as [string, string]] : []),
  ])
}

function readChecksumWish({ headers, config }: Pick<S3Call, 'headers' | 'config'>) {
  const checksumAlgorithm = readChecksumAlgorithm(headers, checksumAlgorithms(config.allows))
  const asked = headers.get('x-amz-checksum-type') ?? undefined
  if (checksumAlgorithm) {
    return { checksumAlgorithm, checksumType: checksumTypeFor(checksumAlgorithm, asked, { strict: !config.allows('fullObjectCrc') }) }
  }
  if (asked === undefined) return {}
  throw new StoreError('InvalidRequest', {
    message: 'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
  })
}
