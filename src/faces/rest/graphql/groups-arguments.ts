import {
  GraphQLError,
  GraphQLIncludeDirective,
  type GraphQLResolveInfo,
  GraphQLSkipDirective,
  getDirectiveValues,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'
import { type Dataset, MAX_ROWS } from '../../../analytics/datasets.ts'
import { COMPARISONS, type Comparison, type Filter, type Term } from '../../../analytics/filter.ts'
import type { GroupsQuery, Order } from '../../../analytics/groups.ts'

/** The arguments of a dataset, as the schema has checked them. */
export interface GroupsArguments {
  readonly limit?: number | null
  readonly filter?: FilterArguments | null
  readonly orderBy?: readonly string[] | null
}

type FilterArguments = { readonly [name: string]: unknown }

/** Reads a question to a dataset. @throws GraphQLError for a limit that is too large */
export function readQuery(dataset: Dataset, { limit, filter, orderBy }: GroupsArguments, info: GraphQLResolveInfo): GroupsQuery {
  const rows = limit ?? MAX_ROWS
  if (rows < 1 || rows > MAX_ROWS) throw new GraphQLError(`limit must be a positive number and not greater than ${MAX_ROWS}`)
  const selected = selectedDimensions(info)
  return {
    dimensions: Object.keys(dataset.dimensions).filter((name) => selected.has(name)),
    filter: readFilter(filter ?? {}),
    orderBy: (orderBy ?? []).map(readOrder),
    limit: rows,
  }
}

/** Reads a filter. A field that is null is as good as absent. */
function readFilter(filter: FilterArguments): Filter {
  const all = Object.entries(filter).flatMap(([name, value]): Filter[] => {
    if (value === null || value === undefined) return []
    if (name === 'AND') return (value as FilterArguments[]).map(readFilter)
    if (name === 'OR') return [{ any: (value as FilterArguments[]).map(readFilter) }]
    return [{ ...readName(name), value: value as Term['value'] }]
  })
  return { all }
}

function readName(name: string): Pick<Term, 'dimension' | 'comparison'> {
  const comparison = COMPARISONS.find((one) => name.endsWith(`_${one}`))
  return comparison === undefined
    ? { dimension: name, comparison: 'eq' satisfies Comparison }
    : { dimension: name.slice(0, -comparison.length - 1), comparison }
}

const readOrder = (name: string): Order => ({ by: name.slice(0, name.lastIndexOf('_')), descending: name.endsWith('_DESC') })

/**
 * Returns the dimensions that a query selects; figures are summed over all others. It visits each selection set at most once within a
 * group and once within the group's dimensions, even if many fragments lead to it.
 */
function selectedDimensions({ fieldNodes, fragments }: GraphQLResolveInfo): Set<string> {
  const names = new Set<string>()
  const visited = { within: new Set<SelectionSetNode>(), outside: new Set<SelectionSetNode>() }
  const visit = (set: SelectionSetNode | undefined, within: boolean): void => {
    const seen = within ? visited.within : visited.outside
    if (!set || seen.has(set)) return
    seen.add(set)
    for (const selection of set.selections) {
      if (!isIncluded(selection)) continue
      if (selection.kind === 'FragmentSpread') visit(fragments[selection.name.value]?.selectionSet, within)
      else if (selection.kind === 'InlineFragment') visit(selection.selectionSet, within)
      else if (within) names.add(selection.name.value)
      else if (selection.name.value === 'dimensions') visit(selection.selectionSet, true)
    }
  }
  for (const { selectionSet } of fieldNodes) visit(selectionSet, false)
  return names
}

/** Whether the directives of a selection leave it in the answer. The values of variables are literals here. */
const isIncluded = (selection: SelectionNode): boolean =>
  getDirectiveValues(GraphQLSkipDirective, selection)?.if !== true && getDirectiveValues(GraphQLIncludeDirective, selection)?.if !== false
