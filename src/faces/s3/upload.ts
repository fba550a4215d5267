import { ChunkSignatures } from '../../auth/chunk-signatures.ts'
import type { ByteSource, Upload, UploadClaims } from '../../core/byte-source.ts'
import { digestsFor, verifyClaims } from '../../core/checksums.ts'
import { Digests } from '../../core/digests.ts'
import { invalidArgument, StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { AwsChunkedSource } from '../../http/aws-chunked.ts'
import { checksumHeaderName, isChecksumValue, readChecksum, readContentMd5, trailerAlgorithm } from '../../http/checksums.ts'
import { requestSource } from '../../http/request-body.ts'
import { memoryOf } from '../../http/request-memory.ts'
import type { Call } from './call.ts'

/** How much of an XML body we read at a time. */
const XML_PIECE_BYTES = 256 * 1024
/** How many copies of a body we hold at once: the pieces, the whole, and the parsed values. */
const XML_COPIES = 3

type BodyCall = Pick<Call, 'request' | 'headers' | 'payload'>

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
export async function readXmlBody(call: BodyCall, mostBytes: number = LIMITS.xmlBodyBytes): Promise<Uint8Array> {
  const { source, claims } = openBody(call)
  const digests = new Digests(digestsFor(claims))
  const pieces: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const piece = await source.read(XML_PIECE_BYTES)
      if (piece.length === 0) break
      length += piece.length
      if (length > mostBytes) throw new StoreError('MalformedXML')
      memoryOf(call.request).grow(XML_COPIES * piece.length)
      digests.update(piece)
      pieces.push(piece)
    }
  } finally {
    await source.cancel()
  }
  verifyClaims(claims, digests.finish())
  return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces))
}

function openBody({ request, headers, payload }: BodyCall): { source: ByteSource; claims: UploadClaims } {
  const contentMd5 = readContentMd5(headers)
  const announced = readChecksum(headers)
  const claims: UploadClaims = {
    contentMd5,
    checksumAlgorithm: announced?.algorithm,
    checksumValue: () => announced?.value,
    payloadSha256: payload.kind === 'hash' ? payload.sha256 : undefined,
  }
  const raw = requestSource(request)
  if (payload.kind !== 'unsigned-trailer' && payload.kind !== 'signed-chunks') return { source: raw, claims }
  return withTrailer({ headers, payload }, raw, claims)
}

/** Reads an aws-chunked body. Its checksum may come in a trailer after the last byte. */
function withTrailer({ headers, payload }: Pick<BodyCall, 'headers' | 'payload'>, raw: ByteSource, claims: UploadClaims) {
  const algorithm = trailerAlgorithm(headers)
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
  const value = headers.get(name)
  if (value === null) {
    // A body without a length is sent in chunks, and is refused. A missing body counts as empty.
    if (request.body === null && !framed) return 0
    throw new StoreError('MissingContentLength')
  }
  if (!/^\d{1,15}$/.test(value)) throw invalidArgument(`Invalid ${name}: ${value}`)
  return Number(value)
}
