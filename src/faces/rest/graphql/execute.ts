import { type DocumentNode, type ExecutionResult, execute, GraphQLError, parse, type SelectionSetNode, validate } from 'graphql'
import { StoreError } from '../../../core/errors.ts'
import { type BucketRef, JURISDICTIONS } from '../../../core/object.ts'
import type { Store } from '../../../store/store.ts'
import type { UsageByClass } from '../../../store/usage.ts'
import type { GraphqlBody } from './body.ts'
import { makeSchema } from './schema.ts'
import { type StorageGroupsArguments, storageGroups } from './storage-groups.ts'

/** Limits the cost of one query. Every query of the known clients of this API is shorter. */
const MAX_TOKENS = 1000
/** The schema has six levels. Nested fragments count as levels, too. */
const MAX_DEPTH = 10
/** How many buckets one query may name, over all of its aliases: each one is a call to a Bucket. */
const MAX_NAMES = 100

type BucketFigures = { readonly bucket: BucketRef; readonly usage: UsageByClass }

/** The data for resolvers. A query reads each figure once, even if it asks for it many times. */
export interface QueryContext {
  readonly nowMs: number
  readonly bucketUsage: (name: string) => Promise<BucketFigures | null>
  readonly accountUsage: () => Promise<BucketFigures[]>
}

const schema = makeSchema()

/** Runs one query. It returns a mistake in the query as a GraphQL error and does not throw it. */
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

/** Whether a selection is too deep, fragments included. It measures each set once. A set that contains itself has infinite depth. */
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

/** The accounts that a query sees: this account, or none if the query names the tag of another account. */
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

/** Reads a bucket from its name. `eu_photos` means the bucket `photos` in `eu`: no bucket name contains an underscore. */
function refOf(text: string): BucketRef {
  const [first, name] = text.split('_')
  const jurisdiction = JURISDICTIONS.find((known) => known === first)
  return jurisdiction && name ? { jurisdiction, name } : { jurisdiction: 'default', name: text }
}
