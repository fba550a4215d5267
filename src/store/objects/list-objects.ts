import type { ListPage, ListQuery } from '../../core/listing.ts'
import type { BucketRef, ObjectHead, ObjectSummary } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'

/**
 * Returns one page of a bucket's objects by key. Keys with the same prefix up to the delimiter are grouped.
 * @throws StoreError NoSuchBucket
 */
export async function listObjects(ports: Ports, bucket: BucketRef, query: ListQuery): Promise<ListPage<ObjectHead>> {
  return unwrap(await ports.bucket(bucket).listObjects(query))
}

/**
 * Like {@link listObjects}, with only those properties of an object that S3 listings show.
 * @throws StoreError NoSuchBucket
 */
export async function listSummaries(
  ports: Ports,
  bucket: BucketRef,
  query: Omit<ListQuery, 'includeMetadata'>,
): Promise<ListPage<ObjectSummary>> {
  return unwrap(await ports.bucket(bucket).listSummaries(query))
}
