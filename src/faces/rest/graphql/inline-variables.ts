import {
  type ArgumentNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  type ObjectFieldNode,
  type OperationDefinitionNode,
  separateOperations,
  type ValueNode,
  visit,
} from 'graphql'
import { MAX_VALUES } from './limits.ts'

/** The literal of a variable, and how many values it is made of. A long text counts as several. */
interface Literal {
  readonly node: ValueNode
  readonly size: number
}

/** The literals of all variables, and how many more values the document may take. */
interface Values {
  readonly literals: ReadonlyMap<string, Literal | undefined>
  left: number
}

/**
 * Puts the values of the variables into the document, and drops their definitions. Cloudflare takes any type for a variable: its own
 * documentation declares `string`, scripts declare `String`, `Date`, `DateTime` or `uint64` for the same value. Since the values become
 * literals, only the place where a variable is used decides about its type. An argument or a field whose variable has no value is dropped.
 * The document may become much larger than the query, since each use of a variable repeats its value: so the whole is bounded.
 * @throws GraphQLError when the operation is not clear, when a variable that must have a value has none, or for too many values
 */
export function inlineVariables(
  asked: DocumentNode,
  { operationName, variables }: { readonly operationName?: string | null; readonly variables?: Readonly<Record<string, unknown>> | null },
): DocumentNode {
  const operation = selectOperation(asked.definitions, operationName)
  // Fragments of another operation may use variables that only that one has.
  const { definitions } = separateOperations(asked)[operation.name?.value ?? '']!
  const values: Values = { literals: literalsOf(operation, variables ?? {}), left: MAX_VALUES }
  const fragments = definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [{ ...operation, variableDefinitions: [] }, ...fragments] }
  return visit(document, { Argument: (argument) => inlineArgument(argument, values) })
}

function selectOperation(definitions: DocumentNode['definitions'], name?: string | null): OperationDefinitionNode {
  const operations = definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
  const found = name ? operations.filter((one) => one.name?.value === name) : operations
  if (found.length > 1) throw new GraphQLError('Must provide operation name if query contains multiple operations.')
  if (!found[0]) throw new GraphQLError(name ? `Unknown operation named "${name}".` : 'Must provide an operation.')
  return found[0]
}

function literalsOf(
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): Values['literals'] {
  return new Map(
    variableDefinitions.map(({ variable, type, defaultValue }) => {
      const name = variable.name.value
      const value = Object.hasOwn(variables, name) ? valueNode(variables[name]) : defaultValue
      if (type.kind === Kind.NON_NULL_TYPE && (!value || value.kind === Kind.NULL)) {
        throw new GraphQLError(`Variable "$${name}" of a type that needs a value was not provided.`)
      }
      return [name, value && { node: value, size: sizeOf(value) }]
    }),
  )
}

/** How many characters of a text count as one value. */
const CHARACTERS = 100

function sizeOf(node: ValueNode): number {
  const inner = node.kind === Kind.LIST ? node.values : node.kind === Kind.OBJECT ? node.fields.map(({ value }) => value) : []
  const length = node.kind === Kind.STRING ? node.value.length : 0
  return inner.reduce((sum, one) => sum + sizeOf(one), 1 + Math.floor(length / CHARACTERS))
}

/** Turns a JSON value into a literal. */
function valueNode(value: unknown): ValueNode {
  if (value === null || value === undefined) return { kind: Kind.NULL }
  if (Array.isArray(value)) return { kind: Kind.LIST, values: value.map(valueNode) }
  if (typeof value === 'boolean') return { kind: Kind.BOOLEAN, value }
  if (typeof value === 'number') return { kind: Number.isInteger(value) ? Kind.INT : Kind.FLOAT, value: String(value) }
  if (typeof value !== 'object') return { kind: Kind.STRING, value: String(value) }
  const fields = Object.entries(value).map(
    ([name, one]): ObjectFieldNode => ({ kind: Kind.OBJECT_FIELD, name: { kind: Kind.NAME, value: name }, value: valueNode(one) }),
  )
  return { kind: Kind.OBJECT, fields }
}

/** Returns null, which drops the argument, when its variable has no value. */
function inlineArgument(argument: ArgumentNode, values: Values): ArgumentNode | null {
  const value = inlineValue(argument.value, values)
  if (!value) return null
  return { ...argument, value: argument.name.value === 'orderBy' ? asEnum(value) : value }
}

function inlineValue(value: ValueNode, values: Values): ValueNode | undefined {
  switch (value.kind) {
    case Kind.VARIABLE:
      return takeLiteral(value.name.value, values)
    case Kind.LIST:
      return { ...value, values: value.values.flatMap((one) => inlineValue(one, values) ?? []) }
    case Kind.OBJECT:
      return {
        ...value,
        fields: value.fields.flatMap((field) => {
          const inlined = inlineValue(field.value, values)
          return inlined ? [{ ...field, value: inlined }] : []
        }),
      }
    default:
      return value
  }
}

function takeLiteral(name: string, values: Values): ValueNode | undefined {
  if (!values.literals.has(name)) throw new GraphQLError(`Variable "$${name}" is not defined.`)
  const literal = values.literals.get(name)
  values.left -= literal?.size ?? 0
  if (values.left < 0) throw new GraphQLError(`The variables of a query stand for ${MAX_VALUES} values at most`)
  return literal?.node
}

/** The names of an order arrive as strings in the JSON of the variables. */
function asEnum(value: ValueNode): ValueNode {
  if (value.kind === Kind.STRING) return { kind: Kind.ENUM, value: value.value }
  return value.kind === Kind.LIST ? { ...value, values: value.values.map(asEnum) } : value
}
