import { checkNewKey } from '../../core/key.ts'
import { checkMetadata } from '../../core/metadata.ts'
import type { CreatedUpload } from '../../core/multipart.ts'
import type { ChecksumAlgorithm, ChecksumType, Conditions, CustomerKey, ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { ObjectAttributes } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

export interface CreateUploadOptions extends ObjectAttributes {
  /** Conditions on the object as it is now. */
  readonly conditions?: Conditions
  readonly customerKey?: CustomerKey
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly checksumType?: ChecksumType
}

/**
 * Opens a multipart upload. An alarm aborts it after seven days.
 * @throws StoreError InvalidObjectName, MetadataTooLarge, NoSuchBucket, PreconditionFailed
 */
export async function createMultipartUpload(ports: Ports, at: ObjectRef, options: CreateUploadOptions): Promise<CreatedUpload> {
  checkNewKey(at.key)
  checkMetadata(options.customMetadata)
  const { customerKey, ...create } = options
  return unwrap(await ports.bucket(at.bucket).createUpload({ ...create, key: at.key, ssecKeyMd5: customerKey?.keyMd5 }))
}
