// Queries as people send them, with the variables of each. The first three are those of R2's documentation and of wrangler, to the letter.

export interface Sent {
  readonly who: string
  readonly query: string
  readonly operationName?: string
  readonly variables?: Readonly<Record<string, unknown>>
  /** The datasets, or their aliases, that the answer has. */
  readonly fields: readonly string[]
}

export interface Asked {
  readonly accountTag: string
  readonly bucketName: string
  readonly start: string
  readonly end: string
}

const DOCUMENTED_OPERATIONS = `query R2VolumeExample(
  $accountTag: string!
  $startDate: Time
  $endDate: Time
  $bucketName: string
) {
  viewer {
    accounts(filter: { accountTag: $accountTag }) {
      r2OperationsAdaptiveGroups(
        limit: 10000
        filter: {
          datetime_geq: $startDate
          datetime_leq: $endDate
          bucketName: $bucketName
        }
      ) {
        sum {
          requests
        }
        dimensions {
          actionType
        }
      }
    }
  }
}`

const DOCUMENTED_STORAGE = `query R2StorageExample(
  $accountTag: string!
  $startDate: Time
  $endDate: Time
  $bucketName: string
) {
  viewer {
    accounts(filter: { accountTag: $accountTag }) {
      r2StorageAdaptiveGroups(
        limit: 10000
        filter: {
          datetime_geq: $startDate
          datetime_leq: $endDate
          bucketName: $bucketName
        }
        orderBy: [datetime_DESC]
      ) {
        max {
          objectCount
          uploadCount
          payloadSize
          metadataSize
        }
        dimensions {
          datetime
        }
      }
    }
  }
}`

const WRANGLER = `
    query getR2StorageMetrics($accountTag: String, $filter: R2StorageAdaptiveGroupsFilter_InputObject) {
      viewer {
        accounts(filter: { accountTag: $accountTag }) {
          r2StorageAdaptiveGroups(
            limit: 1
            filter: $filter
            orderBy: [datetime_DESC]
          ) {
            max {
              objectCount
              payloadSize
              metadataSize
            }
            dimensions {
              datetime
            }
          }
        }
      }
    }
    `

/** One query for two datasets, with a plain String where a Date is meant: as exporters send it. */
const EXPORTER = `query ($accountID: String!, $date: String!) {
  viewer { accounts(filter: { accountTag: $accountID }) {
    r2StorageAdaptiveGroups(limit: 9999, filter: { date: $date }) {
      dimensions { bucketName } max { metadataSize payloadSize objectCount } }
    r2OperationsAdaptiveGroups(limit: 9999, filter: { date: $date }) {
      dimensions { actionType bucketName } sum { requests } } } } }`

const PROMETHEUS_EXPORTER = `query Metrics($accountID: string!, $since: Time!, $until: Time!, $limit: uint64!) {
  viewer { accounts(filter: { accountTag: $accountID }) {
    operations: r2OperationsAdaptiveGroups(limit: $limit, filter: { datetime_geq: $since, datetime_lt: $until }) {
      dimensions { actionType bucketName storageClass } sum { requests responseBytes responseObjectSize } }
    errors: r2OperationsAdaptiveGroups(limit: $limit, filter: { datetime_geq: $since, datetime_lt: $until, responseStatusCode_geq: 400 }) {
      dimensions { actionType bucketName responseStatusCode } sum { requests } }
    storage: r2StorageAdaptiveGroups(limit: $limit, filter: { datetime_geq: $since, datetime_lt: $until }, orderBy: [datetime_DESC]) {
      dimensions { bucketName storageClass datetime } max { objectCount payloadSize metadataSize uploadCount } } } } }`

