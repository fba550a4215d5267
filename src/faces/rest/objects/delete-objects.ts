import { permits } from '../../../auth/session-scope.ts'
import { StoreError } from '../../../core/errors.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { startPrefixDelete } from '../jobs/operations.ts'
import type { BucketJob } from '../jobs/schemas.ts'
import { objectOf } from '../object-ref.ts'
import type { DeleteObjectsBody, DeleteObjectsQuery } from './schemas.ts'

type DeletedKey = { key: string }

const DEPRECATED = 'DELETE /objects with a prefix is deprecated. Use POST /jobs with the jobType prefixDelete.'

/** Deletes an object. A missing key counts as deleted. */
export async function deleteObject(
  call: RestCall<{ params: 'bucket_name' | 'object_key'; headers: JurisdictionHeader }>,
): Promise<Answer<DeletedKey>> {
  const at = objectOf(call)
  await call.store.deleteObject(at)
  return { result: { key: at.key } }
}

/**
 * Deletes all keys in one transaction. After it has deleted the others, it reports the first key that could not be deleted. With a prefix
 * in the query it starts a job instead: the older form of CreateBucketJob.
 */
export async function deleteObjects(
  call: RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader; query: DeleteObjectsQuery; body: DeleteObjectsBody }>,
): Promise<Answer<DeletedKey[] | BucketJob>> {
  const { prefix } = call.query
  if (prefix !== undefined) {
    return { result: await startPrefixDelete(call, prefix), messages: [DEPRECATED], headers: { Deprecation: 'true' } }
  }
  const mayDelete = (key: string) => permits(call.identity, { needs: 'object:write', action: 'DeleteObjects', bucket: bucketOf(call), key })
  if (!call.body.every(mayDelete)) throw new StoreError('AuthenticationError')
  const deleted = await call.store.deleteObjects(bucketOf(call), call.body)
  const failed = deleted.find(({ failure }) => failure)?.failure
  if (failed) throw new StoreError(failed.code, failed.detail)
  return { result: deleted.map(({ key }) => ({ key })) }
}
