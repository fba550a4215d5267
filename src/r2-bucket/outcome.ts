import type { WireOutcome } from './wire'

/**
 * The value of a successful answer.
 * @throws Error with R2's wording: the method, the message and the code in parentheses.
 */
export async function unwrap<T>(method: string, answer: Promise<WireOutcome<T>>): Promise<T> {
  const outcome = await answer
  if (outcome.ok) return outcome.value
  throw outcome.code === undefined ? new TypeError(outcome.message) : new Error(`${method}: ${outcome.message} (${outcome.code})`)
}

/** The runtime's error for an argument of the wrong type. */
export const wrongArgument = (method: string, on: string, position: number, type: string): TypeError =>
  new TypeError(`Failed to execute '${method}' on '${on}': parameter ${position} is not of type '${type}'.`)
