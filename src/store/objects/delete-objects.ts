import { StoreError } from '../../core/errors.ts'
import { checkKey } from '../../core/key.ts'
import type { BucketRef, ObjectRef } from '../../core/object.ts'
import { type Outcome, outcomeOf, unwrap } from '../../core/outcome.ts'
import { type DeleteConditions, type Deleted, type DeleteOnly, keyToDelete, type ToDelete } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/**
 * Deletes an object. A missing object is no error, unless a condition needs it.
 * @throws StoreError NoSuchBucket, InvalidObjectName, NoSuchKey, PreconditionFailed, ObjectLockedByBucketPolicy
 */
export async function deleteObject(ports: Ports, { bucket, key }: ObjectRef, onlyIf?: DeleteConditions): Promise<void> {
  const [deleted] = await deleteObjects(ports, bucket, [onlyIf ? { key, onlyIf } : key])
  if (deleted?.failure) throw new StoreError(deleted.failure.code, deleted.failure.detail)
}

/**
 * Deletes up to 1,000 keys in one transaction. Returns a result for each key in the same order, also for missing keys.
 * @throws StoreError NoSuchBucket; the failure of a single key is part of its result
 */
export async function deleteObjects(ports: Ports, bucket: BucketRef, entries: readonly ToDelete[], only?: DeleteOnly): Promise<Deleted[]> {
  const checked = entries.map((entry): Outcome<void> => outcomeOf(() => checkKey(keyToDelete(entry))))
  const sound = entries.filter((_, index) => checked[index]?.ok)
  const deleted = unwrap(await ports.bucket(bucket).deleteObjects(sound, only)).values()
  return entries.map((entry, index) => {
    const check = checked[index] as Outcome<void>
    return check.ok ? (deleted.next().value as Deleted) : { key: keyToDelete(entry), failure: check }
  })
}
