import type { StorageClass } from '../../../core/object.ts'
import { accountElement, commonPrefixElements, storageClassElement, timeElement } from './common-elements.ts'
import { type EncodingType, keyEncoding } from './encoding-type.ts'
import { document, element, optionalElement, textElement } from './writer.ts'

export interface ListedUpload {
  readonly key: string
  readonly uploadId: string
  readonly storageClass: StorageClass
  readonly initiatedMs: number
}

/** A page of the open uploads of a bucket. */
export interface UploadsPage {
  readonly bucket: string
  readonly keyMarker?: string
  readonly uploadIdMarker?: string
  readonly nextKeyMarker?: string
  readonly nextUploadIdMarker?: string
  readonly prefix?: string
  readonly delimiter?: string
  readonly encodingType?: EncodingType
  readonly maxUploads: number
  readonly isTruncated: boolean
  /** The account id. */
  readonly owner: string
  readonly uploads: readonly ListedUpload[]
  readonly delimitedPrefixes: readonly string[]
}

/** Writes `ListMultipartUploadsResult`. It prints the markers of the request even when they are empty, as AWS does. */
export function renderListMultipartUploads(page: UploadsPage): string {
  const keys = page.uploads.map(({ key }) => key)
  const echoed = [page.keyMarker, page.nextKeyMarker, page.prefix, page.delimiter]
  const { encodingType, encode } = keyEncoding(page.encodingType, [...keys, ...page.delimitedPrefixes, ...echoed])
  return document(
    'ListMultipartUploadsResult',
    textElement('Bucket', page.bucket),
    textElement('KeyMarker', encode(page.keyMarker ?? '')),
    textElement('UploadIdMarker', page.uploadIdMarker ?? ''),
    optionalElement('NextKeyMarker', encode(page.nextKeyMarker)),
    optionalElement('NextUploadIdMarker', page.nextUploadIdMarker),
    optionalElement('Prefix', encode(page.prefix)),
    optionalElement('Delimiter', encode(page.delimiter)),
    optionalElement('EncodingType', encodingType),
    textElement('MaxUploads', page.maxUploads),
    textElement('IsTruncated', page.isTruncated),
    ...page.uploads.map((upload) => uploadElement({ ...upload, key: encode(upload.key) }, page.owner)),
    commonPrefixElements(page.delimitedPrefixes.map((prefix) => encode(prefix))),
  )
}

const uploadElement = (upload: ListedUpload, owner: string): string =>
  element(
    'Upload',
    textElement('Key', upload.key),
    textElement('UploadId', upload.uploadId),
    accountElement('Initiator', owner),
    accountElement('Owner', owner),
    storageClassElement(upload.storageClass),
    timeElement('Initiated', upload.initiatedMs),
  )
