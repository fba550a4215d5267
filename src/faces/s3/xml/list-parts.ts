import type { Checksum, StorageClass } from '../../../core/object.ts'
import { accountElement, checksumElement, etagElement, storageClassElement, timeElement } from './common-elements.ts'
import { document, element, optionalElement, textElement } from './writer.ts'

export interface ListedPart {
  readonly partNumber: number
  readonly uploadedMs: number
  readonly etag: string
  readonly size: number
  readonly checksum?: Checksum
}

/** A page of the parts of an upload. */
export interface PartsPage {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** The account id. */
  readonly owner: string
  readonly storageClass: StorageClass
  /** 0 if the client sent no marker. */
  readonly partNumberMarker: number
  readonly nextPartNumberMarker?: number
  readonly maxParts: number
  readonly isTruncated: boolean
  readonly parts: readonly ListedPart[]
}

/** Writes `ListPartsResult`. */
export const renderListParts = (page: PartsPage): string =>
  document(
    'ListPartsResult',
    textElement('Bucket', page.bucket),
    textElement('Key', page.key),
    textElement('UploadId', page.uploadId),
    accountElement('Initiator', page.owner),
    accountElement('Owner', page.owner),
    storageClassElement(page.storageClass),
    textElement('PartNumberMarker', page.partNumberMarker),
    optionalElement('NextPartNumberMarker', page.nextPartNumberMarker),
    textElement('MaxParts', page.maxParts),
    textElement('IsTruncated', page.isTruncated),
    ...page.parts.map(partElement),
  )

const partElement = (part: ListedPart): string =>
  element(
    'Part',
    textElement('PartNumber', part.partNumber),
    timeElement('LastModified', part.uploadedMs),
    etagElement(part.etag),
    textElement('Size', part.size),
    checksumElement(part.checksum),
  )
