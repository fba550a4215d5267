import { StoreError } from '../../core/errors.ts'
import { type FormFields, withFilename } from '../../core/form-fields.ts'
import { LIMITS } from '../../core/limits.ts'
import { MemoryBudget } from '../../core/memory-budget.ts'
import { TooLate, within } from '../../core/timeout.ts'
import { announcedLength } from '../announced-length.ts'
import { requestSource } from '../request-body.ts'
import { malformedForm, readBoundary } from './boundary.ts'
import { FormFile, type SizeRange } from './form-file.ts'
import { readHead } from './parts.ts'

/** An upload form whose fields are read and whose file is not. */
export interface Form {
  /** With the name of the file in place of `${filename}`. */
  readonly fields: FormFields
  /** Returns the bytes of the file. Call it once. */
  readonly file: (allowed: SizeRange) => FormFile
}

/**
 * For the fields of all forms of the isolate: nobody has proved yet who sends them, so they must not take the memory that uploads need.
 */
const reading = new MemoryBudget(8 * 1024 * 1024)
/** The bytes, their texts and the fields. */
const COPIES = 4
/** How long a client may take for the fields, and the first bytes of the file that are read with them. */
const FIELDS_MS = 30_000

/**
 * Reads the fields of an upload form: its first 20 KB, and nothing beyond them.
 * @throws StoreError PreconditionFailed for another type than `multipart/form-data`, MissingContentLength, MalformedPOSTRequest,
 *   MaxPostPreDataLengthExceeded, InvalidArgument, SlowDown, RequestTimeout
 */
export async function readForm(request: Request): Promise<Form> {
  const boundary = readBoundary(request.headers.get('content-type'))
  const length = announcedLength(request.headers)
  if (length === undefined || Number.isNaN(length)) throw new StoreError('MissingContentLength')
  const source = requestSource(request)
  const hold = reading.hold(COPIES * LIMITS.formFieldBytes)
  try {
    const bytes = await within(FIELDS_MS, source.read(LIMITS.formFieldBytes)).catch(tooSlow)
    const { fields, filename, fileOffset } = readHead(bytes, boundary, bytes.length < LIMITS.formFieldBytes)
    const mostBytes = length - fileOffset - `\r\n--${boundary}--`.length
    if (mostBytes < 0) throw malformedForm()
    const begun = bytes.subarray(fileOffset)
    return {
      fields: withFilename(fields, filename),
      file: (allowed) => new FormFile(source, { begun, boundary, mostBytes, allowed }),
    }
  } finally {
    hold.release()
  }
}

function tooSlow(error: unknown): never {
  throw error instanceof TooLate ? new StoreError('RequestTimeout') : error
}
