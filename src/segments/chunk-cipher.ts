import { StoreError } from '../core/errors.ts'
import { type BlobLayout, chunkCount } from '../core/read-plan.ts'

const NONCE_BYTES = 12
const LAST = 1

/**
 * Seals and opens the chunks of one blob with AES-256-GCM.
 *
 * The nonce contains the chunk's index and whether it is the last chunk. Each nonce is used once under a key that belongs to this blob
 * alone, so a counter is safe. Decryption fails if chunks were swapped, repeated, dropped or cut off at the end.
 */
export class ChunkCipher {
  readonly #key: CryptoKey
  readonly #last: number
  readonly #additionalData: Uint8Array

  constructor(key: CryptoKey, blob: BlobLayout & { readonly id: string }) {
    this.#key = key
    this.#last = chunkCount(blob) - 1
    this.#additionalData = new TextEncoder().encode(`cairn/chunk/${blob.id}/${blob.chunkBytes}`)
  }

  /** Encrypts one chunk: the ciphertext and its tag. */
  async seal(index: number, plain: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await crypto.subtle.encrypt(this.#parameters(index), this.#key, plain))
  }

  /**
   * Decrypts one chunk.
   * @throws StoreError if these are not the bytes that were sealed as this chunk.
   */
  async open(index: number, sealed: Uint8Array): Promise<Uint8Array> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.#parameters(index), this.#key, sealed))
    } catch (cause) {
      const error = new StoreError('InternalError', { message: 'Stored bytes failed authentication.' })
      error.cause = cause
      throw error
    }
  }

  #parameters(index: number) {
    const iv = new Uint8Array(NONCE_BYTES)
    const view = new DataView(iv.buffer)
    iv[0] = index === this.#last ? LAST : 0
    view.setBigUint64(4, BigInt(index))
    return { name: 'AES-GCM', iv, additionalData: this.#additionalData }
  }
}
