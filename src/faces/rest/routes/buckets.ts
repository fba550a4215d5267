import * as z from 'zod'
import { deleteBucketCors, getBucketCors, putBucketCors } from '../operations/bucket-cors.ts'
import { getBucketLifecycle, putBucketLifecycle } from '../operations/bucket-lifecycle.ts'
import { deleteBucketLocks, getBucketLocks, putBucketLocks } from '../operations/bucket-locks.ts'
import { createBucket, deleteBucket, getBucket, listBuckets, updateBucket } from '../operations/buckets.ts'
import { deleteObject, deleteObjects } from '../operations/delete-objects.ts'
import { getObject } from '../operations/get-object.ts'
import { listObjects } from '../operations/list-objects.ts'
import { putObject } from '../operations/put-object.ts'
import { createTemporaryCredentials } from '../operations/temporary-credentials.ts'
import { type Route, route } from '../route.ts'
import { Bucket, BucketList, BucketListInfo, CreateBucketBody, ListBucketsQuery, UpdateBucketHeaders } from '../schemas/bucket.ts'
import { JurisdictionHeader, Nothing } from '../schemas/common.ts'
import { CorsConfiguration, PutCorsBody } from '../schemas/cors.ts'
import { LifecycleConfiguration, PutLifecycleBody } from '../schemas/lifecycle.ts'
import { LockConfiguration, PutLocksBody } from '../schemas/locks.ts'
import {
  DeletedKey,
  DeleteObjectsBody,
  GetObjectHeaders,
  ListObjectsQuery,
  ObjectListInfo,
  ObjectMeta,
  PutObjectHeaders,
  PutResult,
} from '../schemas/object.ts'
import { TemporaryCredentials, TemporaryCredentialsBody } from '../schemas/temporary-credentials.ts'
import { ACCOUNT, BUCKET, BUCKETS, OBJECTS } from './paths.ts'

/** Buckets, their objects, their CORS, lifecycle and lock rules. */
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

  // Objects
  route({
    op: 'ListObjects',
    method: 'GET',
    path: OBJECTS,
    needs: 'object:read',
    query: ListObjectsQuery,
    headers: JurisdictionHeader,
    result: z.array(ObjectMeta),
    info: ObjectListInfo,
    run: listObjects,
  }),
  route({
    op: 'DeleteObjects',
    method: 'DELETE',
    path: OBJECTS,
    needs: 'object:write',
    headers: JurisdictionHeader,
    body: DeleteObjectsBody,
    result: z.array(DeletedKey),
    run: deleteObjects,
  }),
  route({
    op: 'GetObject',
    method: 'GET',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:read',
    headers: GetObjectHeaders,
    raw: 'application/octet-stream',
    run: getObject,
  }),
  route({
    op: 'PutObject',
    method: 'PUT',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:write',
    headers: PutObjectHeaders,
    upload: true,
    result: PutResult,
    run: putObject,
  }),
  route({
    op: 'DeleteObject',
    method: 'DELETE',
    path: `${OBJECTS}/{object_key+}`,
    needs: 'object:write',
    headers: JurisdictionHeader,
    result: DeletedKey,
    run: deleteObject,
  }),

  // CORS
  route({
    op: 'GetBucketCors',
    method: 'GET',
    path: `${BUCKET}/cors`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: CorsConfiguration,
    run: getBucketCors,
  }),
  route({
    op: 'PutBucketCors',
    method: 'PUT',
    path: `${BUCKET}/cors`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutCorsBody,
    result: Nothing,
    run: putBucketCors,
  }),
  route({
    op: 'DeleteBucketCors',
    method: 'DELETE',
    path: `${BUCKET}/cors`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: Nothing,
    run: deleteBucketCors,
  }),

  // Lifecycle
  route({
    op: 'GetBucketLifecycle',
    method: 'GET',
    path: `${BUCKET}/lifecycle`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: LifecycleConfiguration,
    run: getBucketLifecycle,
  }),
  route({
    op: 'PutBucketLifecycle',
    method: 'PUT',
    path: `${BUCKET}/lifecycle`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutLifecycleBody,
    result: Nothing,
    run: putBucketLifecycle,
  }),

  // Locks
  route({
    op: 'GetBucketLocks',
    method: 'GET',
    path: `${BUCKET}/lock`,
    needs: 'bucket:read',
    headers: JurisdictionHeader,
    result: LockConfiguration,
    run: getBucketLocks,
  }),
  route({
    op: 'PutBucketLocks',
    method: 'PUT',
    path: `${BUCKET}/lock`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    body: PutLocksBody,
    result: Nothing,
    run: putBucketLocks,
  }),
  route({
    op: 'DeleteBucketLocks',
    method: 'DELETE',
    path: `${BUCKET}/lock`,
    needs: 'bucket:write',
    headers: JurisdictionHeader,
    result: Nothing,
    run: deleteBucketLocks,
  }),

  // Temporary credentials
  route({
    op: 'CreateTemporaryCredentials',
    method: 'POST',
    path: `${ACCOUNT}/r2/temp-access-credentials`,
    needs: 'token',
    body: TemporaryCredentialsBody,
    result: TemporaryCredentials,
    run: createTemporaryCredentials,
  }),
]
