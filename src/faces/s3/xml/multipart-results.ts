import type { Checksum } from '../../../core/object.ts'
import { checksumElement, etagElement } from './common-elements.ts'
import { document, optionalElement, textElement } from './writer.ts'

export interface InitiatedUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

/** Writes `InitiateMultipartUploadResult`. The order of elements is R2's. */
export const renderInitiateMultipartUploadResult = ({ bucket, key, uploadId }: InitiatedUpload): string =>
  document('InitiateMultipartUploadResult', textElement('UploadId', uploadId), textElement('Bucket', bucket), textElement('Key', key))

export interface CompletedUpload {
  readonly bucket: string
  readonly key: string
  readonly etag: string
  /** The URL of the object. The key is encoded, with the slash as `%2F`. */
  readonly location: string
  readonly checksum?: Checksum
}

/** Writes `CompleteMultipartUploadResult`. The order of elements is R2's. */
export const renderCompleteMultipartUploadResult = ({ bucket, key, etag, location, checksum }: CompletedUpload): string =>
  document(
    'CompleteMultipartUploadResult',
    textElement('Bucket', bucket),
    textElement('Key', key),
    etagElement(etag),
    textElement('Location', location),
    checksumElement(checksum),
    optionalElement('ChecksumType', checksum?.type),
  )
