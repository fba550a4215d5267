import type { BucketInfo } from '../../src/core/bucket.ts'
import { StoreError } from '../../src/core/errors.ts'
import { cachedSetting, readSetting } from '../common/settings.ts'

// The state of a bucket that its own parts write, in the table of the settings: neither a face nor an export knows these names.

/** The bucket as it was created; `null` when it was removed. Read once. */
export const findBucketInfo = (sql: SqlStorage): BucketInfo | null => cachedSetting<BucketInfo>(sql, 'info')

/**
 * The bucket as it was created.
 * @throws StoreError NoSuchBucket
 */
export function bucketInfo(sql: SqlStorage): BucketInfo {
  const info = findBucketInfo(sql)
  if (info === null) throw new StoreError('NoSuchBucket')
  return info
}

/** Whether an import runs, or stopped half-way: until it ends, an object that is still to come may need a blob that nothing refers to. */
export const isImporting = (sql: SqlStorage): boolean => readSetting(sql, 'import') !== null
