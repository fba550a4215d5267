import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** First path segments that belong to the REST face and to the edge. */
const RESERVED = new Set(['client', 'cdn-cgi'])

const ALLOWED = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/

/**
 * Refuses what R2 does not take as a bucket name: 3 to 63 lowercase letters, digits and inner hyphens. No dots, unlike AWS.
 * @throws StoreError `InvalidBucketName`
 */
export function checkBucketName(name: string): void {
  const fits = name.length >= LIMITS.bucketNameMin && name.length <= LIMITS.bucketNameMax
  if (!fits || !ALLOWED.test(name) || RESERVED.has(name)) throw new StoreError('InvalidBucketName')
}
