import { StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { CompletedPart } from '../../core/multipart.ts'
import type { BucketRef, ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { QueuedCopy } from '../../core/sippy.ts'
import { isPassing } from '../../sources/backoff.ts'
import { sippyPurpose } from '../../sources/secrets.ts'
import type { Source, Sourced, SourceFailure } from '../../sources/source.ts'
import { timedSource } from '../../sources/timed-source.ts'
import type { Ports } from '../ports.ts'
import { abortMultipartUpload } from '../uploads/abort-multipart-upload.ts'
import { completeMultipartUpload } from '../uploads/complete-multipart-upload.ts'
import { createMultipartUpload } from '../uploads/create-multipart-upload.ts'
import { uploadPart } from '../uploads/upload-part.ts'
import { storeCopy } from './copy-now.ts'
import { attributesOf, isSized } from './translate.ts'

/** A copy that the job is making. The parts are numbered from 1; the ETag is that of the source when the copy began. */
export interface SippyCursor {
  readonly copy: QueuedCopy
  readonly upload?: { readonly id: string; readonly etag: string; readonly size: number; readonly part: number }
  /** How often in a row the source failed. */
  readonly failures: number
}

/** The result of a step of the job. */
export interface SippyStep {
  readonly copied?: { readonly objects?: number; readonly bytes: number }
  /** Why the copy was given up, or could not go on. */
  readonly problem?: { readonly key: string; readonly message: string; readonly final: boolean }
  readonly waitMs?: number
  /** Absent: no copy waits any more, and the job has ended. */
  readonly next?: SippyCursor | 'search'
}

/** As on R2, objects below this size are copied in one piece, so that their ETag stays an MD5. */
export const ONE_PIECE_BYTES = 200 * 1024 * 1024
/** The size of the pieces of larger objects. */
const PART_BYTES = 64 * 1024 * 1024
const MOST_FAILURES = 8
const FIRST_WAIT_MS = 1000
/** The queue of the bucket waits no longer than this, even if the source asks for more. */
const LAST_WAIT_MS = 5 * 60_000
const PARTS_PER_PAGE = 1000

/**
 * Runs one step of the job that copies large objects: one object in one piece, or one part of a larger object. It can be repeated.
 * @throws StoreError for faults of this deployment; those of the source are reports
 */
export async function sippyStep(ports: Ports, bucket: BucketRef, job: string, cursor?: SippyCursor | 'search'): Promise<SippyStep> {
  if (cursor === undefined || cursor === 'search') {
    const copy = unwrap(await ports.bucket(bucket).nextCopy(job))
    return copy ? { next: { copy, failures: 0 } } : {}
  }
  const { copy, upload } = cursor
  const at = { bucket, key: copy.key }
  const sippy = unwrap(await ports.bucket(bucket).getSippy())
  if (!sippy || !unwrap(await ports.bucket(bucket).isCopying(copy))) {
    if (upload) await abortMultipartUpload(ports, at, upload.id).catch(() => {})
    return { next: 'search' }
  }
  const source = await ports.sippy.sources.openSealed(sippy.source, { purpose: sippyPurpose(bucket), sealed: sippy.sealed })
  try {
    return await advance({ ports, at, source }, cursor)
  } catch (error) {
    if (error instanceof SourceFault) return noteFailure(ports, at, cursor, error.failure)
    // A client wrote or deleted the key at the last moment.
    if (error instanceof StoreError && error.code === 'PreconditionFailed') return { next: 'search' }
    if (error instanceof StoreError && error.status < 500 && error.code !== 'IncompleteBody')
      return giveUp(ports, at, cursor, error.message)
    if (error instanceof StoreError && error.code === 'IncompleteBody') {
      return noteFailure(ports, at, cursor, { kind: 'unreachable', message: 'A body broke off.' })
    }
    throw error
  }
}

interface Work {
  readonly ports: Ports
  readonly at: ObjectRef
  readonly source: Source
}

class SourceFault extends Error {
  readonly failure: SourceFailure

  constructor(failure: SourceFailure) {
    super(failure.message)
    this.failure = failure
  }
}

function must<T>(answer: Sourced<T>): T {
  if (!answer.ok) throw new SourceFault(answer.failure)
  return answer.value
}

async function advance(work: Work, cursor: SippyCursor): Promise<SippyStep> {
  const { copy, upload } = cursor
  if (upload === undefined) return begin(work, copy)
  const partBytes = partBytesOf(upload.size)
  const offset = (upload.part - 1) * partBytes
  if (offset >= upload.size) return complete(work, copy, upload.id)
  const length = Math.min(partBytes, upload.size - offset)
  const piece = must(await work.source.get(copy.key, { range: { offset, length }, ifMatch: upload.etag }))
  if (piece.offset !== offset || piece.length !== length) {
    await piece.stream.cancel().catch(() => {})
    throw new SourceFault({ kind: 'unreachable', message: 'The source ignored the range.' })
  }
  const bytes = { source: timedSource(piece.stream), size: length, claims: {} }
  await uploadPart(work.ports, { at: work.at, uploadId: upload.id, partNumber: upload.part }, bytes)
  return { copied: { bytes: length }, next: { copy, failures: 0, upload: { ...upload, part: upload.part + 1 } } }
}

/** A part is as large as it has to be for the number of parts that an upload may have. */
const partBytesOf = (size: number): number => Math.max(PART_BYTES, Math.ceil(size / LIMITS.partMax))

/** Copies the object in one piece, or opens the upload of a larger one. */
async function begin({ ports, at, source }: Work, copy: QueuedCopy): Promise<SippyStep> {
  const head = must(await source.head(copy.key))
  if (!isSized(head)) throw new SourceFault({ kind: 'unsupported', message: 'The source does not tell the size of the object.' })
  if (head.size > ONE_PIECE_BYTES) {
    // Without an ETag nothing shows that the parts are of one object.
    if (head.etag === '') throw new SourceFault({ kind: 'unsupported', message: 'The source gives no ETag.' })
    const { uploadId } = await createMultipartUpload(ports, at, attributesOf(head, ports.sippy.keepsHttpMetadata))
    return { next: { copy, failures: 0, upload: { id: uploadId, etag: head.etag, size: head.size, part: 1 } } }
  }
  const whole = must(await source.get(copy.key, { ifMatch: head.etag }))
  await storeCopy(ports, { at, id: copy.id, head }, timedSource(whole.stream))
  ports.sippy.note(at.bucket, 'copied', head.size)
  return { copied: { objects: 1, bytes: head.size }, next: 'search' }
}

async function complete({ ports, at }: Work, copy: QueuedCopy, uploadId: string): Promise<SippyStep> {
  const parts: CompletedPart[] = []
  for (let after = 0, more = true; more; after = parts.at(-1)?.partNumber ?? 0) {
    const page = unwrap(await ports.bucket(at.bucket).listParts({ key: at.key, uploadId, after, limit: PARTS_PER_PAGE }))
    parts.push(...page.parts.map(({ partNumber, etag }) => ({ partNumber, etag })))
    more = page.truncated && page.parts.length > 0
  }
  const { size } = await completeMultipartUpload(ports, at, { uploadId, parts, conditions: { ifNoneMatch: '*' }, copyId: copy.id })
  ports.sippy.note(at.bucket, 'copied', size)
  return { copied: { objects: 1, bytes: 0 }, next: 'search' }
}

/** A fault of the source: the step is repeated later, or the copy begins again, or it is given up. The next read of the key asks anew. */
function noteFailure(ports: Ports, at: ObjectRef, cursor: SippyCursor, failure: SourceFailure): Promise<SippyStep> | SippyStep {
  const failures = cursor.failures + 1
  const isChanged = failure.kind === 'changed'
  if ((!isPassing(failure) && !isChanged) || failures >= MOST_FAILURES) return giveUp(ports, at, cursor, failure.message)
  const waitMs = Math.min(failure.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (failures - 1), LAST_WAIT_MS)
  const problem = { key: at.key, message: failure.message, final: false }
  if (!isChanged || !cursor.upload) return { problem, waitMs, next: { ...cursor, failures } }
  // Another version of the object: its parts do not fit together.
  return abortMultipartUpload(ports, at, cursor.upload.id)
    .catch(() => {})
    .then(() => ({ problem, waitMs, next: { copy: cursor.copy, failures } }))
}

async function giveUp(ports: Ports, at: ObjectRef, { copy, upload }: SippyCursor, message: string): Promise<SippyStep> {
  if (upload) await abortMultipartUpload(ports, at, upload.id).catch(() => {})
  unwrap(await ports.bucket(at.bucket).dropCopy(copy))
  return { problem: { key: at.key, message, final: true }, next: 'search' }
}
