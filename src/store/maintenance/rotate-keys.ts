import type { Finding } from '../../core/finding.ts'
import type { RotationReport } from '../../core/maintenance.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'

const BLOBS_PER_STEP = 500

/**
 * Runs one bounded step of wrapping a bucket's data keys with the present master key. The data keys stay the same, so no bytes are sealed
 * again and reads continue. It skips keys that a customer's key protects. The next step continues after a blob's id.
 * @throws StoreError NoSuchBucket
 */
export async function rotateKeys(ports: Ports, ref: BucketRef, after = ''): Promise<Step<string, RotationReport>> {
  const bucket = ports.bucket(ref)
  const { report, next } = unwrap(await bucket.listBlobs({ after, limit: BLOBS_PER_STEP }))
  const { keys, lost } = await ports.segments.rewrapKeys(ref, report.blobs)
  const findings = lost.map(({ id, keyId }): Finding => ({ problem: 'undecryptable-key', at: { blobId: id, keyId }, repaired: false }))
  const rewrapped = keys.length === 0 ? 0 : unwrap(await bucket.rewrapKeys(keys))
  return { report: { checked: report.blobs.length, rewrapped, findings }, next: next?.after }
}
