/** Marks a promise that is awaited later, perhaps after another failure: until then its rejection must not count as unhandled. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
