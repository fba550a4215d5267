import { StoreError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../../../core/object.ts'
import { malformed, readXml, type XmlElement } from './reader.ts'
import { allNamed, childrenOf, optionalChild, requiredChild, textOf, tokenOf } from './schema.ts'

/** A part as the client lists it. */
export interface CompletedPart {
  readonly partNumber: number
  /** Without quotes. */
  readonly etag: string
  /** Base64 by algorithm, where the client repeated them. */
  readonly checksums?: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
}

/** Body of CompleteMultipartUpload. */
export interface CompleteMultipartUpload {
  /** In document order, which R2 does not mind. */
  readonly parts: readonly CompletedPart[]
}

/**
 * Reads a `CompleteMultipartUpload` document.
 * @throws StoreError `MalformedXML`; `InvalidPart` for a number out of range, then for one that occurs twice.
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
 * Part numbers are 1 to 10,000; R2 says of any other that it could not find the part.
 * @throws StoreError `InvalidPart`
 */
export function checkPartNumbers(parts: readonly Pick<CompletedPart, 'partNumber'>[]): void {
  const isOutside = ({ partNumber }: { partNumber: number }) => partNumber < LIMITS.partMin || partNumber > LIMITS.partMax
  if (parts.some(isOutside)) throw new StoreError('InvalidPart')
}

/**
 * R2 does not order parts but refuses the same number twice (AWS: `InvalidPartOrder`).
 * @throws StoreError `InvalidPart` with a message of its own.
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
    if (text) checksums[algorithm] = text // SDKs send the element empty for a checksum they do not have.
  }
  return Object.keys(checksums).length > 0 ? checksums : undefined
}
