import { toInt32 } from './numbers'
import { CairnObject } from './object'
import { readSsecKey } from './options'
import { unwrap, wrongArgument } from './outcome'
import { checkBody, upload } from './upload'
import type { BindingApi, WirePart } from './wire'

/** A multipart upload. It may not exist; its first use then fails. */
export class CairnMultipartUpload implements R2MultipartUpload {
  readonly uploadId: string
  readonly key: string
  readonly #service: BindingApi

  constructor(service: BindingApi, key: string, uploadId: string) {
    this.#service = service
    this.uploadId = uploadId
    this.key = key
  }

  async uploadPart(
    partNumber: number,
    value: ReadableStream | (ArrayBuffer | ArrayBufferView) | string | Blob,
    options?: R2UploadPartOptions,
  ): Promise<R2UploadedPart> {
    checkBody(value, 'uploadPart', 'R2MultipartUpload')
    const { key, uploadId } = this
    const wanted = {
      op: 'uploadPart',
      key,
      uploadId,
      partNumber: readPartNumber(partNumber),
      ssecKey: readSsecKey(options?.ssecKey),
    } as const
    return upload<R2UploadedPart>(this.#service, 'uploadPart', wanted, value)
  }

  async abort(): Promise<void> {
    await unwrap('abortMultipartUpload', this.#service.abortMultipartUpload(this.key, this.uploadId))
  }

  async complete(uploadedParts: R2UploadedPart[]): Promise<R2Object> {
    if (!Array.isArray(uploadedParts)) throw wrongArgument('complete', 'R2MultipartUpload', 1, 'Array')
    const parts = uploadedParts.map(({ partNumber, etag }): WirePart => ({ partNumber: readPartNumber(partNumber), etag: String(etag) }))
    const answer = this.#service.completeMultipartUpload(this.key, this.uploadId, parts)
    return new CairnObject(await unwrap('completeMultipartUpload', answer))
  }
}

function readPartNumber(value: number): number {
  const partNumber = toInt32(value)
  if (partNumber >= 1 && partNumber <= 10_000) return partNumber
  throw new TypeError(`Part number must be between 1 and 10000 (inclusive). Actual value was: ${partNumber}`)
}
