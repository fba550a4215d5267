import { Buffer } from 'node:buffer'
import { invalidArgument, StoreError } from './errors.ts'
import { LIMITS } from './limits.ts'

/** One tag of an object or of a bucket. Keys and values are case-sensitive. */
export interface Tag {
  readonly key: string
  readonly value: string
}

/** The tags of an object or of a bucket, in the order in which a client wrote them. No key occurs twice. */
export type TagSet = readonly Tag[]

/** Whose tags a copy gets: those of its source, or those of the request. */
export const TAGGING_DIRECTIVES = ['COPY', 'REPLACE'] as const
export type TaggingDirective = (typeof TAGGING_DIRECTIVES)[number]

/** Letters, digits and spaces of Unicode, and `+ - = . _ : / @`. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

/** AWS reserves these keys for itself. */
const RESERVED_PREFIX = 'aws:'

/**
 * Checks the tags of an object.
 * @throws StoreError BadRequest for too many, InvalidTag
 */
export function checkObjectTags(tags: TagSet): void {
  if (tags.length > LIMITS.objectTags) throw badRequest(`Object tags cannot be greater than ${LIMITS.objectTags}`)
  checkTags(tags, `Your TagKey cannot be prefixed with ${RESERVED_PREFIX}`)
}

/**
 * Checks the tags of a bucket.
 * @throws StoreError BadRequest for too many, InvalidTag
 */
export function checkBucketTags(tags: TagSet): void {
  if (tags.length > LIMITS.bucketTags) throw badRequest(`Bucket tag count cannot be greater than ${LIMITS.bucketTags}`)
  checkTags(tags, 'System tags cannot be added/updated by requester')
}

function checkTags(tags: TagSet, reserved: string): void {
  const keys = new Set<string>()
  for (const { key, value } of tags) {
    if (!isTagKey(key)) throw invalidTag('The TagKey you have provided is invalid')
    if (!isTagValue(value)) throw invalidTag('The TagValue you have provided is invalid')
    if (key.startsWith(RESERVED_PREFIX)) throw invalidTag(reserved)
    if (keys.has(key)) throw invalidTag('Cannot provide multiple Tags with the same key')
    keys.add(key)
  }
}

/** Whether a key and a value have characters and lengths that tags may have. */
export const isTag = ({ key, value }: Tag): boolean => isTagKey(key) && isTagValue(value)

const isTagKey = (key: string): boolean => typeof key === 'string' && key !== '' && key.length <= LIMITS.tagKey && CHARACTERS.test(key)
const isTagValue = (value: string): boolean => typeof value === 'string' && value.length <= LIMITS.tagValue && CHARACTERS.test(value)

/**
 * Reads and checks the tags of a header `x-amz-tagging`, which has the form of a query: `k1=v1&k2=v2`. A key without `=` has an empty value.
 * @throws StoreError InvalidArgument when it is no such query, BadRequest, InvalidTag
 */
export function parseTaggingHeader(header: string): TagSet {
  const tags = header
    .split('&')
    .filter((segment) => segment !== '')
    .map(parseSegment)
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw notAQuery()
  checkObjectTags(tags)
  return tags
}

function parseSegment(segment: string): Tag {
  const equals = segment.indexOf('=')
  const [key, value] = equals < 0 ? [segment, ''] : [segment.slice(0, equals), segment.slice(equals + 1)]
  return { key: decode(key), value: decode(value) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw notAQuery()
  }
}

const notAQuery = (): StoreError =>
  invalidArgument("The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")

const badRequest = (message: string): StoreError => new StoreError('BadRequest', { message })
const invalidTag = (message: string): StoreError => new StoreError('InvalidTag', { message })

/** Bytes of UTF-8 that tags add to a bucket's usage. They count as metadata. */
export const tagsSize = (tags: TagSet): number =>
  tags.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
