import { type BlobRecord, storedSegments } from '../../core/blob.ts'
import { StoreError } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import type { BucketRef, ByteSpan } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import { sealedSegmentBytes } from '../../core/read-plan.ts'
import { SSEC_KEY_ID } from '../../segments/keyring.ts'
import type { Ports } from '../ports.ts'
import type { FsckStep } from './fsck.ts'
import { opens, stillAlive } from './fsck-segments.ts'

/** A position after a blob, or in the middle of a large blob. */
export interface BytesCursor {
  readonly at: 'bytes'
  readonly after?: string
  /** The last blob at the start of the walk. */
  readonly upTo?: string
  /** The first segment of the next blob that is still to be read. */
  readonly from?: number
}

/** The limits of one step. A page of blobs contains the bytes of inline blobs, so it must be short. */
const BLOBS_PER_STEP = 50
const BYTES_PER_STEP = 64 * 1024 * 1024
/** How many bytes a segment counts at least, because reading it costs a call. */
const CALL_BYTES = 512 * 1024

/**
 * Runs one bounded step of a walk that reads and authenticates all stored bytes. It skips segments that are missing, or have a wrong length or
 * key, because an earlier phase has reported them. It also skips blobs that only a customer's key opens.
 * @throws StoreError ServiceUnavailable when a store does not answer, because the state of its bytes is then unknown
 */
export async function checkBytes(ports: Ports, ref: BucketRef, { after = '', from = 0, ...begun }: BytesCursor): Promise<FsckStep> {
  const query = { after, upTo: begun.upTo, limit: BLOBS_PER_STEP, inline: true }
  const { report, next: following } = unwrap(await ports.bucket(ref).listBlobs(query))
  const { blobs, upTo } = report
  const findings: Finding[] = []
  let [budget, checked] = [BYTES_PER_STEP, 0]
  let next: BytesCursor = { at: 'bytes', after, upTo, from }
  const step = async (behind?: BytesCursor): Promise<FsckStep> => ({
    report: { phase: 'bytes', checked, findings: await stillAlive(ports, ref, findings) },
    next: behind,
  })
  for (const blob of blobs) {
    const readable = blob.keyId !== SSEC_KEY_ID && (await opens(ports.segments, ref, blob))
    const end = readable ? Math.max(storedSegments(blob), 1) : 0
    for (let n = next.from ?? 0; n < end; n++) {
      if (budget <= 0) return step({ ...next, from: n })
      const span = spanOf(blob, n)
      if (await isDamaged(ports, ref, { blob, n, span })) {
        findings.push({ problem: 'damaged-segment', at: { blobId: blob.id, tier: blob.tier, segment: n }, repaired: false })
      }
      budget -= blob.inline ? span.length : Math.max(span.length, CALL_BYTES)
      checked++
    }
    next = { at: 'bytes', after: blob.id, upTo }
  }
  return step(following && next)
}

/** Returns the span of a segment's plain bytes within its blob. An inline blob counts as one segment. */
function spanOf({ tier, size, segmentBytes }: BlobRecord, n: number): ByteSpan {
  if (tier === 'inline') return { offset: 0, length: size }
  return { offset: n * segmentBytes, length: Math.min(segmentBytes, size - n * segmentBytes) }
}

async function isDamaged(
  { segments }: Ports,
  bucket: BucketRef,
  { blob, n, span }: { blob: BlobRecord; n: number; span: ByteSpan },
): Promise<boolean> {
  const expected = sealedSegmentBytes(blob, n)
  const [stored] = blob.inline
    ? [blob.inline.byteLength]
    : ((await segments.tiers.get(blob.tier)?.lengths(blob.id, { from: n, to: n + 1 })) ?? [])
  if (stored !== expected) return false
  try {
    await segments.verify({ slices: [{ blob, span }], length: span.length, owner: { bucket } })
    return false
  } catch (error) {
    if (error instanceof StoreError && error.code === 'InternalError') return true
    throw error
  }
}
