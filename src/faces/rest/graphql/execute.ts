import { type DocumentNode, type ExecutionResult, execute, GraphQLError, parse, type SelectionSetNode, validate } from 'graphql'
import { StoreError } from '../../../core/errors.ts'
import { type BucketRef, JURISDICTIONS } from '../../../core/object.ts'
import type { Store } from '../../../store/store.ts'
import type { UsageByClass } from '../../../store/usage.ts'
import type { GraphqlBody } from './body.ts'
import { makeSchema } from './schema.ts'
import { type StorageGroupsArguments, storageGroups } from './storage-groups.ts'

/** Enough for every query that a client of this API sends, and a bound to what one query may cost. */
const MAX_TOKENS = 1000
/** The schema has six levels; fragments within each other are levels, too. */
const MAX_DEPTH = 10
/** Buckets that one query may name, by all of its aliases together: each is a call to a Bucket. */
const MAX_NAMES = 100

type BucketFigures = { readonly bucket: BucketRef; readonly usage: UsageByClass }

/** What resolvers read; each figure once a query, however often it is asked for. */
export interface QueryContext {
  readonly nowMs: number
  readonly bucketUsage: (name: string) => Promise<BucketFigures | null>
  readonly accountUsage: () => Promise<BucketFigures[]>
}

const schema = makeSchema()

/** Runs one query. What is wrong with it is told as GraphQL tells it, never thrown. */
export async function answerQuery(
  { query, operationName, variables }: GraphqlBody,
  { store, accountId, nowMs }: { readonly store: Store; readonly accountId: string; readonly nowMs: number },
): Promise<ExecutionResult | { data: null; errors: readonly unknown[] }> {
  const document = parsed(query)
  if (document instanceof GraphQLError) return { data: null, errors: [document] }
  if (isTooDeep(document)) return { data: null, errors: [new GraphQLError(`A query has ${MAX_DEPTH} levels at most`)] }
  const errors = validate(schema, document)
  if (errors.length > 0) return { data: null, errors }
  const answered = await execute({
    schema,
    document,
    operationName,
    variableValues: variables,
    rootValue: { viewer: viewerOf(accountId) },
    contextValue: contextOf(store, nowMs),
  })
  return { ...answered, errors: answered.errors ?? (null as never) }
}

function parsed(query: string) {
  try {
    return parse(query, { maxTokens: MAX_TOKENS })
  } catch (error) {
    if (error instanceof GraphQLError) return error
    throw error
  }
}

/** Whether a selection lies deeper than it may, by way of fragments or not. Each set is measured once; one within itself has no end. */
function isTooDeep({ definitions }: DocumentNode): boolean {
  const fragments = new Map(
    definitions.flatMap((one) => (one.kind === 'FragmentDefinition' ? [[one.name.value, one.selectionSet] as const] : [])),
  )
  const known = new Map<SelectionSetNode, number>()
  const depthOf = (set: SelectionSetNode | undefined): number => {
    if (!set) return 0
    if (!known.has(set)) {
      known.set(set, Number.POSITIVE_INFINITY)
      const below = set.selections.map((one) => depthOf(one.kind === 'FragmentSpread' ? fragments.get(one.name.value) : one.selectionSet))
      known.set(set, 1 + Math.max(...below))
    }
    return known.get(set)!
  }
  return definitions.some((one) => 'selectionSet' in one && depthOf(one.selectionSet) > MAX_DEPTH)
}

/** One account; another one's tag finds none. */
const viewerOf = (accountId: string) => ({
  accounts: ({ filter }: { filter?: { accountTag?: string } }) =>
    (filter?.accountTag ?? accountId) === accountId
      ? [
          {
            accountTag: accountId,
            r2StorageAdaptiveGroups: (asked: StorageGroupsArguments, context: QueryContext, info: Parameters<typeof storageGroups>[2]) =>
              storageGroups(asked, context, info),
          },
        ]
      : [],
})

function contextOf(store: Store, nowMs: number): QueryContext {
  const buckets = new Map<string, Promise<BucketFigures | null>>()
  let account: Promise<BucketFigures[]> | undefined
  return {
    nowMs,
    accountUsage: () => {
      account ??= store.accountUsage()
      return account
    },
    bucketUsage: async (name) => {
      if (!buckets.has(name) && buckets.size >= MAX_NAMES) throw new GraphQLError(`A query names ${MAX_NAMES} buckets at most`)
      const known = buckets.get(name) ?? readBucket(store, refOf(name))
      buckets.set(name, known)
      return known
    },
  }
}

async function readBucket(store: Store, bucket: BucketRef): Promise<BucketFigures | null> {
  try {
    return { bucket, usage: await store.bucketUsage(bucket) }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchBucket') return null
    throw error
  }
}

/** No name of a bucket has an underscore. */
function refOf(text: string): BucketRef {
  const [first, name] = text.split('_')
  const jurisdiction = JURISDICTIONS.find((known) => known === first)
  return jurisdiction && name ? { jurisdiction, name } : { jurisdiction: 'default', name: text }
}
