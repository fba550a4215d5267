import { evaluateConditions } from '../../../src/core/conditions.ts'
import { type ErrorDetail, StoreError } from '../../../src/core/errors.ts'
import { normalizeKey } from '../../../src/core/key.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import { metadataSize } from '../../../src/core/metadata.ts'
import type { CopiedFrom, EventAction } from '../../../src/core/notifications.ts'
import { type ByteSpan, type Conditions, newVersion, type ObjectHead, type StorageClass } from '../../../src/core/object.ts'
import { outcomeOf } from '../../../src/core/outcome.ts'
import { resolveRange } from '../../../src/core/range.ts'
import { unusedByteDays } from '../../../src/core/storage-class.ts'
import { tagsSize } from '../../../src/core/tags.ts'
import {
  type CommitObject,
  type Committed,
  type DeleteConditions,
  type Deleted,
  type DeleteOnly,
  type Found,
  keyToDelete,
  type Looked,
  type Lookup,
  type ObjectAttributes,
  type ToDelete,
} from '../../../src/store/bucket-api.ts'
import { replaceRow } from '../../common/insert-row.ts'
import { dropReference, insertBlob, partSpan, slicesOf } from '../blobs/blobs.ts'
import { insertComposite, isExtentOf } from '../blobs/composites.ts'
import { redeem } from '../blobs/garbage.ts'
import type { Context } from '../context.ts'
import { isBacklogged, noteEvent } from '../events/events.ts'
import { forgetImport } from '../imported.ts'
import { type ObjectRow, tagsOf, toHead, toJson } from '../rows.ts'
import { objectDueMs, objectExpiration } from '../rules/lifecycle-due.ts'
import { checkUnlocked } from '../rules/locks.ts'
import { checkCopying, endCopyOf, sippyOf } from '../sippy/copies.ts'
import { bucketInfo } from '../state.ts'
import { countRetrieval, Tally } from '../usage.ts'

/** An object that a write is about to store. The reference to its body is already counted. */
export interface NewObject extends ObjectAttributes {
  readonly key: string
  readonly blobId: string
  readonly size: number
  readonly etag: string
  readonly hashes?: ObjectHead['hashes']
  readonly checksum?: ObjectHead['checksum']
  readonly ssecKeyMd5?: string
  readonly partsCount?: number
  /** The number of the last part; absent when it is the count of parts. */
  readonly lastPart?: number
  /** Absent: a new version is made. */
  readonly version?: string
  /** The operation that stores it, for event notifications. */
  readonly action: EventAction
  readonly copySource?: CopiedFrom
}

/** The current object under a key, in any Unicode spelling of that key. */
export function findObject(sql: SqlStorage, key: string): ObjectRow | undefined {
  return sql.exec<ObjectRow>('SELECT * FROM objects WHERE key = ?', normalizeKey(key)).toArray()[0]
}

/**
 * Checks that a write to this key may go on: no rule locks the object, its conditions hold, and in strict mode the last write is at least a
 * second old. A lock refuses before the conditions are checked, as on R2.
 * @throws StoreError ObjectLockedByBucketPolicy, PreconditionFailed, TooManyRequests
 */
export function checkOverwrite(context: Context, old: ObjectRow | undefined, conditions: Conditions | undefined): void {
  checkUnlocked(context, old)
  checkConditions(conditions, old)
  if (old && !context.config.allows('fastRewrites') && context.now() - old.uploaded_ms < 1000) throw new StoreError('TooManyRequests')
}

/** @throws StoreError PreconditionFailed */
export function checkConditions(conditions: Conditions | undefined, row: ObjectRow | undefined): void {
  if (conditions && evaluateConditions(conditions, stateOf(row)) !== 'ok') throw new StoreError('PreconditionFailed')
}

/**
 * Stores an object whose bytes are written. It is the only call of an inline write and the second call of any other write. If a call
 * arrives twice, the second one finds its own blob and returns the same answer.
 */
export function commitObject(context: Context, commit: CommitObject): Committed<ObjectHead> {
  const old = findObject(context.sql, commit.key)
  if (old && isCommitted(context.sql, old, commit)) return { kind: 'committed', value: headOf(context.sql, old) }
  if (commit.blob.inline && !inlineFits(context)) return { kind: 'inline-full' }
  checkOverwrite(context, old, commit.conditions)
  checkCopying(context, commit.copyId === undefined ? undefined : { key: commit.key, id: commit.copyId })
  if (commit.begun) redeem(context, commit.blob.id, commit.begun)
  insertBlob(context, commit.blob)
  const action = commit.copySource ? 'CopyObject' : 'PutObject'
  return { kind: 'committed', value: replaceObject(context, old, { ...commit, action, ...bodyOf(context.sql, commit) }) }
}

