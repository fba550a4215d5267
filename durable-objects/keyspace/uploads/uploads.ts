import { StoreError } from '../../../src/core/errors.ts'
import { randomId } from '../../../src/core/ids.ts'
import { normalizeKey } from '../../../src/core/key.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { CreatedUpload, ListPartsQuery, Part, PartsPage, UploadRef } from '../../../src/core/multipart.ts'
import type { Checksum, ObjectHead } from '../../../src/core/object.ts'
import { outcomeOf } from '../../../src/core/outcome.ts'
import type { CommitPart, Committed, CompleteUpload, CreateUpload } from '../../../src/store/bucket-api.ts'
import { insertRow, replaceRow } from '../../common/insert-row.ts'
import { dropReference, insertBlob } from '../blobs/blobs.ts'
import { discard, redeem } from '../blobs/garbage.ts'
import type { Context } from '../context.ts'
import { forgetImport } from '../imported.ts'
import { checkConditions, checkOverwrite, defaultStorageClass, findObject, headOf, inlineFits, replaceObject } from '../objects/objects.ts'
import { customMetadataOf, httpMetadataOf, type PartRow, tagsOf, toJson, toUploadHead, type UploadRow } from '../rows.ts'
import { uploadAbortion, uploadDueMs } from '../rules/lifecycle-due.ts'
import { checkCopying } from '../sippy/copies.ts'
import { count } from '../usage.ts'
import { assemble, joinParts } from './complete-upload.ts'

/** The kind of garbage that a finished upload's parts are. */
export const UPLOAD = 'upload'

/** Opens a multipart upload. Conditions are checked against the current object now, and again at completion. */
export function createUpload(context: Context, create: CreateUpload): CreatedUpload {
  const { sql } = context
  checkConditions(create.conditions, findObject(sql, create.key))
  forgetImport(context)
  const key = normalizeKey(create.key)
  const created_ms = context.now()
  const row: UploadRow = {
    id: newUploadId(),
    state: 'open',
    key,
    spelled: create.key === key ? null : create.key,
    created_ms,
    storage_class: create.storageClass ?? defaultStorageClass(sql),
    http_metadata: toJson(create.httpMetadata),
    custom_metadata: toJson(create.customMetadata),
    checksum_algorithm: create.checksumAlgorithm ?? null,
    checksum_type: create.checksumType ?? null,
    ssec_key_md5: create.ssecKeyMd5 ?? null,
    bytes: 0,
    due_ms: uploadDueMs(context, { key, created_ms }),
    tags: toJson(create.tags),
  }
  insertRow(sql, 'uploads', row)
  count(sql, row.storage_class, { uploads: 1 })
  return { uploadId: row.id, createdMs: created_ms, abortion: uploadAbortion(sql, row) }
}

/**
 * The open upload with this id and key.
 * @throws StoreError NoSuchUpload
 */
export function openUpload(sql: SqlStorage, ref: UploadRef): UploadRow {
  return checkOpen(findUpload(sql, ref))
}

function checkOpen(row: UploadRow | undefined): UploadRow {
  if (!row) throw new StoreError('NoSuchUpload', { neverWas: true })
  if (row.state !== 'open') throw new StoreError('NoSuchUpload')
  return row
}

/**
 * Checks that a part has the customer key that the upload was created with.
 * @throws StoreError InvalidRequest
 */
export function checkUploadKey(upload: UploadRow, keyMd5: string | undefined): void {
  if (upload.ssec_key_md5 === (keyMd5 ?? null)) return
  throw new StoreError('InvalidRequest', {
    message:
      upload.ssec_key_md5 === null
        ? 'The encryption parameters are not applicable to this object.'
        : 'The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.',
  })
}

/**
 * Stores a part whose bytes are written, and replaces a part of the same number. If a call arrives twice, the second one finds its own blob
 * and returns the same answer.
 */
