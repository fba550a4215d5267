import type { Permission } from '../../auth/policies.ts'
import { configurationRows } from './configurations/configurations.ts'
import { notificationRows } from './configurations/notification.ts'
import { statedRows } from './configurations/stated.ts'
import { abortMultipartUpload } from './operations/abort-multipart-upload.ts'
import { createBucket, deleteBucket, getBucketLocation, headBucket, postBucket } from './operations/buckets.ts'
import { completeMultipartUpload } from './operations/complete-multipart-upload.ts'
import { copyObject } from './operations/copy-object.ts'
import { createMultipartUpload } from './operations/create-multipart-upload.ts'
import { deleteObject } from './operations/delete-object.ts'
import { deleteObjects } from './operations/delete-objects.ts'
import {
  deleteBucketEncryption,
  getBucketAcl,
  getBucketEncryption,
  getBucketReplication,
  getBucketTagging,
  getBucketVersioning,
  getObjectLockConfiguration,
  putBucketEncryption,
  putBucketVersioning,
} from './operations/fixed-answers.ts'
import { getObject, headObject } from './operations/get-object.ts'
import { getObjectAttributes } from './operations/get-object-attributes.ts'
import { listBuckets } from './operations/list-buckets.ts'
import { listMultipartUploads } from './operations/list-multipart-uploads.ts'
import { listObjects, listObjectsV2 } from './operations/list-objects.ts'
import { listParts } from './operations/list-parts.ts'
import { deleteObjectTagging, getObjectTagging, putObjectTagging } from './operations/object-tagging.ts'
import { putObject } from './operations/put-object.ts'
import { renameObject } from './operations/rename-object.ts'
import { uploadPart } from './operations/upload-part.ts'
import { uploadPartCopy } from './operations/upload-part-copy.ts'
import type { Level, Route } from './route.ts'

type Row = Omit<Route, 'on' | 'method' | 'needs'>

const absent = (on: Level, method: string, needs: Permission, names: Record<string, string>): Route[] =>
  Object.entries(names).map(([subresource, op]) => ({ op, on, method, subresource, needs }))

const rows = (on: Level, method: string, needs: Permission, ...list: Row[]): Route[] => list.map((row) => ({ ...row, on, method, needs }))

const TAGGING = { on: 'object', subresource: 'tagging', allowance: 'tagging' } as const

/** Without the other one, each of these is ignored on the PUT of an object, as on R2. */
const PART_PARAMETERS = ['uploadId', 'partNumber']

/** S3 reads and deletes a note beside an object by it. Without the note, GET would answer with the object, and DELETE would delete it. */
const ANNOTATION = ['annotation']

