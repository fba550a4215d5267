import type { ByteSource } from '../../core/byte-source.ts'
import { bytesSource } from '../../core/byte-sources.ts'
import { StoreError } from '../../core/errors.ts'
import { randomId } from '../../core/ids.ts'
import { isolateMemory } from '../../core/memory-budget.ts'
import type { CompletedPart } from '../../core/multipart.ts'
import type { ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { SourceBody, SourceHead } from '../../sources/source.ts'
import { timedSource } from '../../sources/timed-source.ts'
import type { Ports } from '../ports.ts'
import { abortMultipartUpload } from '../uploads/abort-multipart-upload.ts'
import { completeMultipartUpload } from '../uploads/complete-multipart-upload.ts'
import { createMultipartUpload } from '../uploads/create-multipart-upload.ts'
import { uploadPart } from '../uploads/upload-part.ts'
import { finishCopy, storeCopy } from './copy-now.ts'
import { attributesOf } from './translate.ts'

/** How much of a body of unknown length is in memory: a part must have a length before it is written. */
const PART_BYTES = 8 * 1024 * 1024
/** How long a read waits for a copy that another one makes. It looks after a pause, and each pause is twice as long as the one before. */
const WAIT_MS = 20_000
const LOOK_MS = 250
const LAST_LOOK_MS = 2000

/**
 * Copies a body whose length its source does not tell. When this returns, the bucket has the object, or somebody wrote or deleted the key.
 * @throws StoreError ServiceUnavailable if the copy failed, or takes another read too long
 */
export async function storeUnsized(ports: Ports, at: ObjectRef, { head, stream }: SourceBody): Promise<void> {
  await ports.sippy.ready()
  const taken = unwrap(await ports.bucket(at.bucket).takeCopy({ key: at.key, id: randomId(), etag: head.etag, size: 0 }))
  if (taken.kind !== 'now') {
    await stream.cancel().catch(() => {})
    return waitForCopy(ports, at)
  }
  const copy = { at, id: taken.id, head: { ...head, size: 0 } }
  const stored = await finishCopy(ports, copy, () => store(ports, { at, id: taken.id, head, source: timedSource(stream) }))
  if (!stored && !(await isThere(ports, at))) throw new StoreError('ServiceUnavailable')
}

interface Unsized {
  readonly at: ObjectRef
  readonly id: string
  readonly head: SourceHead
  readonly source: ByteSource
}

/** Reads one piece ahead: a body that ends with the first one is an ordinary object. */
async function store(ports: Ports, copy: Unsized) {
  const hold = await isolateMemory.holdSoon(PART_BYTES)
  try {
    const first = await copy.source.read(PART_BYTES)
    if (first.length === PART_BYTES) return await storeParts(ports, copy, first)
    const { md5: _, crc32c: __, ...head } = copy.head
    return await storeCopy(ports, { ...copy, head: { ...head, size: first.length } }, bytesSource(first))
  } finally {
    hold.release()
    await copy.source.cancel()
  }
}

async function storeParts(ports: Ports, { at, id, head, source }: Unsized, first: Uint8Array) {
  const { uploadId } = await createMultipartUpload(ports, at, attributesOf(head, ports.sippy.keepsHttpMetadata))
  try {
    const parts: CompletedPart[] = []
    for (let bytes = first; bytes.length > 0; bytes = await source.read(PART_BYTES)) {
      const partNumber = parts.length + 1
      const upload = { source: bytesSource(bytes), size: bytes.length, claims: {} }
      const { etag } = await uploadPart(ports, { at, uploadId, partNumber }, upload)
      parts.push({ partNumber, etag })
    }
    return await completeMultipartUpload(ports, at, { uploadId, parts, conditions: { ifNoneMatch: '*' }, copyId: id })
  } catch (error) {
    await abortMultipartUpload(ports, at, uploadId).catch(() => {})
    throw error
  }
}

const isThere = async (ports: Ports, { bucket, key }: ObjectRef): Promise<boolean> =>
  (await ports.bucket(bucket).lookup({ key, body: false })).ok

/** @throws StoreError ServiceUnavailable if the copy is not there in time */
async function waitForCopy(ports: Ports, at: ObjectRef): Promise<void> {
  const untilMs = Date.now() + WAIT_MS
  for (let ms = LOOK_MS; Date.now() < untilMs; ms *= 2) {
    if (await isThere(ports, at)) return
    await scheduler.wait(Math.min(ms, LAST_LOOK_MS))
  }
  throw new StoreError('ServiceUnavailable')
}
