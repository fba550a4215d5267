import type { ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { TagSet } from '../../core/tags.ts'
import type { TaggedObject } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/**
 * Returns the tags of an object, without a read of its metadata or its bytes.
 * @throws StoreError NoSuchBucket, NoSuchKey
 */
export async function getObjectTags(ports: Ports, { bucket, key }: ObjectRef): Promise<TaggedObject> {
  return unwrap(await ports.bucket(bucket).objectTags({ key }))
}

/**
 * Replaces the tags of an object. An empty set removes them. ETag, version and date stay. The tags must be checked.
 * @throws StoreError NoSuchBucket, NoSuchKey
 */
export async function putObjectTags(ports: Ports, { bucket, key }: ObjectRef, tags: TagSet): Promise<TaggedObject> {
  return unwrap(await ports.bucket(bucket).putObjectTags({ key, tags }))
}
