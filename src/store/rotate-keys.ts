import type { Finding, RewrappedBlobKey } from '../../durable-objects/bucket/maintenance-api.ts'
import { StoreError } from '../core/errors.ts'
import type { BucketRef } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import type { BlobRecord } from '../segments/blob.ts'
import type { Ports } from './ports.ts'

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
  const keys: RewrappedBlobKey[] = []
  const findings: Finding[] = []
  for (const blob of blobs) {
    const rewrapped = await rewrap(ports, ref, blob)
    if (rewrapped === 'lost') findings.push({ problem: 'undecryptable-key', at: { blobId: blob.id, keyId: blob.keyId }, repaired: false })
    else if (rewrapped) keys.push(rewrapped)
  }
  const rewrapped = keys.length === 0 ? 0 : unwrap(await bucket.rewrapKeys(keys))
  return { checked: blobs.length, rewrapped, findings, after: truncated ? blobs.at(-1)?.id : undefined }
}

async function rewrap({ segments }: Ports, ref: BucketRef, blob: BlobRecord): Promise<RewrappedBlobKey | 'lost' | null> {
  try {
    const key = await segments.rewrapKey(ref, blob)
    return key && { ...key, blobId: blob.id, oldKeyId: blob.keyId }
  } catch (error) {
    if (error instanceof StoreError) return 'lost'
    throw error
  }
}
