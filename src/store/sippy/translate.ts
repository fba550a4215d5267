import { createHash } from 'node:crypto'
import { StoreError } from '../../core/errors.ts'
import { type BucketRef, bucketPath, type Conditions, type HttpMetadata, type ObjectHead } from '../../core/object.ts'
import type { Elsewhere } from '../../core/sippy.ts'
import { type Sourced, type SourceFailure, type SourceHead, UNADDRESSABLE } from '../../sources/source.ts'
import type { ObjectAttributes } from '../bucket-api.ts'

/** An object whose size its source tells. */
export type SizedHead = SourceHead & { readonly size: number }

export const isSized = (head: SourceHead): head is SizedHead => head.size !== undefined

/** The metadata that a copy of an object gets. */
export const attributesOf = (head: SourceHead, keepsHttpMetadata: boolean): ObjectAttributes => ({
  httpMetadata: keepsHttpMetadata ? withoutAbsent(head.httpMetadata) : {},
  customMetadata: head.customMetadata,
})

const withoutAbsent = (metadata: HttpMetadata): HttpMetadata =>
  Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined && value !== ''))

/**
 * An object of the source as clients see it before its copy exists. Its ETag is the one that the copy will have, if the source tells the
 * MD5. It has no version yet, so the version follows from the source's ETag.
 */
export function headOfSource(head: SizedHead, { storageClass }: Elsewhere, keepsHttpMetadata: boolean): ObjectHead {
  const { key, size, etag, md5, modifiedMs } = head
  const version = createHash('sha256').update(`${key}\0${etag}`).digest('hex').slice(0, 32)
  const own = { key, size, version, etag: md5 ?? etag.replaceAll('"', ''), uploadedMs: modifiedMs, storageClass }
  return { ...own, ...attributesOf(head, keepsHttpMetadata), hashes: md5 === undefined ? {} : { md5 } }
}

export const hasConditions = ({ ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs }: Conditions = {}): boolean =>
  [ifMatch, ifNoneMatch, ifModifiedSinceMs, ifUnmodifiedSinceMs].some((condition) => condition !== undefined)

/**
 * The value of an answer of the source.
 * @throws StoreError NoSuchKey if the object is not there or can never be read; ServiceUnavailable for every fault, so that an object that
 * exists never looks deleted
 */
export function valueFrom<T>(bucket: BucketRef, answer: Sourced<T>): T {
  if (answer.ok) return answer.value
  throw refusalOf(bucket, answer.failure)
}

/** The error that a failure of the source becomes. Strangers see it, so it says nothing about the source. */
export function refusalOf(bucket: BucketRef, { kind, code, message }: SourceFailure): StoreError {
  if (kind === 'absent') return new StoreError('NoSuchKey')
  // Without the permission to list, S3 hides missing keys behind this code. The policy that R2 documents for Sippy is such a one.
  if (kind === 'denied' && code === 'AccessDenied') return new StoreError('NoSuchKey')
  console.warn(`The source of ${bucketPath(bucket)}: ${kind}: ${message}`)
  if (kind === 'archived' || code === UNADDRESSABLE) return new StoreError('NoSuchKey')
  return new StoreError('ServiceUnavailable', {
    message: 'The bucket that this one copies from does not answer as it should. Please try again.',
  })
}
