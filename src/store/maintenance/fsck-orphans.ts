import type { TierName } from '../../core/blob.ts'
import type { Finding } from '../../core/finding.ts'
import type { BucketRef } from '../../core/object.ts'
import { labelOf, ownerOf, type SegmentOwner } from '../../segments/label.ts'
import type { SegmentTier, StoredSegment } from '../../segments/tier.ts'
import type { Ports } from '../ports.ts'
import type { FsckStep } from './fsck.ts'
import type { KnownBlobs } from './maintenance-api.ts'

/** A tier and a position in it. At the start, both are absent. */
export interface OrphansCursor {
  readonly at: 'orphans'
  readonly tier?: TierName
  readonly after?: string
}

export interface OrphanSearch {
  readonly cursor: OrphansCursor
  readonly repair: boolean
  /** Check the segments of this bucket only. */
  readonly only?: BucketRef
  /** The operator says that the bucket is deleted. Then a segment is an orphan if the bucket's Durable Object does not know it. */
  readonly gone?: boolean
  /** The operator says that segments whose label names no deployment belong to this one. */
  readonly oldLabels?: boolean
}

/** A stored segment whose label names a bucket. */
interface OwnedSegment extends StoredSegment {
  readonly owner: SegmentOwner
}

/** A sweep begins a minute after a deadline. A segment that was written late gets one more minute. */
const MARGIN_MS = 120_000

/**
 * Checks one page of all stored segments. A segment is an orphan when the bucket on its label does not know it and the write that stored it
 * must have ended. A bucket knows every write in progress, because it journals the write before the first byte.
 *
 * It deletes only segments that certainly belong to this deployment. It counts segments of other deployments in the same stores, and never
 * deletes them.
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

/** Finds the segments of this deployment, and counts those of others. Ignores segments without a label: another program stored them. */
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
  // Ask the bucket after the listing. A segment in the listing was journalled before, so the bucket knows it by now.
  const known = await ports.bucket(bucket).knownBlobs([...new Set(stored.map(({ blobId }) => blobId))])
  const findings: Finding[] = []
  for (const segment of stored.filter((candidate) => isOrphan(candidate, known))) {
    const { blobId, n, owner } = segment
    // KV still lists a deleted segment for a minute, so check that it exists.
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

/** Returns why an orphan may not belong to this deployment, or `undefined` if it certainly does. */
function doubtOf(
  owner: SegmentOwner,
  { exists }: KnownBlobs,
  { deployment, gone, oldLabels }: Pick<OrphanSearch, 'gone' | 'oldLabels'> & { deployment: string },
): 'old-label' | 'no-bucket' | undefined {
  if ((owner.deployment ?? '') !== deployment && !oldLabels) return 'old-label'
  // A Durable Object without tables knows no segment. Either it never was this bucket, or it lost all its data.
  return exists || gone ? undefined : 'no-bucket'
}

function isOrphan({ blobId, n, label }: StoredSegment, { segments, nowMs }: KnownBlobs): boolean {
  if (nowMs <= (label?.deadlineMs ?? nowMs) + MARGIN_MS) return false
  const count = segments[blobId]
  return count === undefined || (count !== null && n >= count)
}
