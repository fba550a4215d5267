import type { WireOutcome } from './wire'

/**
 * The value of an answer.
 * @throws Error as R2 words it: plain, the method before the text and the code behind it.
 */
export async function unwrap<T>(method: string, answer: Promise<WireOutcome<T>>): Promise<T> {
  const outcome = await answer
  if (outcome.ok) return outcome.value
  throw outcome.code === undefined ? new TypeError(outcome.message) : new Error(`${method}: ${outcome.message} (${outcome.code})`)
}

/** What the runtime says to an argument that it cannot take. */
export const wrongArgument = (method: string, on: string, position: number, type: string): TypeError =>
  new TypeError(`Failed to execute '${method}' on '${on}': parameter ${position} is not of type '${type}'.`)
