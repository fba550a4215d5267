import { decodeDigest } from '../core/checksums.ts'
import { StoreError } from '../core/errors.ts'
import { CHECKSUM_ALGORITHMS, type Checksum, type ChecksumAlgorithm } from '../core/object.ts'

/** The header, or trailer, that carries a checksum of this algorithm. */
export const checksumHeaderName = (algorithm: ChecksumAlgorithm): string => `x-amz-checksum-${algorithm.toLowerCase()}`

/**
 * The checksum that a request claims in its headers.
 * @throws StoreError `InvalidRequest` when there are two, or when another algorithm was announced; `InvalidDigest` when the value is not base64 of its algorithm's length.
 */
export function readChecksum(headers: Headers): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  // Only known names count: `x-amz-checksum-algorithm`, `-type` and `-mode` are not values, and R2 ignores names it does not know.
  const present = CHECKSUM_ALGORITHMS.filter((algorithm) => headers.has(checksumHeaderName(algorithm)))
  if (present.length > 1) throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
  const [algorithm] = present
  if (algorithm === undefined) return undefined
  const value = headers.get(checksumHeaderName(algorithm)) ?? ''
  if (!isChecksumValue(algorithm, value)) throw new StoreError('InvalidDigest')
  checkAnnounced(headers, algorithm)
  return { algorithm, value }
}

/** A request that names one algorithm and brings the checksum of another is refused: one of the two is a mistake. */
function checkAnnounced(headers: Headers, algorithm: ChecksumAlgorithm): void {
  const announced = headers.get('x-amz-checksum-algorithm')
  if (announced === null || announced.toUpperCase() === algorithm) return
  throw invalidRequest('The checksum that was sent is not of the algorithm that the x-amz-checksum-algorithm header names.')
}

/** Whether a header's or trailer's value is base64 of the algorithm's length. */
export function isChecksumValue(algorithm: ChecksumAlgorithm, value: string): boolean {
  return decodeDigest(algorithm.toLowerCase() as Lowercase<ChecksumAlgorithm>, value) !== undefined
}

/**
 * `Content-MD5`, in base64.
 * @throws StoreError `InvalidDigest` when it is not base64 of 16 bytes.
 */
export function readContentMd5(headers: Headers): string | undefined {
  const value = headers.get('content-md5')
  if (value === null) return undefined
  if (decodeDigest('md5', value) === undefined) throw new StoreError('InvalidDigest')
  return value
}

/**
 * The algorithm of the checksum that `x-amz-trailer` announces.
 * @throws StoreError when it announces anything else, or when a header carries a checksum already.
 */
export function trailerAlgorithm(headers: Headers): ChecksumAlgorithm | undefined {
  const name = headers.get('x-amz-trailer')?.toLowerCase()
  if (name === undefined) return undefined
  const algorithm = CHECKSUM_ALGORITHMS.find((candidate) => checksumHeaderName(candidate) === name)
  if (algorithm === undefined) throw invalidRequest('The value specified in the x-amz-trailer header is not supported')
  if (readChecksum(headers) !== undefined) throw invalidRequest('Expecting a single x-amz-checksum- header')
  checkAnnounced(headers, algorithm)
  return algorithm
}

/**
 * `x-amz-checksum-algorithm` of CreateMultipartUpload.
 * @throws StoreError when we do not know it.
 */
export function readChecksumAlgorithm(headers: Headers): ChecksumAlgorithm | undefined {
  const asked = headers.get('x-amz-checksum-algorithm')?.toUpperCase()
  if (asked === undefined) return undefined
  const algorithm = CHECKSUM_ALGORITHMS.find((candidate) => candidate === asked)
  if (algorithm !== undefined) return algorithm
  throw invalidRequest(
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${CHECKSUM_ALGORITHMS.join(', ')}]`,
  )
}

/** The response headers that report a stored checksum. */
export function checksumHeaders({ algorithm, type, value }: Checksum): [name: string, value: string][] {
  return [
    [checksumHeaderName(algorithm), value],
    ['x-amz-checksum-type', type],
  ]
}

const invalidRequest = (message: string) => new StoreError('InvalidRequest', { message })
