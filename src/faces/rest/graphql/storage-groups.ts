import { GraphQLError, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql'
import type { Usage } from '../../../core/bucket.ts'
import type { BucketRef, StorageClass } from '../../../core/object.ts'
import { sumUsage } from '../../../store/usage.ts'
import type { QueryContext } from './execute.ts'

export interface StorageGroupsArguments {
  readonly limit: number
  readonly filter?: Partial<Record<'bucketName' | 'storageClass' | `datetime${Bound}` | `date${Bound}`, string>> & {
    readonly bucketName_in?: readonly string[]
  }
  readonly orderBy?: readonly string[]
}

type Bound = '' | '_geq' | '_gt' | '_leq' | '_lt'

interface Row {
  readonly bucketName: string
  readonly storageClass: StorageClass
  readonly usage: Usage
}

/** Cairn stores only the present figures, no history. They count for queries about the last hour. */
const FRESH_MS = 3_600_000
const MAX_GROUPS = 10_000
/** Each name is a call to a Bucket. */
const MAX_NAMES = 100

/**
 * The dataset `r2StorageAdaptiveGroups`: the storage figures, summed over all dimensions that the query leaves out.
 * A bucket that does not exist has no group.
 */
export async function storageGroups(
  { limit, filter = {}, orderBy = [] }: StorageGroupsArguments,
  context: QueryContext,
  info: GraphQLResolveInfo,
) {
  if (!isNow(filter, context.nowMs)) return []
  const names = filter.bucketName === undefined ? filter.bucketName_in : [filter.bucketName]
  const rows = (await readRows(names, context)).filter(({ storageClass }) => (filter.storageClass ?? storageClass) === storageClass)
  const asked = dimensionsOf(info)
  const groups = Map.groupBy(rows, (row) =>
    [asked.has('bucketName') && row.bucketName, asked.has('storageClass') && row.storageClass].join('/'),
  )
  const datetime = new Date(context.nowMs).toISOString()
  const answer = [...groups.values()].map(([first, ...others]) => {
    const usage = sumUsage([first, ...others].map((row) => row!.usage))
    return {
      max: {
        objectCount: usage.objects,
        payloadSize: usage.payloadBytes,
        metadataSize: usage.metadataBytes,
        uploadCount: usage.uploads,
        retrievedBytes: usage.retrievedBytes,
        earlyDeletionByteDays: usage.earlyDeletionByteDays,
      },
      dimensions: { datetime, date: datetime.slice(0, 10), bucketName: first!.bucketName, storageClass: first!.storageClass },
    }
  })
  answer.sort((a, b) => (a.dimensions.bucketName < b.dimensions.bucketName ? -1 : 1))
  if (orderBy.includes('bucketName_DESC')) answer.reverse()
  return answer.slice(0, Math.min(Math.max(limit, 0), MAX_GROUPS))
}

async function readRows(names: readonly string[] | undefined, { bucketUsage, accountUsage }: QueryContext): Promise<Row[]> {
  if (names && names.length > MAX_NAMES) throw new GraphQLError(`bucketName_in takes ${MAX_NAMES} names at most`)
  const found = names === undefined ? await accountUsage() : await Promise.all(names.map(bucketUsage))
  return found
    .filter((one) => one !== null)
    .flatMap(({ bucket, usage }) =>
      Object.entries(usage).map(([storageClass, figures]) => ({
        bucketName: nameOf(bucket),
        storageClass: storageClass as StorageClass,
        usage: figures,
      })),
    )
}

/** The jurisdiction is part of the name here, because GraphQL has no header for it. */
const nameOf = ({ jurisdiction, name }: BucketRef): string => (jurisdiction === 'default' ? name : `${jurisdiction}_${name}`)

function isNow(filter: NonNullable<StorageGroupsArguments['filter']>, nowMs: number): boolean {
  const start = filter.datetime_geq ?? filter.datetime_gt ?? filter.datetime ?? filter.date_geq ?? filter.date
  const end = filter.datetime_leq ?? filter.datetime_lt ?? filter.datetime ?? dayEnd(filter.date_leq ?? filter.date)
  const [startMs, endMs] = [Date.parse(start ?? ''), Date.parse(end ?? '')]
  return !(startMs > nowMs + FRESH_MS) && !(endMs < nowMs - FRESH_MS)
}

const dayEnd = (date: string | undefined): string | undefined => date && `${date}T23:59:59.999Z`

/**
 * Returns the dimensions that a query selects; figures are summed over all others. It visits each selection set at most once within a
 * group and once within the group's dimensions, even if many fragments lead to it.
 */
function dimensionsOf({ fieldNodes, fragments }: GraphQLResolveInfo): Set<string> {
  const names = new Set<string>()
  const visited = { within: new Set<SelectionSetNode>(), outside: new Set<SelectionSetNode>() }
  const visit = (set: SelectionSetNode | undefined, within: boolean): void => {
    const seen = within ? visited.within : visited.outside
    if (!set || seen.has(set)) return
    seen.add(set)
    for (const selection of set.selections) {
      if (selection.kind === 'FragmentSpread') visit(fragments[selection.name.value]?.selectionSet, within)
      else if (selection.kind === 'InlineFragment') visit(selection.selectionSet, within)
      else if (within) names.add(selection.name.value)
      else if (selection.name.value === 'dimensions') visit(selection.selectionSet, true)
    }
  }
  for (const { selectionSet } of fieldNodes) visit(selectionSet, false)
  return names
}
