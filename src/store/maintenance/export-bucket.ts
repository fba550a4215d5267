import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'
import type { ExportCursor } from './maintenance-api.ts'

/**
 * Runs one bounded step of an export of a bucket's metadata, as JSON lines. Of the bytes, it contains only inline blobs, sealed; data keys are
 * wrapped.
 * @throws StoreError NoSuchBucket; InvalidRequest when a body was swept during its export
 */
export async function exportBucket(ports: Ports, ref: BucketRef, cursor?: ExportCursor): Promise<Step<ExportCursor, string>> {
  return unwrap(await ports.bucket(ref).exportPage(cursor))
}
