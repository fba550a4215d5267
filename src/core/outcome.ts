import { type ErrorCode, type ErrorDetail, StoreError } from './errors.ts'

/** The answer of a stub. An error loses its class over RPC, so it crosses as a value and the caller throws it. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly detail: ErrorDetail }

/**
 * Runs `work` and turns a {@link StoreError} into a value.
 * @throws any other error of `work`: that is a bug or a failure of the platform.
 */
export function outcomeOf<T>(work: () => T): Outcome<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    if (error instanceof StoreError) return { ok: false, code: error.code, detail: error.detail }
    throw error
  }
}

/** {@link outcomeOf} for asynchronous work. */
export async function outcomeOfAsync<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return outcomeOf(() => {
      throw error
    })
  }
}

/**
 * The value of a successful outcome.
 * @throws StoreError the failure, if there was one.
 */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new StoreError(outcome.code, outcome.detail)
  return outcome.value
}
