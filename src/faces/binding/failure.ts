import type { Allowance } from '../../core/allowances.ts'
import { ERRORS, type ErrorCode, StoreError } from '../../core/errors.ts'
import type { WireFailure } from '../../r2-bucket/wire.ts'

/** The part of the configuration that says whether something beyond R2 is allowed. */
export type Allows = { readonly allows: (allowance: Allowance) => boolean }

/** A failure as the client throws it: R2's text and number. What is not an answer is logged and told as an internal error. */
export function failureOf(error: unknown, { allows }: Allows = { allows: () => true }): WireFailure {
  if (error instanceof TypeError && error.cause === PLAIN) return { ok: false, message: error.message }
  if (!(error instanceof StoreError)) {
    console.error('Unexpected failure:', error)
    return internal()
  }
  if (error.code === 'NoSuchUpload' && error.detail.neverWas) return internal()
  if (error.code === 'InvalidStorageClass' && !allows('namedStorageClass')) return internal()
  if (error.code === 'InvalidPart' && error.detail.message) return { ok: false, ...BAD_UPLOAD }
  // Failures that S3 alone has a name for are mistakes in the arguments.
  return { ok: false, message: error.message, code: numberOf(error.code) ?? ERRORS.InvalidArgument.v4 }
}

const numberOf = (code: ErrorCode): number | undefined => (ERRORS[code] as { readonly v4?: number }).v4

const internal = (): WireFailure => ({ ok: false, message: ERRORS.InternalError.message, code: ERRORS.InternalError.v4 })

/** Parts of sizes that do not go together: S3 has a text for it, the binding has not. */
const BAD_UPLOAD = { message: 'There was a problem with the multipart upload.', code: 10048 }

const PLAIN = Symbol('plain')

/** A `TypeError` that the client throws with this very message, as the runtime would have. */
export const plainTypeError = (message: string): TypeError => new TypeError(message, { cause: PLAIN })

/** 10024 also for an upload that never was: parts are told so, completions and aborts are not. */
export function asNoSuchUpload(error: unknown): unknown {
  return error instanceof StoreError && error.code === 'NoSuchUpload' ? new StoreError('NoSuchUpload') : error
}
