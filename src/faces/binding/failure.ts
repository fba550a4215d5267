import type { Allowance } from '../../core/allowances.ts'
import { ERRORS, type ErrorCode, StoreError } from '../../core/errors.ts'
import type { WireFailure } from '../../r2-bucket/wire.ts'

/** The part of the configuration that says whether something beyond R2 is allowed. */
export type Allows = { readonly allows: (allowance: Allowance) => boolean }

/** Turns an error into the failure that the client throws, with R2's text and number. Unexpected errors are logged and become internal. */
export function failureOf(error: unknown, { allows }: Allows = { allows: () => true }): WireFailure {
  if (error instanceof TypeError && error.cause === PLAIN) return { ok: false, message: error.message }
  if (!(error instanceof StoreError)) {
    console.error('Unexpected failure:', error)
    return internal()
  }
  if (error.code === 'NoSuchUpload' && error.detail.neverWas) return internal()
  if (error.code === 'InvalidStorageClass' && !allows('namedStorageClass')) return internal()
  if (error.code === 'InvalidPart' && error.detail.message) return { ok: false, ...BAD_UPLOAD }
  // An error that only S3 has a name for means wrong arguments.
  return { ok: false, message: error.message, code: numberOf(error.code) ?? ERRORS.InvalidArgument.v4 }
}

const numberOf = (code: ErrorCode): number | undefined => (ERRORS[code] as { readonly v4?: number }).v4

const internal = (): WireFailure => ({ ok: false, message: ERRORS.InternalError.message, code: ERRORS.InternalError.v4 })

/** The failure for parts whose sizes do not fit together. S3 has a text of its own for it, R2's binding has only this one. */
const BAD_UPLOAD = { message: 'There was a problem with the multipart upload.', code: 10048 }

const PLAIN = Symbol('plain')

/** Makes a `TypeError` that the client throws with exactly this message, as the runtime does. */
export const plainTypeError = (message: string): TypeError => new TypeError(message, { cause: PLAIN })

/**
 * Makes a part of an upload that never existed fail with 10024, as on R2: it drops the detail `neverWas`. Completions and aborts of such an
 * upload keep it, and fail with an internal error.
 */
export function asNoSuchUpload(error: unknown): unknown {
  return error instanceof StoreError && error.code === 'NoSuchUpload' ? new StoreError('NoSuchUpload') : error
}
