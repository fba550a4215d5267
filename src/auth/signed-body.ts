import { notImplemented } from '../core/errors.ts'
import type { SignedRequest } from './signed-request.ts'

/** What is needed to verify a body that is signed chunk by chunk. The key never leaves the request. */
export interface ChunkSigning {
  /** Signature of the request, which the first chunk's signature chains to. */
  readonly seedSignature: string
  readonly signingKey: Uint8Array
  readonly amzDate: string
  readonly scope: string
}

/** How the signature protects the body. */
export type SignedBody =
  /** The whole body has this SHA-256, in lowercase hex. */
  | { readonly kind: 'hash'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  /** aws-chunked framing with trailers, not signed. */
  | { readonly kind: 'unsigned-trailer' }
  /** aws-chunked framing, each chunk signed, and the trailers where there are any. */
  | ({ readonly kind: 'signed-chunks'; readonly trailer: boolean } & ChunkSigning)
  /** A value that means nothing: R2 signs it as it stands and checks no body. */
  | { readonly kind: 'verbatim' }

export interface SignedBodyOptions {
  readonly signed: SignedRequest
  /** `x-amz-content-sha256` as sent; presigned requests may lack it. */
  readonly contentSha256: string | null
  readonly signingKey: Uint8Array
  /** R2 refuses the signed streaming forms; we verify them unless told to be strict. */
  readonly strict: boolean
}

/**
 * Reads `x-amz-content-sha256` of a request whose signature is verified.
 * @throws StoreError `NotImplemented` for streaming forms that are not decoded: stored as they are, their framing would become data.
 */
export function signedBody({ signed, contentSha256, signingKey, strict }: SignedBodyOptions): SignedBody {
  const value = contentSha256 ?? 'UNSIGNED-PAYLOAD'
  if (value === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return { kind: 'unsigned-trailer' }
  if (value.startsWith('STREAMING-')) {
    if (strict || signed.presigned || !SIGNED_STREAMS.includes(value)) throw notImplemented(value)
    const { amzDate, credential, signature } = signed
    const trailer = value.endsWith('-TRAILER')
    return { kind: 'signed-chunks', trailer, seedSignature: signature, signingKey, amzDate, scope: credential.scope }
  }
  // The canonical request of a presigned URL always says UNSIGNED-PAYLOAD, so a digest sent beside it is not covered by the signature.
  if (signed.presigned || value === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' }
  return /^[\da-f]{64}$/.test(value) ? { kind: 'hash', sha256: value } : { kind: 'verbatim' }
}

const SIGNED_STREAMS = ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER']
