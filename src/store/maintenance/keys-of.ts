import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'
import type { KeysQuery } from './maintenance-api.ts'

/**
 * One bounded step of a search for the objects that some blobs belong to: a check finds damaged blobs, and people know keys.
 * @throws StoreError NoSuchBucket
 */
export async function keysOf(ports: Ports, ref: BucketRef, query: KeysQuery): Promise<Step<string, readonly string[]>> {
  return unwrap(await ports.bucket(ref).keysOf(query))
}
