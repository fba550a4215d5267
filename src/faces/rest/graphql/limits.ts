import { type DocumentNode, GraphQLError, type SelectionSetNode } from 'graphql'

/** Limits the cost of parsing one query. A dashboard with twenty aliases has half of this. */
export const MAX_TOKENS = 3000
/** The schema has six levels, and a query about the schema itself has eighteen. Nested fragments count as levels, too. */
const MAX_DEPTH = 20
/** How many fields one query may select, those of fragments included. */
const MAX_FIELDS = 3000
/** How many values the variables of one query may stand for, over all of their uses: each is validated where it is used. */
export const MAX_VALUES = 20_000
/** How many buckets one query may name, over all of its aliases: each of them is a call to a Bucket. */
export const MAX_NAMES = 100
/** How many datasets one query may ask for, over all of its aliases: each of them is a query of the database. */
export const MAX_DATASETS = 20

/** @throws GraphQLError when a query is too deep or too wide */
export function checkSize(document: DocumentNode): void {
  const { depth, fields } = sizeOf(document)
  if (depth > MAX_DEPTH) throw new GraphQLError(`A query has ${MAX_DEPTH} levels at most`)
  if (fields > MAX_FIELDS) throw new GraphQLError(`A query selects ${MAX_FIELDS} fields at most`)
}

interface Size {
  readonly depth: number
  readonly fields: number
}

const ENDLESS: Size = { depth: Number.POSITIVE_INFINITY, fields: Number.POSITIVE_INFINITY }

/** Measures each set once, so that the work is bounded. A set that contains itself is endless. */
function sizeOf({ definitions }: DocumentNode): Size {
  const fragments = new Map(
    definitions.flatMap((one) => (one.kind === 'FragmentDefinition' ? [[one.name.value, one.selectionSet] as const] : [])),
  )
  const known = new Map<SelectionSetNode, Size>()
  const measure = (set: SelectionSetNode | undefined): Size => {
    if (!set) return { depth: 0, fields: 0 }
    if (!known.has(set)) {
      known.set(set, ENDLESS)
      // A fragment that is spread twice in one set counts once: its fields are the same ones.
      const inner = new Set(set.selections.map((one) => (one.kind === 'FragmentSpread' ? fragments.get(one.name.value) : one.selectionSet)))
      const below = [...inner].map(measure)
      known.set(set, {
        depth: 1 + Math.max(...below.map(({ depth }) => depth)),
        fields: set.selections.length + below.reduce((sum, { fields }) => sum + fields, 0),
      })
    }
    return known.get(set)!
  }
  const sizes = definitions.map((one) => measure('selectionSet' in one ? one.selectionSet : undefined))
  return { depth: Math.max(0, ...sizes.map(({ depth }) => depth)), fields: sizes.reduce((sum, { fields }) => sum + fields, 0) }
}
