import { listBuckets } from '../control/buckets.ts'
import type { Usage } from '../core/bucket.ts'
import { type BucketRef, JURISDICTIONS, type StorageClass } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { Ports } from './ports.ts'

/** The storage figures by storage class. */
export type UsageByClass = Readonly<Record<StorageClass, Usage>>

/** How many Buckets we call at once. */
const AT_ONCE = 20
const PAGE = 1000

/**
 * Returns how much a bucket stores now.
 * @throws StoreError NoSuchBucket
 */
export async function bucketUsage(ports: Ports, bucket: BucketRef): Promise<UsageByClass> {
  return unwrap(await ports.bucket(bucket).usage())
}

/** Returns how much every bucket of the account stores. Leaves out a bucket that somebody deletes in the meantime. */
export async function accountUsage(ports: Ports): Promise<{ bucket: BucketRef; usage: UsageByClass }[]> {
  const buckets = await allBuckets(ports)
  const found: { bucket: BucketRef; usage: UsageByClass }[] = []
  for (let start = 0; start < buckets.length; start += AT_ONCE) {
    const some = buckets.slice(start, start + AT_ONCE)
    const answers = await Promise.all(some.map((bucket) => ports.bucket(bucket).usage()))
    for (const [index, answer] of answers.entries()) if (answer.ok) found.push({ bucket: some[index]!, usage: answer.value })
  }
  return found
}

const NOTHING: Usage = {
  objects: 0,
  payloadBytes: 0,
  metadataBytes: 0,
  uploads: 0,
  uploadBytes: 0,
  retrievedBytes: 0,
  earlyDeletionByteDays: 0,
}

/** Adds up figures. */
export function sumUsage(usages: readonly Usage[]): Usage {
  return usages.reduce(
    (sum, usage) => ({
      objects: sum.objects + usage.objects,
      payloadBytes: sum.payloadBytes + usage.payloadBytes,
      metadataBytes: sum.metadataBytes + usage.metadataBytes,
      uploads: sum.uploads + usage.uploads,
      uploadBytes: sum.uploadBytes + usage.uploadBytes,
      retrievedBytes: sum.retrievedBytes + usage.retrievedBytes,
      earlyDeletionByteDays: sum.earlyDeletionByteDays + usage.earlyDeletionByteDays,
    }),
    NOTHING,
  )
}

async function allBuckets({ control }: Ports): Promise<BucketRef[]> {
  const found: BucketRef[] = []
  for (const jurisdiction of JURISDICTIONS) {
    for (let startAfter: string | undefined; ; ) {
      const { buckets, truncated } = await listBuckets(control, { jurisdiction, startAfter, limit: PAGE })
      found.push(...buckets.map(({ name }) => ({ jurisdiction, name })))
      if (!truncated) break
      startAfter = buckets.at(-1)?.name
    }
  }
  return found
}
