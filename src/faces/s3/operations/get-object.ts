import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { ObjectHead } from '../../../core/object.ts'
import { measureObject } from '../../../core/operations.ts'
import { MIGRATION_HEADER } from '../../../core/sippy.ts'
import { answerWith } from '../../../http/answer-with.ts'
import { readConditions } from '../../../http/conditions.ts'
import { objectHeaders, readOverrides } from '../../../http/object-headers.ts'
import { guardOrigin } from '../../../http/origin-guard.ts'
import { contentRange, readRange } from '../../../http/range.ts'
import { readCustomerKey } from '../../../http/ssec.ts'
import type { Looked } from '../../../store/bucket-api.ts'
import type { GetOptions } from '../../../store/objects/get-object.ts'
import type { ObjectCall } from '../call.ts'

/** https://developers.cloudflare.com/r2/api/s3/api/ (GetObject) */
export async function getObject(call: ObjectCall): Promise<Response> {
  const options = readGetOptions(call)
  return answerWith(await call.store.getObject(call.at, options), (got) => answer(call, options, got))
}

/** Answers with the same status and headers as GetObject, without the bytes. */
export async function headObject(call: ObjectCall): Promise<Response> {
  const options = readGetOptions(call)
  return answer(call, options, await call.store.headObject(call.at, options))
}

function readGetOptions({ headers, url }: ObjectCall): GetOptions {
  const customerKey = readCustomerKey(headers, '')
  const range = readRange(headers.get('range'))
  const partNumber = readPartNumber(url.searchParams.get('partNumber'))
  if (range && partNumber !== undefined) {
    throw new StoreError('InvalidRequest', { message: 'Cannot specify both Range header and partNumber query parameter' })
  }
  const forMigration = headers.has(MIGRATION_HEADER)
  return { range, partNumber, customerKey, conditions: readConditions(headers), ...(forMigration && { forMigration }) }
}

/**
 * Reads `partNumber`. It ignores leading spaces and zeros.
 * @throws StoreError InvalidArgument
 */
export function readPartNumber(value: string | null): number | undefined {
  if (value === null) return undefined
  const partNumber = /^ *\d{1,10}$/.test(value) ? Number(value) : 0
  if (partNumber >= LIMITS.partMin && partNumber <= LIMITS.partMax) return partNumber
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive.')
}

function answer(
  { url, headers: asked, config, measure }: ObjectCall,
  options: GetOptions,
  got: Looked<ReadableStream<Uint8Array> | Uint8Array | null>,
): Response {
  const head = config.allows('tagging') ? got.head : withoutTags(got.head)
  measureObject(measure, head)
  if (got.kind === 'not-modified') return notModified(objectHeaders(head))
  // A 206 must name its first and last byte. An empty part has neither, so it is a 200.
  const partial = (options.range !== undefined || options.partNumber !== undefined) && got.span.length > 0
  // The checksum is of the whole object. Sent with a part of the object, it would make that part look corrupt.
  const checksumMode = asked.get('x-amz-checksum-mode') === 'ENABLED' && options.range === undefined && got.span.length === head.size
  const headers = objectHeaders(head, { overrides: readOverrides(url.searchParams), checksumMode })
  guardOrigin(headers)
  headers.set('Content-Length', String(got.span.length))
  if (got.body !== null) measure.responseBytes = got.span.length
  if (partial) headers.set('Content-Range', contentRange(got.span, head.size))
  if (options.partNumber !== undefined && head.partsCount !== undefined) headers.set('x-amz-mp-parts-count', String(head.partsCount))
  return new Response(got.body, { status: partial ? 206 : 200, headers, encodeBody: 'manual' })
}

/** R2 has no tags, so strict mode does not count those that an object got before. */
const withoutTags = ({ tags: _, ...head }: ObjectHead): ObjectHead => head

/** Answers 304. A cache updates its stored headers from a 304, so the guarding headers must be on it, too. */
function notModified(headers: Headers): Response {
  guardOrigin(headers)
  return new Response(null, { status: 304, headers })
}