export function commitPart(context: Context, commit: CommitPart): Committed<Part> {
  const { blob, etag, partNumber, checksum } = commit
  const upload = openUpload(context.sql, commit)
  checkUploadKey(upload, commit.ssecKeyMd5)
  const old = findPart(context.sql, upload, partNumber)
  const part = { etag, partNumber, checksum, size: blob.size }
  if (old?.blob_id === blob.id) return { kind: 'committed', value: { ...part, uploadedMs: old.uploaded_ms } }
  if (blob.inline && !inlineFits(context)) return { kind: 'inline-full' }
  if (commit.begun) redeem(context, blob.id, commit.begun)
  insertBlob(context, blob)
  return { kind: 'committed', value: replacePart(context, upload, { ...part, blobId: blob.id, old }) }
}

/** A part to store, and the part that is stored under its number now. The reference to the new body is already counted. */
type NewPart = Pick<Part, 'partNumber' | 'etag' | 'size' | 'checksum'> & { readonly blobId: string; readonly old: PartRow | undefined }

/** The part that is stored under a number. */
export function findPart(sql: SqlStorage, upload: UploadRow, partNumber: number): PartRow | undefined {
  return sql.exec<PartRow>('SELECT * FROM parts WHERE upload_id = ? AND part_number = ?', upload.id, partNumber).toArray()[0]
}

/** Replaces the row of a part. */
export function replacePart(context: Context, upload: UploadRow, { old, ...part }: NewPart): Part {
  const { sql } = context
  forgetImport(context)
  if (old) dropReference(context, old.blob_id)
  const uploadedMs = context.now()
  // Only a checksum of the upload's algorithm can become part of the object's checksum.
  const checksum = part.checksum?.algorithm === upload.checksum_algorithm ? part.checksum?.value : null
  const row: PartRow = {
    upload_id: upload.id,
    part_number: part.partNumber,
    blob_id: part.blobId,
    size: part.size,
    etag: part.etag,
    checksum: checksum ?? null,
    uploaded_ms: uploadedMs,
  }
  replaceRow(sql, 'parts', row)
  const growth = part.size - (old?.size ?? 0)
  sql.exec('UPDATE uploads SET bytes = bytes + ? WHERE id = ?', growth, upload.id)
  count(sql, upload.storage_class, { uploadBytes: growth })
  const { partNumber, etag, size } = part
  return { partNumber, etag, size, uploadedMs, checksum: part.checksum }
}

/** The result of a completion: an object, or a failed condition, which ends the upload too, as on R2. */
export type Completion = { readonly kind: 'object'; readonly head: ObjectHead } | { readonly kind: 'condition-failed' }

/**
 * Makes an object of the listed parts. Moves no bytes: the extents refer to the parts' blobs. A completion that is repeated, by the platform
 * or by a client that is allowed to, finds the version that the first one made and returns the same answer. Any other one gets
 * `NoSuchUpload`, as on R2.
 */
export function completeUpload(context: Context, complete: CompleteUpload): Completion {
  const { sql } = context
  const found = findUpload(sql, complete)
  const made = found?.state === 'completed' ? findObject(sql, complete.key) : undefined
  if (made?.version === complete.version) return { kind: 'object', head: headOf(sql, made) }
  const upload = checkOpen(found)
  const { listed, unlisted, ...object } = assemble(context, upload, complete)
  const old = findObject(sql, complete.key)
  // A refusal here (a lock, or the rate of writes) leaves the upload open, so that the client can complete it later. A failed condition
  // ends it.
  checkOverwrite(context, old, undefined)
  const condition = outcomeOf(() => {
    checkConditions(complete.conditions, old)
    checkCopying(context, complete.copyId === undefined ? undefined : { key: complete.key, id: complete.copyId })
  })
  if (!condition.ok) {
    forgetImport(context)
    abortOpenUpload(context, upload)
    return { kind: 'condition-failed' }
  }
  const blobId = joinParts(context, listed)
  for (const part of unlisted) dropReference(context, part.blob_id)
  sql.exec('DELETE FROM parts WHERE upload_id = ?', upload.id)
  closeUpload(context, upload, 'completed')
  const head = replaceObject(context, old, {
    ...object,
    blobId,
    key: upload.spelled ?? upload.key,
    storageClass: upload.storage_class,
    httpMetadata: httpMetadataOf(upload),
    customMetadata: customMetadataOf(upload),
    tags: tagsOf(upload),
    ssecKeyMd5: upload.ssec_key_md5 ?? undefined,
    partsCount: listed.length,
    lastPart: lastPartOf(listed),
    version: complete.version,
    action: 'CompleteMultipartUpload',
  })
  return { kind: 'object', head }
}

