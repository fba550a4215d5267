import type { TierName } from '../../core/blob.ts'
import { isBucketName } from '../../core/bucket-name.ts'
import type { Finding } from '../../core/finding.ts'
import { type BucketRef, JURISDICTIONS } from '../../core/object.ts'
import { labelOf } from '../../segments/store.ts'
import type { SegmentTier, StoredSegment } from '../../segments/tier.ts'
import type { Ports } from '../ports.ts'
import type { FsckStep } from './fsck.ts'
import type { KnownBlobs } from './maintenance-api.ts'

/** Which tier, and where in it; absent to begin. */
export interface OrphansCursor {
  readonly at: 'orphans'
  readonly tier?: TierName
  readonly after?: string
}

interface OrphanSearch {
  readonly cursor: OrphansCursor
  readonly repair: boolean
  /** Look at the segments of this bucket alone. */
  readonly only?: BucketRef
}

/** A sweep begins a minute after a deadline; a segment that came late is given as much again. */
const MARGIN_MS = 120_000

/**
 * One page of everything that is stored: a segment is an orphan when the bucket on its label knows nothing of it and the write
 * that stored it must have ended. A write in flight is known to its bucket, which journalled it before the first byte.
 */
export async function checkOrphans(ports: Ports, { cursor, repair, only }: OrphanSearch): Promise<FsckStep> {
  const names = [...ports.segments.tiers.keys()]
  const name = cursor.tier ?? names[0]
  const tier = name && ports.segments.tiers.get(name)
  if (!tier) return { phase: 'orphans', findings: [], checked: 0 }
  const { segments, next } = await tier.list(cursor.after)
  const findings: Finding[] = []
  for (const [bucket, stored] of byBucket(segments)) {
    const ref = refOf(bucket)
    if (ref && (!only || labelOf(only) === bucket)) findings.push(...(await findOrphans(ports, tier, { ref, stored, repair })))
  }
  const nextTier = next === undefined ? names[names.indexOf(name) + 1] : name
  return { phase: 'orphans', findings, checked: segments.length, cursor: nextTier && { at: 'orphans', tier: nextTier, after: next } }
}

/** Segments that something else stored have no label and are nobody's affair. */
function byBucket(segments: readonly StoredSegment[]): Map<string, StoredSegment[]> {
  const buckets = new Map<string, StoredSegment[]>()
  for (const segment of segments) {
    if (!segment.label) continue
    const { bucket } = segment.label
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), segment])
  }
  return buckets
}

function refOf(label: string): BucketRef | undefined {
  const slash = label.indexOf('/')
  const jurisdiction = JURISDICTIONS.find((known) => known === label.slice(0, slash))
  const name = label.slice(slash + 1)
  return jurisdiction && isBucketName(name) ? { jurisdiction, name } : undefined
}

async function findOrphans(
  ports: Ports,
  tier: SegmentTier,
  { ref, stored, repair }: { ref: BucketRef; stored: readonly StoredSegment[]; repair: boolean },
): Promise<Finding[]> {
  // Asked after the listing: whatever was stored by then was journalled by then.
  const known = await ports.bucket(ref).knownBlobs([...new Set(stored.map(({ blobId }) => blobId))])
  const findings: Finding[] = []
  for (const segment of stored.filter((candidate) => isOrphan(candidate, known))) {
    const { blobId, n } = segment
    // KV lists a deleted segment for a minute.
    const [length] = await tier.lengths(blobId, { from: n, to: n + 1 })
    if (length === null) continue
    if (repair) await tier.delete([{ blobId, from: n, to: n + 1 }])
    findings.push({ problem: 'orphan-segment', at: { bucket: labelOf(ref), blobId, tier: tier.name, segment: n }, repaired: repair })
  }
  return findings
}

function isOrphan({ blobId, n, label }: StoredSegment, { segments, nowMs }: KnownBlobs): boolean {
  if (nowMs <= (label?.deadlineMs ?? nowMs) + MARGIN_MS) return false
  const count = segments[blobId]
  return count === undefined || (count !== null && n >= count)
}
