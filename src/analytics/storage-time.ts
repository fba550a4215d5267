import { invalidArgument } from '../core/errors.ts'
import { STORAGE } from './datasets.ts'
import { dimensionsOf, type Filter, isTerm } from './filter.ts'
import { type Span, spansOf } from './times.ts'

const isTime = (dimension: string): boolean => STORAGE.dimensions[dimension]?.minutes !== undefined

/** Splits a filter into conditions on the time and conditions on buckets. @throws StoreError InvalidArgument when an OR mixes the two */
export function splitFilter(filter: Filter): { time: Filter; buckets: Filter } {
  const parts = 'all' in filter ? filter.all.flatMap((part) => ('all' in part ? part.all : [part])) : [filter]
  const time: Filter[] = []
  const buckets: Filter[] = []
  for (const part of parts) {
    const dimensions = dimensionsOf(part)
    if (!dimensions.some(isTime)) buckets.push(part)
    else if (dimensions.every(isTime)) time.push(part)
    else if ('all' in part) {
      const inner = splitFilter(part)
      time.push(inner.time)
      buckets.push(inner.buckets)
    } else throw invalidArgument('An OR of this dataset compares either times or buckets, but not both')
  }
  return { time: { all: time }, buckets: { all: buckets } }
}

const EVER: Span = { start: Number.NEGATIVE_INFINITY, stop: Number.POSITIVE_INFINITY }

/** The minutes that satisfy conditions on the time: spans in order, which do not touch. */
export function spansOfFilter(filter: Filter): readonly Span[] {
  if (isTerm(filter)) return joined(spansOf(filter, STORAGE.dimensions[filter.dimension]!.minutes!))
  if ('any' in filter) return joined(filter.any.flatMap(spansOfFilter))
  return filter.all.map(spansOfFilter).reduce(common, [EVER])
}

function joined(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  for (const span of [...spans].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0))) {
    const last = found.at(-1)
    if (last && span.start <= last.stop) found[found.length - 1] = { start: last.start, stop: Math.max(last.stop, span.stop) }
    else found.push(span)
  }
  return found
}

/** The minutes that are in both lists. */
export function common(a: readonly Span[], b: readonly Span[]): readonly Span[] {
  const both = a.flatMap((one) =>
    b.map((other): Span => ({ start: Math.max(one.start, other.start), stop: Math.min(one.stop, other.stop) })),
  )
  return both.filter(({ start, stop }) => start < stop)
}
