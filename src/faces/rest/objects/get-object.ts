import { type Measure, measureObject } from '../../../core/operations.ts'
import { answerWith } from '../../../http/answer-with.ts'
import { readConditions } from '../../../http/conditions.ts'
import { objectHeaders } from '../../../http/object-headers.ts'
import { guardOrigin } from '../../../http/origin-guard.ts'
import { contentRange, readRange } from '../../../http/range.ts'
import type { Looked } from '../../../store/bucket-api.ts'
import type { GetOptions } from '../../../store/objects/get-object.ts'
import type { Answer, RestCall } from '../call.ts'
import { objectOf } from '../object-ref.ts'
import { type GetObjectHeaders, type ObjectMeta, toObjectMeta } from './schemas.ts'

type GetCall = RestCall<{ params: 'bucket_name' | 'object_key'; headers: GetObjectHeaders }>

/** Returns the bytes of an object without an envelope; with `cf-metadata-only: true`, its metadata as in a listing. */
export async function getObject(call: GetCall): Promise<Answer<ObjectMeta>> {
  const at = objectOf(call)
  const asked = call.request.headers
  const options = { range: readRange(asked.get('range')), conditions: readConditions(asked) }
  if (call.headers['cf-metadata-only'] === 'true') return { result: toObjectMeta((await call.store.headObject(at, {})).head) }
  return answerWith(await call.store.getObject(at, options), (got) => answer(got, options, call.measure))
}

function answer(got: Looked<ReadableStream<Uint8Array> | Uint8Array>, options: GetOptions, measure: Measure): Response {
  measureObject(measure, got.head)
  const headers = objectHeaders(got.head, { public: true })
  guardOrigin(headers)
  if (got.kind === 'not-modified') return new Response(null, { status: 304, headers })
  headers.set('Content-Length', String(got.span.length))
  measure.responseBytes = got.span.length
  const partial = options.range !== undefined
  if (partial && got.span.length > 0) headers.set('Content-Range', contentRange(got.span, got.head.size))
  return new Response(got.body, { status: partial ? 206 : 200, headers, encodeBody: 'manual' })
}