/** Whether this commit made the object already. */
function isCommitted(sql: SqlStorage, { blob_id: blobId }: ObjectRow, { blob, length }: CommitObject): boolean {
  return blobId === blob.id || (length !== undefined && isExtentOf(sql, blob.id, blobId))
}

/** The body of a new object: its blob, or the beginning of it. */
function bodyOf(sql: SqlStorage, { blob, length }: CommitObject): { blobId: string; size: number } {
  if (length === undefined) return { blobId: blob.id, size: blob.size }
  const extent = { blobId: blob.id, offset: 0, length, partNumber: LIMITS.partMin, isShared: false }
  return { blobId: insertComposite(sql, [extent]), size: length }
}

/** Whether there is room for inline bytes: they have a share of the Durable Object's 10 GB. Beyond it small blobs are stored in D1. */
export const inlineFits = ({ sql, config }: Context): boolean => sql.databaseSize < config.inlineBudgetBytes

/** Replaces the row of a key. Takes over the new body's reference and drops that of `old`, the current object. Checks nothing. */
export function replaceObject(context: Context, old: ObjectRow | undefined, object: NewObject): ObjectHead {
  const { sql } = context
  const key = normalizeKey(object.key)
  const tally = new Tally()
  forgetImport(context)
  endCopyOf(context, key)
  if (old) releaseObject(context, old, tally)
  const row: Omit<ObjectRow, 'due_ms'> = {
    key,
    spelled: object.key === key ? null : object.key,
    version: object.version ?? newVersion(),
    blob_id: object.blobId,
    size: object.size,
    etag: object.etag,
    uploaded_ms: context.now(),
    storage_class: object.storageClass ?? defaultStorageClass(sql),
    http_metadata: toJson(object.httpMetadata),
    custom_metadata: toJson(object.customMetadata),
    hashes: toJson(object.hashes),
    checksum: toJson(object.checksum),
    ssec_key_md5: object.ssecKeyMd5 ?? null,
    parts_count: object.partsCount ?? null,
    metadata_bytes: metadataSize(object.httpMetadata, object.customMetadata) + tagsSize(object.tags ?? []),
    moved_ms: null,
    last_part: object.lastPart ?? null,
    tags: toJson(object.tags),
  }
  replaceRow(sql, 'objects', { ...row, due_ms: objectDueMs(context, row) } satisfies ObjectRow)
  tally.add(row.storage_class, { objects: 1, payloadBytes: row.size, metadataBytes: row.metadata_bytes })
  tally.write(sql)
  noteEvent(context, object)
  return headOf(sql, row)
}

/** The head that a read or a write of one object returns. */
export const headOf = (sql: SqlStorage, row: Omit<ObjectRow, 'due_ms'>): ObjectHead => ({
  ...toHead(row),
  expiration: objectExpiration(sql, row),
  ...(row.tags !== null && { tags: tagsOf(row) }),
})

/**
 * Deletes keys, whether they exist or not, and returns the results in their order. An object stays that is locked, or that a condition
 * does not hold for; its result says so. As with writes, a lock refuses before a condition.
 */
export function deleteObjects(context: Context, entries: readonly ToDelete[], only?: DeleteOnly): Deleted[] {
  if (only && isBacklogged(context.sql)) throw new StoreError('SlowDown', { message: 'Queues have to take events of this bucket first.' })
  const tally = new Tally()
  const deleted = entries.map((entry) => {
    const key = keyToDelete(entry)
    const outcome = outcomeOf(() => {
      const row = findObject(context.sql, key)
      if (typeof entry !== 'string') checkDeletion(context, row, entry.onlyIf)
      if (!row && !only) endCopyOf(context, normalizeKey(key))
      if (!row || (only && row.uploaded_ms > only.writtenUntilMs)) return
      checkUnlocked(context, row)
      deleteObject(context, row, { action: 'DeleteObject', tally })
    })
    return outcome.ok ? { key } : { key, failure: outcome }
  })
  tally.write(context.sql)
  return deleted
}

/** @throws StoreError ObjectLockedByBucketPolicy, PreconditionFailed; NoSuchKey, as on S3, if a condition needs an object */
function checkDeletion(context: Context, row: ObjectRow | undefined, { conditions, size, uploadedMs }: DeleteConditions): void {
  const needsObject = conditions?.ifMatch !== undefined || size !== undefined || uploadedMs !== undefined
  if (!row && needsObject) throw new StoreError('NoSuchKey')
  if (!row) return
  checkUnlocked(context, row)
  checkConditions(conditions, row)
  const secondOf = (ms: number) => Math.floor(ms / 1000)
  const isOther = (size ?? row.size) !== row.size || secondOf(uploadedMs ?? row.uploaded_ms) !== secondOf(row.uploaded_ms)
  if (isOther) throw new StoreError('PreconditionFailed')
}

