import { LIMITS } from './limits.ts'
import { isTag, type TagSet } from './tags.ts'

/**
 * The objects that a lifecycle rule applies to, beyond its prefix: those that have every tag and a size within the bounds. R2 has no such
 * filter, so only the S3 API can write one. https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-filters.html
 */
export interface LifecycleFilter {
  readonly tags?: TagSet
  /** In bytes; the object is larger. */
  readonly sizeGreaterThan?: number
  /** In bytes; the object is smaller. */
  readonly sizeLessThan?: number
}

/** The properties of an object that filters look at. */
export interface FilteredObject {
  readonly size: number
  readonly tags: TagSet
}

/** Whether an object passes the filter of a rule. */
export function passesFilter(filter: LifecycleFilter | undefined, { size, tags }: FilteredObject): boolean {
  if (filter === undefined) return true
  const { sizeGreaterThan, sizeLessThan, tags: wanted = [] } = filter
  if (sizeGreaterThan !== undefined && size <= sizeGreaterThan) return false
  if (sizeLessThan !== undefined && size >= sizeLessThan) return false
  return wanted.every(({ key, value }) => tags.some((tag) => tag.key === key && tag.value === value))
}

/** Returns the fault of a filter, as the end of a message; `undefined` for a valid filter. */
export function wrongFilter({ tags = [], sizeGreaterThan, sizeLessThan }: LifecycleFilter): string | undefined {
  if (tags.length > LIMITS.objectTags) return `a filter has ${LIMITS.objectTags} tags at most`
  if (!tags.every(isTag)) return 'a tag of its filter is not valid'
  const sizes = [sizeGreaterThan, sizeLessThan].filter((size) => size !== undefined)
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0)) return 'a size is a number of bytes'
  const isEmpty = sizeLessThan !== undefined && sizeLessThan <= (sizeGreaterThan ?? -1) + 1
  return isEmpty ? 'no object is larger than ObjectSizeGreaterThan and smaller than ObjectSizeLessThan' : undefined
}
