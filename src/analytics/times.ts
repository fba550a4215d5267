import { invalidArgument } from '../core/errors.ts'
import { type Condition, type FilterValue, joined, type Term } from './filter.ts'

const MINUTE_MS = 60_000

/** Reads a time as minutes since the epoch, with a fraction. A bare date is its midnight in UTC. @throws StoreError InvalidArgument */
export function minutesOf(value: FilterValue): number {
  const ms = typeof value === 'number' ? value : Date.parse(value)
  if (Number.isNaN(ms)) throw invalidArgument(`"${value}" is no time`)
  return ms / MINUTE_MS
}

/** Prints a minute as a time, `2026-11-27T13:50:00Z`. */
export const timeText = (minute: number): string => `${new Date(minute * MINUTE_MS).toISOString().slice(0, 19)}Z`

/** Prints a minute as its day. */
export const dateText = (minute: number): string => new Date(minute * MINUTE_MS).toISOString().slice(0, 10)

/** Minutes from `start` on and before `stop`. */
export interface Span {
  readonly start: number
  readonly stop: number
}

/** How many times one list may have: the days of a month, and some more. */
const MAX_TIMES = 40

/**
 * Returns the minutes whose time, rounded down to `grain` minutes, compares with a value as a term says: a list of spans. As spans, the
 * conditions can use the order of a table.
 * @throws StoreError InvalidArgument for a text that is no time, or too many times
 */
export function spansOf({ comparison, value }: Term, grain: number): readonly Span[] {
  const values = Array.isArray(value) ? value : [value]
  if (values.length > MAX_TIMES) throw invalidArgument(`A list has ${MAX_TIMES} times at most`)
  const all = { start: Number.NEGATIVE_INFINITY, stop: Number.POSITIVE_INFINITY }
  const exact = values.map((one) => minutesOf(one as FilterValue))
  const [at] = exact as [number]
  const equal = exact.filter((minute) => minute % grain === 0).map((start) => ({ start, stop: start + grain }))
  switch (comparison) {
    case 'gt':
      return [{ ...all, start: (Math.floor(at / grain) + 1) * grain }]
    case 'geq':
      return [{ ...all, start: Math.ceil(at / grain) * grain }]
    case 'lt':
      return [{ ...all, stop: Math.ceil(at / grain) * grain }]
    case 'leq':
      return [{ ...all, stop: (Math.floor(at / grain) + 1) * grain }]
    case 'eq':
    case 'in':
      return equal
    case 'neq':
    case 'notin':
      return without(equal)
    default:
      throw invalidArgument(`A time has no comparison "${comparison}"`)
  }
}

/** The minutes outside of some spans. */
function without(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  let start = Number.NEGATIVE_INFINITY
  for (const span of [...spans].sort((a, b) => a.start - b.start)) {
    if (span.start > start) found.push({ start, stop: span.start })
    start = Math.max(start, span.stop)
  }
  return [...found, { start, stop: Number.POSITIVE_INFINITY }]
}

/** Turns a comparison of a time into SQL on the column `minute`. */
export function compileTime(term: Term, grain: number): Condition {
  const spans = spansOf(term, grain).map(({ start, stop }): Condition => {
    const lower: Condition[] = Number.isFinite(start) ? [{ sql: 'minute >= ?', bindings: [start] }] : []
    const upper: Condition[] = Number.isFinite(stop) ? [{ sql: 'minute < ?', bindings: [stop] }] : []
    return joined([...lower, ...upper], ' AND ') ?? { sql: 'true', bindings: [] }
  })
  return joined(spans, ' OR ') ?? { sql: 'false', bindings: [] }
}
