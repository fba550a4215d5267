import type { StorageClass } from './object.ts'

// Sippy copies objects from a bucket of another provider when they are first asked for.
// https://developers.cloudflare.com/r2/data-migration/sippy/

/** Every request for a source carries it. A deployment that receives it answers from its own bucket alone. */
export const MIGRATION_HEADER = 'cairn-migration'

/** The source of a bucket's Sippy. It holds no secret. */
export type SippySource =
  | { readonly provider: 'aws'; readonly bucket: string; readonly region?: string }
  | { readonly provider: 'gcs'; readonly bucket: string }
  /** Any store that speaks S3, by the URL of the bucket. */
  | { readonly provider: 's3'; readonly bucketUrl: string }

/** Sippy as a bucket stores it. */
export interface SippySetting {
  readonly source: SippySource
  /** The credentials of the source, sealed for this bucket. */
  readonly sealed: string
  /** The id of the R2 token that was named for the destination. */
  readonly accessKeyId: string
}

/** Sippy as everybody may see it: without credentials. */
export type ShownSippy = Omit<SippySetting, 'sealed'>

export const shownSippy = ({ source, accessKeyId }: SippySetting): ShownSippy => ({ source, accessKeyId })

/** Why a bucket has no object under a key: its Sippy may have it. */
export interface Elsewhere {
  readonly sippy: SippySetting
  /** The class that the copy will get. */
  readonly storageClass: StorageClass
}

/** A copy that is about to be made. */
export interface WantedCopy {
  readonly key: string
  /** The source's own ETag of the object, and its size. */
  readonly etag: string
  readonly size: number
  /** The id that a copy of this request will have: a call that is made twice takes the copy once. Absent for a job's copies. */
  readonly id?: string
  /** The id of a job that takes over the copy, if none is known that does. Absent: the request makes the copy itself. */
  readonly job?: string
  /** This job has ended and must not be named again. */
  readonly endedJob?: string
}

/**
 * The answer: a request may make the copy, under this id; the copy waits for a job, which must run; or there is nothing to do, since the
 * object is there, somebody else copies it, too many copies wait, or Sippy is off.
 */
export type TakenCopy =
  | { readonly kind: 'now'; readonly id: string }
  | { readonly kind: 'later'; readonly job: string }
  | { readonly kind: 'none' }

/** A copy by its key and attempt. */
export interface CopyRef {
  readonly key: string
  readonly id: string
}

/** A copy that waits for the job. */
export interface QueuedCopy extends CopyRef {
  readonly etag: string
  readonly size: number
}
