import { StoreError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../../../core/object.ts'
import { malformed, readXml, type XmlElement } from '../../../core/xml-reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, textOf, tokenOf } from './schema.ts'

/** A part as the client lists it. */
export interface CompletedPart {
  readonly partNumber: number
  /** Without quotes. */
  readonly etag: string
  /** The part's checksums in Base64 by algorithm, if the client repeated them. */
  readonly checksums?: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

/** The body of CompleteMultipartUpload. */
export interface CompleteMultipartUpload {
  /** In document order. R2 accepts any order. */
  readonly parts: readonly CompletedPart[]
}

/**
 * Reads a `CompleteMultipartUpload` document.
 * @throws StoreError `MalformedXML`; `InvalidPart` for a number out of range, then for a number that occurs twice
 */
export function parseCompleteMultipartUpload(body: Uint8Array): CompleteMultipartUpload {
  const children = childrenOf(readXml(body, 'CompleteMultipartUpload'))
  const parts = allNamed(children, 'Part').map(readPart)
  if (parts.length === 0) throw malformed()
  checkPartNumbers(parts)
  checkDuplicateParts(parts)
  return { parts }
}

/**
 * Checks that part numbers are from 1 to 10,000. For any other number, R2 answers that it could not find the part.
 * @throws StoreError `InvalidPart`
 */
export function checkPartNumbers(parts: readonly Pick<CompletedPart, 'partNumber'>[]): void {
  const isOutside = ({ partNumber }: { partNumber: number }) => partNumber < LIMITS.partMin || partNumber > LIMITS.partMax
  if (parts.some(isOutside)) throw new StoreError('InvalidPart')
}

/**
 * Refuses a part number that occurs twice, as R2 does. R2 accepts parts in any order (AWS answers `InvalidPartOrder`).
 * @throws StoreError `InvalidPart` with a special message
 */
export function checkDuplicateParts(parts: readonly Pick<CompletedPart, 'partNumber'>[]): void {
  const distinct = new Set(parts.map((part) => part.partNumber))
  if (distinct.size < parts.length) throw new StoreError('InvalidPart', { message: 'There was a problem with the multipart upload.' })
}

function readPart(part: XmlElement): CompletedPart {
  const children = childrenOf(part)
  const partNumber = tokenOf(requiredChild(children, 'PartNumber'))
  if (!/^[+-]?\d+$/.test(partNumber)) throw malformed()
  const etag = unquote(tokenOf(requiredChild(children, 'ETag')))
  const checksums = readChecksums(children)
  return { partNumber: Number(partNumber), etag, ...(checksums && { checksums }) }
}

const unquote = (etag: string): string => etag.replace(/^"(.*)"$/s, '$1')

function readChecksums(children: readonly XmlElement[]): CompletedPart['checksums'] {
  const checksums: Partial<Record<ChecksumAlgorithm, string>> = {}
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = optionalChild(children, `Checksum${algorithm}`)
    const text = value && textOf(value).trim()
    if (text) checksums[algorithm] = text // SDKs send an empty element for a checksum that they do not have.
  }
  return Object.keys(checksums).length > 0 ? checksums : undefined
}
