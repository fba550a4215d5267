import type { Allowance } from './allowances.ts'
import type { UploadClaims } from './byte-source.ts'
import { CRC32, CRC32C, CRC64NVME, type CrcRing, combineCrcs } from './crc/combine.ts'
import { crcBytes, DIGEST_BYTES, type DigestName, type DigestValues, digestOf } from './digests.ts'
import { headerNotImplemented, StoreError } from './errors.ts'
import { type BindingHashes, CHECKSUM_ALGORITHMS, type Checksum, type ChecksumAlgorithm, type ChecksumType } from './object.ts'

/** R2 returns this checksum if the client names none. */
export const DEFAULT_ALGORITHM = 'CRC64NVME' satisfies ChecksumAlgorithm

/** The checksums that R2 knows. The others are AWS's of 2026. */
const R2_ALGORITHMS: readonly ChecksumAlgorithm[] = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']

/** Returns the checksums that clients may send. */
export const checksumAlgorithms = (allows: (allowance: Allowance) => boolean): readonly ChecksumAlgorithm[] =>
  allows('newChecksums') ? CHECKSUM_ALGORITHMS : R2_ALGORITHMS

/** Checksums of an object that can be computed from the checksums of its parts. */
export type CrcAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME'

const RINGS: Readonly<Record<CrcAlgorithm, CrcRing>> = { CRC32, CRC32C, CRC64NVME }

/** How R2 spells a digest in `BadDigest`. */
const SPELLED: Readonly<Record<DigestName, string>> = {
  md5: 'MD5',
  sha1: 'SHA-1',
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
  crc32: 'CRC32',
  crc32c: 'CRC32C',
  crc64nvme: 'CRC64NVME',
  xxhash64: 'XXHASH64',
  xxhash3: 'XXHASH3',
  xxhash128: 'XXHASH128',
}

const digestName = (algorithm: ChecksumAlgorithm) => algorithm.toLowerCase() as Lowercase<ChecksumAlgorithm>

/** The digests that an upload with these claims needs. */
export function digestsFor(claims: UploadClaims): DigestName[] {
  const names = new Set<DigestName>(['md5', digestName(claims.checksumAlgorithm ?? DEFAULT_ALGORITHM)])
  if (claims.payloadSha256 !== undefined) names.add('sha256')
  for (const [name] of claimedHashes(claims)) names.add(name)
  return [...names]
}

/**
 * Compares the client's claims with the computed digests, the signed payload hash first.
 * @throws StoreError `XAmzContentSHA256Mismatch`, `BadDigest`, or `InvalidDigest` for a claim that does not have the form of its digest.
 */
export function verifyClaims(claims: UploadClaims, computed: DigestValues): void {
  if (claims.payloadSha256 !== undefined && claims.payloadSha256 !== computed.sha256?.toHex()) {
    throw new StoreError('XAmzContentSHA256Mismatch')
  }
  if (claims.contentMd5 !== undefined) verifyDigest('md5', decodeDigest('md5', claims.contentMd5), computed)
  const value = claims.checksumValue?.()
  if (claims.checksumAlgorithm !== undefined && value !== undefined) {
    const name = digestName(claims.checksumAlgorithm)
    verifyDigest(name, decodeDigest(name, value), computed)
  }
  for (const [name, hex] of claimedHashes(claims)) verifyDigest(name, decodeHex(name, hex), computed)
}

/** The checksum to store and to return for a part or a simple object, taken from the digests of {@link digestsFor}. */
export function checksumOf(claims: UploadClaims, computed: DigestValues): Checksum {
  const algorithm = claims.checksumAlgorithm ?? DEFAULT_ALGORITHM
  return { algorithm, type: 'FULL_OBJECT', value: need(computed, digestName(algorithm)).toBase64() }
}

/** The bytes of a base64 digest; `undefined` unless it is strict base64 of the right length. */
export function decodeDigest(name: DigestName, base64: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(base64, { lastChunkHandling: 'strict' })
    // The decoder accepts white space, which a header must not contain.
    return bytes.length === DIGEST_BYTES[name] && bytes.toBase64() === base64 ? bytes : undefined
  } catch {
    return undefined
  }
}

/**
 * The type of a multipart object's checksum. R2 has one type for each algorithm. AWS, and Cairn unless it is strict, also allow
 * FULL_OBJECT for CRC32 and CRC32C. The checksum of a simple object is always FULL_OBJECT.
 * @throws StoreError if the algorithm does not support the requested type.
 */
export function checksumTypeFor(algorithm: ChecksumAlgorithm, asked: string | undefined, { strict }: { strict: boolean }): ChecksumType {
  const usual = algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE'
  if (asked === undefined || asked === usual) return usual
  if (strict) throw headerNotImplemented('x-amz-checksum-type', asked)
  if (asked !== 'FULL_OBJECT' && asked !== 'COMPOSITE') {
    throw new StoreError('InvalidRequest', { message: 'Value for x-amz-checksum-type header is invalid.' })
  }
  if (asked === 'FULL_OBJECT' && algorithm in RINGS) return asked
  const message = `The ${asked} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`
  throw new StoreError('InvalidRequest', { message })
}

/** The COMPOSITE value of a multipart object: the checksum of its parts' binary checksums, then the number of parts. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, partValues: readonly string[]): string {
  const name = digestName(algorithm)
  const length = DIGEST_BYTES[name]
  const joined = new Uint8Array(partValues.length * length)
  for (const [index, value] of partValues.entries()) joined.set(Uint8Array.fromBase64(value), index * length)
  return `${digestOf(name, joined).toBase64()}-${partValues.length}`
}

/** A part's checksum in base64 and its size in bytes. */
export interface PartChecksum {
  readonly value: string
  readonly size: number
}

/** The FULL_OBJECT value of a multipart object, computed without reading its bytes. */
export function combineCrc(algorithm: CrcAlgorithm, parts: readonly PartChecksum[]): string {
  const ring = RINGS[algorithm]
  const crcs = parts.map(({ value, size }) => ({ crc: BigInt(`0x${Uint8Array.fromBase64(value).toHex()}`), size }))
  return crcBytes(combineCrcs(ring, crcs), ring.bytes).toBase64()
}

function verifyDigest(name: DigestName, claimed: Uint8Array | undefined, computed: DigestValues): void {
  if (claimed === undefined) throw new StoreError('InvalidDigest')
  const provided = claimed.toHex()
  const actual = need(computed, name).toHex()
  if (provided === actual) return
  const alg = SPELLED[name]
  // R2 prints hex although the headers are base64.
  const message = `The ${alg} checksum you specified did not match what we received.\nYou provided a ${alg} checksum with value: ${provided}\nActual ${alg} was: ${actual}`
  throw new StoreError('BadDigest', { message })
}

/** A digest that {@link digestsFor} listed. A missing one is a bug and throws, so that no claim passes unverified. */
function need(computed: DigestValues, name: DigestName): Uint8Array {
  const value = computed[name]
  if (value === undefined) throw new Error(`${name} was not computed`)
  return value
}

function decodeHex(name: DigestName, hex: string): Uint8Array | undefined {
  return new RegExp(`^[0-9a-f]{${2 * DIGEST_BYTES[name]}}$`, 'i').test(hex) ? Uint8Array.fromHex(hex) : undefined
}

function claimedHashes(claims: UploadClaims): [keyof BindingHashes, string][] {
  const entries = Object.entries(claims.hashes ?? {}) as [keyof BindingHashes, string | undefined][]
  return entries.filter((entry): entry is [keyof BindingHashes, string] => entry[1] !== undefined)
}
