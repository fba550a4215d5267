import { type BucketEntry, type BucketsQuery, firstLocation, listBuckets as listIndexed } from '../control/buckets.ts'
import { forgetDomains } from '../control/domains.ts'
import type { Actor } from '../core/audit.ts'
import type { BucketInfo } from '../core/bucket.ts'
import { checkBucketName } from '../core/bucket-name.ts'
import type { BucketRef, Location, StorageClass } from '../core/object.ts'
import { unwrap } from '../core/outcome.ts'
import { checkBucketTags, type TagSet } from '../core/tags.ts'
import type { Ports } from './ports.ts'
import { forgetSettings } from './settings.ts'

export interface CreateBucketOptions {
  readonly location?: Location
  readonly storageClass?: StorageClass
  readonly tags?: TagSet
  /** Who creates the bucket, for the audit log. */
  readonly by?: Actor
}

/**
 * Creates a bucket. If the name was used before, the bucket gets the location of the first bucket with that name, as on R2.
 * @throws StoreError InvalidBucketName, BucketAlreadyOwnedByYou; BadRequest and InvalidTag for its tags
 */
export async function createBucket(
  ports: Ports,
  ref: BucketRef,
  { location: hint, storageClass = 'Standard', tags = [], by }: CreateBucketOptions,
): Promise<BucketInfo> {
  checkBucketName(ref.name)
  checkBucketTags(tags)
  const first = await firstLocation(ports.control, ref)
  const location = first ? first.location : hint
  const created = await ports.bucket(ref, location).create({ ...ref, location, storageClass }, by, tags)
  forgetSettings(ref)
  return unwrap(created)
}

/** Creates a bucket unless it exists, for `cf-create-bucket-if-missing`. */
export async function ensureBucket(ports: Ports, ref: BucketRef, by?: Actor): Promise<void> {
  checkBucketName(ref.name)
  const created = await ports.bucket(ref).create({ ...ref, storageClass: 'Standard' }, by)
  if (created.ok) forgetSettings(ref)
  if (!created.ok && created.code !== 'BucketAlreadyOwnedByYou') unwrap(created)
}

/**
 * Returns the properties of a bucket.
 * @throws StoreError NoSuchBucket
 */
export async function headBucket(ports: Ports, ref: BucketRef): Promise<BucketInfo> {
  return unwrap(await ports.bucket(ref).info())
}

/**
 * Counts a new job of a bucket. Returns the time of the clock that dates the bucket's objects, in milliseconds since the epoch.
 * @throws StoreError NoSuchBucket, TooManyRequests
 */
export async function admitJob(ports: Ports, ref: BucketRef): Promise<number> {
  return unwrap(await ports.bucket(ref).admitJob())
}

/**
 * Like {@link headBucket}, and counts a change of the bucket. Call it before a change that is stored in the account's database, such as
 * a change of the bucket's domains.
 * @throws StoreError NoSuchBucket, TooManyRequests
 */
export async function headBucketToChange(ports: Ports, ref: BucketRef): Promise<BucketInfo> {
  return unwrap(await ports.bucket(ref).admitChange())
}

/**
 * Changes the default storage class for new objects.
 * @throws StoreError NoSuchBucket
 */
export async function putBucketStorageClass(ports: Ports, ref: BucketRef, storageClass: StorageClass, by?: Actor): Promise<BucketInfo> {
  return unwrap(await ports.bucket(ref).putStorageClass(storageClass, by))
}

/**
 * Deletes an empty bucket.
 * @throws StoreError NoSuchBucket, BucketNotEmpty
 */
export async function deleteBucket(ports: Ports, ref: BucketRef, by?: Actor): Promise<void> {
  unwrap(await ports.bucket(ref).remove(by))
  // A new bucket of the same name must not get the old domains and settings from a cache.
  forgetDomains(ports.control)
  forgetSettings(ref)
}

/** Returns one page of the account's buckets in a jurisdiction, by name. */
export async function listBuckets(ports: Ports, query: BucketsQuery): Promise<{ buckets: BucketEntry[]; truncated: boolean }> {
  return listIndexed(ports.control, query)
}
