import type { Finding } from '../../core/finding.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Ports } from '../ports.ts'

const BLOBS_PER_STEP = 500

export interface RotationStep {
  readonly checked: number
  /** Data keys that are wrapped with the present master key since now. */
  readonly rewrapped: number
  /** Data keys that open with none of the configured master keys. */
  readonly findings: readonly Finding[]
  /** The last blob's id; absent when the bucket is through. */
  readonly after?: string
}

/**
 * One bounded step of wrapping a bucket's data keys with the present master key. No byte is sealed anew and no read is disturbed:
 * the data keys stay what they are. Keys that customers protect are not ours to wrap.
 * @throws StoreError NoSuchBucket
 */
export async function rotateKeys(ports: Ports, ref: BucketRef, after = ''): Promise<RotationStep> {
  const bucket = ports.bucket(ref)
  const { blobs, truncated } = unwrap(await bucket.listBlobs({ after, limit: BLOBS_PER_STEP }))
  const { keys, lost } = await ports.segments.rewrapKeys(ref, blobs)
  const findings = lost.map(({ id, keyId }): Finding => ({ problem: 'undecryptable-key', at: { blobId: id, keyId }, repaired: false }))
  const rewrapped = keys.length === 0 ? 0 : unwrap(await bucket.rewrapKeys(keys))
  return { checked: blobs.length, rewrapped, findings, after: truncated ? blobs.at(-1)?.id : undefined }
}
