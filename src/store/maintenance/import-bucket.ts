import type { ImportReport } from '../../core/maintenance.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'

/**
 * Runs one bounded step of an import: writes whole lines of an export, in their order, into the empty bucket of the same name. An import that
 * stopped early may be run again.
 * @throws StoreError NoSuchBucket; InvalidArgument, InvalidRequest when the lines do not fit the bucket
 */
export async function importBucket(ports: Ports, ref: BucketRef, text: string): Promise<Step<number, ImportReport>> {
  return unwrap(await ports.bucket(ref).importLines(text))
}
