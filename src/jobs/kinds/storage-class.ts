import { invalidArgument } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { STORAGE_CLASSES, type StorageClass } from '../../core/object.ts'
import type { JobKind } from '../job-kind.ts'

export interface StorageClassParams {
  readonly from: StorageClass
  readonly to: StorageClass
}

/** The next step starts behind this key. */
interface StorageClassCursor {
  readonly after: string
}

/** As many keys as a step of the deletion looks at. */
const KEYS_PER_STEP = LIMITS.deleteMax

/**
 * Moves all objects of one storage class to another. An object that was written after the job was created stays. Locked objects move too.
 * The bytes stay where they are: the class is a word in the object's row, and a row of the bucket's figures.
 */
export const storageClass: JobKind<StorageClassParams, StorageClassCursor> = {
  name: 'storage-class',
  callsPerStep: 1,

  check({ from, to }) {
    if (!STORAGE_CLASSES.includes(from) || !STORAGE_CLASSES.includes(to) || from === to) {
      throw invalidArgument('A job that changes storage classes needs two different ones.')
    }
  },

  async step({ store }, { bucket, params: { from, to }, createdMs }, cursor) {
    const { moved, last } = await store.moveObjects(bucket, {
      from,
      to,
      after: cursor?.after,
      writtenUntilMs: createdMs,
      limit: KEYS_PER_STEP,
    })
    return { report: { counts: { moved } }, next: last === undefined ? undefined : { after: last } }
  },
}
