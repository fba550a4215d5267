import * as z from 'zod'
import { isBucketName } from '../../../core/bucket-name.ts'
import { hasEnded, type JobInfo, type JobLogEntry, type JobState } from '../../../core/job.ts'
import { LIMITS } from '../../../core/limits.ts'
import { JURISDICTIONS } from '../../../core/object.ts'
import type { MigrationParams } from '../../../jobs/migration/migration.ts'
import type { SourceConfig } from '../../../sources/open-source.ts'
import { isoTime, Timestamp } from '../common-schemas.ts'

/** Optional members arrive as null, too: the SDKs send them so. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined)

const Name = z.string().min(1).max(255)
const Key = z.string().refine((key) => key !== '' && key.isWellFormed() && Buffer.byteLength(key) <= LIMITS.keyBytes, 'must be a key')
const S3Secret = z.object({ accessKeyId: z.string().min(1).max(1024), secretAccessKey: z.string().min(1).max(4096) })
const GcsSecret = z.object({ clientEmail: z.string().min(1).max(1024), privateKey: z.string().min(1).max(16_384) })
const Jurisdiction = z.enum(JURISDICTIONS)

/** An empty list would copy either nothing or everything: neither is likely to be meant. */
const selection = { pathPrefix: optional(Key), keys: optional(z.array(Key).min(1)) }

export const SourceBody = z.discriminatedUnion('vendor', [
  z.object({
    vendor: z.literal('s3'),
    bucket: Name,
    secret: S3Secret,
    endpoint: optional(z.string().max(2048)),
    region: optional(z.string().max(32)),
    ...selection,
  }),
  z.object({ vendor: z.literal('gcs'), bucket: Name, secret: GcsSecret, ...selection }),
  /** `accountId` is ours: the account whose R2 it is, if that is not the account of this deployment. */
  z.object({
    vendor: z.literal('r2'),
    bucket: Name,
    secret: S3Secret,
    jurisdiction: optional(Jurisdiction),
    accountId: optional(z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lowercase hex digits')),
    ...selection,
  }),
])
export type SourceBody = z.output<typeof SourceBody>

export const TargetBody = z.object({
  vendor: z.literal('r2'),
  bucket: z.string().refine(isBucketName, 'must be the name of a bucket'),
  secret: S3Secret,
  jurisdiction: optional(Jurisdiction),
})
export type TargetBody = z.output<typeof TargetBody>

export const CreateMigrationBody = z.object({ overwrite: optional(z.boolean()), source: SourceBody, target: TargetBody })
export type CreateMigrationBody = z.output<typeof CreateMigrationBody>

/** R2's pages have 50 entries at most. A log is read faster by larger pages. */
export const MigrationsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(50).default(50),
  offset: z.coerce.number().int().min(0).default(0),
})
export type MigrationsQuery = z.output<typeof MigrationsQuery>

export const LogsQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
})
export type LogsQuery = z.output<typeof LogsQuery>

export const Connectivity = z.object({
  connectivityStatus: z.enum(['success', 'error']),
  /** Ours: the reason of an error. */
  message: z.string().optional(),
})
export type Connectivity = z.input<typeof Connectivity>

export const CreatedMigration = z.object({ id: z.string() })
export const Done = z.string()

const Status = z.enum(['running', 'paused', 'aborted', 'completed'])

/** A job that failed has ended: R2 has no other name for it. */
const STATUS: Readonly<Record<JobState, z.output<typeof Status>>> = {
  running: 'running',
  paused: 'paused',
  completed: 'completed',
  failed: 'aborted',
  canceled: 'aborted',
}

const Source = z.object({
  vendor: z.enum(['s3', 'gcs', 'r2']),
  bucket: z.string(),
  endpoint: z.string().nullable().optional(),
  jurisdiction: z.string().optional(),
  pathPrefix: z.string().nullable(),
  keys: z.array(z.string()).nullable(),
})

export const Migration = z.object({
  id: z.string(),
  createdAt: Timestamp,
  finishedAt: Timestamp.nullable(),
  overwrite: z.boolean(),
  status: Status,
  source: Source,
  target: z.object({ vendor: z.literal('r2'), bucket: z.string(), jurisdiction: z.string() }),
})
export type Migration = z.input<typeof Migration>

export const Progress = z.object({
  id: z.string(),
  createdAt: Timestamp,
  status: Status,
  objects: z.int(),
  transferredObjects: z.int(),
  skippedObjects: z.int(),
  failedObjects: z.int(),
  /** Ours: bytes of the objects that were found, and of those that were copied. */
  bytes: z.int(),
  transferredBytes: z.int(),
  /** Ours: why the last step failed. */
  message: z.string().optional(),
})
export type Progress = z.input<typeof Progress>

export const LogLine = z.object({
  job: z.string(),
  logType: z.string(),
  objectKey: z.string().nullable(),
  message: z.string().nullable(),
  createdAt: Timestamp,
})
export type LogLine = z.input<typeof LogLine>

/** Returns a migration as the API shows it: without secrets. */
export function toMigration(job: JobInfo): Migration {
  const { source, prefix, keys, overwrite } = job.params as MigrationParams
  const { name, jurisdiction } = job.bucket
  return {
    id: job.id,
    createdAt: isoTime(job.createdMs),
    finishedAt: job.endedMs === undefined ? null : isoTime(job.endedMs),
    overwrite,
    status: STATUS[job.state],
    source: { ...toSource(source), pathPrefix: prefix ?? null, keys: keys === undefined ? null : [...keys] },
    target: { vendor: 'r2', bucket: name, jurisdiction },
  }
}

function toSource(source: SourceConfig): Pick<Migration['source'], 'vendor' | 'bucket' | 'endpoint' | 'jurisdiction'> {
  const bucket = 'bucket' in source ? source.bucket : source.bucketUrl
  switch (source.provider) {
    case 'r2':
      return { vendor: 'r2', bucket, jurisdiction: source.jurisdiction ?? 'default' }
    case 'gcs':
      return { vendor: 'gcs', bucket }
    default:
      return { vendor: 's3', bucket, endpoint: 'endpoint' in source ? source.endpoint : null }
  }
}

export function toProgress({ id, createdMs, state, counts, error, ...job }: JobInfo): Progress {
  const { objects = 0, transferred = 0, skipped = 0, failed = 0, bytes = 0, listedBytes = 0 } = counts
  return {
    id,
    createdAt: isoTime(createdMs),
    status: STATUS[state],
    objects,
    transferredObjects: transferred,
    skippedObjects: skipped,
    failedObjects: failed,
    bytes: listedBytes,
    transferredBytes: bytes,
    ...(error !== undefined && !(hasEnded(job) && state === 'completed') && { message: error }),
  }
}

/** The events of every job by their names in this API. */
const LOG_TYPES: Readonly<Record<string, string>> = {
  start: 'migrationStart',
  complete: 'migrationComplete',
  cancel: 'migrationAbort',
  pause: 'migrationPause',
  resume: 'migrationResume',
  retry: 'migrationErrorFailedContinuation',
  error: 'migrationError',
}

export const toLogLine = (job: string, { type = 'error', key, message, atMs }: JobLogEntry): LogLine => ({
  job,
  logType: LOG_TYPES[type] ?? type,
  objectKey: key ?? null,
  message,
  createdAt: isoTime(atMs),
})
