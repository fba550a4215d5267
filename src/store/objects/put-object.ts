import type { ByteSource, Upload } from '../../core/byte-source.ts'
import { SNIFF_BYTES, sniffContentType } from '../../core/content-type.ts'
import { checkNewKey } from '../../core/key.ts'
import { checkMetadata } from '../../core/metadata.ts'
import type { Conditions, CustomerKey, Dialect, HttpMetadata, ObjectHead, ObjectRef } from '../../core/object.ts'
import type { ObjectAttributes } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'
import { writeBlob } from './write-blob.ts'

export interface PutOptions extends ObjectAttributes {
  readonly conditions?: Conditions
  readonly customerKey?: CustomerKey
  /** By the Workers binding, an object without a content type stays without one. */
  readonly dialect?: Dialect
  /** The attempt of a copy by Sippy: it is refused if the key was written or deleted in between. */
  readonly copyId?: string
}

/**
 * Stores an object, whole or not at all. Without a content type, it guesses the type from the first bytes, as R2's S3 endpoint does.
 * @throws StoreError InvalidObjectName, MetadataTooLarge, EntityTooLarge, NoSuchBucket, PreconditionFailed, BadDigest, IncompleteBody
 */
export async function putObject(ports: Ports, at: ObjectRef, upload: Upload, options: PutOptions): Promise<ObjectHead> {
  checkNewKey(at.key)
  checkMetadata(options.customMetadata)
  const { conditions, customerKey, storageClass, customMetadata, tags } = options
  const source = new RememberingSource(upload.source)
  const write = { bucket: at.bucket, target: { key: at.key, conditions }, upload: { ...upload, source }, customerKey }
  return writeBlob(ports, write, (written, digested) =>
    ports.bucket(at.bucket).commitObject({
      ...written,
      ...digested,
      key: at.key,
      conditions,
      copyId: options.copyId,
      storageClass,
      customMetadata,
      tags,
      httpMetadata: options.dialect === 'binding' ? options.httpMetadata : withContentType(options.httpMetadata, source.firstBytes),
      ssecKeyMd5: customerKey?.keyMd5,
    }),
  )
}

function withContentType(httpMetadata: HttpMetadata, firstBytes: Uint8Array): HttpMetadata {
  if (httpMetadata.contentType !== undefined) return httpMetadata
  const contentType = sniffContentType(firstBytes)
  return contentType === undefined ? httpMetadata : { ...httpMetadata, contentType }
}

/** Passes bytes on and stores a copy of the first few. */
class RememberingSource implements ByteSource {
  firstBytes: Uint8Array = new Uint8Array(0)
  readonly #inner: ByteSource

  constructor(inner: ByteSource) {
    this.#inner = inner
  }

  async read(size: number): Promise<Uint8Array> {
    const bytes = await this.#inner.read(size)
    if (this.firstBytes.length === 0) this.firstBytes = bytes.slice(0, SNIFF_BYTES)
    return bytes
  }

  cancel(): Promise<void> {
    return this.#inner.cancel()
  }
}
