import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** First path segments that belong to the REST face and to the edge. */
const RESERVED = new Set(['client', 'cdn-cgi'])

const ALLOWED = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/

/** Whether R2 takes this as a bucket name: 3 to 63 lowercase letters, digits and inner hyphens. No dots, unlike AWS. */
export function isBucketName(name: string): boolean {
  const fits = name.length >= LIMITS.bucketNameMin && name.length <= LIMITS.bucketNameMax
  return fits && ALLOWED.test(name) && !RESERVED.has(name)
}

/** @throws StoreError `InvalidBucketName` */
export function checkBucketName(name: string): void {
  if (!isBucketName(name)) throw new StoreError('InvalidBucketName')
}
