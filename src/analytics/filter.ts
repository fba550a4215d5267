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

/** How many comparisons a filter may have: D1 binds a hundred values to a statement. */
export const MAX_TERMS = 80

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

/** Turns a filter into one SQL condition. @throws StoreError InvalidArgument for too many comparisons */
export function compileFilter(filter: Filter, compileTerm: TermCompiler): Condition {
  if (dimensionsOf(filter).length > MAX_TERMS) throw invalidArgument(`A filter has ${MAX_TERMS} comparisons at most`)
  return compile(filter, compileTerm)
}

function compile(filter: Filter, compileTerm: TermCompiler): Condition {
  if (isTerm(filter)) return compileTerm(filter)
  const [parts, joint, none] = 'all' in filter ? [filter.all, ' AND ', 'true'] : [filter.any, ' OR ', 'false']
  const conditions = parts.map((part) => compile(part, compileTerm))
  const sql = conditions.length === 0 ? none : `(${conditions.map((one) => one.sql).join(joint)})`
  return { sql, bindings: conditions.flatMap(({ bindings }) => bindings) }
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
