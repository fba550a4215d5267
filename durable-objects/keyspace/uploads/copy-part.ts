import { createHash } from 'node:crypto'
import { checkCopiedBytes, type Part } from '../../../src/core/multipart.ts'
import type { ByteSpan, Checksum } from '../../../src/core/object.ts'
import { resolveRange } from '../../../src/core/range.ts'
import type { Copied, CopyPart } from '../../../src/store/bucket-api.ts'
import { addReference, tierOf } from '../blobs/blobs.ts'
import { checkExtents, extentsOf, insertComposite } from '../blobs/composites.ts'
import type { Context } from '../context.ts'
import { findSource } from '../objects/copy.ts'
import { readRow } from '../objects/objects.ts'
import { checksumOf, type ObjectRow } from '../rows.ts'
import { countRetrieval } from '../usage.ts'
import { checkUploadKey, findPart, openUpload, replacePart } from './uploads.ts'

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
