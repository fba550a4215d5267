import { notImplemented } from '../core/errors.ts'
import type { SignedRequest } from './signed-request.ts'

/** The values needed to verify a body that is signed chunk by chunk. The key never leaves the request. */
export interface ChunkSigning {
  /** The signature of the request, where the chain of chunk signatures starts. */
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
  /** aws-chunked framing with trailers, unsigned. */
  | { readonly kind: 'unsigned-trailer' }
  /** aws-chunked framing with each chunk signed, and the trailers, too, if there are any. */
  | ({ readonly kind: 'signed-chunks'; readonly trailer: boolean } & ChunkSigning)
  /** A value without a meaning. R2 signs it as it is and does not check the body. */
  | { readonly kind: 'verbatim' }

export interface SignedBodyOptions {
  readonly signed: SignedRequest
  /** `x-amz-content-sha256` as it was sent. Presigned requests may lack it. */
  readonly contentSha256: string | null
  readonly signingKey: Uint8Array
  /** R2 refuses the signed streaming forms. We verify them, except in strict mode. */
  readonly strict: boolean
}

/**
 * Reads `x-amz-content-sha256` of a request whose signature is verified.
 * @throws StoreError `NotImplemented` for streaming forms that we cannot decode: if we stored such a body, its framing would become data.
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
  // The canonical request of a presigned URL always says UNSIGNED-PAYLOAD, so the signature does not cover a digest sent with it.
  if (signed.presigned || value === 'UNSIGNED-PAYLOAD') return { kind: 'unsigned' }
  return /^[\da-f]{64}$/.test(value) ? { kind: 'hash', sha256: value } : { kind: 'verbatim' }
}

const SIGNED_STREAMS = ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER']
