import type { ObjectSummary } from '../../../core/object.ts'
import { accountElement, commonPrefixElements, storageClassElement } from './common-elements.ts'
import { type EncodingType, type KeyEncoding, keyEncoding } from './encoding-type.ts'
import { document, escapeXml, optionalElement, textElement } from './writer.ts'

/** A page of objects. Members that are `undefined` were not sent or do not apply; they are not printed. */
export interface ObjectsPage {
  /** 1 for ListObjects, 2 for ListObjectsV2. */
  readonly version: 1 | 2
  readonly name: string
  readonly prefix: string
  readonly delimiter?: string
  /** ListObjects only. */
  readonly marker?: string
  /** ListObjects only. */
  readonly nextMarker?: string
  /** ListObjectsV2 only. */
  readonly startAfter?: string
  /** ListObjectsV2 only. */
  readonly continuationToken?: string
  /** ListObjectsV2 only. */
  readonly nextContinuationToken?: string
  /** As the client asked, even if it exceeds the maximum of a page. */
  readonly maxKeys: number
  readonly encodingType?: EncodingType
  readonly isTruncated: boolean
  readonly objects: readonly ObjectSummary[]
  readonly delimitedPrefixes: readonly string[]
  /** The account id: always in ListObjects; in ListObjectsV2 if the client asks with `fetch-owner`. */
  readonly owner?: string
}

/** Writes `ListBucketResult` of either version. The order of elements is R2's, which differs from that of AWS. */
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

/** Writes the element as one string, for speed: a page has a thousand of them. Only the key can contain characters that need escaping. */
const contentsElement = ({ size, uploadedMs, etag, storageClass }: ObjectSummary, key: string, owner: string): string =>
  `<Contents><Key>${escapeXml(key)}</Key><Size>${size}</Size><LastModified>${new Date(uploadedMs).toISOString()}</LastModified>` +
  `<ETag>&quot;${etag}&quot;</ETag>${owner}${storageClassElement(storageClass)}</Contents>`
