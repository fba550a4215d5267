import { StoreError } from '../core/errors.ts'
import { sameText, sha256Hex, sign } from './signature.ts'
import type { ChunkSigning } from './signed-body.ts'

const EMPTY_SHA256 = sha256Hex('')

/** The chain of signatures over an aws-chunked body: each signature covers its chunk and the previous signature. */
export class ChunkSignatures {
  /** Whether the trailers are signed, too. If they are not, the body must have none. */
  readonly trailer: boolean
  readonly #signing: ChunkSigning
  #previous: string

  constructor(signing: ChunkSigning & { readonly trailer: boolean }) {
    this.trailer = signing.trailer
    this.#signing = signing
    this.#previous = signing.seedSignature
  }

  /**
   * Checks the next chunk. The last chunk is empty.
   * @param sha256 of the chunk's data, in lowercase hex
   * @throws StoreError `SignatureDoesNotMatch`.
   */
  verifyChunk(sha256: string, signature: string): void {
    this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, sha256], signature)
  }

  /**
   * Checks the trailers, given as `name:value\n` lines.
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