/** The number of the last part; undefined when the parts are numbered without gaps, since it is their count then. */
function lastPartOf(listed: readonly PartRow[]): number | undefined {
  const last = listed.at(-1)?.part_number
  return last === listed.length ? undefined : last
}

/**
 * Aborts an upload. Changes nothing if the upload is aborted or completed already.
 * @throws StoreError NoSuchUpload when the upload never existed
 */
export function abortUpload(context: Context, ref: UploadRef): void {
  const upload = findUpload(context.sql, ref)
  if (!upload) throw new StoreError('NoSuchUpload', { neverWas: true })
  if (upload.state !== 'open') return
  forgetImport(context)
  abortOpenUpload(context, upload)
}

/** Aborts an open upload. The alarm deletes its parts, since there may be 10,000. */
export function abortOpenUpload(context: Context, upload: UploadRow): void {
  closeUpload(context, upload, 'aborted')
  discard(context, { id: upload.id, kind: UPLOAD, segments: 0 }, context.now())
}

/** One page of the parts of an open upload, by number. */
export function listParts(context: Context, query: ListPartsQuery): PartsPage {
  const upload = openUpload(context.sql, query)
  const rows = context.sql
    .exec<PartRow>(
      'SELECT * FROM parts WHERE upload_id = ? AND part_number > ? ORDER BY part_number LIMIT ?',
      upload.id,
      query.after,
      query.limit + 1,
    )
    .toArray()
  const parts = rows.slice(0, query.limit).map((row) => toPart(row, upload))
  return { upload: { ...toUploadHead(upload), abortion: uploadAbortion(context.sql, upload) }, parts, truncated: rows.length > query.limit }
}

/** An upload in any state. */
export function findUpload(sql: SqlStorage, { uploadId, key }: UploadRef): UploadRow | undefined {
  return sql.exec<UploadRow>('SELECT * FROM uploads WHERE id = ? AND key = ?', uploadId, normalizeKey(key)).toArray()[0]
}

/** Marks an upload as finished. Its row is kept for a while, so that a repeated abort succeeds. */
function closeUpload(context: Context, upload: UploadRow, state: UploadRow['state']): void {
  const forgetMs = context.now() + LIMITS.uploadLifeMs
  context.sql.exec('UPDATE uploads SET state = ?, due_ms = ? WHERE id = ?', state, forgetMs, upload.id)
  context.wakeAt(forgetMs)
  count(context.sql, upload.storage_class, { uploads: -1, uploadBytes: -upload.bytes })
}

const toPart = (row: PartRow, upload: UploadRow): Part => ({
  partNumber: row.part_number,
  etag: row.etag,
  size: row.size,
  uploadedMs: row.uploaded_ms,
  checksum: partChecksum(row, upload),
})

function partChecksum(row: PartRow, upload: UploadRow): Checksum | undefined {
  if (row.checksum === null || upload.checksum_algorithm === null) return undefined
  return { algorithm: upload.checksum_algorithm, type: 'FULL_OBJECT', value: row.checksum }
}

/** Unguessable, and safe in a URL without encoding. */
const newUploadId = (): string => randomId() + randomId()