/** The first row that fits wins, so the most specific comes first. */
export const ROUTES: readonly Route[] = [
  { op: 'ListBuckets', on: 'account', method: 'GET', needs: 'account:list', run: listBuckets },

  { op: 'HeadBucket', on: 'bucket', method: 'HEAD', needs: 'object:read', refuses: 'read', run: headBucket },
  { op: 'DeleteObjects', on: 'bucket', method: 'POST', query: ['delete'], needs: 'object:write', refuses: 'delete', run: deleteObjects },
  { op: 'PostBucket', on: 'bucket', method: 'POST', needs: 'object:read', run: postBucket },

  {
    op: 'ListMultipartUploads',
    on: 'bucket',
    method: 'GET',
    query: ['uploads'],
    needs: 'object:read',
    lists: true,
    run: listMultipartUploads,
  },
  {
    op: 'GetBucketLocation',
    on: 'bucket',
    method: 'GET',
    query: ['location'],
    needs: 'object:read',
    refuses: 'read',
    run: getBucketLocation,
  },
  ...rows(
    'bucket',
    'GET',
    'bucket:read',
    { op: 'GetBucketEncryption', subresource: 'encryption', refuses: 'read', run: getBucketEncryption },
    { op: 'GetBucketVersioning', subresource: 'versioning', refuses: 'read', run: getBucketVersioning },
    { op: 'GetObjectLockConfiguration', subresource: 'object-lock', refuses: 'read', run: getObjectLockConfiguration },
    { op: 'GetBucketReplication', subresource: 'replication', refuses: 'read', run: getBucketReplication },
    { op: 'GetBucketAcl', subresource: 'acl', refuses: 'read', run: getBucketAcl },
    ...configurationRows('GET'),
    ...statedRows('bucket', 'GET'),
    // In strict mode alone, as the row of the real operation comes first.
    { op: 'GetBucketTagging', subresource: 'tagging', refuses: 'read', run: getBucketTagging },
    ...notificationRows('GET'),
  ),
  ...absent('bucket', 'GET', 'bucket:read', {
    versions: 'ListObjectVersions',
  }),
  {
    op: 'ListObjectsV2',
    on: 'bucket',
    method: 'GET',
    query: ['list-type'],
    needs: 'object:read',
    refuses: 'read',
    lists: true,
    run: listObjectsV2,
  },
  {
    op: 'ListObjects',
    on: 'bucket',
    method: 'GET',
    needs: 'object:read',
    refuses: 'read',
    lists: true,
    action: 'ListObjectsV1',
    run: listObjects,
  },

  ...rows(
    'bucket',
    'PUT',
    'bucket:write',
    ...configurationRows('PUT'),
    ...statedRows('bucket', 'PUT'),
    ...notificationRows('PUT'),
    { op: 'PutBucketEncryption', subresource: 'encryption', refuses: 'configure', run: putBucketEncryption },
    { op: 'PutBucketVersioning', subresource: 'versioning', run: putBucketVersioning },
  ),
  ...absent('bucket', 'PUT', 'bucket:write', {
    analytics: 'PutBucketAnalyticsConfiguration',
    'intelligent-tiering': 'PutBucketIntelligentTieringConfiguration',
    inventory: 'PutBucketInventoryConfiguration',
    metrics: 'PutBucketMetricsConfiguration',
    policy: 'PutBucketPolicy',
    replication: 'PutBucketReplication',
    tagging: 'PutBucketTagging',
    website: 'PutBucketWebsite',
    'object-lock': 'PutObjectLockConfiguration',
  }),
  { op: 'CreateBucket', on: 'bucket', method: 'PUT', needs: 'bucket:write', refuses: 'createBucket', run: createBucket },

  ...rows('bucket', 'DELETE', 'bucket:write', ...configurationRows('DELETE'), ...statedRows('bucket', 'DELETE'), {
    op: 'DeleteBucketEncryption',
    subresource: 'encryption',
    refuses: 'read',
    run: deleteBucketEncryption,
  }),
  ...absent('bucket', 'DELETE', 'bucket:write', {
    tagging: 'DeleteBucketTagging',
  }),
  { op: 'DeleteBucket', on: 'bucket', method: 'DELETE', needs: 'bucket:write', refuses: 'read', run: deleteBucket },

  { op: 'ListParts', on: 'object', method: 'GET', query: ['uploadId'], needs: 'object:read', refuses: 'read', run: listParts },
  ...rows(
    'object',
    'PUT',
    'object:write',
    {
      op: 'UploadPartCopy',
      query: ['uploadId', 'partNumber'],
      header: 'x-amz-copy-source',
      copies: true,
      refuses: 'uploadPartCopy',
      run: uploadPartCopy,
    },
    { op: 'UploadPart', query: ['uploadId', 'partNumber'], refuses: 'uploadPart', run: uploadPart },
  ),
  {
    op: 'CompleteMultipartUpload',
    on: 'object',
    method: 'POST',
    query: ['uploadId'],
    needs: 'object:write',
    refuses: 'read',
    run: completeMultipartUpload,
  },
  { op: 'AbortMultipartUpload', on: 'object', method: 'DELETE', query: ['uploadId'], needs: 'object:write', run: abortMultipartUpload },
  {
    op: 'CreateMultipartUpload',
    createsBucket: true,
    on: 'object',
    method: 'POST',
    query: ['uploads'],
    needs: 'object:write',
    refuses: 'write',
    run: createMultipartUpload,
  },
  // On the path of an object, R2 also lists the uploads of the whole bucket.
  {
    op: 'ListMultipartUploads',
    on: 'object',
    method: 'GET',
    query: ['uploads'],
    needs: 'object:read',
    lists: true,
    run: listMultipartUploads,
  },

  { op: 'HeadObject', on: 'object', method: 'HEAD', needs: 'object:read', refuses: 'read', run: headObject },
  { op: 'GetObject', on: 'object', method: 'GET', query: ['partNumber'], needs: 'object:read', refuses: 'read', run: getObject },
  { ...TAGGING, op: 'GetObjectTagging', method: 'GET', needs: 'object:read', refuses: 'read', run: getObjectTagging },
  ...rows('object', 'GET', 'object:read', ...statedRows('object', 'GET'), {
    op: 'GetObjectAttributes',
    subresource: 'attributes',
    allowance: 'attributes',
    refuses: 'read',
    run: getObjectAttributes,
  }),
  ...absent('object', 'GET', 'object:read', {
    tagging: 'GetObjectTagging',
    attributes: 'GetObjectAttributes',
    torrent: 'GetObjectTorrent',
    retention: 'GetObjectRetention',
    'legal-hold': 'GetObjectLegalHold',
  }),
  { op: 'GetObject', on: 'object', method: 'GET', needs: 'object:read', refuses: 'read', foreign: ANNOTATION, run: getObject },
  { ...TAGGING, op: 'PutObjectTagging', method: 'PUT', needs: 'object:write', refuses: 'configure', run: putObjectTagging },
  ...rows('object', 'PUT', 'object:write', ...statedRows('object', 'PUT'), {
    op: 'RenameObject',
    subresource: 'renameObject',
    allowance: 'renames',
    refuses: 'read',
    renames: true,
    parameters: ['renameObject'],
    run: renameObject,
  }),
  ...absent('object', 'PUT', 'object:write', {
    tagging: 'PutObjectTagging',
    retention: 'PutObjectRetention',
    'legal-hold': 'PutObjectLegalHold',
  }),
  {
    op: 'CopyObject',
    on: 'object',
    method: 'PUT',
    header: 'x-amz-copy-source',
    copies: true,
    needs: 'object:write',
    refuses: 'copy',
    parameters: PART_PARAMETERS,
    run: copyObject,
  },
  {
    op: 'PutObject',
    on: 'object',
    method: 'PUT',
    createsBucket: true,
    needs: 'object:write',
    refuses: 'write',
    parameters: PART_PARAMETERS,
    run: putObject,
  },
  // R2 stores the body of a POST to a key, with any parameters: it would replace an object that `?restore` or `?select` asks about.
  {
    op: 'PutObject',
    on: 'object',
    method: 'POST',
    createsBucket: true,
    needs: 'object:write',
    refuses: 'write',
    parameters: PART_PARAMETERS,
    run: putObject,
  },
  { ...TAGGING, op: 'DeleteObjectTagging', method: 'DELETE', needs: 'object:write', refuses: 'read', run: deleteObjectTagging },
  { op: 'DeleteObject', on: 'object', method: 'DELETE', needs: 'object:write', refuses: 'delete', foreign: ANNOTATION, run: deleteObject },
]
