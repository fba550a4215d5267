import type { ByteSource } from '../../core/byte-source.ts'
import { bytesSource } from '../../core/byte-sources.ts'
import { StoreError } from '../../core/errors.ts'
import { isolateMemory } from '../../core/memory-budget.ts'
import type { Part } from '../../core/multipart.ts'
import type { ObjectHead } from '../../core/object.ts'
import type { SourceBody } from '../../sources/source.ts'
import { bodyOf, claimsOf, discard } from './body.ts'
import { type Copier, type Item, targetOf, type Verdict } from './migration.ts'
import { ruledOut, verdictOfError, verdictOfFailure } from './verdicts.ts'

/** The parts of an object whose length the source does not say. */
const UNKNOWN_PART_BYTES = 8 * 1024 * 1024
/** Calls of one copy beside its segments: two to the Bucket, one to a database, one to give up. */
const CALLS = 4
/** A small object is stored with its commit, as long as the bucket has room for it. */
const INLINE_BYTES = 64 * 1024
const INLINE_CALLS = 2
const SEGMENT_BYTES = 24 * 1024 * 1024

/** The most calls that the writing of an object makes. */
const callsFor = (size: number): number => (size <= INLINE_BYTES ? INLINE_CALLS : CALLS + Math.ceil(size / SEGMENT_BYTES))

/**
 * Copies an object, whole or not at all. It can be repeated: an object that an earlier attempt has copied counts as transferred.
 * @throws StoreError when no object can be copied any more
 */
export async function copyWhole(copier: Copier, item: Item): Promise<Verdict> {
  try {
    const verdict = ruledOut(item) ?? (await verdictOnExisting(copier, item))
    if (verdict) return verdict
    if (isLarge(copier, item)) return { kind: 'large', item }
    copier.countCalls(1)
    const got = await copier.source.get(item.key)
    return got.ok ? await store(copier, item, got.value) : verdictOfFailure(item.key, got.failure)
  } catch (error) {
    return verdictOfError(item.key, error)
  }
}

export const isLarge = ({ sizes }: Pick<Copier, 'sizes'>, item: Item): item is Item & { size: number } =>
  item.size !== undefined && item.size > sizes.wholeBytes

async function store(copier: Copier, item: Item, body: SourceBody): Promise<Verdict> {
  const size = body.decoded ? undefined : (body.length ?? body.head.size ?? item.size)
  if (size !== undefined && size > copier.sizes.wholeBytes) {
    await discard(body)
    const known = { ...item, size, etag: body.head.etag, storageClass: body.head.storageClass }
    return ruledOut(known) ?? { kind: 'large', item: known }
  }
  copier.countCalls(callsFor(size ?? UNKNOWN_PART_BYTES))
  try {
    if (size === undefined) return { kind: 'transferred', bytes: await storeUnknownLength(copier, item, body) }
    const upload = { source: bodyOf(body), size, claims: claimsOf(body.head, false) }
    await copier.store.putObject(targetOf(copier, item.key), upload, { ...metadataOf(body), conditions: conditionsOf(copier) })
    return { kind: 'transferred', bytes: size }
  } catch (error) {
    return (await afterRefusal(copier, item, error)) ?? verdictOfError(item.key, error)
  }
}

export const metadataOf = ({ head: { httpMetadata, customMetadata } }: Pick<SourceBody, 'head'>) => ({ httpMetadata, customMetadata })

/** A job that skips objects must not replace one that somebody writes in the meantime. */
export const conditionsOf = ({ job }: Copier) => (job.params.overwrite ? undefined : ({ ifNoneMatch: '*' } as const))

/** The verdict on an object that came into being while it was copied; undefined for any other refusal. */
export async function afterRefusal(copier: Copier, item: Item, error: unknown): Promise<Verdict | undefined> {
  return error instanceof StoreError && error.code === 'PreconditionFailed' ? verdictOnExisting(copier, item) : undefined
}

/** The verdict on an object that the bucket has already, for a job that skips those; undefined if it has to be copied. */
export async function verdictOnExisting(copier: Copier, item: Item): Promise<Verdict | undefined> {
  if (copier.job.params.overwrite) return undefined
  const existing = await existingAt(copier, item.key)
  if (!existing) return undefined
  return (await isOurs(copier, item, existing)) ? { kind: 'transferred', bytes: existing.size } : { kind: 'skipped' }
}

export async function existingAt(copier: Copier, key: string): Promise<ObjectHead | undefined> {
  copier.countCalls(1)
  try {
    return (await copier.store.headObject(targetOf(copier, key), {})).head
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchKey') return undefined
    throw error
  }
}

/**
 * Whether an attempt of this job copied the object before, but its answer or the record of its step was lost. The object is then younger
 * than the job, and it is the source's.
 */
async function isOurs(copier: Copier, item: Item, existing: ObjectHead): Promise<boolean> {
  if (existing.uploadedMs < copier.job.createdMs) return false
  const { size, etag = '' } = item.size === undefined ? await headOf(copier, item) : item
  return size === existing.size && (!/^[0-9a-f]{32}$/.test(etag) || etag === existing.etag)
}

async function headOf({ source, countCalls }: Copier, item: Item): Promise<Pick<Item, 'size' | 'etag'>> {
  countCalls(1)
  const head = await source.head(item.key)
  return head.ok ? head.value : {}
}

/** Stores a body whose length nobody knows: in one piece if it is short, else in parts of equal length. Returns its length. */
async function storeUnknownLength(copier: Copier, { key }: Item, body: SourceBody): Promise<number> {
  const source = bodyOf(body)
  const hold = await isolateMemory.holdSoon(UNKNOWN_PART_BYTES)
  try {
    const first = await source.read(UNKNOWN_PART_BYTES)
    if (first.length === UNKNOWN_PART_BYTES) return await storeInParts(copier, { key, first, source, body })
    const upload = { source: bytesSource(first), size: first.length, claims: {} }
    await copier.store.putObject(targetOf(copier, key), upload, { ...metadataOf(body), conditions: conditionsOf(copier) })
    return first.length
  } finally {
    hold.release()
    await source.cancel()
  }
}

interface Unknown {
  readonly key: string
  readonly first: Uint8Array
  readonly source: ByteSource
  readonly body: SourceBody
}

async function storeInParts(copier: Copier, { key, first, source, body }: Unknown): Promise<number> {
  const { store } = copier
  const at = targetOf(copier, key)
  const { uploadId } = await store.createMultipartUpload(at, { ...metadataOf(body), conditions: conditionsOf(copier) })
  try {
    const parts: Part[] = []
    for (let bytes = first; bytes.length > 0; bytes = await source.read(UNKNOWN_PART_BYTES)) {
      const upload = { source: bytesSource(bytes), size: bytes.length, claims: {} }
      copier.countCalls(CALLS)
      parts.push(await store.uploadPart({ at, uploadId, partNumber: parts.length + 1 }, upload))
    }
    return (await store.completeMultipartUpload(at, { uploadId, parts, conditions: conditionsOf(copier) })).size
  } catch (error) {
    await store.abortMultipartUpload(at, uploadId).catch(() => {})
    throw error
  }
}
