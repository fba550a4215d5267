import type { BlobRecord } from '../../../src/core/blob.ts'
import type { BucketInfo } from '../../../src/core/bucket.ts'
import { bucketPath } from '../../../src/core/object.ts'
import type { Keyring } from '../../../src/segments/keyring.ts'
import { rewrapDataKeys } from '../../../src/segments/rewrap.ts'
import type { Context } from '../context.ts'
import { findBucketInfo } from '../state.ts'
import { type KeyMarker, needsRotation, readMarker, writeMarker } from './key-marker.ts'
import { listBlobs, rewrapKeys } from './stored-blobs.ts'

const BLOBS_PER_ALARM = 500
const RETRY_MS = 60_000

/**
 * Rewrites some of the bucket's data keys under the present master key, in one bounded step. Never throws. A missing master key is logged
 * once, and the walk starts again when that key is configured; a later alarm retries a step that failed. The sealed bytes do not change,
 * and reads go on.
 */
export async function rotateStep(context: Context, storage: DurableObjectStorage): Promise<void> {
  const { sql, keyring, now, wakeAt } = context
  const info = findBucketInfo(sql)
  if (!keyring || !info || !needsRotation(context)) return
  try {
    const marker = openMarker(sql, keyring)
    const page = listBlobs(sql, { after: marker.after ?? '', limit: BLOBS_PER_ALARM })
    const { keys, lost } = await rewrapDataKeys(keyring, info, page.report.blobs)
    const next = advance(marker, { lost, keyring, after: page.next?.after })
    storage.transactionSync(() => {
      rewrapKeys(sql, keys)
      // If a data key arrived meanwhile, noticeKey deleted the marker, since this walk may have passed that key. Then the walk starts
      // again.
      if (JSON.stringify(readMarker(sql)) === JSON.stringify(marker)) writeMarker(sql, next)
    })
    report(info, { damaged: lost.filter(({ keyId }) => keyring.knows(keyId)), next })
    if (needsRotation(context)) wakeAt(now())
  } catch (error) {
    console.warn(`The keys of ${bucketPath(info)} could not be rewritten, trying again later:`, error)
    wakeAt(now() + RETRY_MS)
  }
}

/**
 * Returns the marker of the walk. A new walk writes it before it begins: if a data key arrives from now on, noticeKey deletes the marker,
 * which shows that the walk has to start again.
 */
function openMarker(sql: SqlStorage, { keyId }: Keyring): KeyMarker {
  const marker = readMarker(sql)
  if (marker?.keyId === keyId && marker.after !== undefined) return marker
  const begun = { keyId, after: '', lost: [] }
  writeMarker(sql, begun)
  return begun
}

/**
 * Returns the marker after a step. It lists master keys that are missing. A data key that does not open although its master key is
 * configured is damaged: no other key would help.
 */
function advance({ keyId, lost }: KeyMarker, step: { after?: string; lost: readonly BlobRecord[]; keyring: Keyring }): KeyMarker {
  const missing = step.lost.map((blob) => blob.keyId).filter((id) => !step.keyring.knows(id))
  return { keyId, after: step.after, lost: [...new Set([...lost, ...missing])] }
}

function report(bucket: BucketInfo, { damaged, next }: { damaged: readonly BlobRecord[]; next: KeyMarker }): void {
  if (damaged.length > 0) console.error(`Data keys of ${bucketPath(bucket)} are damaged: blobs ${damaged.map(({ id }) => id).join(', ')}.`)
  if (next.after !== undefined || next.lost.length === 0) return
  const ids = next.lost.join(', ')
  console.error(`Data keys of ${bucketPath(bucket)} are under master keys that are not configured: ${ids}. Put them into OLD_MASTER_KEYS.`)
}
