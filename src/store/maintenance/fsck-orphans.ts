import type { TierName } from '../../core/blob.ts'
import type { Finding } from '../../core/finding.ts'
import type { BucketRef } from '../../core/object.ts'
import { labelOf, ownerOf, type SegmentOwner } from '../../segments/label.ts'
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

export interface OrphanSearch {
  readonly cursor: OrphansCursor
  readonly repair: boolean
  /** Look at the segments of this bucket alone. */
  readonly only?: BucketRef
  /** The operator says that the bucket is gone: that its object knows nothing of a segment is enough then. */
  readonly gone?: boolean
  /** The operator says that segments which name no deployment are of this one. */
  readonly oldLabels?: boolean
}

/** A stored segment whose label names a bucket. */
interface OwnedSegment extends StoredSegment {
  readonly owner: SegmentOwner
}

/** A sweep begins a minute after a deadline; a segment that came late is given as much again. */
const MARGIN_MS = 120_000

/**
 * One page of everything that is stored: a segment is an orphan when the bucket on its label knows nothing of it and the write
 * that stored it must have ended. A write in flight is known to its bucket, which journalled it before the first byte.
 *
 * Deleted is only what is proven to be this deployment's. Segments of other deployments in the same stores are counted and left alone.
 */
export async function checkOrphans(ports: Ports, search: OrphanSearch): Promise<FsckStep> {
  const names = [...ports.segments.tiers.keys()]
  const name = search.cursor.tier ?? names[0]
  const tier = name && ports.segments.tiers.get(name)
  if (!tier) return { report: { phase: 'orphans', findings: [], checked: 0 } }
  const { segments, next } = await tier.list(search.cursor.after)
  const { own, strangers } = sort(segments, ports.segments.deployment)
  const findings: Finding[] = []
  for (const stored of byBucket(own, search.only)) findings.push(...(await findOrphans(ports, tier, { ...search, stored })))
  const nextTier = next === undefined ? names[names.indexOf(name) + 1] : name
  const report = { phase: 'orphans', findings, checked: segments.length, strangers }
  return { report, next: nextTier && { at: 'orphans', tier: nextTier, after: next } }
}

/** Segments that something else stored have no label and are nobody's affair; those of other deployments are counted. */
function sort(segments: readonly StoredSegment[], deployment: string) {
  const own: OwnedSegment[] = []
  const strangers: Record<string, number> = {}
  for (const segment of segments) {
    const owner = segment.label && ownerOf(segment.label.bucket)
    if (owner?.deployment && owner.deployment !== deployment) strangers[owner.deployment] = (strangers[owner.deployment] ?? 0) + 1
    else if (owner) own.push({ ...segment, owner })
  }
  return { own, strangers }
}

function byBucket(segments: readonly OwnedSegment[], only?: BucketRef): OwnedSegment[][] {
  const groups = Map.groupBy(segments, ({ owner }) => labelOf(owner.bucket))
  if (!only) return [...groups.values()]
  const wanted = groups.get(labelOf(only))
  return wanted ? [wanted] : []
}

async function findOrphans(
  ports: Ports,
  tier: SegmentTier,
  { stored, repair, ...search }: OrphanSearch & { stored: readonly OwnedSegment[] },
): Promise<Finding[]> {
  const { bucket } = stored[0]!.owner
  // Asked after the listing: whatever was stored by then was journalled by then.
  const known = await ports.bucket(bucket).knownBlobs([...new Set(stored.map(({ blobId }) => blobId))])
  const findings: Finding[] = []
  for (const segment of stored.filter((candidate) => isOrphan(candidate, known))) {
    const { blobId, n, owner } = segment
    // KV lists a deleted segment for a minute.
    const [length] = await tier.lengths(blobId, { from: n, to: n + 1 })
    if (length === null) continue
    const doubt = doubtOf(owner, known, { ...search, deployment: ports.segments.deployment })
    const repaired = repair && doubt === undefined
    if (repaired) await tier.delete([{ blobId, from: n, to: n + 1 }])
    const at = { bucket: labelOf(bucket), blobId, tier: tier.name, segment: n, ...(doubt && { doubt }) }
    findings.push({ problem: 'orphan-segment', at, repaired })
  }
  return findings
}

/** Why an orphan is not proven to be this deployment's own. */
function doubtOf(
  owner: SegmentOwner,
  { exists }: KnownBlobs,
  { deployment, gone, oldLabels }: Pick<OrphanSearch, 'gone' | 'oldLabels'> & { deployment: string },
): 'old-label' | 'no-bucket' | undefined {
  if ((owner.deployment ?? '') !== deployment && !oldLabels) return 'old-label'
  // An object without tables knows nothing of any segment: perhaps it never held this bucket, perhaps it lost all that it knew.
  return exists || gone ? undefined : 'no-bucket'
}

function isOrphan({ blobId, n, label }: StoredSegment, { segments, nowMs }: KnownBlobs): boolean {
  if (nowMs <= (label?.deadlineMs ?? nowMs) + MARGIN_MS) return false
  const count = segments[blobId]
  return count === undefined || (count !== null && n >= count)
}
