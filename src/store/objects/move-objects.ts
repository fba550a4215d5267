import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { MovedObjects, MoveObjects } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/**
 * Runs one step of a move of all objects of one storage class to another. It is one transaction; a step that runs twice moves nothing the
 * second time.
 * @throws StoreError NoSuchBucket
 */
export async function moveObjects(ports: Ports, bucket: BucketRef, move: MoveObjects): Promise<MovedObjects> {
  return unwrap(await ports.bucket(bucket).moveObjects(move))
}
