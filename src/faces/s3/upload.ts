import { ChunkSignatures } from '../../auth/chunk-signatures.ts'
import type { ByteSource, Upload, UploadClaims } from '../../core/byte-source.ts'
import { checksumAlgorithms, digestsFor, verifyClaims } from '../../core/checksums.ts'
import { Digests } from '../../core/digests.ts'
import { invalidArgument, StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { announcedLength } from '../../http/announced-length.ts'
import { AwsChunkedSource } from '../../http/aws-chunked.ts'
import { type BodyBound, readBounded } from '../../http/bounded-body.ts'
import { checksumHeaderName, isChecksumValue, readChecksum, readContentMd5, trailerAlgorithm } from '../../http/checksums.ts'
import { requestSource } from '../../http/request-body.ts'
import type { S3Call } from './call.ts'

/** Memory holds the bytes of each read, the whole, and the parsed values. */
const XML_BOUND: Omit<BodyBound, 'maxBytes'> = { copies: 3, tooLong: () => new StoreError('MalformedXML') }

type BodyCall = Pick<S3Call, 'request' | 'headers' | 'payload' | 'config'>

/**
 * Reads the body of PutObject or UploadPart: its bytes without framing, its length, and every claim of the client about it.
 * @throws StoreError MissingContentLength, InvalidDigest, InvalidRequest
 */
export function readUpload(call: BodyCall): Upload {
  const size = announcedBytes(call)
  return { ...openBody(call), size }
}

/**
 * Reads a whole XML body and checks every claim about it.
 * @throws StoreError MalformedXML when it is too long, SlowDown when there is no memory for it, BadDigest, XAmzContentSHA256Mismatch, IncompleteBody
 */
export async function readXmlBody(call: BodyCall, maxBytes: number = LIMITS.xmlBodyBytes): Promise<Uint8Array> {
  const { source, claims } = openBody(call)
  const digests = new Digests(digestsFor(claims))
  const reads: Uint8Array[] = []
  try {
    await readBounded(call.request, source, { ...XML_BOUND, maxBytes }, (bytes) => {
      digests.update(bytes)
      reads.push(bytes)
    })
  } finally {
    await source.cancel()
  }
  verifyClaims(claims, digests.finish())
  return reads.length === 1 ? reads[0]! : new Uint8Array(Buffer.concat(reads))
}

/**
 * Reads what the headers claim about the body.
 * @throws StoreError InvalidDigest, InvalidRequest
 */
export function readClaims({ headers, payload, config }: Omit<BodyCall, 'request'>): UploadClaims {
  const contentMd5 = readContentMd5(headers)
  const announced = readChecksum(headers, checksumAlgorithms(config.allows))
  return {
    contentMd5,
    checksumAlgorithm: announced?.algorithm,
    checksumValue: () => announced?.value,
    payloadSha256: payload.kind === 'hash' ? payload.sha256 : undefined,
  }
}

function openBody({ request, headers, payload, config }: BodyCall): { source: ByteSource; claims: UploadClaims } {
  const claims = readClaims({ headers, payload, config })
  const raw = requestSource(request)
  if (payload.kind !== 'unsigned-trailer' && payload.kind !== 'signed-chunks') return { source: raw, claims }
  return withTrailer({ headers, payload, config }, raw, claims)
}

/** Reads an aws-chunked body. Its checksum may come in a trailer after the last byte. */
function withTrailer({ headers, payload, config }: Omit<BodyCall, 'request'>, raw: ByteSource, claims: UploadClaims) {
  const algorithm = trailerAlgorithm(headers, checksumAlgorithms(config.allows))
  const source = new AwsChunkedSource(raw, {
    signatures: payload.kind === 'signed-chunks' ? new ChunkSignatures(payload) : undefined,
    announced: algorithm ? [checksumHeaderName(algorithm)] : [],
  })
  if (!algorithm) return { source, claims }
  const name = checksumHeaderName(algorithm)
  const checksumValue = () => {
    const value = source.trailers.get(name)
    if (value === undefined || isChecksumValue(algorithm, value)) return value
    throw new StoreError('InvalidDigest')
  }
  return { source, claims: { ...claims, checksumAlgorithm: algorithm, checksumValue } }
}

/** Returns the announced length of the data, without framing. */
function announcedBytes({ request, headers, payload }: BodyCall): number {
  const framed = payload.kind === 'unsigned-trailer' || payload.kind === 'signed-chunks'
  const name = framed ? 'x-amz-decoded-content-length' : 'content-length'
  const length = announcedLength(headers, name)
  if (length === undefined) {
    // A body without a length is sent in chunks, and is refused. A missing body counts as empty.
    if (request.body === null && !framed) return 0
    throw new StoreError('MissingContentLength')
  }
  if (Number.isNaN(length)) throw invalidArgument(`Invalid ${name}: ${headers.get(name)}`)
  return length
}
