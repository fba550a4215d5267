import { type BlobPlan, newBlobId, storedSegments } from '../../core/blob.ts'
import type { Upload } from '../../core/byte-source.ts'
import { bytesSource, readToEnd } from '../../core/byte-sources.ts'
import { checksumOf, digestsFor, verifyClaims } from '../../core/checksums.ts'
import { Digests } from '../../core/digests.ts'
import { StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { BindingHashes, BucketRef, Checksum, ChecksumAlgorithm, CustomerKey } from '../../core/object.ts'
import { type Outcome, unwrap } from '../../core/outcome.ts'
import { NotPlaced } from '../../segments/not-placed.ts'
import type { Begin, Begun, Committed, WrittenBlob } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/** The bytes of a write, and the object or part that they are for. */
export interface BlobWrite {
  readonly bucket: BucketRef
  readonly target: Begin['target']
  readonly upload: Upload
  readonly customerKey?: CustomerKey
  /** Whether a database has already refused these bytes. */
  readonly isMoved?: boolean
}

/** The digests of the bytes, known after they are stored. */
export interface Digested {
  readonly etag: string
  readonly checksum: Checksum
  /** The digests that the client sent, which the binding reports. */
  readonly hashes?: BindingHashes
  /** How many bytes of the blob are data; absent when all are. */
  readonly length?: number
}

/** How much of a refused body we read at a time. */
const READ_BYTES = 256 * 1024

type Commit<T> = (written: WrittenBlob, digested: Digested) => Promise<Outcome<Committed<T>>>

/**
 * Stores a body and commits it. All writes of objects and parts use this function. It checks every claim about the bytes before it calls
 * `commit`. If any step fails, it abandons the blob, and no reader ever sees it.
 * @throws StoreError the errors of the Bucket, of the body's framing and of the claims
 */
export async function writeBlob<T>(ports: Ports, write: BlobWrite, commit: Commit<T>): Promise<T> {
  const { size, source } = write.upload
  try {
    if (size > LIMITS.uploadBytes) throw new StoreError('EntityTooLarge')
    const plan = ports.segments.plan({ id: newBlobId(), size })
    return plan.tier === 'inline' ? await writeInline(ports, write, plan, commit) : await writeJournalled(ports, write, plan, commit)
  } finally {
    await source.cancel()
  }
}

/** Writes an inline blob in one call: the commit contains the bytes. */
async function writeInline<T>(ports: Ports, write: BlobWrite, plan: BlobPlan, commit: Commit<T>): Promise<T> {
  const { blob, digested } = await storeBytes(ports, write, plan, { checksumAlgorithm: await wantedChecksum(ports, write) })
  const committed = unwrap(await commit({ blob }, digested))
  if (committed.kind === 'committed') return committed.value
  // The bucket's inline budget is spent: the sealed bytes become the only segment of a blob in the next tier.
  const elsewhere = { ...blob, tier: ports.segments.plan({ id: plan.id, size: plan.size, inline: false }).tier }
  const moved = journalled(ports, write, elsewhere, {
    work: async (begun) => {
      const label = ports.segments.label(write.bucket, begun.deadlineMs)
      return commit({ blob: await ports.segments.moveOut(blob, { tier: elsewhere.tier, label }), begun }, digested)
    },
  })
  const owner = { bucket: write.bucket, customerKey: write.customerKey }
  const span = { offset: 0, length: plan.size }
  const bytes = () => ports.segments.readAll({ slices: [{ blob, span }], length: plan.size, owner })
  return moved.catch((error) => writeElsewhere(ports, write, commit, { error, bytes }))
}

/**
 * Stores the bytes of a blob that a database refused. The client does not send them again, so they become a new blob in the next store that
 * accepts it: another database, or KV. The first blob was abandoned, as after any failed write.
 */
async function writeElsewhere<T>(
  ports: Ports,
  write: BlobWrite,
  commit: Commit<T>,
  { error, bytes }: { error: unknown; bytes?: () => Promise<Uint8Array> },
): Promise<T> {
  if (!(error instanceof NotPlaced)) throw error
  const plain = error.plain ?? (await bytes?.())
  if (!plain) throw error
  // A database may take long to fail, so a client waits for at most two of them: after the second refusal, the bytes go to KV.
  const data = plain.subarray(0, write.upload.actualSize?.())
  const plan = ports.segments.plan({ id: newBlobId(), size: data.length, inline: false, inKv: write.isMoved })
  const upload: Upload = { ...write.upload, source: bytesSource(data), size: data.length, actualSize: undefined, isClaimed: false }
  return writeJournalled(ports, { ...write, upload, isMoved: true }, plan, commit)
}

/**
 * Returns the checksum algorithm of a part's upload. An inline part has no `begin`, which would return it. Ignores errors here, because the
 * commit reports everything that is wrong with the upload.
 */
async function wantedChecksum(ports: Ports, { bucket, target, upload }: BlobWrite): Promise<ChecksumAlgorithm | undefined> {
  if (!('uploadId' in target) || upload.claims.checksumAlgorithm !== undefined) return undefined
  const looked = await ports.bucket(bucket).listParts({ key: target.key, uploadId: target.uploadId, after: 0, limit: 0 })
  return looked.ok ? looked.value.upload.checksumAlgorithm : undefined
}

/** Writes the journal first, then the bytes, then the commit. */
function writeJournalled<T>(ports: Ports, write: BlobWrite, plan: BlobPlan, commit: Commit<T>): Promise<T> {
  const written = journalled(ports, write, plan, {
    work: async (begun) => {
      const { blob, digested } = await storeBytes(ports, write, plan, begun)
      return commit({ blob, begun }, digested)
    },
    // Report an error in the bytes before an error in the key or the upload, as for inline blobs.
    refused: () => verifyBytes(write),
  })
  return written.catch((error) => writeElsewhere(ports, write, commit, { error }))
}

/** Calls `begin`, then `work`, which ends with the commit. If any of it fails, abandons the blob. */
async function journalled<T>(
  ports: Ports,
  { bucket: ref, target }: BlobWrite,
  plan: BlobPlan,
  { work, refused }: { work: (begun: Begun) => Promise<Outcome<Committed<T>>>; refused?: () => Promise<void> },
): Promise<T> {
  const bucket = ports.bucket(ref)
  const stored = { blobId: plan.id, tier: plan.tier, segments: storedSegments(plan) }
  const begin = await bucket.begin({ ...stored, size: plan.size, target })
  if (!begin.ok && begin.code !== 'NoSuchBucket') await refused?.()
  const begun = unwrap(begin)
  try {
    const committed = unwrap(await work(begun))
    if (committed.kind === 'inline-full') throw new Error('Only an inline blob may get the answer inline-full')
    return committed.value
  } catch (error) {
    // If the commit succeeded although its answer was lost, this call changes nothing. If this call fails too, the alarm sweeps the blob later.
    await bucket.abandon(stored, begun).catch((lost) => console.warn('A blob could not be abandoned, the sweep will delete it:', lost))
    throw error
  }
}

/** Seals and stores the bytes, computes their digests, and compares them with the claims. */
async function storeBytes(ports: Ports, { bucket, upload, customerKey }: BlobWrite, plan: BlobPlan, begun: Partial<Begun>) {
  const claims = { ...upload.claims, checksumAlgorithm: upload.claims.checksumAlgorithm ?? begun.checksumAlgorithm }
  const digests = new Digests(digestsFor(claims))
  const owner = { bucket, customerKey }
  const { source, isClaimed, actualSize } = upload
  const sink = actualSize ? new WithoutPadding(digests, actualSize) : digests
  const blob = await ports.segments.write(plan, { source, owner, digests: sink, deadlineMs: begun.deadlineMs, isClaimed })
  const computed = digests.finish()
  verifyClaims(claims, computed)
  const length = actualSize?.() === plan.size ? undefined : actualSize?.()
  const digested: Digested = { etag: computed.md5!.toHex(), checksum: checksumOf(claims, computed), hashes: claims.hashes, length }
  return { blob, digested }
}

/** Reads the bytes of a write that the Bucket has already refused, and checks the claims about them. */
async function verifyBytes({ upload: { source, size, claims, actualSize } }: BlobWrite): Promise<void> {
  const digests = new Digests(digestsFor(claims))
  const sink = actualSize ? new WithoutPadding(digests, actualSize) : digests
  let length = 0
  await readToEnd(source, READ_BYTES, (bytes) => {
    sink.update(bytes)
    length += bytes.length
  })
  if (length !== size) throw new StoreError('IncompleteBody')
  verifyClaims(claims, digests.finish())
}

/** Passes on the data of an upload, without the zeros that its source adds. When a read returns the last data, its length is known. */
class WithoutPadding {
  #seen = 0
  readonly #digests: Digests
  readonly #actualSize: () => number | undefined

  constructor(digests: Digests, actualSize: () => number | undefined) {
    this.#digests = digests
    this.#actualSize = actualSize
  }

  update(bytes: Uint8Array): void {
    const left = (this.#actualSize() ?? Number.POSITIVE_INFINITY) - this.#seen
    this.#seen += bytes.length
    if (left > 0) this.#digests.update(left < bytes.length ? bytes.subarray(0, left) : bytes)
  }
}
