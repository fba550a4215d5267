import type { Filter } from './filter.ts'

/** The order of rows: a dimension or a figure (`sum_requests`, `count`), ascending or descending. */
export interface Order {
  readonly by: string
  readonly descending: boolean
}

/** A question to a dataset: figures that match a filter, summed over all dimensions that are not selected. */
export interface GroupsQuery {
  readonly dimensions: readonly string[]
  readonly filter: Filter
  readonly orderBy: readonly Order[]
  readonly limit: number
}

/** One row of the answer. The aggregates are named as in the schema: `sum`, `max`, `avg`. */
export interface Group {
  readonly count?: number
  readonly dimensions: Readonly<Record<string, string | number>>
  readonly sum?: Readonly<Record<string, number>>
  readonly max?: Readonly<Record<string, number>>
  readonly avg?: Readonly<Record<string, number>>
}
