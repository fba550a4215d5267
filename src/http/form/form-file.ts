import { Buffer } from 'node:buffer'
import type { ByteSource } from '../../core/byte-source.ts'
import { StoreError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { malformedForm } from './boundary.ts'
import { checkTail, tooManyFields } from './parts.ts'

/** The sizes that the policy of a form allows, in bytes. */
export interface SizeRange {
  readonly minBytes: number
  readonly maxBytes: number
}

export interface FormFileOptions {
  /** The bytes of the file that were read together with the fields. */
  readonly begun: Uint8Array
  readonly boundary: string
  /** The longest that the file can be: the body is no longer. */
  readonly mostBytes: number
  readonly allowed: SizeRange
  /** How much is read at a time, for tests. */
  readonly readBytes?: number
}

const READ_BYTES = 512 * 1024

/**
 * The bytes of the file in a form. Its size is known only when the delimiter behind it arrives. An upload has to announce a size, so it
 * announces `size`, the largest that is possible and allowed, and the source adds zeros until then. `actualSize` tells how many bytes of them
 * are the file's.
 *
 * The rest of the form behind the file is read and checked before the source ends. So nobody commits a form that ends early or has a second file.
 */
export class FormFile implements ByteSource {
  /** The length of the source: that of the file and of the zeros behind it. */
  readonly size: number
  readonly #inner: ByteSource
  readonly #options: FormFileOptions
  readonly #delimiter: Buffer
  #window: Buffer
  /** Where the bytes of the window begin that nobody has read yet, and how many of them are known to belong to the file. */
  #at = 0
  #safe = 0
  /** Bytes of the file that were returned, and all bytes, with the zeros. */
  #real = 0
  #given = 0
  #isEnded = false
  /** A source that failed stays failed. */
  #failure: { readonly error: unknown } | undefined

  constructor(inner: ByteSource, options: FormFileOptions) {
    const { begun, boundary, mostBytes, allowed } = options
    this.size = Math.min(mostBytes, allowed.maxBytes, LIMITS.uploadBytes)
    this.#inner = inner
    this.#options = options
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    this.#window = Buffer.from(begun.buffer, begun.byteOffset, begun.length)
  }

  /** The size of the file; `undefined` until its end is read. */
  readonly actualSize = (): number | undefined => (this.#isEnded ? this.#real : undefined)

  async read(size: number): Promise<Uint8Array> {
    if (this.#failure) throw this.#failure.error
    try {
      return await this.#readPadded(size)
    } catch (error) {
      this.#failure = { error }
      throw error
    }
  }

  async cancel(): Promise<void> {
    await this.#inner.cancel()
  }

  async #readPadded(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size)
    const filled = await this.#fill(bytes)
    const padded = Math.max(filled, Math.min(size, this.size - this.#given))
    this.#given += padded
    return bytes.subarray(0, padded)
  }

  /** Fills the array with bytes of the file, and returns how many there were: fewer than it holds at the end only. */
  async #fill(bytes: Uint8Array): Promise<number> {
    let filled = 0
    while (filled < bytes.length) {
      if (this.#safe === 0) await this.#look()
      if (this.#isEnded) break
      const length = Math.min(bytes.length - filled, this.#safe)
      bytes.set(this.#window.subarray(this.#at, this.#at + length), filled)
      filled += length
      this.#at += length
      this.#safe -= length
      this.#real += length
    }
    return filled
  }

  /** Finds out how many of the next bytes belong to the file. Reads on until that is at least one, or until the file ends. */
  async #look(): Promise<void> {
    while (this.#safe === 0 && !this.#isEnded) {
      const found = this.#window.indexOf(this.#delimiter, this.#at)
      if (found === this.#at) await this.#end()
      else if (found > 0) this.#safe = found - this.#at
      // The last bytes may be the beginning of a delimiter.
      else this.#safe = Math.max(0, this.#window.length - this.#at - (this.#delimiter.length - 1))
      if (this.#safe === 0 && !this.#isEnded) await this.#readOn()
    }
    if (this.#real + this.#safe > this.size) throw this.#tooLarge()
  }

  async #readOn(): Promise<void> {
    const rest = this.#window.subarray(this.#at)
    const more = await this.#inner.read(Math.max(1, (this.#options.readBytes ?? READ_BYTES) - rest.length))
    if (more.length === 0) throw malformedForm()
    this.#window = Buffer.concat([rest, more])
    this.#at = 0
  }

  /** The delimiter is next: reads the rest of the body, which is short, and checks it. */
  async #end(): Promise<void> {
    const rest = this.#window.subarray(this.#at)
    const room = LIMITS.formFieldBytes + 1 - rest.length
    const tail = room > 0 ? Buffer.concat([rest, await this.#inner.read(room)]) : rest
    if (tail.length > LIMITS.formFieldBytes) throw tooManyFields()
    checkTail(tail, this.#options.boundary)
    this.#isEnded = true
    if (this.#real < this.#options.allowed.minBytes) throw this.#tooSmall()
  }

  #tooLarge(): StoreError {
    const { allowed, mostBytes } = this.#options
    // So much was announced that the end of the form has no room behind it.
    if (this.size === mostBytes) return malformedForm()
    if (allowed.maxBytes > LIMITS.uploadBytes) return new StoreError('EntityTooLarge')
    const fields = { ProposedSize: String(mostBytes), MaxSizeAllowed: String(allowed.maxBytes) }
    return new StoreError('EntityTooLarge', { fields })
  }

  #tooSmall(): StoreError {
    const fields = { ProposedSize: String(this.#real), MinSizeAllowed: String(this.#options.allowed.minBytes) }
    return new StoreError('EntityTooSmall', { fields })
  }
}
