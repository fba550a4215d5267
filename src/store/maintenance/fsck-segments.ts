import { type BlobRecord, storedSegments } from '../../core/blob.ts'
import { StoreError } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import { sealedSegmentBytes } from '../../core/read-plan.ts'
import type { Step } from '../../core/step.ts'
import { SSEC_KEY_ID } from '../../segments/keyring.ts'
import type { SegmentRange } from '../../segments/tier.ts'
import type { Ports } from '../ports.ts'
import type { FsckStep } from './fsck.ts'
import type { BlobsCursor, BlobsPage } from './maintenance-api.ts'

/** A position after a blob, or in the middle of a large blob. */
export interface SegmentsCursor {
  readonly at: 'segments'
  readonly after?: string
  /** The last blob at the start of the walk. */
  readonly upTo?: string
  /** The first segment of the next blob that is still to be checked. */
  readonly from?: number
}

/** The limits of one step. Each segment in KV costs one call. */
const BLOBS_PER_STEP = 100
const SEGMENTS_PER_STEP = 200
const BLOBS_AT_ONCE = 5

/** Consecutive segments of a blob. */
interface BlobRange extends SegmentRange {
  readonly blob: BlobRecord
}

/** Checks that every data key opens with a configured master key, and that every segment exists and has the right length. */
export async function checkSegments(ports: Ports, ref: BucketRef, { after = '', from = 0, upTo }: SegmentsCursor): Promise<FsckStep> {
  const page = unwrap(await ports.bucket(ref).listBlobs({ after, upTo, limit: BLOBS_PER_STEP }))
  const { ranges, next } = cut(page, { after, from })
  const findings: Finding[] = []
  for (let at = 0; at < ranges.length; at += BLOBS_AT_ONCE) {
    const found = await Promise.all(ranges.slice(at, at + BLOBS_AT_ONCE).map((range) => checkRange(ports, ref, range)))
    findings.push(...found.flat())
  }
  const checked = ranges.reduce((sum, range) => sum + Math.max(1, range.to - range.from), 0)
  return { report: { phase: 'segments', checked, findings: await stillAlive(ports, ref, findings) }, next }
}

/** Returns the segments that one step checks, and the position where the next step starts. */
function cut({ report, next }: Step<BlobsCursor, BlobsPage>, start: { after: string; from: number }) {
  const { blobs, upTo } = report
  const ranges: BlobRange[] = []
  let budget = SEGMENTS_PER_STEP
  let { after, from } = start
  const goesOn = (): SegmentsCursor => ({ at: 'segments', after, upTo, from })
  for (const blob of blobs) {
    if (budget <= 0) return { ranges, next: goesOn() }
    const end = storedSegments(blob)
    const to = Math.min(end, from + budget)
    ranges.push({ blob, from, to })
    budget -= Math.max(1, to - from)
    if (to < end) {
      from = to
      return { ranges, next: goesOn() }
    }
    after = blob.id
    from = 0
  }
  return { ranges, next: next && goesOn() }
}

async function checkRange({ segments }: Ports, bucket: BucketRef, { blob, from, to }: BlobRange): Promise<Finding[]> {
  const findings: Finding[] = []
  if (from === 0 && !(await opens(segments, bucket, blob))) {
    findings.push({ problem: 'undecryptable-key', at: { blobId: blob.id, keyId: blob.keyId }, repaired: false })
  }
  const tier = segments.tiers.get(blob.tier)
  if (to === from) return findings
  const lengths = tier ? await tier.lengths(blob.id, { from, to }) : new Array<null>(to - from).fill(null)
  for (const [index, stored] of lengths.entries()) {
    const at = { blobId: blob.id, tier: blob.tier, segment: from + index }
    const expected = sealedSegmentBytes(blob, from + index)
    if (stored === null) findings.push({ problem: 'missing-segment', at, repaired: false })
    else if (stored !== expected) findings.push({ problem: 'wrong-segment-length', at: { ...at, expected, stored }, repaired: false })
  }
  return findings
}

/** Whether a read could open the blob's key. It is always true for a customer's key, which only the customer can check. */
export async function opens(segments: Ports['segments'], bucket: BucketRef, blob: BlobRecord): Promise<boolean> {
  if (blob.keyId === SSEC_KEY_ID) return true
  try {
    await segments.checkKey({ bucket }, blob)
    return true
  } catch (error) {
    if (error instanceof StoreError) return false
    throw error
  }
}

/** Keeps the findings of blobs that still exist. A request may delete a blob, and the sweep may remove it, while this step checks it. */
export async function stillAlive(ports: Ports, ref: BucketRef, findings: readonly Finding[]): Promise<readonly Finding[]> {
  if (findings.length === 0) return findings
  const ids = [...new Set(findings.map(({ at }) => String(at.blobId)))]
  const { segments } = await ports.bucket(ref).knownBlobs(ids)
  return findings.filter(({ at }) => typeof segments[String(at.blobId)] === 'number')
}
