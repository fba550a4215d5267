/** The state of a key: an ETag, or no object. */
export type Value = string | null

/** One answered call: its time, and its effect on a value. The effect is `undefined` where the answer contradicts the value. */
export interface Event {
  readonly name: string
  readonly startMs: number
  readonly endMs: number
  readonly apply: (value: Value) => Value | undefined
}

/**
 * Whether the calls to one key can be put in an order that agrees with the clock and in which every answer is right: each call takes effect
 * at one moment between its start and its end. (Wing and Gong's search; states that failed are cached.)
 */
export function isLinearizable(events: readonly Event[], initial: Value): boolean {
  const tried = new Set<string>()
  const search = (left: readonly Event[], value: Value): boolean => {
    if (left.length === 0) return true
    const state = `${left.map((event) => events.indexOf(event)).join(' ')} ${value}`
    if (tried.has(state)) return false
    tried.add(state)
    // The next call to take effect began before any other call had ended.
    const firstEnd = Math.min(...left.map(({ endMs }) => endMs))
    return left.some((event) => {
      if (event.startMs > firstEnd) return false
      const next = event.apply(value)
      return (
        next !== undefined &&
        search(
          left.filter((other) => other !== event),
          next,
        )
      )
    })
  }
  return search(events, initial)
}

type Reads = (value: Value) => Value | undefined

export const wrote =
  (etag: string): Reads =>
  () =>
    etag
export const removed: Reads = () => null
export const saw =
  (etag: Value): Reads =>
  (value) =>
    value === etag ? value : undefined
/** A conditional write: the condition that held, and the new ETag. */
export const wroteIf =
  (holds: (value: Value) => boolean, etag: string): Reads =>
  (value) =>
    holds(value) ? etag : undefined
export const refusedIf =
  (holds: (value: Value) => boolean): Reads =>
  (value) =>
    holds(value) ? undefined : value
