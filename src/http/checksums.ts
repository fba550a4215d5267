import { decodeDigest } from '../core/checksums.ts'
import { StoreError } from '../core/errors.ts'
import type { Checksum, ChecksumAlgorithm } from '../core/object.ts'

/** Returns the name of the header or trailer that carries a checksum of this algorithm. */
export const checksumHeaderName = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/** The algorithms that a deployment accepts. It treats all others as unknown. */
type Accepted = readonly ChecksumAlgorithm[]

/**
 * Reads the checksum that a request claims in its headers.
 * @throws StoreError `InvalidRequest` when there are two checksums, or when `x-amz-checksum-algorithm` names another algorithm;
 *   `InvalidDigest` when the value is not base64 of the length that the algorithm has.
 */
export function readChecksum(headers: Headers, accepted: Accepted): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  // Only known names count: `x-amz-checksum-algorithm`, `-type` and `-mode` are not values, and R2 ignores unknown names.
  const present = accepted.filter((algorithm) => headers.has(checksumHeaderName(algorithm)))
  if (present.length > 1) throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  const [algorithm] = present
  if (algorithm === undefined) return undefined
  const value = headers.get(checksumHeaderName(algorithm)) ?? ''
  if (!isChecksumValue(algorithm, value)) throw new StoreError('InvalidDigest')
  checkAnnounced(headers, algorithm)
  return { algorithm, value }
}

/** Refuses a request that names one algorithm and sends the checksum of another: one of the two must be a mistake. */
function checkAnnounced(headers: Headers, algorithm: ChecksumAlgorithm): void {
  const announced = headers.get('x-amz-checksum-algorithm')
  if (announced === null || announced.toUpperCase() === algorithm) return
  throw invalidRequest('The checksum that was sent is not of the algorithm that the x-amz-checksum-algorithm header names.')
}

/** Returns whether the value of a header or trailer is base64 of the length that the algorithm has. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  return decodeDigest(algorithm.toLowerCase() as Lowercase<ChecksumAlgorithm>, value) !== undefined
}

/**
 * Reads `Content-MD5`, in base64.
 * @throws StoreError `InvalidDigest` when it is not base64 of 16 bytes.
 */
export function readContentMd5(headers: Headers): string | undefined {
  const value = headers.get('content-md5')
  if (value === null) return undefined
  if (decodeDigest('md5', value) === undefined) throw new StoreError('InvalidDigest')
  return value
}

/**
 * Returns the algorithm of the checksum that `x-amz-trailer` announces.
 * @throws StoreError `InvalidRequest` when it announces anything else, or when a header already carries a checksum.
 */
export function trailerAlgorithm(headers: Headers, accepted: Accepted): ChecksumAlgorithm | undefined {
  const name = headers.get('x-amz-trailer')?.toLowerCase()
  if (name === undefined) return undefined
  const algorithm = accepted.find((candidate) => checksumHeaderName(candidate) === name)
  if (algorithm === undefined) throw invalidRequest('The value specified in the x-amz-trailer header is not supported')
  if (readChecksum(headers, accepted) !== undefined) throw invalidRequest('Expecting a single x-amz-checksum- header')
  checkAnnounced(headers, algorithm)
  return algorithm
}

/**
 * Reads `x-amz-checksum-algorithm` of CreateMultipartUpload.
 * @throws StoreError `InvalidRequest` when the algorithm is unknown.
 */
export function readChecksumAlgorithm(headers: Headers, accepted: Accepted): ChecksumAlgorithm | undefined {
  const asked = headers.get('x-amz-checksum-algorithm')?.toUpperCase()
  if (asked === undefined) return undefined
  const algorithm = accepted.find((candidate) => candidate === asked)
  if (algorithm !== undefined) return algorithm
  throw invalidRequest(`Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${accepted.join(', ')}]`)
}

/** Returns the response headers that report a stored checksum. */
export function checksumHeaders({ algorithm, type, value }: Checksum): [name: string, value: string][] {
  return [
    [checksumHeaderName(algorithm), value],
    ['x-amz-checksum-type', type],
  ]
}

const invalidRequest = (message: string) => new StoreError('InvalidRequest', { message })
