import { accountElement, timeElement } from './common-elements.ts'
import { document, element, optionalElement, textElement } from './writer.ts'

export interface ListedBucket {
  readonly name: string
  readonly createdMs: number
}

/** A page of buckets. Members that are `undefined` are not printed. */
export interface BucketsPage {
  /** The account id. */
  readonly owner: string
  readonly buckets: readonly ListedBucket[]
  readonly isTruncated?: boolean
  readonly nextContinuationToken?: string
  readonly startAfter?: string
  readonly keyCount?: number
  readonly continuationToken?: string
  readonly maxKeys?: number
}

/** Writes `ListAllMyBucketsResult`, with the paging elements that R2 added. */
export const renderListAllMyBuckets = (page: BucketsPage): string =>
  document(
    'ListAllMyBucketsResult',
    element('Buckets', ...page.buckets.map(bucketElement)),
    accountElement('Owner', page.owner),
    optionalElement('IsTruncated', page.isTruncated),
    optionalElement('NextContinuationToken', page.nextContinuationToken),
    optionalElement('StartAfter', page.startAfter),
    optionalElement('KeyCount', page.keyCount),
    optionalElement('ContinuationToken', page.continuationToken),
    optionalElement('MaxKeys', page.maxKeys),
  )

const bucketElement = ({ name, createdMs }: ListedBucket): string =>
  element('Bucket', textElement('Name', name), timeElement('CreationDate', createdMs))
