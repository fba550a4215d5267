import type { Upload } from '../../core/byte-source.ts'
import { byteSource, bytesSource } from '../../core/byte-sources.ts'
import { StoreError } from '../../core/errors.ts'
import { checkNewKey } from '../../core/key.ts'
import { type MetadataDirective, mergeMetadata } from '../../core/metadata.ts'
import { checkCopiedBytes } from '../../core/multipart.ts'
import type { BucketRef, Conditions, CustomerKey, ObjectRef, RangeRequest } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { TaggingDirective } from '../../core/tags.ts'
import type { CopySource as BucketCopySource, CopiedObject, Found, ObjectAttributes } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'
import { openFound } from './read-body.ts'
import { writeBlob } from './write-blob.ts'

export interface CopySource {
  readonly at: ObjectRef
  readonly conditions?: Conditions
  readonly customerKey?: CustomerKey
}

export interface CopyOptions extends ObjectAttributes {
  readonly directive: MetadataDirective
  /** Default: `COPY`, the tags of the source. */
  readonly taggingDirective?: TaggingDirective
  /** Conditions on the destination, which the Bucket checks at the commit. */
  readonly conditions?: Conditions
  readonly customerKey?: CustomerKey
}

/**
 * Copies an object. Inside a bucket, it copies references. Across buckets, or if the customer key changes, it copies the bytes.
 * @throws StoreError NoSuchBucket, NoSuchKey, PreconditionFailed, MetadataTooLarge, AccessDenied
 */
export async function copyObject(ports: Ports, at: ObjectRef, source: CopySource, options: CopyOptions): Promise<CopiedObject> {
  checkNewKey(at.key)
  const { customerKey, ...attributes } = options
  if (!sameBucket(source.at.bucket, at.bucket)) {
    return copyBytes(ports, at, { source, found: await findSource(ports, source), options })
  }
  const copy = { ...attributes, key: at.key, source: sourceIn(source), ssecKeyMd5: customerKey?.keyMd5 }
  const copied = unwrap(await ports.bucket(at.bucket).copyObject(copy))
  return copied.kind === 'copied' ? copied.value : copyBytes(ports, at, { source, found: copied.source, options })
}

/** Returns a source that lies in the same bucket as the copy, in the form that the Bucket expects. */
export const sourceIn = ({ at, conditions, customerKey }: CopySource): BucketCopySource => ({
  key: at.key,
  conditions,
  ssecKeyMd5: customerKey?.keyMd5,
})

export const sameBucket = (a: BucketRef, b: BucketRef): boolean => a.name === b.name && a.jurisdiction === b.jurisdiction

/** Looks up a source in another bucket. Every failed condition is a 412, whereas a read also has 304. */
export async function findSource(ports: Ports, { at, conditions, customerKey }: CopySource, range?: RangeRequest): Promise<Found> {
  const looked = await ports.bucket(at.bucket).lookup({ key: at.key, conditions, range, ssecKeyMd5: customerKey?.keyMd5, body: true })
  const found = unwrap(looked)
  if (found.kind === 'not-modified') throw new StoreError('PreconditionFailed')
  return found
}

/** Opens the bytes of a source as an upload. */
export async function uploadOf(ports: Ports, source: CopySource, found: Found): Promise<Upload> {
  checkCopiedBytes(found.span.length)
  const body = await openFound(ports, source.at.bucket, found, { customerKey: source.customerKey, forUpload: true })
  const checksumAlgorithm = found.head.checksum?.type === 'FULL_OBJECT' ? found.head.checksum.algorithm : undefined
  return {
    source: body instanceof Uint8Array ? bytesSource(body) : byteSource(body),
    size: found.span.length,
    claims: { checksumAlgorithm },
    isClaimed: body instanceof ReadableStream,
  }
}

async function copyBytes(
  ports: Ports,
  at: ObjectRef,
  { source, found, options }: { source: CopySource; found: Found; options: CopyOptions },
): Promise<CopiedObject> {
  const { conditions, customerKey, storageClass, directive, taggingDirective } = options
  // Merge the metadata before the source is opened: an error here would leave the source open.
  const metadata = mergeMetadata(directive, found.head, options)
  const upload = await uploadOf(ports, source, found)
  const write = { bucket: at.bucket, target: { key: at.key, conditions }, upload, customerKey }
  const head = await writeBlob(ports, write, (written, digested) =>
    ports.bucket(at.bucket).commitObject({
      ...written,
      ...digested,
      ...metadata,
      tags: taggingDirective === 'REPLACE' ? options.tags : found.head.tags,
      key: at.key,
      conditions,
      storageClass,
      ssecKeyMd5: customerKey?.keyMd5,
      copySource: { bucket: source.at.bucket.name, object: source.at.key },
    }),
  )
  return { ...head, sourceVersion: found.head.version }
}
