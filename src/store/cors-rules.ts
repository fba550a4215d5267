import { isIndexed } from '../control/buckets.ts'
import { isBucketName } from '../core/bucket-name.ts'
import type { CorsRule } from '../core/cors.ts'
import { type Asker, KnownNames } from '../core/known-names.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/** R2's rules reach every location within about this time; ours reach every isolate. */
const CACHE_MS = 30_000

/** How much longer rules that were known are used while their Bucket does not answer. */
const OUTAGE_MS = 10 * 60_000

/** Memory for rules: those of thousands of buckets. */
const CACHE_BYTES = 4 * 1024 * 1024

const known = new KnownNames<readonly CorsRule[]>({
  freshMs: CACHE_MS,
  staleMs: OUTAGE_MS,
  maxBytes: CACHE_BYTES,
  sizeOf: (rules) => 2 * JSON.stringify(rules).length,
  onOutage: (bucket, error) => console.error(`The CORS rules of ${bucket} cannot be read, going on with those that were known:`, error),
})
const nameOf = ({ jurisdiction, name }: BucketRef): string => `${jurisdiction}/${name}`

/**
 * The rules to evaluate a request with: none for a bucket without rules or no bucket at all. At most {@link CACHE_MS} old, or
 * {@link OUTAGE_MS} older where the Bucket cannot be asked.
 * @param stranger who asks without having shown credentials. The name may be an invention, which must not wake a Durable Object: the index
 * of buckets is asked first
 * @throws StoreError TooManyRequests; ServiceUnavailable when the index or the Bucket cannot be asked
 */
export async function corsRules(ports: Ports, bucket: BucketRef, nowMs: number, stranger?: Asker): Promise<readonly CorsRule[]> {
  if (!isBucketName(bucket.name)) return []
  const isInvention = async () => stranger !== undefined && !known.knows(nameOf(bucket), nowMs) && !(await isIndexed(ports.control, bucket))
  const lookUp = async () => ((await isInvention()) ? null : readRules(ports, bucket))
  return (await known.find(nameOf(bucket), nowMs, lookUp, stranger)) ?? []
}

/** `null` where there is no such bucket. */
async function readRules(ports: Ports, bucket: BucketRef): Promise<readonly CorsRule[] | null> {
  const outcome = await ports.bucket(bucket).getSetting('cors')
  if (!outcome.ok && outcome.code === 'NoSuchBucket') return null
  return unwrap(outcome) ?? []
}

/** Makes this isolate read them anew: after a change of its own, of the rules or of the bucket. */
export const forgetCorsRules = (bucket: BucketRef): void => known.forget(nameOf(bucket))
