import type { BucketInfo } from '../../src/core/bucket.ts'
import { StoreError } from '../../src/core/errors.ts'
import { cachedSetting, readSetting } from '../common/settings.ts'

// The state that a bucket keeps for itself in the table of settings. These names are not settings that a client can change.

/** The bucket's own description; `null` when it does not exist. Cached. */
export const findBucketInfo = (sql: SqlStorage): BucketInfo | null => cachedSetting<BucketInfo>(sql, 'info')

/**
 * The bucket's own description.
 * @throws StoreError NoSuchBucket
 */
export function bucketInfo(sql: SqlStorage): BucketInfo {
  const info = findBucketInfo(sql)
  if (info === null) throw new StoreError('NoSuchBucket')
  return info
}

/**
 * Whether an import is running or was interrupted. Until it ends, an object that is still to be imported may need a blob that has no
 * reference.
 */
export const isImporting = (sql: SqlStorage): boolean => readSetting(sql, 'import') !== null
