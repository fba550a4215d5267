import { isIndexed } from '../../control/buckets.ts'
import type { Finding } from '../../core/finding.ts'
import type { FsckReport } from '../../core/maintenance.ts'
import type { BucketRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Step } from '../../core/step.ts'
import type { Ports } from '../ports.ts'
import { type BytesCursor, checkBytes } from './fsck-bytes.ts'
import { checkOrphans, type OrphansCursor } from './fsck-orphans.ts'
import { checkSegments, type SegmentsCursor } from './fsck-segments.ts'
import type { CheckRun } from './maintenance-api.ts'

/** The position where a check continues. It is plain JSON, so that a client can send it back. */
export type FsckCursor = { readonly at: 'metadata'; readonly run: CheckRun } | SegmentsCursor | BytesCursor | OrphansCursor

export interface FsckOptions {
  /** Where the last step ended; absent for the first step. */
  readonly cursor?: FsckCursor
  /** Repairs counters, counts and lists, and deletes orphans. */
  readonly repair?: boolean
  /** Also reads every byte, so the check costs as much as reading the whole bucket. */
  readonly deep?: boolean
  /** Skips the walk through the segments of all buckets: {@link fsckOrphans} does it for all buckets at once. */
  readonly skipOrphans?: boolean
  /** Orphans whose label names no deployment belong to this one. Earlier versions wrote such labels. */
  readonly oldLabels?: boolean
}

export type FsckStep = Step<FsckCursor, FsckReport>

/**
 * Runs one bounded step of a check of a bucket. It checks the metadata first, then the keys and segments of the blobs, then their bytes if it
 * is deep, then stored segments that the bucket does not know. The bucket may be in use in the meantime.
 * @throws StoreError NoSuchBucket; InvalidRequest when another check of the bucket has begun
 */
export async function fsck(ports: Ports, ref: BucketRef, options: FsckOptions): Promise<FsckStep> {
  const { cursor, repair = false, deep = false, skipOrphans = false, oldLabels } = options
  if (cursor?.at === 'orphans') return checkOrphans(ports, { cursor, repair, oldLabels, only: ref })
  const orphans = skipOrphans ? undefined : ({ at: 'orphans' } as const)
  if (cursor?.at === 'segments') {
    const step = await checkSegments(ports, ref, cursor)
    return step.next ? step : { ...step, next: deep ? { at: 'bytes' } : orphans }
  }
  if (cursor?.at === 'bytes') {
    const step = await checkBytes(ports, ref, cursor)
    return step.next ? step : { ...step, next: orphans }
  }
  const index = cursor ? [] : await checkIndex(ports, ref, repair)
  const { report, next: run } = unwrap(await ports.bucket(ref).check({ run: cursor?.run, repair }))
  const findings = [...index, ...report.findings]
  return { report: { ...report, findings }, next: run ? { at: 'metadata', run } : { at: 'segments' } }
}

export interface OrphansOptions extends Pick<FsckOptions, 'cursor' | 'repair' | 'oldLabels'> {
  /** A bucket that the operator says is deleted. The search checks the segments of this bucket only. */
  readonly gone?: BucketRef
}

/** Runs one bounded step of a search for orphans of all buckets, deleted buckets included. */
export async function fsckOrphans(ports: Ports, { cursor, repair = false, oldLabels, gone }: OrphansOptions): Promise<FsckStep> {
  const at = cursor?.at === 'orphans' ? cursor : ({ at: 'orphans' } as const)
  const step = await checkOrphans(ports, { cursor: at, repair, oldLabels, only: gone, gone: gone !== undefined })
  if (step.next || gone) return step
  return { report: { ...step.report, databases: await ports.segments.usage() } }
}

/** Checks the account's index of buckets. A Bucket that is missing there still has its data, but no listing shows it. */
async function checkIndex(ports: Ports, ref: BucketRef, repair: boolean): Promise<Finding[]> {
  const bucket = ports.bucket(ref)
  unwrap(await bucket.info())
  if (await isIndexed(ports.control, ref)) return []
  if (repair) unwrap(await bucket.reindex())
  return [{ problem: 'not-in-index', at: { bucket: ref.name }, repaired: repair }]
}
