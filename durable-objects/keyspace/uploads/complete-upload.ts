import { type CrcAlgorithm, combineCrc, compositeChecksum } from '../../../src/core/checksums.ts'
import { StoreError } from '../../../src/core/errors.ts'
import { multipartEtag } from '../../../src/core/etag.ts'
import { LIMITS } from '../../../src/core/limits.ts'
import type { CompletedPart } from '../../../src/core/multipart.ts'
import type { Checksum } from '../../../src/core/object.ts'
import type { CompleteUpload } from '../../../src/store/bucket-api.ts'
import { COMPOSITE, dropReference } from '../blobs/blobs.ts'
import { type BlobSpan, checkExtents, type Extent, extentsOf, insertComposite } from '../blobs/composites.ts'
import type { Context } from '../context.ts'
import type { PartRow, UploadRow } from '../rows.ts'

type StoredPart = PartRow & { tier: string }

/** The result of a checked completion, before anything is written. */
export interface Assembly {
  readonly listed: readonly StoredPart[]
  /** Parts that were uploaded but that the client does not list: they are dropped. */
  readonly unlisted: readonly StoredPart[]
  readonly size: number
  readonly etag: string
  readonly checksum?: Checksum
}

/**
 * Checks the list of parts against the uploaded ones, in R2's order: they exist, are large enough, and have the same size.
 * @throws StoreError InvalidPart, EntityTooSmall, EntityTooLarge, BadDigest; InvalidRequest, also when the body would have too many extents
 */
export function assemble({ sql, config }: Context, upload: UploadRow, complete: CompleteUpload): Assembly {
  const stored = new Map(
    sql
      .exec<StoredPart>('SELECT p.*, b.tier FROM parts p JOIN blobs b ON b.id = p.blob_id WHERE p.upload_id = ?', upload.id)
      .toArray()
      .map((row) => [row.part_number, row]),
  )
  const wanted = complete.parts.toSorted((a, b) => a.partNumber - b.partNumber)
  const listed = wanted.map((part) => {
    const row = matchPart(stored.get(part.partNumber), part, upload)
    stored.delete(part.partNumber) // A part has one reference to pass on: when it is listed twice, it is not found the second time.
    return row
  })
  checkSizes(listed, { uniform: !config.allows('unequalParts') })
  const size = listed.reduce((sum, part) => sum + part.size, 0)
  if (size > LIMITS.objectBytes) throw new StoreError('EntityTooLarge')
  if (listed.length > 1) checkExtents(sql, listed.map(spanOf))
  const checksum = objectChecksum(listed, upload)
  checkClaims(complete, { size, checksum })
  return { listed, unlisted: [...stored.values()], size, etag: multipartEtag(listed.map((part) => part.etag)), checksum }
}

/** Joins the bodies of the listed parts into one blob, and returns its id. The references of the parts pass to the extents. */
export function joinParts(context: Context, listed: readonly StoredPart[]): string {
  const { sql } = context
  const [only] = listed
  if (only && listed.length === 1) return only.blob_id
  const id = insertComposite(sql, extentsOfParts(sql, listed))
  for (const part of listed) if (!passesOn(part)) dropReference(context, part.blob_id)
  return id
}

/**
 * The extents of the listed parts. A part that is a composite itself, as a copy by reference may be, contributes its own extents: so every
 * extent refers to a stored blob.
 */
function* extentsOfParts(sql: SqlStorage, listed: readonly StoredPart[]): Generator<Extent> {
  for (const part of listed) {
    for (const extent of extentsOf(sql, spanOf(part), part.part_number)) yield { ...extent, isShared: !passesOn(part) }
  }
}

const spanOf = ({ blob_id: blobId, tier, size }: StoredPart): BlobSpan => ({ blobId, tier, span: { offset: 0, length: size } })

/** Whether a part's reference becomes that of its extent. */
const passesOn = ({ tier, size }: StoredPart): boolean => tier !== COMPOSITE && size > 0

function matchPart(row: StoredPart | undefined, part: CompletedPart, upload: UploadRow): StoredPart {
  if (!row || row.etag !== part.etag) throw new StoreError('InvalidPart')
  const claimed = upload.checksum_algorithm && part.checksums?.[upload.checksum_algorithm]
  if (claimed && row.checksum !== claimed) throw new StoreError('InvalidPart')
  return row
}

function checkSizes(listed: readonly StoredPart[], { uniform }: { uniform: boolean }): void {
  const leading = listed.slice(0, -1)
  if (leading.some((part) => part.size < LIMITS.partMinBytes)) throw new StoreError('EntityTooSmall')
  const expected = leading[0]?.size
  if (!uniform || expected === undefined) return
  if (leading.some((part) => part.size !== expected) || listed.at(-1)!.size > expected) {
    throw new StoreError('InvalidPart', { message: 'All non-trailing parts must have the same length.' })
  }
}

/** The checksum of the whole object, if every part has one: a part that was copied by reference may have none. */
function objectChecksum(listed: readonly StoredPart[], upload: UploadRow): Checksum | undefined {
  const { checksum_algorithm: algorithm, checksum_type: type } = upload
  if (!algorithm || !type) return undefined
  const values = listed.map((part) => part.checksum)
  if (!values.every((value) => value !== null)) return undefined
  const value =
    type === 'COMPOSITE'
      ? compositeChecksum(algorithm, values)
      : combineCrc(
          algorithm as CrcAlgorithm,
          listed.map((part, index) => ({ value: values[index]!, size: part.size })),
        )
  return { algorithm, type, value }
}

function checkClaims(
  { checksum: claimed, size: claimedSize }: CompleteUpload,
  { size, checksum }: Pick<Assembly, 'size' | 'checksum'>,
): void {
  if (claimedSize !== undefined && claimedSize !== size) {
    const message = `The provided 'x-amz-mp-object-size' header value ${claimedSize} does not match what was computed: ${size}`
    throw new StoreError('InvalidRequest', { message })
  }
  if (!claimed || !checksum || claimed.algorithm !== checksum.algorithm) return
  // Some clients leave out the number of parts of a composite value.
  const actual = claimed.value.includes('-') ? checksum.value : checksum.value.replace(/-\d{1,5}$/, '')
  if (claimed.value !== actual) {
    throw new StoreError('BadDigest', { message: `The ${claimed.algorithm} you specified did not match the calculated checksum.` })
  }
}
