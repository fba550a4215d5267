import { type ErrorCode, notImplemented, StoreError } from '../../../core/errors.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { renderAccessControlPolicy } from '../xml/access-control-policy.ts'
import { parseEncryptionConfiguration, renderEncryptionConfiguration } from '../xml/encryption-configuration.ts'
import { checkVersioningConfiguration, renderVersioningConfiguration } from '../xml/versioning-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

// What R2 answers alike for every bucket that exists.

/** An answer that depends on the account alone. */
const fixed =
  (render: (accountId: string) => string) =>
  async ({ store, bucket, accountId }: BucketCall) => {
    await store.headBucket(bucket)
    return xmlResponse(render(accountId))
  }

/** A configuration that no bucket has. */
const never =
  (code: ErrorCode) =>
  async ({ store, bucket }: BucketCall): Promise<Response> => {
    await store.headBucket(bucket)
    throw new StoreError(code)
  }

export const getBucketAcl = fixed(renderAccessControlPolicy)
export const getBucketEncryption = fixed(renderEncryptionConfiguration)
export const getBucketVersioning = fixed(renderVersioningConfiguration)
export const getBucketTagging = never('NoSuchTagSet')
export const getObjectLockConfiguration = never('ObjectLockConfigurationNotFoundError')
export const getBucketReplication = never('ReplicationConfigurationNotFoundError')

/** Everything is encrypted with AES-256 already: the only algorithm that may be asked for. */
export async function putBucketEncryption(call: BucketCall): Promise<Response> {
  parseEncryptionConfiguration(await readXmlBody(call))
  await call.store.headBucket(call.bucket)
  return new Response(null)
}

export async function deleteBucketEncryption({ store, bucket }: BucketCall): Promise<Response> {
  await store.headBucket(bucket)
  return new Response(null, { status: 204 })
}

/** R2 reads the body before it says that it has no versions. */
export async function putBucketVersioning(call: BucketCall): Promise<Response> {
  checkVersioningConfiguration(await readXmlBody(call))
  throw notImplemented('PutBucketVersioning')
}
