import type { ObjectSummary } from '../../../core/object.ts'
import { accountElement, commonPrefixElements, storageClassElement } from './common-elements.ts'
import { type EncodingType, type KeyEncoding, keyEncoding } from './encoding-type.ts'
import { document, escapeXml, optionalElement, textElement } from './writer.ts'

/** A page of objects; what is `undefined` was not sent or does not apply, and is not printed. */
export interface ObjectsPage {
  /** 1 for ListObjects, 2 for ListObjectsV2. */
  readonly version: 1 | 2
  readonly name: string
  readonly prefix: string
  readonly delimiter?: string
  /** V1. */
  readonly marker?: string
  /** V1. */
  readonly nextMarker?: string
  /** V2. */
  readonly startAfter?: string
  /** V2. */
  readonly continuationToken?: string
  /** V2. */
  readonly nextContinuationToken?: string
  /** As requested, even beyond what a page can hold. */
  readonly maxKeys: number
  readonly encodingType?: EncodingType
  readonly isTruncated: boolean
  readonly objects: readonly ObjectSummary[]
  readonly delimitedPrefixes: readonly string[]
  /** Account id: always in V1, in V2 when asked for with `fetch-owner`. */
  readonly owner?: string
}

/** `ListBucketResult` of either version, in R2's order of elements, which is not that of AWS. */
export function renderListBucket(page: ObjectsPage): string {
  const keys = page.objects.map(({ key }) => key)
  const echoed = [page.prefix, page.delimiter, page.marker, page.nextMarker, page.startAfter]
  const encoding = keyEncoding(page.encodingType, [...keys, ...page.delimitedPrefixes, ...echoed])
  const { encode } = encoding
  const owner = page.owner === undefined ? '' : accountElement('Owner', page.owner)
  return document(
    'ListBucketResult',
    textElement('Name', page.name),
    ...page.objects.map((object) => contentsElement(object, encode(object.key), owner)),
    textElement('IsTruncated', page.isTruncated),
    commonPrefixElements(page.delimitedPrefixes.map((prefix) => encode(prefix))),
    textElement('Prefix', encode(page.prefix)),
    optionalElement('Delimiter', encode(page.delimiter)),
    page.version === 1 ? positionV1(page, encoding) : positionV2(page, encoding),
    textElement('MaxKeys', page.maxKeys),
    page.version === 1 ? '' : textElement('KeyCount', page.objects.length + page.delimitedPrefixes.length),
    optionalElement('EncodingType', encoding.encodingType),
  )
}

const positionV1 = ({ marker, nextMarker }: ObjectsPage, { encode }: KeyEncoding): string =>
  textElement('Marker', encode(marker ?? '')) + optionalElement('NextMarker', encode(nextMarker))

const positionV2 = ({ startAfter, continuationToken, nextContinuationToken }: ObjectsPage, { encode }: KeyEncoding): string =>
  optionalElement('StartAfter', encode(startAfter)) +
  optionalElement('ContinuationToken', continuationToken) +
  optionalElement('NextContinuationToken', nextContinuationToken)

/** Written in one piece, a thousand times a page: of these values the key alone may hold what has to be escaped. */
const contentsElement = ({ size, uploadedMs, etag, storageClass }: ObjectSummary, key: string, owner: string): string =>
  `<Contents><Key>${escapeXml(key)}</Key><Size>${size}</Size><LastModified>${new Date(uploadedMs).toISOString()}</LastModified>` +
  `<ETag>&quot;${etag}&quot;</ETag>${owner}${storageClassElement(storageClass)}</Contents>`
