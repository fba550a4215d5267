import { StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** First segments of paths that belong to the REST face and to Cloudflare's edge. */
const RESERVED = new Set(['client', 'cdn-cgi'])

const ALLOWED = /^[a-z0-9][a-z0-9-]*[a-z0-9]$/

/** Whether R2 accepts this bucket name: 3 to 63 lowercase letters, digits and inner hyphens. Unlike AWS, R2 refuses dots. */
export function isBucketName(name: string): boolean {
  const fits = name.length >= LIMITS.bucketNameMin && name.length <= LIMITS.bucketNameMax
  return fits && ALLOWED.test(name) && !RESERVED.has(name)
}

/** @throws StoreError `InvalidBucketName` */
export function checkBucketName(name: string): void {
  if (!isBucketName(name)) throw new StoreError('InvalidBucketName')
}
