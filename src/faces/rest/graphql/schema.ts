import { buildSchema, GraphQLError, type GraphQLScalarType, type GraphQLSchema } from 'graphql'

/**
 * The part of Cloudflare's analytics schema that Cairn has, under the same names. A dataset is one field of `Account` with its own filter,
 * order and group. A new dataset is a new field beside it.
 */
const DEFINITIONS = `
scalar Time
scalar uint64

type Query {
  viewer: Viewer
}

type Viewer {
  accounts(filter: AccountFilter_InputObject, limit: Int): [Account!]!
}

input AccountFilter_InputObject {
  accountTag: String
}

type Account {
  accountTag: String!
  r2StorageAdaptiveGroups(
    limit: Int!
    filter: R2StorageAdaptiveGroupsFilter_InputObject
    orderBy: [R2StorageAdaptiveGroupsOrderBy!]
  ): [AccountR2StorageAdaptiveGroups!]!
}

input R2StorageAdaptiveGroupsFilter_InputObject {
  "Of a jurisdiction other than the default: <jurisdiction>_<bucket>."
  bucketName: String
  bucketName_in: [String!]
  storageClass: String
  datetime: Time
  datetime_geq: Time
  datetime_gt: Time
  datetime_leq: Time
  datetime_lt: Time
  date: String
  date_geq: String
  date_leq: String
}

enum R2StorageAdaptiveGroupsOrderBy {
  datetime_ASC
  datetime_DESC
  bucketName_ASC
  bucketName_DESC
}

type AccountR2StorageAdaptiveGroups {
  max: AccountR2StorageAdaptiveGroupsMax
  dimensions: AccountR2StorageAdaptiveGroupsDimensions
}

type AccountR2StorageAdaptiveGroupsMax {
  objectCount: uint64!
  payloadSize: uint64!
  metadataSize: uint64!
  uploadCount: uint64!
  "Not on Cloudflare: read or copied out of Infrequent Access, since the buckets were created."
  retrievedBytes: uint64!
  "Not on Cloudflare: left of the minimum storage duration by objects that went early, since the buckets were created."
  earlyDeletionByteDays: uint64!
}

type AccountR2StorageAdaptiveGroupsDimensions {
  datetime: Time!
  date: String!
  bucketName: String!
  storageClass: String!
}
`

/** Builds the schema. Its numbers may exceed 32 bits. */
export function makeSchema(): GraphQLSchema {
  const schema = buildSchema(DEFINITIONS)
  const time = schema.getType('Time') as GraphQLScalarType
  time.parseValue = (value) => {
    if (typeof value !== 'string' || Number.isNaN(Date.parse(value))) throw new GraphQLError(`"${value}" is no time`)
    return value
  }
  return schema
}
