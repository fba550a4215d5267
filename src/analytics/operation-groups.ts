import { invalidArgument } from '../core/errors.ts'
import { PRICED_PREFIXES, UNBILLED_STATUSES } from '../core/operations.ts'
import type { Dataset, Dimension } from './datasets.ts'
import { BANDWIDTH, OPERATIONS, SIPPY, SIPPY_ACTIONS } from './datasets.ts'
import { type Condition, compileComparison, compileFilter, type Term } from './filter.ts'
import type { Group, GroupsQuery, Order } from './groups.ts'
import { compileTime, dateText, timeText } from './times.ts'

const PRICE_CLASS = `CASE WHEN status IN (${UNBILLED_STATUSES.join(', ')}) THEN 'free' ${Object.entries(PRICED_PREFIXES)
  .map(([prefix, priceClass]) => `WHEN substr(action, 1, ${prefix.length}) = '${prefix}' THEN '${priceClass}'`)
  .join(' ')} ELSE 'A' END`

/** The SQL of each dimension that is not a time. */
const COLUMNS: Readonly<Record<string, string>> = {
  actionType: 'action',
  actionStatus: "CASE WHEN status < 400 THEN 'success' WHEN status < 500 THEN 'userError' ELSE 'internalError' END",
  bucketName: 'bucket',
  objectName: "''",
  responseStatusCode: 'status',
  storageClass: 'storage_class',
  eyeballRegion: 'region',
  priceClass: PRICE_CLASS,
}

const UPLOADED = "sum(CASE WHEN action IN ('PutObject', 'UploadPart') AND status < 400 THEN object_bytes ELSE 0 END)"

const OF_SIPPY = `action IN ('${SIPPY_ACTIONS.served}', '${SIPPY_ACTIONS.copied}')`

function sumOf(column: string, action: string): string {
  return `sum(CASE WHEN action = '${action}' THEN ${column} ELSE 0 END)`
}

/** The SQL of each figure. */
const FIGURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [OPERATIONS.name]: { requests: 'sum(requests)', responseBytes: 'sum(response_bytes)', responseObjectSize: 'sum(object_bytes)' },
  [SIPPY.name]: {
    requests: sumOf('requests', SIPPY_ACTIONS.served),
    migratedObjects: sumOf('requests', SIPPY_ACTIONS.copied),
    migratedBytes: sumOf('object_bytes', SIPPY_ACTIONS.copied),
  },
  [BANDWIDTH.name]: { bytesUpload: UPLOADED, bytesDownload: 'sum(response_bytes)' },
}

const columnOf = (name: string, { minutes }: Dimension): string => {
  if (minutes === undefined) return COLUMNS[name]!
  return minutes === 1 ? 'minute' : `minute - minute % ${minutes}`
}

/** Answers a question to the datasets of operations and of bandwidth. It is one SQL statement. @throws StoreError InvalidArgument */
export async function operationGroups(db: D1Database, dataset: Dataset, query: GroupsQuery): Promise<Group[]> {
  const { sql, bindings } = compileGroups(dataset, query)
  const { results } = await db
    .prepare(sql)
    .bind(...bindings)
    .all<Record<string, string | number>>()
  return results.map((row) => groupOf(dataset, query.dimensions, row))
}

function compileGroups(dataset: Dataset, { dimensions, filter, orderBy, limit }: GroupsQuery): Condition {
  const figures = FIGURES[dataset.name]!
  const selected = dimensions.map((name) => `${columnOf(name, dataset.dimensions[name]!)} AS d_${name}`)
  const summed = Object.entries(figures).map(([name, sql]) => `${sql} AS sum_${name}`)
  const where = compileFilter(filter, (term) => compileTerm(dataset, term))
  const grouped = dimensions.length === 0 ? '' : `GROUP BY ${dimensions.map((_, index) => index + 1).join(', ')}`
  // Equal rows keep one order, so that pages of one query fit together.
  const order = [...orderBy.map((one) => compileOrder(dataset, dimensions, one)), ...dimensions.map((name) => `d_${name}`)]
  return {
    sql: `SELECT ${[...selected, ...summed, 'sum(requests) AS count'].join(', ')} FROM operations WHERE ${dataset === SIPPY ? '' : 'NOT '}${OF_SIPPY} AND (${where.sql}) ${grouped}
      HAVING count(*) > 0 ${order.length === 0 ? '' : `ORDER BY ${order.join(', ')}`} LIMIT ?`,
    bindings: [...where.bindings, limit],
  }
}

function compileTerm({ dimensions }: Dataset, term: Term): Condition {
  const dimension = dimensions[term.dimension]!
  if (dimension.minutes !== undefined) return compileTime(term, dimension.minutes)
  return compileComparison(`(${COLUMNS[term.dimension]})`, term)
}

function compileOrder(dataset: Dataset, selected: readonly string[], { by, descending }: Order): string {
  const direction = descending ? 'DESC' : 'ASC'
  const dimension = dataset.dimensions[by]
  if (!dimension) return `${by} ${direction}`
  if (!selected.includes(by)) throw invalidArgument(`cannot order by ${by}: it is neither aggregated, nor a dimension`)
  return `d_${by} ${direction}`
}

function groupOf(dataset: Dataset, selected: readonly string[], row: Record<string, string | number>): Group {
  const dimensions = selected.map((name) => [name, printed(dataset.dimensions[name]!, row[`d_${name}`]!)])
  const sums = Object.keys(FIGURES[dataset.name]!).map((name) => [name, row[`sum_${name}`]])
  return {
    count: row.count as number,
    dimensions: Object.fromEntries(dimensions),
    sum: Object.fromEntries(sums),
    avg: { sampleInterval: 1 },
  }
}

/** Prints the value of a dimension. */
function printed({ type }: Dimension, value: string | number): string | number {
  if (type === 'Date') return dateText(Number(value))
  return type === 'Time' ? timeText(Number(value)) : value
}
