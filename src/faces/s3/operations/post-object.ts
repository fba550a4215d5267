import type { Upload, UploadClaims } from '../../../core/byte-source.ts'
import { bytesSource } from '../../../core/byte-sources.ts'
import { StoreError } from '../../../core/errors.ts'
import { httpEtag } from '../../../core/etag.ts'
import { type FormFields, fieldValue } from '../../../core/form-fields.ts'
import { awsEncode } from '../../../core/key.ts'
import type { ObjectHead } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { TooLate, within } from '../../../core/timeout.ts'
import type { FormFile } from '../../../http/form/form-file.ts'
import { memoryOf } from '../../../http/request-memory.ts'
import type { ObjectCall } from '../call.ts'
import { readClaims } from '../upload.ts'
import { renderPostResponse } from '../xml/post-response.ts'
import { parseFormTagging } from '../xml/tagging.ts'
import { endpointOf } from './complete-multipart-upload.ts'
import { readPutOptions, writtenHeaders } from './put-object.ts'

/** A form whose signature and policy are verified. */
export interface VerifiedForm {
  readonly fields: FormFields
  readonly file: FormFile
}

/** A file of this size or less is one chunk, which the engine holds anyway. It is read first, so that its size is known. */
const WHOLE_BYTES = 1024 * 1024
/** How long a client may take for such a file. */
const IDLE_MS = 5 * 60_000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */
export async function postObject(call: Omit<ObjectCall, 'bucket'>, { fields, file }: VerifiedForm): Promise<Response> {
  const options = readPutOptions(call)
  const tagging = fieldValue(fields, 'tagging')
  const tags = tagging ? parseFormTagging(tagging) : options.tags
  const claims = readClaims(call)
  const head = await call.store.putObject(call.at, await uploadOf(call, file, claims), { ...options, tags })
  measureObject(call.measure, head)
  return answer(call, fields, head)
}

async function uploadOf({ request }: Pick<ObjectCall, 'request'>, file: FormFile, claims: UploadClaims): Promise<Upload> {
  const { size, actualSize } = file
  if (size > WHOLE_BYTES) return { source: file, size, actualSize, claims }
  memoryOf(request).grow(size)
  // One byte more than there can be, because the end of the form is read with the end of the file.
  const bytes = await within(IDLE_MS, file.read(size + 1)).catch(tooSlow)
  const whole = bytes.subarray(0, actualSize())
  return { source: bytesSource(whole), size: whole.length, claims }
}

function tooSlow(error: unknown): never {
  throw error instanceof TooLate ? new StoreError('RequestTimeout') : error
}

/** Answers as the fields of the form wish. */
function answer({ url, at }: Pick<ObjectCall, 'url' | 'at'>, fields: FormFields, head: ObjectHead): Response {
  const etag = httpEtag(head.etag)
  const place = { bucket: at.bucket.name, key: at.key, etag: head.etag }
  const next = redirectUrl(fieldValue(fields, 'success_action_redirect') ?? fieldValue(fields, 'redirect'))
  const headers = new Headers([['ETag', etag], ...writtenHeaders(head)])
  if (next) {
    headers.set('Location', withResult(next, { ...place, etag }))
    return new Response(null, { status: 303, headers })
  }
  const location = `${endpointOf(url, place.bucket)}/${place.bucket}/${awsEncode(at.key)}`
  headers.set('Location', location)
  const status = fieldValue(fields, 'success_action_status')
  if (status !== '201') return new Response(null, { status: status === '200' ? 200 : 204, headers })
  headers.set('Content-Type', 'application/xml')
  return new Response(renderPostResponse({ location, ...place }), { status: 201, headers })
}

/** Only a page can be redirected to. Any other text counts as absent, as on S3. */
function redirectUrl(text: string | undefined): URL | undefined {
  const url = text === undefined ? null : URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}

/** Adds the result to the query, which stays as it was otherwise. */
function withResult(next: URL, result: { bucket: string; key: string; etag: string }): string {
  const query = Object.entries(result).map(([name, value]) => `${name}=${awsEncode(value)}`)
  next.search = [...(next.search.length > 1 ? [next.search.slice(1)] : []), ...query].join('&')
  return next.href
}
