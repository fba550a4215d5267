import { Buffer } from 'node:buffer'
import type { ByteSource, UploadClaims } from '../../core/byte-source.ts'
import { StoreError } from '../../core/errors.ts'
import { randomId } from '../../core/ids.ts'
import { bucketPath, type ObjectHead, type ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { WantedCopy } from '../../core/sippy.ts'
import { putObject } from '../objects/put-object.ts'
import type { Ports } from '../ports.ts'
import { attributesOf, type SizedHead } from './translate.ts'

/** Larger objects are copied by the bucket's job: a request has too little time for them. */
export const COPY_NOW_BYTES = 64 * 1024 * 1024

/** A copy that is under way. */
export interface Copy {
  readonly at: ObjectRef
  readonly id: string
  readonly head: SizedHead
}

/** Stores an object of the source in one piece, unless the key was written or deleted since the copy was taken. */
export async function storeCopy(ports: Ports, { at, id, head }: Copy, source: ByteSource): Promise<ObjectHead> {
  const upload = { source, size: head.size, claims: claimsOf(head) }
  const options = { ...attributesOf(head, ports.sippy.keepsHttpMetadata), conditions: { ifNoneMatch: '*' }, copyId: id } as const
  return putObject(ports, at, upload, options)
}

/** The digests that the source tells are claims about the bytes, as those of a client. */
function claimsOf({ md5, crc32c }: SizedHead): UploadClaims {
  if (md5 !== undefined) return { contentMd5: Buffer.from(md5, 'hex').toString('base64') }
  return crc32c === undefined ? {} : { checksumAlgorithm: 'CRC32C', checksumValue: () => crc32c }
}

/** Takes a copy for this request; `undefined` if there is nothing to copy, or nothing may be written. */
export async function takeCopyNow(ports: Ports, at: ObjectRef, head: SizedHead): Promise<Copy | undefined> {
  if (!(await mayWrite(ports))) return undefined
  const wanted: WantedCopy = { key: at.key, id: randomId(), etag: head.etag, size: head.size }
  const taken = unwrap(await ports.bucket(at.bucket).takeCopy(wanted))
  return taken.kind === 'now' ? { at, id: taken.id, head } : undefined
}

async function mayWrite({ sippy }: Ports): Promise<boolean> {
  try {
    await sippy.ready()
    return true
  } catch {
    return false // The read goes on. Every write of a client says why.
  }
}

/** Runs a copy to its end. If it fails, another read may try again at once. Returns the head of the copy, if it was made. Never throws. */
export async function finishCopy(ports: Ports, copy: Copy, work: () => Promise<ObjectHead>): Promise<ObjectHead | undefined> {
  try {
    const stored = await work()
    ports.sippy.note(copy.at.bucket, 'copied', stored.size)
    return stored
  } catch (error) {
    const { at, id } = copy
    const isOvertaken = error instanceof StoreError && error.code === 'PreconditionFailed'
    if (!isOvertaken) console.warn(`Sippy could not copy an object into ${bucketPath(at.bucket)}:`, error)
    await ports
      .bucket(at.bucket)
      .dropCopy({ key: at.key, id })
      .catch(() => {})
    return undefined
  }
}

/** Has the job of the bucket copy a large object. */
export async function copyLater(ports: Ports, at: ObjectRef, head: SizedHead): Promise<void> {
  if (!(await mayWrite(ports))) return
  const { newJobId, startJob } = ports.sippy
  const wanted: WantedCopy = { key: at.key, etag: head.etag, size: head.size }
  for (let endedJob: string | undefined, attempts = 0; attempts < 2; attempts++) {
    const taken = unwrap(await ports.bucket(at.bucket).takeCopy({ ...wanted, job: newJobId(at.bucket), endedJob }))
    if (taken.kind !== 'later' || (await startJob(at.bucket, taken.job))) return
    endedJob = taken.job
  }
}
