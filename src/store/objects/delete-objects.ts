import { StoreError } from '../../core/errors.ts'
import { checkKey } from '../../core/key.ts'
import type { BucketRef, ObjectRef } from '../../core/object.ts'
import { type Outcome, outcomeOf, unwrap } from '../../core/outcome.ts'
import type { Deleted, DeleteOnly } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/**
 * Deletes an object. A missing object is no error.
 * @throws StoreError NoSuchBucket, InvalidObjectName
 */
export async function deleteObject(ports: Ports, at: ObjectRef): Promise<void> {
  const [deleted] = await deleteObjects(ports, at.bucket, [at.key])
  if (deleted?.failure) throw new StoreError(deleted.failure.code, deleted.failure.detail)
}

/**
 * Deletes up to 1,000 keys in one transaction. Returns a result for each key in the same order, also for missing keys.
 * @throws StoreError NoSuchBucket; the failure of a single key is part of its result
 */
export async function deleteObjects(ports: Ports, bucket: BucketRef, keys: readonly string[], only?: DeleteOnly): Promise<Deleted[]> {
  const checked = keys.map((key): Outcome<void> => outcomeOf(() => checkKey(key)))
  const sound = keys.filter((_, index) => checked[index]?.ok)
  const deleted = unwrap(await ports.bucket(bucket).deleteObjects(sound, only)).values()
  return keys.map((key, index) => {
    const check = checked[index] as Outcome<void>
    return check.ok ? (deleted.next().value as Deleted) : { key, failure: check }
  })
}
