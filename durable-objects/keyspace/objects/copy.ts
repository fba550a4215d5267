import { createHash } from 'node:crypto'
import { evaluateConditions } from '../../../src/core/conditions.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { mergeMetadata } from '../../../src/core/metadata.ts'
import { checkCopiedBytes, type Part } from '../../../src/core/multipart.ts'
import type { ByteSpan, Checksum } from '../../../src/core/object.ts'
import { resolveRange } from '../../../src/core/range.ts'
import type { Copied, CopiedObject, CopyObject, CopyPart, CopySource, Found } from '../../../src/store/bucket-api.ts'
import { addReference, tierOf } from '../blobs/blobs.ts'
import { checkExtents, extentsOf, insertComposite } from '../blobs/composites.ts'
import type { Context } from '../context.ts'
import { checksumOf, customMetadataOf, httpMetadataOf, type ObjectRow } from '../rows.ts'
import { bucketInfo } from '../state.ts'
import { checkUploadKey, findPart, openUpload, replacePart } from '../uploads/uploads.ts'
import { countRetrieval } from '../usage.ts'
import { checkCustomerKey, checkOverwrite, findObject, readRow, replaceObject } from './objects.ts'

/**
 * Copies an object of any size inside the bucket, by adding a reference to its body. The copy keeps the ETag, the checksum and the parts:
 * they describe the same bytes. When the customer key changes, the bytes must be stored again.
 */
export function copyObject(context: Context, copy: CopyObject): Copied<CopiedObject> {
  const { sql } = context
  const row = findSource(sql, copy.source)
  const old = findObject(sql, copy.key)
  checkOverwrite(context, old, copy.conditions)
  countRetrieval(sql, row, row.size)
  if (row.ssec_key_md5 !== (copy.ssecKeyMd5 ?? null)) return { kind: 'needs-bytes', source: wholeObject(sql, row) }
  // Add the reference before the old object drops its own: both may refer to the same body.
  addReference(sql, row.blob_id)
  const metadata = mergeMetadata(copy.directive, { httpMetadata: httpMetadataOf(row), customMetadata: customMetadataOf(row) }, copy)
  const head = replaceObject(context, old, {
    ...metadata,
    key: copy.key,
    storageClass: copy.storageClass,
    blobId: row.blob_id,
    size: row.size,
    etag: row.etag,
    checksum: checksumOf(row),
    ssecKeyMd5: copy.ssecKeyMd5,
    partsCount: row.parts_count ?? undefined,
    lastPart: row.last_part ?? undefined,
    action: 'CopyObject',
    copySource: { bucket: bucketName(sql), object: row.spelled ?? row.key },
  })
  return { kind: 'copied', value: { ...head, sourceVersion: row.version } }
}

/**
 * Copies a range of an object into a part by reference. The bytes themselves must be copied when the customer key changes, or when the
 * upload needs a checksum that the source does not have.
 */
export function copyPart(context: Context, copy: CopyPart): Copied<Part> {
  const { sql } = context
  const row = findSource(sql, copy.source)
  const span = copy.range ? resolveRange(copy.range, row.size) : { offset: 0, length: row.size }
  checkCopiedBytes(span.length)
  const upload = openUpload(sql, copy)
  checkUploadKey(upload, copy.ssecKeyMd5)
  countRetrieval(sql, row, span.length)
  const checksum = reusableChecksum(row, span)
  const lacksChecksum = upload.checksum_algorithm !== null && upload.checksum_algorithm !== checksum?.algorithm
  if (row.ssec_key_md5 !== upload.ssec_key_md5 || lacksChecksum) {
    return { kind: 'needs-bytes', source: readRow(sql, row, { span, body: true }) }
  }
  const part = { partNumber: copy.partNumber, etag: copiedEtag(row, span), size: span.length, checksum }
  const old = findPart(sql, upload, copy.partNumber)
  return { kind: 'copied', value: replacePart(context, upload, { ...part, blobId: referTo(context, row, span), old }) }
}

/** @throws StoreError NoSuchKey, PreconditionFailed, InvalidRequest, AccessDenied */
function findSource(sql: SqlStorage, source: CopySource): ObjectRow {
  const row = findObject(sql, source.key)
  if (!row) throw new StoreError('NoSuchKey')
  const state = { etag: row.etag, uploadedMs: row.uploaded_ms }
  // Every failed condition on a source answers 412; on a read some answer 304.
  if (source.conditions && evaluateConditions(source.conditions, state) !== 'ok') throw new StoreError('PreconditionFailed')
  checkCustomerKey(row, source.ssecKeyMd5)
  return row
}

const bucketName = (sql: SqlStorage): string => bucketInfo(sql).name

const wholeObject = (sql: SqlStorage, row: ObjectRow): Found => readRow(sql, row, { span: { offset: 0, length: row.size }, body: true })

const isWhole = (row: ObjectRow, span: ByteSpan): boolean => span.offset === 0 && span.length === row.size

/** The blob of a copy. A copy of the whole body shares its blob; a piece of it becomes a composite blob of its own. */
function referTo({ sql }: Context, row: ObjectRow, span: ByteSpan): string {
  if (isWhole(row, span)) {
    addReference(sql, row.blob_id)
    return row.blob_id
  }
  const piece = { blobId: row.blob_id, tier: tierOf(sql, row.blob_id), span }
  checkExtents(sql, [piece])
  return insertComposite(sql, extentsOf(sql, piece, 1))
}

/**
 * The ETag of a copied part. A copy of a whole simple object has that object's MD5. The bytes of a piece are not read, so its ETag is a
 * digest of the version and the span instead.
 */
function copiedEtag(row: ObjectRow, span: ByteSpan): string {
  if (isWhole(row, span) && row.parts_count === null) return row.etag
  return createHash('md5').update(`${row.version} ${span.offset} ${span.length}`).digest('hex')
}

function reusableChecksum(row: ObjectRow, span: ByteSpan): Checksum | undefined {
  const checksum = checksumOf(row)
  return isWhole(row, span) && checksum?.type === 'FULL_OBJECT' ? checksum : undefined
}
