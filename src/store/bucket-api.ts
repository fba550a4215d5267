import type { Actor } from '../core/audit.ts'
import type { BlobRecord, BlobSlice } from '../core/blob.ts'
import type { BucketInfo, Usage } from '../core/bucket.ts'
import type { ListPage, ListQuery, ListUploadsQuery } from '../core/listing.ts'
import type { MetadataDirective } from '../core/metadata.ts'
import type { CompletedPart, CreatedUpload, ListPartsQuery, Part, PartsPage, UploadHead, UploadRef } from '../core/multipart.ts'
import type { CopiedFrom, NewNotificationRule, QueueRef } from '../core/notifications.ts'
import type {
  BindingHashes,
  ByteSpan,
  Checksum,
  ChecksumAlgorithm,
  ChecksumType,
  Conditions,
  CustomMetadata,
  HttpMetadata,
  ObjectHead,
  ObjectSummary,
  RangeRequest,
  StorageClass,
} from '../core/object.ts'
import type { Outcome } from '../core/outcome.ts'
import type { BucketSettings } from '../core/settings.ts'
import type { MaintenanceApi } from './maintenance/maintenance-api.ts'

// What the engine and a Bucket say to each other: plain values that cross RPC.

/** A blob about to be written outside the Bucket. */
export interface Begin {
  readonly blobId: string
  readonly tier: string
  readonly segments: number
  readonly size: number
  /** What the blob is for; checked now, so that no byte is written in vain. */
  readonly target:
    | { readonly key: string; readonly conditions?: Conditions }
    | { readonly key: string; readonly uploadId: string; readonly ssecKeyMd5?: string }
}

