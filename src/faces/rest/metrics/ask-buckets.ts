import { MAX_ASKED } from '../../../analytics/storage-tables.ts'
import { labelledBucket } from '../../../core/bucket-label.ts'
import { StoreError } from '../../../core/errors.ts'
import { NO_USAGE, type UsageByClass } from '../../../core/usage.ts'
import type { Store } from '../../../store/store.ts'

/** How many Buckets are asked at once. */
const AT_ONCE = 20

export type AskBuckets = (labels: readonly string[]) => Promise<ReadonlyMap<string, UsageByClass>>

/**
 * Makes a function that asks Buckets for their present figures, by label. It asks each Bucket once, and `MAX_ASKED` of them at most; it
 * leaves the others out. A bucket that somebody deletes in the meantime stores nothing.
 */
export function bucketAsker(store: Pick<Store, 'bucketUsage'>): AskBuckets {
  const known = new Map<string, Promise<UsageByClass>>()
  return async (labels) => {
    const found = new Map<string, UsageByClass>()
    for (let start = 0; start < labels.length; start += AT_ONCE) {
      const some = labels.slice(start, start + AT_ONCE)
      for (const label of some) if (!known.has(label) && known.size < MAX_ASKED) known.set(label, usageOf(store, label))
      const asked = some.filter((label) => known.has(label))
      const usages = await Promise.all(asked.map((label) => known.get(label)!))
      for (const [index, label] of asked.entries()) found.set(label, usages[index]!)
    }
    return found
  }
}

async function usageOf(store: Pick<Store, 'bucketUsage'>, label: string): Promise<UsageByClass> {
  try {
    return await store.bucketUsage(labelledBucket(label))
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchBucket') return { Standard: NO_USAGE, InfrequentAccess: NO_USAGE }
    throw error
  }
}
