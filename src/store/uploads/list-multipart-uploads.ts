import type { ListPage, ListUploadsQuery } from '../../core/listing.ts'
import type { UploadHead } from '../../core/multipart.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'

/**
 * Returns one page of a bucket's open uploads, by key and then by age.
 * @throws StoreError NoSuchBucket
 */
export async function listMultipartUploads(ports: Ports, bucket: BucketRef, query: ListUploadsQuery): Promise<ListPage<UploadHead>> {
  return unwrap(await ports.bucket(bucket).listUploads(query))
}