/** Why an object is deleted, and where that is counted; the caller writes the tally. */
interface Deletion {
  readonly action: 'DeleteObject' | 'LifecycleDeletion'
  readonly tally: Tally
}

/** Deletes an existing object, for a client or for a lifecycle rule. */
export function deleteObject(context: Context, row: ObjectRow, { action, tally }: Deletion): void {
  if (action === 'DeleteObject') forgetImport(context)
  releaseObject(context, row, tally)
  context.sql.exec('DELETE FROM objects WHERE key = ?', row.key)
  noteEvent(context, { action, key: row.spelled ?? row.key })
}

/** Returns everything that a read needs, in one call. The order of the checks is R2's: existence, conditions, SSE-C, range. */
export function lookup(context: Context, query: Lookup): Looked {
  const row = findObject(context.sql, query.key)
  if (!row) throw new StoreError('NoSuchKey', elsewhereOf(context, query))
  const verdict = query.conditions ? evaluateConditions(query.conditions, stateOf(row)) : 'ok'
  const isBinding = query.dialect === 'binding'
  if (verdict === 'failed' && !isBinding) throw new StoreError('PreconditionFailed')
  if (verdict !== 'ok') return { kind: 'not-modified', head: headOf(context.sql, row) }
  if (query.body || !isBinding) checkCustomerKey(row, query.ssecKeyMd5)
  const span = askedSpan(context.sql, row, query)
  if (query.body) countRetrieval(context.sql, row, span.length)
  return readRow(context.sql, row, { ...query, span })
}

/** The answer of a bucket that lacks the object: its Sippy may have it. */
function elsewhereOf({ sql }: Context, { fromSource }: Lookup): ErrorDetail {
  const sippy = fromSource ? sippyOf(sql) : null
  return sippy === null ? {} : { elsewhere: { sippy, storageClass: defaultStorageClass(sql) } }
}

/** An object as a read returns it, with the slices of `span` if its body is requested. */
export function readRow(sql: SqlStorage, row: ObjectRow, { span, body }: { span: ByteSpan; body: boolean }): Found {
  return { kind: 'found', head: headOf(sql, row), span, body: body ? slicesOf(sql, row.blob_id, span) : { slices: [] } }
}

/**
 * Checks that a read with this customer key may go on.
 * @throws StoreError InvalidRequest, AccessDenied
 */
export function checkCustomerKey(row: { ssec_key_md5: string | null }, keyMd5: string | undefined): void {
  if (row.ssec_key_md5 === (keyMd5 ?? null)) return
  if (row.ssec_key_md5 === null) {
    throw new StoreError('InvalidRequest', { message: 'The encryption parameters are not applicable to this object.' })
  }
  if (keyMd5 === undefined) {
    throw new StoreError('InvalidRequest', {
      message:
        'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    })
  }
  throw new StoreError('AccessDenied')
}

export const defaultStorageClass = (sql: SqlStorage): StorageClass => bucketInfo(sql).storageClass

function askedSpan(sql: SqlStorage, row: ObjectRow, { range, partNumber }: Lookup): ByteSpan {
  const whole = { offset: 0, length: row.size }
  if (range) return resolveRange(range, row.size)
  if (partNumber === undefined) return whole
  const { parts_count: parts, last_part: lastPart } = row
  const isOne = parts === null || parts === 1
  const span = isOne ? partNumber === (lastPart ?? LIMITS.partMin) && whole : partSpan(sql, row.blob_id, partNumber, { parts, lastPart })
  if (span) return span
  throw new StoreError('InvalidPartNumber')
}

/** Subtracts an object from the counters and drops the reference to its body. */
export function releaseObject(context: Context, row: ObjectRow, tally: Tally): void {
  dropReference(context, row.blob_id)
  const { storage_class: storageClass, size } = row
  const earlyDeletionByteDays = unusedByteDays({ storageClass, size, sinceMs: row.moved_ms ?? row.uploaded_ms }, context.now())
  tally.add(storageClass, { objects: -1, payloadBytes: -size, metadataBytes: -row.metadata_bytes, earlyDeletionByteDays })
}

const stateOf = (row: ObjectRow | undefined): { etag: string; uploadedMs: number } | null =>
  row ? { etag: row.etag, uploadedMs: row.uploaded_ms } : null