/** Guards of a budget ask for a month, by day and by class. */
const GUARD = `query Usage($tag: string!, $from: Date!, $to: Date!) {
  viewer { accounts(filter: { accountTag: $tag }) {
    ops: r2OperationsAdaptiveGroups(limit: 10000, filter: { date_geq: $from, date_leq: $to, actionStatus: "success" }, orderBy: [date_ASC, sum_requests_DESC]) {
      count dimensions { date bucketName actionType actionStatus responseStatusCode } sum { requests } avg { sampleInterval } }
    peak: r2StorageAdaptiveGroups(limit: 1, filter: { date_geq: $from, date_leq: $to }) { max { payloadSize } }
    bandwidth: r2BandwidthUsageAdaptiveGroups(limit: 10, filter: { date_geq: $from }) { sum { bytesUpload bytesDownload } } } } }`

const PAGED = `query Page($tag: string!, $after: string, $filter: AccountR2OperationsAdaptiveGroupsFilter_InputObject, $order: [String!]) {
  viewer { accounts(filter: { accountTag: $tag }) {
    r2OperationsAdaptiveGroups(limit: 100, orderBy: $order, filter: { bucketName_gt: $after, AND: [$filter], OR: [{ actionType_in: ["PutObject", "GetObject"] }, { actionType_like: "List%" }] }) {
      ...Row } } } }
  fragment Row on AccountR2OperationsAdaptiveGroups { sum { requests } dimensions { bucketName actionType datetimeHour } }`

const TWO_OPERATIONS = `query One { viewer { accounts { ...Unused } } }
  query Two($tag: ID) { viewer { accounts(filter: { accountTag: $tag }) { settings { r2StorageAdaptiveGroups { enabled maxPageSize notOlderThan } }
    r2BandwidthUsageAdaptiveGroups(filter: {}) { sum { bytesDownload } dimensions { date bucketName } } } } }
  fragment Unused on account { accountTag }`

/** Every query, for one account, one bucket and one window. */
export function queriesOf({ accountTag, bucketName, start, end }: Asked): readonly Sent[] {
  const window = { startDate: start, endDate: end, bucketName, accountTag }
  const [from, to] = [start.slice(0, 10), end.slice(0, 10)]
  const operations = ['r2OperationsAdaptiveGroups']
  const storage = ['r2StorageAdaptiveGroups']
  return [
    { who: "R2's documentation: operations", query: DOCUMENTED_OPERATIONS, variables: window, fields: operations },
    { who: 'the same without a bucket', query: DOCUMENTED_OPERATIONS, variables: { ...window, bucketName: undefined }, fields: operations },
    {
      who: 'the same with null for the bucket',
      query: DOCUMENTED_OPERATIONS,
      variables: { ...window, bucketName: null },
      fields: operations,
    },
    { who: "R2's documentation: storage", query: DOCUMENTED_STORAGE, variables: window, fields: storage },
    {
      who: 'wrangler r2 bucket info',
      query: WRANGLER,
      operationName: 'getR2StorageMetrics',
      variables: { accountTag, filter: { datetime_geq: start, datetime_leq: end, bucketName } },
      fields: storage,
    },
    { who: 'an exporter by day', query: EXPORTER, variables: { accountID: accountTag, date: to }, fields: [...storage, ...operations] },
    {
      who: 'an exporter by time',
      query: PROMETHEUS_EXPORTER,
      variables: { accountID: accountTag, since: start, until: end, limit: 9999 },
      fields: ['operations', 'errors', 'storage'],
    },
    {
      who: 'the same with a number as text',
      query: PROMETHEUS_EXPORTER.replaceAll('Time!', 'DateTime!'),
      variables: { accountID: accountTag, since: start, until: end, limit: '9999' },
      fields: ['operations'],
    },
    { who: 'a guard of a budget', query: GUARD, variables: { tag: accountTag, from, to }, fields: ['ops', 'peak', 'bandwidth'] },
    {
      who: 'a collector that pages by name',
      query: PAGED,
      variables: {
        tag: accountTag,
        after: '',
        filter: { bucketName, storageClass_neq: 'x' },
        order: ['bucketName_ASC', 'sum_requests_DESC'],
      },
      fields: operations,
    },
    {
      who: 'a document of two operations',
      query: TWO_OPERATIONS,
      operationName: 'Two',
      variables: { tag: accountTag },
      fields: ['r2BandwidthUsageAdaptiveGroups'],
    },
  ]
}
