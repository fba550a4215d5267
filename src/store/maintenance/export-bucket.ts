import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'
import type { ExportCursor } from './maintenance-api.ts'

/**
 * One bounded step of an export of a bucket's metadata, as JSON lines. Bytes are in it only where they are part of the metadata, sealed;
 * keys only wrapped.
 * @throws StoreError NoSuchBucket; InvalidRequest when a body was swept while it was exported
 */
export async function exportBucket(ports: Ports, ref: BucketRef, cursor?: ExportCursor): Promise<Step<ExportCursor, string>> {
  return unwrap(await ports.bucket(ref).exportPage(cursor))
}
