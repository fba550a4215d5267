import { permits } from '../../../auth/session-scope.ts'
import { StoreError } from '../../../core/errors.ts'
import { type Answer, bucketOf, type RestCall } from '../call.ts'
import type { JurisdictionHeader } from '../common-schemas.ts'
import { objectOf } from '../object-ref.ts'
import type { DeleteObjectsBody } from './schemas.ts'

type DeletedKey = { key: string }

/** Deletes an object. A missing key counts as deleted. */
export async function deleteObject(
  call: RestCall<{ params: 'bucket_name' | 'object_key'; headers: JurisdictionHeader }>,
): Promise<Answer<DeletedKey>> {
  const at = objectOf(call)
  await call.store.deleteObject(at)
  return { result: { key: at.key } }
}

/** Deletes all keys in one transaction. After it has deleted the others, it reports the first key that could not be deleted. */
export async function deleteObjects(
  call: RestCall<{ params: 'bucket_name'; headers: JurisdictionHeader; body: DeleteObjectsBody }>,
): Promise<Answer<DeletedKey[]>> {
  const mayDelete = (key: string) => permits(call.identity, { needs: 'object:write', action: 'DeleteObjects', bucket: bucketOf(call), key })
  if (!call.body.every(mayDelete)) throw new StoreError('AuthenticationError')
  const deleted = await call.store.deleteObjects(bucketOf(call), call.body)
  const failed = deleted.find(({ failure }) => failure)?.failure
  if (failed) throw new StoreError(failed.code, failed.detail)
  return { result: deleted.map(({ key }) => ({ key })) }
}
