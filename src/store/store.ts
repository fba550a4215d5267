import { abortMultipartUpload } from './abort-multipart-upload.ts'
import { corsRules, deleteBucketCors, getBucketCors, putBucketCors } from './bucket-cors.ts'
import { getBucketLifecycle, putBucketLifecycle } from './bucket-lifecycle.ts'
import { getBucketLocks, putBucketLocks } from './bucket-locks.ts'
import { deleteBucketNotifications, getBucketNotifications, putBucketNotifications } from './bucket-notifications.ts'
import { createBucket, deleteBucket, ensureBucket, headBucket, listBuckets, putBucketStorageClass } from './buckets.ts'
import { completeMultipartUpload } from './complete-multipart-upload.ts'
import { copyObject } from './copy-object.ts'
import { createMultipartUpload } from './create-multipart-upload.ts'
import { deleteObject, deleteObjects } from './delete-objects.ts'
import { exportBucket } from './export-bucket.ts'
import { fsck, fsckOrphans } from './fsck.ts'
import { getObject, headObject } from './get-object.ts'
import { importBucket } from './import-bucket.ts'
import { keysOf } from './keys-of.ts'
import { listMultipartUploads } from './list-multipart-uploads.ts'
import { listObjects, listSummaries } from './list-objects.ts'
import { listParts } from './list-parts.ts'
import type { Ports } from './ports.ts'
import { putObject } from './put-object.ts'
import { recoverBucket } from './recover-bucket.ts'
import { rotateKeys } from './rotate-keys.ts'
import { uploadPart } from './upload-part.ts'
import { uploadPartCopy } from './upload-part-copy.ts'
import { accountUsage, bucketUsage } from './usage.ts'

const OPERATIONS = {
  abortMultipartUpload,
  accountUsage,
  bucketUsage,
  completeMultipartUpload,
  copyObject,
  corsRules,
  createBucket,
  createMultipartUpload,
  deleteBucket,
  deleteBucketCors,
  deleteBucketNotifications,
  deleteObject,
  deleteObjects,
  ensureBucket,
  exportBucket,
  fsck,
  fsckOrphans,
  getBucketCors,
  getBucketLifecycle,
  getBucketLocks,
  getBucketNotifications,
  getObject,
  headBucket,
  headObject,
  importBucket,
  keysOf,
  listBuckets,
  listMultipartUploads,
  listObjects,
  listParts,
  listSummaries,
  putBucketCors,
  putBucketLifecycle,
  putBucketLocks,
  putBucketNotifications,
  putBucketStorageClass,
  putObject,
  recoverBucket,
  rotateKeys,
  uploadPart,
  uploadPartCopy,
}

type Bound<F> = F extends (ports: Ports, ...args: infer Args) => infer Result ? (...args: Args) => Result : never

/** The engine as faces see it: every operation, with its ports. */
export type Store = { readonly [Name in keyof typeof OPERATIONS]: Bound<(typeof OPERATIONS)[Name]> }

/** Binds the operations to their ports. */
export function createStore(ports: Ports): Store {
  const bound = Object.entries(OPERATIONS).map(([name, operation]) => {
    const run = operation as (ports: Ports, ...args: unknown[]) => unknown
    return [name, (...args: unknown[]) => run(ports, ...args)]
  })
  return Object.fromEntries(bound) as Store
}
