import { permits } from '../../../auth/session-scope.ts'
import { StoreError } from '../../../core/errors.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { isText, readCursor, writeCursor } from '../cursor.ts'
import { type Bucket, type CreateBucketBody, type ListBucketsQuery, toBucket, type UpdateBucketHeaders } from './schemas.ts'

type AccountCall<Query = unknown, Body = unknown> = RestCall<{ query: Query; body: Body; headers: JurisdictionHeader }>
type BucketCall<Headers = JurisdictionHeader> = RestCall<{ params: 'bucket_name'; headers: Headers }>

/** Lists buckets by name, in either direction. If a request has both `start_after` and a cursor, the later one counts. */
export async function listBuckets({ query, headers, store }: AccountCall<ListBucketsQuery>): Promise<Answer<{ buckets: Bucket[] }>> {
  const descending = query.direction === 'desc'
  const starts = [query.start_after || undefined, query.cursor ? readCursor(query.cursor, isText) : undefined]
  const sorted = starts.filter((name) => name !== undefined).sort()
  const page = await store.listBuckets({
    jurisdiction: headers['cf-r2-jurisdiction'],
    contains: query.name_contains,
    startAfter: descending ? sorted[0] : sorted.at(-1),
    descending,
    limit: query.per_page,
  })
  const last = page.truncated ? page.buckets.at(-1) : undefined
  return {
    result: { buckets: page.buckets.map(toBucket) },
    info: { cursor: last ? writeCursor(last.name) : '', per_page: query.per_page },
  }
}

export async function createBucket({
  identity,
  body,
  headers,
  store,
  by,
}: AccountCall<unknown, CreateBucketBody>): Promise<Answer<Bucket>> {
  const { name, locationHint, storageClass } = body
  const location = locationHint === 'auto' ? undefined : locationHint
  const bucket = { jurisdiction: headers['cf-r2-jurisdiction'], name }
  // The first permission check runs before we read the body. The name is in the body, so check the permission for it here.
  if (!permits(identity, { needs: 'bucket:write', action: 'CreateBucket', bucket })) throw new StoreError('AuthenticationError')
  const created = await store.createBucket(bucket, { location, storageClass, by: by() })
  return { result: toBucket(created) }
}

export async function getBucket(call: BucketCall): Promise<Answer<Bucket>> {
  return { result: toBucket(await call.store.headBucket(bucketOf(call))) }
}

/** Changes the storage class, the only property that can be changed. */
export async function updateBucket(call: BucketCall<UpdateBucketHeaders>): Promise<Answer<Bucket>> {
  return { result: toBucket(await call.store.putBucketStorageClass(bucketOf(call), call.headers['cf-r2-storage-class'], call.by())) }
}

export async function deleteBucket(call: BucketCall): Promise<Answer<Record<string, never>>> {
  await call.store.deleteBucket(bucketOf(call), call.by())
  return { result: {} }
}
