import {
  admitJob,
  createBucket,
  deleteBucket,
  ensureBucket,
  headBucket,
  headBucketToChange,
  listBuckets,
  putBucketStorageClass,
} from './buckets.ts'
import { corsRules } from './cors-rules.ts'
import { exportBucket } from './maintenance/export-bucket.ts'
import { fsck, fsckOrphans } from './maintenance/fsck.ts'
import { importBucket } from './maintenance/import-bucket.ts'
import { keysOf } from './maintenance/keys-of.ts'
import { recoverBucket } from './maintenance/recover-bucket.ts'
import { rotateKeys } from './maintenance/rotate-keys.ts'
import { addNotificationRules, removeNotificationRules, replaceNotificationRules } from './notification-rules.ts'
import { copyObject } from './objects/copy-object.ts'
import { deleteObject, deleteObjects } from './objects/delete-objects.ts'
import { listObjects, listSummaries } from './objects/list-objects.ts'
import { moveObjects } from './objects/move-objects.ts'
import { objectParts } from './objects/object-parts.ts'
import { getObjectTags, putObjectTags } from './objects/object-tags.ts'
import { putObject } from './objects/put-object.ts'
import { renameObject } from './objects/rename-object.ts'
import type { Ports } from './ports.ts'
import { getObject, headObject } from './read-object.ts'
import { deleteSetting, getSetting, putSetting, type SettingOperations } from './settings.ts'
import { deleteSippy, getSippy, putSippy } from './sippy/settings.ts'
import { sippyStep } from './sippy/step.ts'
import { abortMultipartUpload } from './uploads/abort-multipart-upload.ts'
import { completeMultipartUpload } from './uploads/complete-multipart-upload.ts'
import { createMultipartUpload } from './uploads/create-multipart-upload.ts'
import { listMultipartUploads } from './uploads/list-multipart-uploads.ts'
import { listParts } from './uploads/list-parts.ts'
import { uploadPart } from './uploads/upload-part.ts'
import { uploadPartCopy } from './uploads/upload-part-copy.ts'
import { bucketUsage } from './usage.ts'

const ENGINE_OPERATIONS = {
  abortMultipartUpload,
  addNotificationRules,
  admitJob,
  bucketUsage,
  completeMultipartUpload,
  copyObject,
  corsRules,
  createBucket,
  createMultipartUpload,
  deleteBucket,
  deleteObject,
  deleteObjects,
  deleteSetting,
  deleteSippy,
  ensureBucket,
  exportBucket,
  fsck,
  fsckOrphans,
  getObject,
  getObjectTags,
  getSetting,
  getSippy,
  headBucket,
  headBucketToChange,
  headObject,
  importBucket,
  keysOf,
  listBuckets,
  listMultipartUploads,
  listObjects,
  listParts,
  listSummaries,
  objectParts,
  moveObjects,
  putBucketStorageClass,
  putObject,
  putObjectTags,
  putSetting,
  putSippy,
  recoverBucket,
  removeNotificationRules,
  renameObject,
  replaceNotificationRules,
  rotateKeys,
  sippyStep,
  uploadPart,
  uploadPartCopy,
}

type Bound<F> = F extends (ports: Ports, ...args: infer Args) => infer Result ? (...args: Args) => Result : never

type BoundOperations = { readonly [Name in keyof typeof ENGINE_OPERATIONS]: Bound<(typeof ENGINE_OPERATIONS)[Name]> }

/** The engine as faces see it: every operation, bound to its ports. Binding loses type parameters, so the setting operations are typed by hand. */
export type Store = Omit<BoundOperations, keyof SettingOperations> & SettingOperations

/** Binds the operations to their ports. */
export function createStore(ports: Ports): Store {
  const bound = Object.entries(ENGINE_OPERATIONS).map(([name, operation]) => {
    const run = operation as (ports: Ports, ...args: unknown[]) => unknown
    return [name, (...args: unknown[]) => run(ports, ...args)]
  })
  return Object.fromEntries(bound) as Store
}
