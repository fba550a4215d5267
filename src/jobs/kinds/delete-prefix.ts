import { invalidArgument, StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ListPosition } from '../../core/listing.ts'
import type { ObjectRef } from '../../core/object.ts'
import type { Store } from '../../store/store.ts'
import type { JobKind, JobReport } from '../job-kind.ts'

export interface DeletePrefixParams {
  /** Keys that begin with this text are deleted. Empty for all keys of the bucket. */
  readonly prefix: string
}

/** Objects come first, then open uploads. Each step continues behind the last key of the step before. */
interface DeletePrefixCursor {
  readonly over: 'objects' | 'uploads'
  readonly after?: ListPosition
  readonly afterUploadId?: string
}

const KEYS_PER_STEP = LIMITS.deleteMax
const UPLOADS_PER_STEP = 20
/** The most refused keys that a step names in the log. */
const NAMED_KEYS = 10

/**
 * Deletes all objects below a prefix, and aborts the open uploads there. An object that was written after the job was created stays. A
 * locked object stays, too: the count `refused` and the log report it. No page returns a key of an earlier page, so the job ends even if
 * new objects arrive quickly.
 */
export const deletePrefix: JobKind<DeletePrefixParams, DeletePrefixCursor> = {
  name: 'delete-prefix',
  /** The last step over objects goes on with uploads. */
  callsPerStep: 2 + 1 + UPLOADS_PER_STEP,

  check({ prefix }) {
    const isKey = typeof prefix === 'string' && prefix.isWellFormed() && Buffer.byteLength(prefix) <= LIMITS.keyBytes
    if (!isKey) throw invalidArgument('A job that deletes objects needs a prefix of at most 1,024 bytes; an empty one stands for all.')
  },

  step: (ports, job, cursor = { over: 'objects' }) =>
    cursor.over === 'objects' ? deleteObjects(ports, job, cursor) : abortUploads(ports, job, cursor),
}

const deleteObjects: typeof deletePrefix.step = async (ports, job, cursor) => {
  const { store } = ports
  const { bucket, params, createdMs } = job
  const { prefix } = params
  const page = await store.listSummaries(bucket, { prefix, after: cursor?.after, limit: KEYS_PER_STEP })
  const old = page.items.filter(({ uploadedMs }) => uploadedMs <= createdMs)
  const deleted = old.length === 0 ? [] : await store.deleteObjects(bucket, keysOf(old), { writtenUntilMs: createdMs })
  const refused = deleted.flatMap(({ key, failure }) => (failure ? [{ key, code: failure.code }] : []))
  const log: JobReport['log'] = refused
    .slice(0, NAMED_KEYS)
    .map(({ key, code }) => ({ level: 'warning', message: `${code}: ${JSON.stringify(key)} stays.` }))
  const counts = { deleted: deleted.length - refused.length, refused: refused.length, newer: page.items.length - old.length }
  if (page.truncated) return { report: { counts, log }, next: { over: 'objects', after: page.last } }
  const { report, next } = await abortUploads(ports, job)
  return { report: { counts: { ...counts, ...report.counts }, log }, next }
}

const keysOf = (items: readonly { readonly key: string }[]): string[] => items.map(({ key }) => key)

const abortUploads: typeof deletePrefix.step = async ({ store }, { bucket, params: { prefix }, createdMs }, cursor) => {
  const { after, afterUploadId } = cursor ?? {}
  const page = await store.listMultipartUploads(bucket, { prefix, after, afterUploadId, limit: UPLOADS_PER_STEP })
  const old = page.items.filter((upload) => upload.createdMs <= createdMs)
  for (const { key, uploadId } of old) await abort(store, { bucket, key }, uploadId)
  const last = page.items.at(-1)
  const next = page.truncated && last ? ({ over: 'uploads', after: { key: last.key }, afterUploadId: last.uploadId } as const) : undefined
  return { report: { counts: { aborted: old.length } }, next }
}

/** A lifecycle rule may have aborted and forgotten the upload since it was listed. */
async function abort(store: Store, at: ObjectRef, uploadId: string): Promise<void> {
  try {
    await store.abortMultipartUpload(at, uploadId)
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'NoSuchUpload')) throw error
  }
}
