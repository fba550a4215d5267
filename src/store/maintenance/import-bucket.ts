import type { ImportReport } from '../../core/maintenance.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'

/**
 * One bounded step of an import: whole lines of an export, in their order, into the empty bucket of the same name. An import that
 * broke off may be run again.
 * @throws StoreError NoSuchBucket; InvalidArgument, InvalidRequest when lines and bucket do not fit each other
 */
export async function importBucket(ports: Ports, ref: BucketRef, text: string): Promise<Step<number, ImportReport>> {
  return unwrap(await ports.bucket(ref).importLines(text))
}
