import { buildSchema, GraphQLError, type GraphQLScalarType, type GraphQLSchema, Kind, type ValueNode } from 'graphql'
import { DATASETS, type Dataset, type Dimension } from '../../../analytics/datasets.ts'

/**
 * The part of Cloudflare's analytics schema that Cairn has, under the same names. The types of each dataset are made from its description,
 * so that a new dataset is a row of `DATASETS` and a resolver.
 */
const COMMON = `
scalar Date
scalar Time
scalar string
scalar uint64
scalar float64

type Query {
  viewer: Viewer
}

type Viewer {
  accounts(filter: AccountFilter_InputObject, limit: uint64): [account!]!
}

input AccountFilter_InputObject {
  accountTag: string
}

type DatasetSettings {
  enabled: Boolean!
  availableFields: [string!]!
  maxPageSize: uint64!
  maxNumberOfFields: uint64!
  "Seconds."
  notOlderThan: uint64!
  "Seconds."
  maxDuration: uint64!
}
`

const typeOf = ({ name }: Dataset): string => `Account${name[0]!.toUpperCase()}${name.slice(1)}`

const ordersOf = ({ dimensions, aggregates }: Dataset): string[] =>
  [
    ...Object.keys(dimensions),
    ...Object.entries(aggregates).flatMap(([aggregate, fields]) => Object.keys(fields).map((field) => `${aggregate}_${field}`)),
    'count',
  ].flatMap((name) => [`${name}_ASC`, `${name}_DESC`])

const documented = (note: string | undefined, line: string): string => (note ? `"${note}"\n  ${line}` : line)

/** The comparisons of a dimension: all scalars have an order, only strings have patterns. */
function filterFields(name: string, { type, note }: Dimension): string[] {
  const single = ['', '_neq', '_gt', '_geq', '_lt', '_leq', ...(type === 'string' ? ['_like', '_notlike'] : [])]
  const [first, ...others] = single.map((suffix) => `${name}${suffix}: ${type}`)
  return [documented(note, first!), ...others, `${name}_in: [${type}!]`, `${name}_notin: [${type}!]`]
}

function definitionsOf(dataset: Dataset): string {
  const type = typeOf(dataset)
  const { dimensions, aggregates } = dataset
  const lines = (list: readonly string[]) => list.join('\n  ')
  const capital = (name: string) => `${name[0]!.toUpperCase()}${name.slice(1)}`
  const aggregateTypes = Object.entries(aggregates).map(
    ([aggregate, fields]) =>
      `type ${type}${capital(aggregate)} {\n  ${lines(Object.entries(fields).map(([name, note]) => documented(note, `${name}: uint64!`)))}\n}`,
  )
  const isCounted = 'sum' in aggregates
  return `
type ${type} {
  ${lines(Object.keys(aggregates).map((aggregate) => `${aggregate}: ${type}${capital(aggregate)}`))}
  ${isCounted ? `count: uint64!\n  avg: ${type}Avg` : ''}
  dimensions: ${type}Dimensions
}
${isCounted ? `type ${type}Avg {\n  "Nothing is sampled."\n  sampleInterval: float64!\n}` : ''}
${aggregateTypes.join('\n')}
type ${type}Dimensions {
  ${lines(Object.entries(dimensions).map(([name, { type: scalar, note }]) => documented(note, `${name}: ${scalar}!`)))}
}
input ${type}Filter_InputObject {
  AND: [${type}Filter_InputObject!]
  OR: [${type}Filter_InputObject!]
  ${lines(Object.entries(dimensions).flatMap(([name, dimension]) => filterFields(name, dimension)))}
}
enum ${type}OrderBy {
  ${lines(ordersOf(dataset))}
}`
}

const fieldOf = (dataset: Dataset): string =>
  `${dataset.name}(limit: uint64, filter: ${typeOf(dataset)}Filter_InputObject, orderBy: [${typeOf(dataset)}OrderBy!]): [${typeOf(dataset)}!]!`

const ACCOUNT = `
type account {
  accountTag: string!
  settings: AccountSettings!
  ${DATASETS.map(fieldOf).join('\n  ')}
}
type AccountSettings {
  ${DATASETS.map(({ name }) => `${name}: DatasetSettings!`).join('\n  ')}
}`

/** How each scalar reads a literal. Numbers may be larger than 32 bits, and clients send numbers as strings. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  string: (text) => text,
  uint64: wholeNumber,
  Date: time,
  Time: time,
}

function wholeNumber(text: string): number {
  if (!/^\d{1,16}$/.test(text)) throw new GraphQLError(`"${text}" is no whole number`)
  return Number(text)
}

function time(text: string): string {
  if (Number.isNaN(Date.parse(text))) throw new GraphQLError(`"${text}" is no time`)
  return text
}

/** Builds the schema. */
export function makeSchema(): GraphQLSchema {
  const schema = buildSchema([COMMON, ACCOUNT, ...DATASETS.map(definitionsOf)].join('\n'))
  for (const [name, read] of Object.entries(READERS)) {
    const scalar = schema.getType(name) as GraphQLScalarType
    scalar.parseLiteral = (node: ValueNode) => {
      if (node.kind === Kind.STRING || node.kind === Kind.INT) return read(node.value)
      throw new GraphQLError(`${name} cannot represent this value`)
    }
  }
  return schema
}
