import type { JobInfo, JobLogLine } from '../../core/job.ts'
import type { ObjectRef } from '../../core/object.ts'
import type { SourceConfig } from '../../sources/open-source.ts'
import type { Source } from '../../sources/source.ts'
import type { Store } from '../../store/store.ts'
import type { CopySizes } from '../job-kind.ts'

// A migration copies the objects of another provider's bucket into one of ours, as R2's Super Slurper does.
// https://developers.cloudflare.com/r2/data-migration/super-slurper/

export interface MigrationParams {
  readonly source: SourceConfig
  /** Keys that begin with this text are copied. Absent for all keys. */
  readonly prefix?: string
  /** How many keys are in the list of those to copy; absent without such a list. */
  readonly keyCount?: number
  /** These keys, if the list is short enough to be shown. */
  readonly keys?: readonly string[]
  /** Whether objects that the bucket has already are replaced. Otherwise they are skipped. */
  readonly overwrite: boolean
}

/** The parameters that only the steps see. */
export interface MigrationHidden {
  /** The credentials of the source, sealed for the job. */
  readonly sealed: string
  /** The only keys to copy. */
  readonly keys?: readonly string[]
}

/** An object to copy, as far as it is known: a list of keys says nothing but the key. */
export interface Item {
  readonly key: string
  readonly size?: number
  readonly etag?: string
  readonly storageClass?: string
  /** How often the copy has failed. */
  readonly attempts: number
}

/** An item whose copy failed in passing, and when it is tried again. */
export interface WaitingItem extends Item {
  readonly dueMs: number
}

/** A place in the list of things to copy. */
export interface Position {
  /** The source's cursor of the current page; absent on the first one. */
  readonly page?: string
  /** The last key of the page that was taken. */
  readonly after?: string
  /** How many keys of the list of keys were taken. */
  readonly taken?: number
  /** Whether everything was taken. */
  readonly ended?: true
}

/** A large object that is copied in parts. */
export interface LargeCopy extends Item {
  readonly size: number
  readonly etag: string
  readonly uploadId: string
  readonly partBytes: number
  /** The number of the first part that was never tried. */
  readonly next: number
  /** Parts before `next` that are still to be copied. */
  readonly missing: readonly number[]
  /** How many bytes were copied. */
  readonly bytes: number
  /** How many steps in a row have copied nothing. */
  readonly idle: number
  /** How often the object changed at the source meanwhile. */
  readonly changes: number
}

/** Where the next step of a migration begins. */
export interface MigrationCursor extends Position {
  /** The prefix that the source knows, once the first page has shown it. */
  readonly prefix?: string
  readonly waiting: readonly WaitingItem[]
  readonly large?: LargeCopy
  /** How many objects are copied at the same time. It falls when the source asks for a lower rate. */
  readonly width: number
}

/** Everything that the copy of an object needs. */
export interface Copier {
  readonly store: Store
  readonly source: Source
  readonly job: JobInfo & { readonly params: MigrationParams }
  readonly now: () => number
  readonly sizes: CopySizes
  /** How many calls were made: see `JobReport.calls`. */
  readonly countCalls: (calls: number) => void
}

/** The result of an attempt to copy an object. */
export type Verdict =
  | { readonly kind: 'transferred'; readonly bytes: number }
  | { readonly kind: 'skipped'; readonly line?: JobLogLine }
  | { readonly kind: 'failed'; readonly line: JobLogLine }
  /** It is to be copied in parts. */
  | { readonly kind: 'large'; readonly item: Item & { readonly size: number } }
  /** A later attempt may succeed. `whose` says who failed. */
  | {
      readonly kind: 'retry'
      readonly whose: 'source' | 'target'
      readonly error: Error
      readonly throttled: boolean
      readonly afterMs?: number
    }

/** R2 copies no object of more than 1 TB. */
export const LARGEST_BYTES = 1_000_000_000_000
const MIB = 1024 * 1024
/** R2 copies larger objects in parts. A part is two segments. */
export const COPY_SIZES: CopySizes = { wholeBytes: 100 * MIB, partBytes: 48 * MIB }
/** How often the copy of an object is tried. */
export const ATTEMPTS = 5

/** The types of log lines that a migration writes about objects, as the API names them. */
export type MigrationEvent =
  | 'importErrorRetryExhaustion'
  | 'importSkippedStorageClass'
  | 'importSkippedOversized'
  | 'importSkippedRequiresRetrieval'

/** The log line about an object that is not copied. */
export const lineOf = (type: MigrationEvent, key: string, message: string): JobLogLine => ({
  level: type === 'importErrorRetryExhaustion' ? 'error' : 'warning',
  type,
  key,
  message,
})

export const failedVerdict = (key: string, message: string): Verdict => ({
  kind: 'failed',
  line: lineOf('importErrorRetryExhaustion', key, `Failed to import object: ${message}`),
})

export const targetOf = ({ job: { bucket } }: Copier, key: string): ObjectRef => ({ bucket, key })
