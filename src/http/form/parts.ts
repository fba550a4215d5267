import { Buffer } from 'node:buffer'
import { invalidArgument, StoreError } from '../../core/errors.ts'
import { collectFields, type FormField, type FormFields } from '../../core/form-fields.ts'
import { malformedForm } from './boundary.ts'
import { type PartHeader, parsePartHeader } from './part-header.ts'

/** The fields in front of the file, and where the file's bytes begin. */
export interface FormHead {
  readonly fields: FormFields
  readonly filename: string
  readonly fileOffset: number
}

const BLANK_LINE = '\r\n\r\n'
/** A form without a file, and a form with two. */
const NOT_ONE_FILE = 'POST requires exactly one file upload per request.'

/** The end of the bytes was reached within a part. */
const CUT = Symbol('cut')

/**
 * Reads the fields of a form up to its file.
 * @param bytes the beginning of the body, as long as it may be in front of the file
 * @param isWhole whether the body ends with these bytes
 * @throws StoreError MalformedPOSTRequest, MaxPostPreDataLengthExceeded; InvalidArgument without a file
 */
export function readHead(bytes: Uint8Array, boundary: string, isWhole: boolean): FormHead {
  const parts = new Parts(bytes, boundary)
  const fields: FormField[] = []
  try {
    for (let header = parts.first(); header; header = parts.next()) {
      if (isFile(header)) return { fields: collectFields(fields), filename: header.filename ?? '', fileOffset: parts.at }
      fields.push({ name: header.name, value: parts.content() })
    }
  } catch (error) {
    if (error === CUT) throw isWhole ? malformedForm() : tooManyFields()
    throw error
  }
  throw notOneFile(0)
}

/**
 * Checks what follows the file: further fields, which S3 ignores, and the end of the form.
 * @param bytes the rest of the body, from the delimiter behind the file on
 * @throws StoreError MalformedPOSTRequest; InvalidArgument for a second file
 */
export function checkTail(bytes: Uint8Array, boundary: string): void {
  const parts = new Parts(bytes, boundary)
  try {
    for (let header = parts.next(); header; header = parts.next()) {
      if (isFile(header)) throw notOneFile(2)
      parts.skip()
    }
  } catch (error) {
    throw error === CUT ? malformedForm() : error
  }
}

/** S3 limits what surrounds the file. */
export const tooManyFields = (): StoreError => new StoreError('MaxPostPreDataLengthExceeded')

const isFile = ({ name }: PartHeader): boolean => name.toLowerCase() === 'file'

const notOneFile = (count: number): StoreError =>
  new StoreError('InvalidArgument', { message: NOT_ONE_FILE, fields: { ArgumentName: 'file', ArgumentValue: String(count) } })

/** The parts of a form in memory, one after the other. It throws {@link CUT} where the bytes end too early. */
class Parts {
  /** Where the next byte to read is: the content of a part, or the delimiter in front of the next one. */
  at = 0
  readonly #bytes: Buffer
  readonly #delimiter: Buffer

  constructor(bytes: Uint8Array, boundary: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
  }

  /** Finds the first part. Bytes in front of it are dropped, as RFC 2046 says. */
  first(): PartHeader | undefined {
    const opening = this.#delimiter.subarray(2)
    if (!this.#bytes.subarray(0, opening.length).equals(opening)) {
      this.at = this.#find(this.#delimiter)
      return this.next()
    }
    this.at = opening.length
    return this.#header()
  }

  /** Reads the delimiter and the header of the next part; `undefined` behind the last part. */
  next(): PartHeader | undefined {
    this.at += this.#delimiter.length
    return this.#header()
  }

  /** Reads the content of a part as text, and stops in front of the next delimiter. */
  content(): string {
    const start = this.at
    this.skip()
    return decode(this.#bytes.subarray(start, this.at))
  }

  /** Passes over the content of a part. */
  skip(): void {
    this.at = this.#find(this.#delimiter)
  }

  #header(): PartHeader | undefined {
    if (this.#startsWith('--')) return undefined
    while (this.#startsWith(' ') || this.#startsWith('\t')) this.at++
    if (!this.#startsWith('\r\n')) throw malformedForm()
    const end = this.#find(Buffer.from(BLANK_LINE))
    const text = decode(this.#bytes.subarray(this.at + 2, Math.max(end, this.at + 2)))
    this.at = end + BLANK_LINE.length
    return parsePartHeader(text)
  }

  #startsWith(text: string): boolean {
    if (this.at + text.length > this.#bytes.length) throw CUT
    return this.#bytes.toString('latin1', this.at, this.at + text.length) === text
  }

  #find(wanted: Buffer): number {
    const found = this.#bytes.indexOf(wanted, this.at)
    if (found < 0) throw CUT
    return found
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalidArgument('The fields of a form must be in UTF-8.')
  }
}
