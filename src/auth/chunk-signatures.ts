import { StoreError } from '../core/errors.ts'
import { sameText, sha256Hex, sign } from './signature.ts'
import type { ChunkSigning } from './signed-body.ts'

const EMPTY_SHA256 = sha256Hex('')

/** The chain of signatures over an aws-chunked body: each one signs its piece and the signature before it. */
export class ChunkSignatures {
  /** Whether the trailers are signed as well; where they are not, there may be none. */
  readonly trailer: boolean
  readonly #signing: ChunkSigning
  #previous: string

  constructor(signing: ChunkSigning & { readonly trailer: boolean }) {
    this.trailer = signing.trailer
    this.#signing = signing
    this.#previous = signing.seedSignature
  }

  /**
   * Checks the next chunk; the last one is empty.
   * @param sha256 of its data, in lowercase hex
   * @throws StoreError `SignatureDoesNotMatch`.
   */
  verifyChunk(sha256: string, signature: string): void {
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, sha256], signature)
  }

  /**
   * Checks the trailers, written `name:value\n` each.
   * @throws StoreError `SignatureDoesNotMatch`.
   */
  verifyTrailers(text: string, signature: string): void {
    this.#verify('AWS4-HMAC-SHA256-TRAILER', [sha256Hex(text)], signature)
  }

  #verify(algorithm: string, hashes: readonly string[], signature: string): void {
    const { amzDate, scope, signingKey } = this.#signing
    const expected = sign(signingKey, [algorithm, amzDate, scope, this.#previous, ...hashes].join('\n'))
    if (!sameText(expected, signature)) throw new StoreError('SignatureDoesNotMatch')
    this.#previous = expected
  }
}
