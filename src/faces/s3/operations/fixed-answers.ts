import { type ErrorCode, notImplemented, StoreError } from '../../../core/errors.ts'
import type { BucketCall } from '../call.ts'
import { readXmlBody } from '../upload.ts'
import { renderAccessControlPolicy } from '../xml/access-control-policy.ts'
import { parseEncryptionConfiguration, renderEncryptionConfiguration } from '../xml/encryption-configuration.ts'
import { checkVersioningConfiguration, renderVersioningConfiguration } from '../xml/versioning-configuration.ts'
import { xmlResponse } from '../xml/xml-response.ts'

// Operations with the same answer for every existing bucket, as on R2.

/** Makes an operation whose answer depends on the account only. */
const fixed =
  (render: (accountId: string) => string) =>
  async ({ store, bucket, accountId }: BucketCall) => {
    await store.headBucket(bucket)
    return xmlResponse(render(accountId))
  }

/** Makes an operation that reads a configuration which no bucket has. */
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

/** Accepts AES-256 and no other algorithm. It changes nothing, because everything is encrypted with AES-256 already. */
export async function putBucketEncryption(call: BucketCall): Promise<Response> {
  parseEncryptionConfiguration(await readXmlBody(call))
  await call.store.headBucket(call.bucket)
  return new Response(null)
}

export async function deleteBucketEncryption({ store, bucket }: BucketCall): Promise<Response> {
  await store.headBucket(bucket)
  return new Response(null, { status: 204 })
}

/** Reads the body before it answers 501, as R2 does. */
export async function putBucketVersioning(call: BucketCall): Promise<Response> {
  checkVersioningConfiguration(await readXmlBody(call))
  throw notImplemented('PutBucketVersioning')
}
