import type * as z from 'zod'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { parseJson } from '../../../core/json.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { CustomMetadata as CustomMetadataOf } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { announcedLength } from '../../../http/announced-length.ts'
import { readContentMd5 } from '../../../http/checksums.ts'
import { readHttpMetadata } from '../../../http/metadata.ts'
import { requestSource } from '../../../http/request-body.ts'
import type { Answer, RestCall } from '../call.ts'
import { isoTime } from '../common-schemas.ts'
import { objectOf } from '../object-ref.ts'
import { CustomMetadata, type PutObjectHeaders, type PutResult } from './schemas.ts'

type PutCall = RestCall<{ params: 'bucket_name' | 'object_key'; headers: PutObjectHeaders }>

const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

/** Stores the body as sent. Unlike S3, this API never guesses a content type. It ignores conditions, as R2 does. */
export async function putObject(call: PutCall): Promise<Answer<z.input<typeof PutResult>>> {
  const { request, headers, store } = call
  const at = objectOf(call)
  const size = announcedBytes(request)
  const upload = { source: requestSource(request), size, claims: { contentMd5: readContentMd5(request.headers) } }
  const head = await store.putObject(at, upload, {
    storageClass: headers['cf-r2-storage-class'],
    httpMetadata: { contentType: DEFAULT_CONTENT_TYPE, ...readHttpMetadata(request.headers) },
    customMetadata: readCustomMetadata(headers['cf-r2-custom-metadata']),
  })
  measureObject(call.measure, head)
  const { key, etag, version, storageClass, uploadedMs } = head
  return { result: { key, etag, size: String(head.size), version, storage_class: storageClass, uploaded: isoTime(uploadedMs) } }
}

/**
 * Returns the length of the body that the headers announce.
 * @throws StoreError MissingContentLength, EntityTooLarge
 */
function announcedBytes({ headers, body }: Request): number {
  const length = announcedLength(headers) ?? (body === null ? 0 : Number.NaN)
  if (Number.isNaN(length)) throw new StoreError('MissingContentLength')
  if (length > LIMITS.restUploadBytes) throw new StoreError('EntityTooLarge')
  return length
}

function readCustomMetadata(text: string | undefined): CustomMetadataOf {
  if (text === undefined) return {}
  const parsed = CustomMetadata.safeParse(jsonOf(text))
  if (!parsed.success) throw invalidArgument('cf-r2-custom-metadata must be a JSON object of strings')
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}
