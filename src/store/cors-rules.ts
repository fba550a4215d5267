import { isIndexed } from '../control/buckets.ts'
import { isBucketName } from '../core/bucket-name.ts'
import type { CorsRule } from '../core/cors.ts'
import { type Asker, KnownNames } from '../core/known-names.ts'
import { type BucketRef, bucketPath } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/** How long an isolate caches rules. On R2, new rules reach every location after about the same time. */
const CACHE_MS = 30_000

/** How much longer an isolate uses cached rules while their Bucket does not answer. */
const OUTAGE_MS = 10 * 60_000

/** The memory for cached rules, enough for thousands of buckets. */
const CACHE_BYTES = 4 * 1024 * 1024

const known = new KnownNames<readonly CorsRule[]>({
  freshMs: CACHE_MS,
  staleMs: OUTAGE_MS,
  maxBytes: CACHE_BYTES,
  sizeOf: (rules) => 2 * JSON.stringify(rules).length,
  onOutage: (bucket, error) => console.error(`The CORS rules of ${bucket} cannot be read; the cached ones stay in use:`, error),
})

/**
 * Returns the rules for a request. The list is empty for a bucket without rules and for a missing bucket. The rules are at most
 * {@link CACHE_MS} old, or {@link OUTAGE_MS} older while the Bucket does not answer.
 * @param stranger the sender of a request whose credentials were not verified. It may have invented the name, and an invented name must not
 * wake a Durable Object. So this function asks the index of buckets first
 * @throws StoreError TooManyRequests; ServiceUnavailable when the index or the Bucket does not answer
 */
export async function corsRules(ports: Ports, bucket: BucketRef, nowMs: number, stranger?: Asker): Promise<readonly CorsRule[]> {
  if (!isBucketName(bucket.name)) return []
  const isInvention = async () =>
    stranger !== undefined && !known.knows(bucketPath(bucket), nowMs) && !(await isIndexed(ports.control, bucket))
  const lookUp = async () => ((await isInvention()) ? null : readRules(ports, bucket))
  return (await known.find(bucketPath(bucket), nowMs, lookUp, stranger)) ?? []
}

/** Reads the rules from the Bucket. Returns `null` if the bucket does not exist. */
async function readRules(ports: Ports, bucket: BucketRef): Promise<readonly CorsRule[] | null> {
  const outcome = await ports.bucket(bucket).getSetting('cors')
  if (!outcome.ok && outcome.code === 'NoSuchBucket') return null
  return unwrap(outcome) ?? []
}

/** Removes a bucket's rules from the cache of this isolate, after this isolate changed the rules or the bucket. */
export const forgetCorsRules = (bucket: BucketRef): void => known.forget(bucketPath(bucket))
