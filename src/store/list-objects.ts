import type { ListPage, ListQuery } from '../../durable-objects/bucket/api.ts'
import type { BucketRef, ObjectHead } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/**
 * One page of a bucket's objects by key, folded at the delimiter.
 * @throws StoreError NoSuchBucket
 */
export async function listObjects(ports: Ports, bucket: BucketRef, query: ListQuery): Promise<ListPage<ObjectHead>> {
  return unwrap(await ports.bucket(bucket).listObjects(query))
}
