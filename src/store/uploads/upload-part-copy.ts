import type { Part } from '../../core/multipart.ts'
import type { CustomerKey, RangeRequest } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import { type CopySource, findSource, sameBucket, sourceIn, uploadOf } from '../objects/copy-object.ts'
import type { Ports } from '../ports.ts'
import { checkPartNumber, type PartRef, uploadPart } from './upload-part.ts'

export interface CopyPartOptions {
  readonly range?: RangeRequest
  /** The customer key of the upload. */
  readonly customerKey?: CustomerKey
}

/**
 * Makes a part from a range of an object. Inside a bucket it copies references, otherwise it copies the bytes.
 * @throws StoreError InvalidArgument, NoSuchBucket, NoSuchKey, InvalidRange, NoSuchUpload, InvalidRequest, AccessDenied
 */
export async function uploadPartCopy(
  ports: Ports,
  part: PartRef,
  source: CopySource,
  { range, customerKey }: CopyPartOptions,
): Promise<Part> {
  checkPartNumber(part.partNumber)
  const { at, uploadId, partNumber } = part
  if (!sameBucket(source.at.bucket, at.bucket)) return copyBytes(await findSource(ports, source, range))
  const copy = { key: at.key, uploadId, partNumber, source: sourceIn(source), range, ssecKeyMd5: customerKey?.keyMd5 }
  const copied = unwrap(await ports.bucket(at.bucket).copyPart(copy))
  return copied.kind === 'copied' ? copied.value : copyBytes(copied.source)

  async function copyBytes(found: Awaited<ReturnType<typeof findSource>>): Promise<Part> {
    // The part's checksum uses the algorithm of the upload; the checksum of the source does not matter.
    const upload = { ...(await uploadOf(ports, source, found)), claims: {} }
    return uploadPart(ports, part, upload, customerKey)
  }
}
