import type { Actor } from '../core/audit.ts'
import { isBucketName } from '../core/bucket-name.ts'
import { type CorsRule, checkCorsRules } from '../core/cors.ts'
import { StoreError } from '../core/errors.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/** R2's rules reach every location within about this time; ours reach every isolate. */
const CACHE_MS = 30_000
const CACHED_BUCKETS = 1000

const cache = new Map<string, { readonly rules: readonly CorsRule[]; readonly untilMs: number }>()
const nameOf = ({ jurisdiction, name }: BucketRef): string => `${jurisdiction}/${name}`

/**
 * The CORS rules of a bucket.
 * @throws StoreError NoSuchBucket, NoSuchCORSConfiguration
 */
export async function getBucketCors(ports: Ports, bucket: BucketRef): Promise<readonly CorsRule[]> {
  const rules = unwrap(await ports.bucket(bucket).getSetting('cors'))
  if (rules === null) throw new StoreError('NoSuchCORSConfiguration')
  return rules
}

/** The rules to evaluate a request with: none for a bucket without rules or no bucket at all. At most {@link CACHE_MS} old. */
export async function corsRules(ports: Ports, bucket: BucketRef, nowMs: number): Promise<readonly CorsRule[]> {
  // Anybody may ask, so a name that no bucket can have wakes no Bucket.
  if (!isBucketName(bucket.name)) return []
  const cached = cache.get(nameOf(bucket))
  if (cached && nowMs < cached.untilMs) return cached.rules
  const outcome = await ports.bucket(bucket).getSetting('cors')
  const rules = (outcome.ok && outcome.value) || []
  if (cache.size >= CACHED_BUCKETS) cache.delete(cache.keys().next().value as string)
  cache.set(nameOf(bucket), { rules, untilMs: nowMs + CACHE_MS })
  return rules
}

/** Makes this isolate read them anew: after a change of its own. */
export const forgetCorsRules = (bucket: BucketRef): void => void cache.delete(nameOf(bucket))

/**
 * Replaces the CORS rules of a bucket.
 * @throws StoreError MalformedXML for a rule that R2 refuses, NoSuchBucket
 */
export async function putBucketCors(ports: Ports, bucket: BucketRef, rules: readonly CorsRule[], by?: Actor): Promise<void> {
  checkCorsRules(rules)
  unwrap(await ports.bucket(bucket).putSetting('cors', rules, by))
  forgetCorsRules(bucket)
}

/**
 * Removes the CORS rules of a bucket, if it has any.
 * @throws StoreError NoSuchBucket
 */
export async function deleteBucketCors(ports: Ports, bucket: BucketRef, by?: Actor): Promise<void> {
  unwrap(await ports.bucket(bucket).putSetting('cors', null, by))
  forgetCorsRules(bucket)
}
