import type { Upload } from '../../core/byte-source.ts'
import { invalidArgument } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Part } from '../../core/multipart.ts'
import type { CustomerKey, ObjectRef } from '../../core/object.ts'
import { writeBlob } from '../objects/write-blob.ts'
import type { Ports } from '../ports.ts'

/** Names a part of an upload. */
export interface PartRef {
  readonly at: ObjectRef
  readonly uploadId: string
  readonly partNumber: number
}

/**
 * Stores a part. Replaces a part with the same number.
 * @throws StoreError InvalidArgument, NoSuchUpload, EntityTooLarge, InvalidRequest, BadDigest, IncompleteBody
 */
export async function uploadPart(ports: Ports, part: PartRef, upload: Upload, customerKey?: CustomerKey): Promise<Part> {
  checkPartNumber(part.partNumber)
  const { at, uploadId, partNumber } = part
  const place = { key: at.key, uploadId, ssecKeyMd5: customerKey?.keyMd5 }
  return writeBlob(ports, { bucket: at.bucket, target: place, upload, customerKey }, (written, { etag, checksum }) =>
    ports.bucket(at.bucket).commitPart({ ...written, ...place, partNumber, etag, checksum }),
  )
}

/** @throws StoreError InvalidArgument */
export function checkPartNumber(partNumber: number): void {
  if (Number.isInteger(partNumber) && partNumber >= LIMITS.partMin && partNumber <= LIMITS.partMax) return
  throw invalidArgument('Part number must be an integer between 1 and 10000, inclusive.')
}
