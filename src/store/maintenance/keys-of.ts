import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'
import type { KeysQuery } from './maintenance-api.ts'

/**
 * Runs one bounded step of a search for the keys of the objects that use some blobs. A check reports damaged blobs, but people know keys.
 * @throws StoreError NoSuchBucket
 */
export async function keysOf(ports: Ports, ref: BucketRef, query: KeysQuery): Promise<Step<string, readonly string[]>> {
  return unwrap(await ports.bucket(ref).keysOf(query))
}