/** The journal entry of a begun blob. A commit after the deadline is refused: the sweeper may have been there. */
export interface Begun {
  readonly deadlineMs: number
  /** Of the upload that a part belongs to: to be computed even if the client does not claim it. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
}

/** The bytes of a write: sealed, and journalled by `begin` unless they are inline. */
export interface WrittenBlob {
  readonly blob: BlobRecord
  readonly begun?: Begun
}

export interface ObjectAttributes {
  /** Absent: the bucket's default. */
  readonly storageClass?: StorageClass
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
}

export interface CommitObject extends WrittenBlob, ObjectAttributes {
  readonly key: string
  readonly etag: string
  readonly hashes?: BindingHashes
  readonly checksum?: Checksum
  readonly ssecKeyMd5?: string
  readonly conditions?: Conditions
  /** What its bytes were copied from: then this is the commit of a CopyObject. */
  readonly copySource?: CopiedFrom
}

/** `inline-full`: the inline budget is spent, store the blob in another tier. */
export type Committed<T> = { readonly kind: 'committed'; readonly value: T } | { readonly kind: 'inline-full' }

export interface Lookup {
  readonly key: string
  readonly conditions?: Conditions
  /** Any failed condition is answered as `not-modified`, with the head. */
  readonly softConditions?: boolean
  /** Reads a head that needs no customer's key: no byte is told by it. */
  readonly keyless?: boolean
  readonly range?: RangeRequest
  readonly partNumber?: number
  readonly ssecKeyMd5?: string
  /** False for HEAD: no extents, no inline bytes. */
  readonly body: boolean
}

/** The first slices of a body; `rest` tells how to ask for the others. */
export interface BodySlices {
  readonly slices: readonly BlobSlice[]
  readonly rest?: BodyRest
}

export interface BodyRest {
  readonly ownerId: string
  readonly span: ByteSpan
}

export interface Found {
  readonly kind: 'found'
  readonly head: ObjectHead
  /** The bytes that were asked for. */
  readonly span: ByteSpan
  readonly body: BodySlices
}

export type Looked = Found | { readonly kind: 'not-modified'; readonly head: ObjectHead }

export interface CopySource {
  readonly key: string
  readonly conditions?: Conditions
  readonly ssecKeyMd5?: string
}

export interface CopyObject extends ObjectAttributes {
  readonly key: string
  readonly source: CopySource
  readonly directive: MetadataDirective
  readonly conditions?: Conditions
  readonly ssecKeyMd5?: string
}

/** A copy, and which version of its source it is of. */
export interface CopiedObject extends ObjectHead {
  readonly sourceVersion: string
}

/** `needs-bytes`: the encryption differs, so the source must be read and stored anew. */
export type Copied<T> = { readonly kind: 'copied'; readonly value: T } | { readonly kind: 'needs-bytes'; readonly source: Found }

export interface CreateUpload extends ObjectAttributes {
  readonly key: string
  readonly conditions?: Conditions
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly checksumType?: ChecksumType
  readonly ssecKeyMd5?: string
}

export interface CommitPart extends UploadRef, WrittenBlob {
  readonly partNumber: number
  readonly etag: string
  /** Of the upload's algorithm. */
  readonly checksum?: Checksum
  readonly ssecKeyMd5?: string
}

export interface CopyPart extends UploadRef {
  readonly partNumber: number
  readonly source: CopySource
  readonly range?: RangeRequest
  readonly ssecKeyMd5?: string
}

export interface CompleteUpload extends UploadRef {
  /** Of the object that it becomes: by this the call is recognised when it arrives again. */
  readonly version: string
  readonly parts: readonly CompletedPart[]
  readonly conditions?: Conditions
  /** The client's checksum of the whole object. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
  /** The client's idea of the object's size. */
  readonly size?: number
}

/** Which objects are meant by their keys; others stay, without a failure. */
export interface DeleteOnly {
  /** Written at this time or before. */
  readonly writtenUntilMs: number
}

export interface Deleted {
  readonly key: string
  /** Why it could not be deleted. */
  readonly failure?: Extract<Outcome<never>, { ok: false }>
}

/**
 * The calls of a Bucket. Each answers with an {@link Outcome}; `NoSuchBucket` is a failure of all but `create`.
 * Changes of the configuration take who asked for them, for the audit log.
 */
export interface BucketApi extends MaintenanceApi {
  create(info: Omit<BucketInfo, 'createdMs'>, by?: Actor): Promise<Outcome<BucketInfo>>
  info(): Promise<Outcome<BucketInfo>>
  putStorageClass(storageClass: StorageClass, by?: Actor): Promise<Outcome<BucketInfo>>
  /** Counts a change of the bucket's configuration that the account keeps, such as one of its domains. */
  admitChange(): Promise<Outcome<BucketInfo>>
  remove(by?: Actor): Promise<Outcome<void>>
  usage(): Promise<Outcome<Record<StorageClass, Usage>>>
  getSetting<K extends keyof BucketSettings>(name: K): Promise<Outcome<BucketSettings[K] | null>>
  putSetting<K extends keyof BucketSettings>(name: K, value: BucketSettings[K] | null, by?: Actor): Promise<Outcome<void>>
  addNotificationRules(queue: QueueRef, rules: readonly NewNotificationRule[], by?: Actor): Promise<Outcome<void>>
  /** All rules of that queue, unless some are named. */
  removeNotificationRules(queueId: string, ruleIds?: readonly string[], by?: Actor): Promise<Outcome<void>>

  begin(begin: Begin): Promise<Outcome<Begun>>
  abandon(blob: Pick<Begin, 'blobId' | 'tier' | 'segments'>, begun: Begun): Promise<void>
  commitObject(commit: CommitObject): Promise<Outcome<Committed<ObjectHead>>>
  lookup(lookup: Lookup): Promise<Outcome<Looked>>
  moreSlices(rest: BodyRest): Promise<Outcome<BodySlices>>
  listObjects(query: ListQuery): Promise<Outcome<ListPage<ObjectHead>>>
  listSummaries(query: Omit<ListQuery, 'includeMetadata'>): Promise<Outcome<ListPage<ObjectSummary>>>
  deleteObjects(keys: readonly string[], only?: DeleteOnly): Promise<Outcome<Deleted[]>>
  copyObject(copy: CopyObject): Promise<Outcome<Copied<CopiedObject>>>

  createUpload(create: CreateUpload): Promise<Outcome<CreatedUpload>>
  commitPart(commit: CommitPart): Promise<Outcome<Committed<Part>>>
  copyPart(copy: CopyPart): Promise<Outcome<Copied<Part>>>
  completeUpload(complete: CompleteUpload): Promise<Outcome<ObjectHead>>
  abortUpload(upload: UploadRef): Promise<Outcome<void>>
  listParts(query: ListPartsQuery): Promise<Outcome<PartsPage>>
  listUploads(query: ListUploadsQuery): Promise<Outcome<ListPage<UploadHead>>>
}
