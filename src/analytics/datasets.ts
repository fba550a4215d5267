/** The type of a dimension's values, as Cloudflare's schema names it. */
export type ScalarName = 'string' | 'uint64' | 'Date' | 'Time'

/** A dimension: a property that groups figures. */
export interface Dimension {
  readonly type: ScalarName
  /** Of a time: into how many minutes it is rounded down. */
  readonly minutes?: number
  /** For the schema's documentation. */
  readonly note?: string
}

/** A dataset: rows of figures with dimensions, under the names of Cloudflare's GraphQL API. */
export interface Dataset {
  readonly name: string
  readonly dimensions: Readonly<Record<string, Dimension>>
  /** The figures of each aggregate, with a note or none. */
  readonly aggregates: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const TIMES = {
  date: { type: 'Date', minutes: 1440 },
  datetime: { type: 'Time', minutes: 1 },
  datetimeMinute: { type: 'Time', minutes: 1 },
  datetimeFiveMinutes: { type: 'Time', minutes: 5 },
  datetimeFifteenMinutes: { type: 'Time', minutes: 15 },
  datetimeHour: { type: 'Time', minutes: 60 },
} as const satisfies Record<string, Dimension>

const NOT_ON_CLOUDFLARE = 'Not on Cloudflare:'
const BUCKET_NAME: Dimension = { type: 'string', note: 'Of a jurisdiction other than the default: <jurisdiction>_<bucket>.' }

export const OPERATIONS: Dataset = {
  name: 'r2OperationsAdaptiveGroups',
  dimensions: {
    ...TIMES,
    actionType: { type: 'string' },
    actionStatus: { type: 'string', note: 'success, userError or internalError.' },
    bucketName: BUCKET_NAME,
    objectName: { type: 'string', note: 'Always empty: keys are not counted apart.' },
    responseStatusCode: { type: 'uint64' },
    storageClass: { type: 'string' },
    eyeballRegion: { type: 'string' },
    priceClass: { type: 'string', note: `${NOT_ON_CLOUDFLARE} A, B or free, as R2 bills the operation.` },
  },
  aggregates: { sum: { requests: '', responseBytes: '', responseObjectSize: '' } },
}

export const BANDWIDTH: Dataset = {
  name: 'r2BandwidthUsageAdaptiveGroups',
  dimensions: { ...TIMES, bucketName: BUCKET_NAME },
  aggregates: { sum: { bytesUpload: '', bytesDownload: '' } },
}

export const STORAGE: Dataset = {
  name: 'r2StorageAdaptiveGroups',
  dimensions: { ...TIMES, bucketName: BUCKET_NAME, storageClass: { type: 'string' } },
  aggregates: {
    max: {
      objectCount: '',
      payloadSize: '',
      metadataSize: '',
      uploadCount: '',
      retrievedBytes: `${NOT_ON_CLOUDFLARE} read or copied out of Infrequent Access, since the buckets were created.`,
      earlyDeletionByteDays: `${NOT_ON_CLOUDFLARE} left of the minimum storage duration by objects that went early, since the buckets were created.`,
    },
  },
}

/** Sippy's figures have no dataset on Cloudflare, which shows them in its dashboard alone. */
export const SIPPY: Dataset = {
  name: 'sippyAdaptiveGroups',
  dimensions: { ...TIMES, bucketName: BUCKET_NAME },
  aggregates: {
    sum: {
      requests: `${NOT_ON_CLOUDFLARE} reads that the source answered.`,
      migratedObjects: `${NOT_ON_CLOUDFLARE} objects that were copied.`,
      migratedBytes: `${NOT_ON_CLOUDFLARE} their bytes.`,
    },
  },
}

/** The names under which Sippy counts beside the operations. They are no operations of R2's, so the other datasets leave them out. */
export const SIPPY_ACTIONS = { served: 'sippy:served', copied: 'sippy:copied' } as const

export const DATASETS = [OPERATIONS, STORAGE, BANDWIDTH, SIPPY] as const

/** The most rows that one query of a dataset returns. */
export const MAX_ROWS = 10_000
