import { invalidArgument } from '../core/errors.ts'

export const COMPARISONS = ['eq', 'neq', 'gt', 'geq', 'lt', 'leq', 'in', 'notin', 'like', 'notlike'] as const
export type Comparison = (typeof COMPARISONS)[number]

export type FilterValue = string | number

/** One comparison of a dimension with a value, or with a list of values for `in` and `notin`. */
export interface Term {
  readonly dimension: string
  readonly comparison: Comparison
  readonly value: FilterValue | readonly FilterValue[]
}

/** A condition on the dimensions of a row. */
export type Filter = Term | { readonly all: readonly Filter[] } | { readonly any: readonly Filter[] }

export const isTerm = (filter: Filter): filter is Term => 'dimension' in filter

/** How many comparisons a filter may have. */
export const MAX_TERMS = 80
/** How many comparisons and groups a filter may have, empty groups included. */
const MAX_PARTS = 400
/** How many levels of groups a filter may have, where an OR makes two: SQLite takes expressions of a hundred levels. */
const MAX_LEVELS = 40
/** How many values the SQL of a filter may have: D1 binds a hundred to a statement, and a question has some of its own. */
const MAX_VALUES = 90

/** The dimensions that a filter compares. */
export function dimensionsOf(filter: Filter): string[] {
  if (isTerm(filter)) return [filter.dimension]
  return ('all' in filter ? filter.all : filter.any).flatMap(dimensionsOf)
}

/** The buckets that a filter names, if every row that it selects is of one of them. */
export function namedBuckets(filter: Filter): readonly string[] | undefined {
  if (isTerm(filter)) {
    const { dimension, comparison, value } = filter
    if (dimension !== 'bucketName' || (comparison !== 'eq' && comparison !== 'in')) return undefined
    return (Array.isArray(value) ? value : [value]).map(String)
  }
  if ('any' in filter) return undefined
  return filter.all.map(namedBuckets).find((names) => names !== undefined)
}

/** An SQL condition and its values. */
export interface Condition {
  readonly sql: string
  readonly bindings: readonly FilterValue[]
}

/** Turns one comparison into SQL. */
export type TermCompiler = (term: Term) => Condition

/** Bounds the work that a filter makes. @throws StoreError InvalidArgument for a filter that is too large */
export function checkFilter(filter: Filter): void {
  const { terms, parts, levels } = sizeOf(filter)
  if (terms > MAX_TERMS || parts > MAX_PARTS) throw invalidArgument(`A filter has ${MAX_TERMS} comparisons at most`)
  if (levels > MAX_LEVELS) throw invalidArgument('A filter is nested too deeply')
}

function sizeOf(filter: Filter): { terms: number; parts: number; levels: number } {
  if (isTerm(filter)) return { terms: 1, parts: 1, levels: 0 }
  return ('all' in filter ? filter.all : filter.any).map(sizeOf).reduce(
    (sum, one) => ({
      terms: sum.terms + one.terms,
      parts: sum.parts + one.parts,
      levels: Math.max(sum.levels, one.levels + 1),
    }),
    { terms: 0, parts: 1, levels: 1 },
  )
}

/** Turns a filter into one SQL condition. @throws StoreError InvalidArgument for a filter that is too large */
export function compileFilter(filter: Filter, compileTerm: TermCompiler): Condition {
  checkFilter(filter)
  const condition = compile(filter, compileTerm)
  if (condition.bindings.length > MAX_VALUES) {
    throw invalidArgument(`The comparisons of a filter stand for ${MAX_VALUES} values at most: use fewer patterns and lists of times`)
  }
  return condition
}

function compile(filter: Filter, compileTerm: TermCompiler): Condition {
  if (isTerm(filter)) return compileTerm(filter)
  return 'all' in filter
    ? (joined(
        filter.all.map((part) => compile(part, compileTerm)),
        ' AND ',
      ) ?? { sql: 'true', bindings: [] })
    : (joined(
        filter.any.map((part) => compile(part, compileTerm)),
        ' OR ',
      ) ?? { sql: 'false', bindings: [] })
}

/** Joins conditions by halves, so that SQLite's expression has few levels. Undefined if there are none. */
export function joined(conditions: readonly Condition[], joint: ' AND ' | ' OR '): Condition | undefined {
  if (conditions.length < 2) return conditions[0]
  const middle = conditions.length >> 1
  const [left, right] = [joined(conditions.slice(0, middle), joint)!, joined(conditions.slice(middle), joint)!]
  return { sql: `(${left.sql}${joint}${right.sql})`, bindings: [...left.bindings, ...right.bindings] }
}

const SIGNS = { eq: '=', neq: '<>', gt: '>', geq: '>=', lt: '<', leq: '<=' } as const

/** Compares an SQL expression with the values of a term. */
export function compileComparison(expression: string, { comparison, value }: Term): Condition {
  switch (comparison) {
    case 'in':
    case 'notin':
      return {
        sql: `${expression} ${comparison === 'in' ? 'IN' : 'NOT IN'} (SELECT value FROM json_each(?))`,
        bindings: [JSON.stringify(value)],
      }
    case 'like':
      return compileLike(expression, String(value))
    case 'notlike': {
      const { sql, bindings } = compileLike(expression, String(value))
      return { sql: `NOT (${sql})`, bindings }
    }
    default:
      return { sql: `${expression} ${SIGNS[comparison]} ?`, bindings: [value as FilterValue] }
  }
}

/**
 * `%` stands for any text, every other character for itself. SQLite's LIKE would fold letters, and D1 limits its patterns to 50 bytes.
 * @throws StoreError InvalidArgument for a pattern with `%` at more than two places
 */
function compileLike(expression: string, pattern: string): Condition {
  const parts = pattern.split('%')
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (parts.length === 1) return { sql: `${expression} = ?`, bindings: [pattern] }
  if (parts.length === 3 && first === '' && last === '') return { sql: `instr(${expression}, ?) > 0`, bindings: [parts[1]!] }
  if (parts.length > 2) throw invalidArgument('A pattern has the form text, text%, %text, %text% or text%text')
  return {
    sql: `(length(${expression}) >= ? AND substr(${expression}, 1, ?) = ? AND substr(${expression}, length(${expression}) - ? + 1) = ?)`,
    bindings: [first.length + last.length, first.length, first, last.length, last],
  }
}
