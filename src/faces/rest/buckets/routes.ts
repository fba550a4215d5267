import * as z from 'zod'
import { JurisdictionHeader, Nothing } from '../common-schemas.ts'
import { deleteBucketCors, getBucketCors, putBucketCors } from '../cors/operations.ts'
import { CorsConfiguration, PutCorsBody } from '../cors/schemas.ts'
import { getBucketLifecycle, putBucketLifecycle } from '../lifecycle/operations.ts'
import { LifecycleConfiguration, PutLifecycleBody } from '../lifecycle/schemas.ts'
import { deleteBucketLocks, getBucketLocks, putBucketLocks } from '../locks/operations.ts'
import { LockConfiguration, PutLocksBody } from '../locks/schemas.ts'
import { deleteObject, deleteObjects } from '../objects/delete-objects.ts'
import { getObject } from '../objects/get-object.ts'
import { listObjects } from '../objects/list-objects.ts'
import { putObject } from '../objects/put-object.ts'
import {
  DeletedKey,
  DeleteObjectsBody,
  GetObjectHeaders,
  ListObjectsQuery,
  ObjectListInfo,
  ObjectMeta,
  PutObjectHeaders,
  PutResult,
} from '../objects/schemas.ts'
import { ACCOUNT, BUCKET, BUCKETS, OBJECTS } from '../paths.ts'
import { type Route, route } from '../route.ts'
import { createTemporaryCredentials } from '../temporary-credentials/operations.ts'
import { TemporaryCredentials, TemporaryCredentialsBody } from '../temporary-credentials/schemas.ts'
import { createBucket, deleteBucket, getBucket, listBuckets, updateBucket } from './operations.ts'
import { Bucket, BucketList, BucketListInfo, CreateBucketBody, ListBucketsQuery, UpdateBucketHeaders } from './schemas.ts'

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
