import type { GraphQLResolveInfo } from 'graphql'
import { type ExecutionResult, execute, GraphQLError, MaxIntrospectionDepthRule, parse, specifiedRules, validate } from 'graphql'
import type { Analytics } from '../../../analytics/analytics.ts'
import { BANDWIDTH, DATASETS, type Dataset, MAX_ROWS, OPERATIONS, SIPPY, STORAGE } from '../../../analytics/datasets.ts'
import { namedBuckets } from '../../../analytics/filter.ts'
import type { Group, GroupsQuery } from '../../../analytics/groups.ts'
import { RETENTION_DAYS } from '../../../analytics/operation-tables.ts'
import { ERRORS, StoreError } from '../../../core/errors.ts'
import { logUnexpected } from '../../../http/log-unexpected.ts'
import type { Store } from '../../../store/store.ts'
import { type AskBuckets, bucketAsker } from '../metrics/ask-buckets.ts'
import type { GraphqlBody } from './body.ts'
import { type GroupsArguments, readQuery } from './groups-arguments.ts'
import { inlineVariables } from './inline-variables.ts'
import { checkSize, MAX_DATASETS, MAX_NAMES, MAX_TOKENS } from './limits.ts'
import { makeSchema } from './schema.ts'

/** The dependencies of resolvers. */
export interface QueryPorts {
  readonly store: Store
  readonly analytics: Analytics
  readonly accountId: string
  readonly nowMs: number
}

/** A query while it runs. */
interface QueryContext extends QueryPorts {
  readonly ask: AskBuckets
  readonly names: Set<string>
  /** How many datasets it has asked for. */
  datasets: number
}

const schema = makeSchema()
const RULES = [...specifiedRules, MaxIntrospectionDepthRule]

/** Runs one query. It returns a mistake in the query as a GraphQL error and does not throw it. */
export async function answerQuery(
  body: GraphqlBody,
  ports: QueryPorts,
): Promise<ExecutionResult | { data: null; errors: readonly unknown[] }> {
  try {
    const document = parse(body.query, { maxTokens: MAX_TOKENS })
    checkSize(document)
    const inlined = inlineVariables(document, body)
    const errors = validate(schema, inlined, RULES)
    if (errors.length > 0) return { data: null, errors }
    const contextValue: QueryContext = { ...ports, ask: bucketAsker(ports.store), names: new Set(), datasets: 0 }
    const answered = await execute({ schema, document: inlined, rootValue: { viewer: viewerOf(ports.accountId) }, contextValue })
    return { data: answered.errors ? null : answered.data, errors: answered.errors ?? (null as never) }
  } catch (error) {
    if (error instanceof GraphQLError) return { data: null, errors: [error] }
    throw error
  }
}

type Resolver = (asked: GroupsArguments, context: QueryContext, info: GraphQLResolveInfo) => Promise<Group[]>

/** The accounts that a query sees: this account, or none if the query names the tag of another account. */
const viewerOf = (accountId: string) => ({
  accounts: ({ filter, limit }: { filter?: { accountTag?: string | null } | null; limit?: number }) =>
    (filter?.accountTag ?? accountId) === accountId && limit !== 0 ? [{ accountTag: accountId, settings: settings(), ...RESOLVERS }] : [],
})

/** The answer of each dataset. */
const ANSWERS: Readonly<Record<string, (query: GroupsQuery, context: QueryContext) => Promise<Group[]>>> = {
  [OPERATIONS.name]: (query, { analytics }) => analytics.operationGroups(query),
  [BANDWIDTH.name]: (query, { analytics }) => analytics.bandwidthGroups(query),
  [SIPPY.name]: (query, { analytics }) => analytics.sippyGroups(query),
  [STORAGE.name]: (query, context) => {
    for (const name of namedBuckets(query.filter) ?? []) context.names.add(name)
    if (context.names.size > MAX_NAMES) throw new GraphQLError(`A query names ${MAX_NAMES} buckets at most`)
    return context.analytics.storageGroups(query, context)
  },
}

const RESOLVERS: Readonly<Record<string, Resolver>> = Object.fromEntries(DATASETS.map((dataset) => [dataset.name, resolverOf(dataset)]))

function resolverOf(dataset: Dataset): Resolver {
  return async (asked, context, info) => {
    context.datasets++
    if (context.datasets > MAX_DATASETS) throw new GraphQLError(`A query asks for ${MAX_DATASETS} datasets at most`)
    const query = readQuery(dataset, asked, info)
    try {
      return await ANSWERS[dataset.name]!(query, context)
    } catch (error) {
      throw shownError(error)
    }
  }
}

/** The error of a dataset as the client sees it. The text of an unexpected one tells about the inside, so it goes to the log alone. */
function shownError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error
  logUnexpected(error)
  return new GraphQLError(error instanceof StoreError ? error.message : ERRORS.InternalError.message)
}

const DAY_SECONDS = 86_400

/** The limits of each dataset, as clients ask for them before they query it. */
const settings = () =>
  Object.fromEntries(
    DATASETS.map(({ name, dimensions, aggregates }) => {
      const figures = Object.entries(aggregates).flatMap(([aggregate, fields]) =>
        Object.keys(fields).map((field) => `${aggregate}_${field}`),
      )
      const availableFields = [...Object.keys(dimensions).map((dimension) => `dimensions_${dimension}`), ...figures]
      const seconds = RETENTION_DAYS * DAY_SECONDS
      return [
        name,
        {
          enabled: true,
          availableFields,
          maxPageSize: MAX_ROWS,
          maxNumberOfFields: availableFields.length,
          notOlderThan: seconds,
          maxDuration: seconds,
        },
      ]
    }),
  )
