import type { BlobSlice } from '../../core/blob.ts'
import type { BucketRef, CustomerKey } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { BodyRest, BodySlices, Found } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'
import { checkKvBudget } from './kv-budget.ts'

/** Bodies up to this size, one chunk, are read as a whole and returned as bytes, because a stream would cost more. */
const WHOLE_BYTES = 1024 * 1024

/**
 * Opens the bytes that a lookup found. Returns a stream of exactly the span's length, or the bytes themselves if the span is short.
 * @throws StoreError InvalidRequest, AccessDenied, ServiceUnavailable, until the first chunk is authenticated; later errors abort the stream
 */
export async function openFound(
  ports: Ports,
  bucket: BucketRef,
  { span, body }: Found,
  { customerKey, forUpload }: { customerKey?: CustomerKey; forUpload?: boolean } = {},
): Promise<ReadableStream<Uint8Array> | Uint8Array> {
  const more = async (rest: BodyRest) => unwrap(await ports.bucket(bucket).moreSlices(rest))
  const known = await checkKvBudget(body, { length: span.length, operations: ports.segments.kvOperations, more })
  const slices = known.rest ? allSlices(known, more) : known.slices
  const request = { slices, length: span.length, owner: { bucket, customerKey }, forUpload }
  return span.length <= WHOLE_BYTES ? ports.segments.readAll(request) : ports.segments.openBody(request)
}

/** Returns the slices of a body. It asks for each page when the reader needs it, so that the slices of 10,000 parts are never in memory at once. */
async function* allSlices(first: BodySlices, more: (rest: BodyRest) => Promise<BodySlices>): AsyncGenerator<BlobSlice> {
  for (let page = first; ; page = await more(page.rest)) {
    yield* page.slices
    if (!page.rest) return
  }
}
