import { evaluateConditions } from '../../../src/core/conditions.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { mergeMetadata } from '../../../src/core/metadata.ts'
import type { Copied, CopiedObject, CopyObject, CopySource, Found } from '../../../src/store/bucket-api.ts'
import { addReference } from '../blobs/blobs.ts'
import type { Context } from '../context.ts'
import { checksumOf, customMetadataOf, httpMetadataOf, type ObjectRow, tagsOf } from '../rows.ts'
import { bucketInfo } from '../state.ts'
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
    tags: copy.taggingDirective === 'REPLACE' ? copy.tags : tagsOf(row),
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

/** @throws StoreError NoSuchKey, PreconditionFailed, InvalidRequest, AccessDenied */
export function findSource(sql: SqlStorage, source: CopySource): ObjectRow {
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
