import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { BUCKET, BUCKETS } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { createBucket, deleteBucket, getBucket, listBuckets, updateBucket } from './operations.ts'
import { Bucket, BucketList, BucketListInfo, CreateBucketBody, ListBucketsQuery, UpdateBucketHeaders } from './schemas.ts'

export const BUCKET_ROUTES: readonly Route[] = [
  route({
    op: 'ListBuckets',
    method: 'GET',
    path: BUCKETS,
    needs: 'account:list',
    query: ListBucketsQuery,
    headers: JurisdictionHeader,
    result: BucketList,
    info: BucketListInfo,
    run: listBuckets,
  }),
  route({
    op: 'CreateBucket',
    method: 'POST',
    path: BUCKETS,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: CreateBucketBody,
    result: Bucket,
    run: createBucket,
  }),
  route({
    op: 'GetBucket',
    method: 'GET',
    path: BUCKET,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: Bucket,
    run: getBucket,
  }),
  route({
    op: 'UpdateBucket',
    method: 'PATCH',
    path: BUCKET,
    needs: 'bucket:write',
    headers: UpdateBucketHeaders,
    result: Bucket,
    run: updateBucket,
  }),
  route({
    op: 'DeleteBucket',
    method: 'DELETE',
    path: BUCKET,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: Nothing,
    run: deleteBucket,
  }),
]
