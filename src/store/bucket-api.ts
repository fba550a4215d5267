import type { BlobRecord, BlobSlice } from '../core/blob.ts'
import type { ListPage, ListQuery, ListUploadsQuery } from '../core/listing.ts'
import type { MetadataDirective } from '../core/metadata.ts'
import type { CompletedPart, CreatedUpload, ListPartsQuery, Part, PartsPage, UploadHead, UploadRef } from '../core/multipart.ts'
import type { CopiedFrom } from '../core/notifications.ts'
import type {
  BindingHashes,
  ByteSpan,
  Checksum,
  ChecksumAlgorithm,
  ChecksumType,
  Conditions,
  CustomMetadata,
  Dialect,
  HttpMetadata,
  ObjectHead,
  ObjectSummary,
  RangeRequest,
  StorageClass,
} from '../core/object.ts'
import type { Outcome } from '../core/outcome.ts'
import type { TaggingDirective, TagSet } from '../core/tags.ts'
import type { ConfigurationApi } from './configuration-api.ts'
import type { MaintenanceApi } from './maintenance/maintenance-api.ts'
import type { SippyApi } from './sippy/sippy-api.ts'

// The arguments and results of calls between the engine and a Bucket: plain values that cross RPC.

/** A blob that is going to be written outside the Bucket. */
export interface Begin {
  readonly blobId: string
  readonly tier: string
  readonly segments: number
  readonly size: number
  /** The object or part that the blob is for. The Bucket checks it first, so that we write no bytes for a write that is refused. */
  readonly target:
    | { readonly key: string; readonly conditions?: Conditions }
    | { readonly key: string; readonly uploadId: string; readonly ssecKeyMd5?: string }
}

/** The journal entry of a blob. The Bucket refuses a commit after the deadline, because the sweep may have deleted segments by then. */
export interface Begun {
  readonly deadlineMs: number
  /** The algorithm of the part's upload. The engine computes this checksum even if the client does not send one. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
}

/** The bytes of a write. They are sealed, and `begin` has journalled them unless they are inline. */
export interface WrittenBlob {
  readonly blob: BlobRecord
  readonly begun?: Begun
}

export interface ObjectAttributes {
  /** Default: the bucket's storage class. */
  readonly storageClass?: StorageClass
  readonly httpMetadata: HttpMetadata
  readonly customMetadata: CustomMetadata
  readonly tags?: TagSet
}

export interface CommitObject extends WrittenBlob, ObjectAttributes {
  readonly key: string
  readonly etag: string
  readonly hashes?: BindingHashes
  readonly checksum?: Checksum
  readonly ssecKeyMd5?: string
  readonly conditions?: Conditions
  /** How many bytes of the blob are the object's, if there are zeros behind them. At least one. */
  readonly length?: number
  /** The attempt of a copy by Sippy. It is refused if the key was written or deleted in between. */
  readonly copyId?: string
  /** The source of the bytes. If present, this is the commit of a CopyObject. */
  readonly copySource?: CopiedFrom
}

/** `inline-full` means that the bucket's inline budget is spent: the engine must store the blob in another tier. */
export type Committed<T> = { readonly kind: 'committed'; readonly value: T } | { readonly kind: 'inline-full' }

export interface Lookup {
  readonly key: string
  readonly conditions?: Conditions
  /** The Workers binding gets the head of an object when a condition fails, and a head without the customer's key. */
  readonly dialect?: Dialect
  readonly range?: RangeRequest
  readonly partNumber?: number
  readonly ssecKeyMd5?: string
  /** If the object is missing and the bucket has Sippy, the error says so. */
  readonly fromSource?: boolean
  /** False for HEAD, which needs no slices and no inline bytes. */
  readonly body: boolean
}

/** The first slices of a body. `rest` is the argument for `moreSlices`, if there are more. */
export interface BodySlices {
  readonly slices: readonly BlobSlice[]
  readonly rest?: BodyRest
}

export interface BodyRest {
  readonly ownerId: string
  readonly span: ByteSpan
}

export interface Found<Body = BodySlices> {
  readonly kind: 'found'
  readonly head: ObjectHead
  /** The span of the object that the client asked for. */
  readonly span: ByteSpan
  readonly body: Body
  /** The bytes come from the source of Sippy: the bucket does not have the object yet, so no cache may hold it. */
  readonly fromSource?: true
}

export type Looked<Body = BodySlices> = Found<Body> | { readonly kind: 'not-modified'; readonly head: ObjectHead }

export interface CopySource {
  readonly key: string
  readonly conditions?: Conditions
  readonly ssecKeyMd5?: string
}

export interface CopyObject extends ObjectAttributes {
  readonly key: string
  readonly source: CopySource
  readonly directive: MetadataDirective
  readonly taggingDirective?: TaggingDirective
  readonly conditions?: Conditions
  readonly ssecKeyMd5?: string
}

/** The tags of an object, and its version. */
export interface TaggedObject {
  readonly tags: TagSet
  readonly version: string
}

export interface PutObjectTags {
  readonly key: string
  /** Checked by the engine's caller; empty to remove the tags. */
  readonly tags: TagSet
}

/** A new key for an object. It keeps everything but its version. */
export interface RenameObject {
  readonly key: string
  readonly source: Pick<CopySource, 'key' | 'conditions'>
  /** On the object that the new key has now. */
  readonly conditions?: Conditions
  /** The version that the object gets. The Bucket recognises a repeated call by it. */
  readonly version: string
}

/** Asks for an object's head and for a page of its parts. */
export interface PartsOf {
  readonly key: string
  readonly ssecKeyMd5?: string
  /** Parts with a greater number, at most so many. Absent: none. */
  readonly page?: { readonly after: number; readonly limit: number }
}

/** An object's head, and a page of the parts that it was made of; an object that was not uploaded in parts has none. */
export interface ObjectParts {
  readonly head: ObjectHead
  readonly parts?: { readonly list: readonly ObjectPart[]; readonly truncated: boolean }
}

export interface ObjectPart {
  readonly partNumber: number
  readonly size: number
}

/** A copy, and the version of its source. */
export interface CopiedObject extends ObjectHead {
  readonly sourceVersion: string
}

/** `needs-bytes` means that the encryption differs, so the engine must read the source and store it again. */
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
  /** The checksum by the algorithm of the upload. */
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
  /** The version of the new object. The Bucket recognises a repeated call by it. */
  readonly version: string
  readonly parts: readonly CompletedPart[]
  readonly conditions?: Conditions
  /** The client's checksum of the whole object. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string }
  /** The size of the object as the client claims it. */
  readonly size?: number
  /** As for {@link CommitObject}. */
  readonly copyId?: string
}

/**
 * Selects objects among the keys; the others stay, without a failure. Such a deletion can wait: it is refused with `SlowDown` while its
 * messages might push others out of a queue's backlog.
 */
export interface DeleteOnly {
  /** Delete only objects that were written at this time or before. */
  readonly writtenUntilMs: number
}

/** Conditions on the deletion of one object. All of them must hold; each but those of `conditions` needs an object. */
export interface DeleteConditions {
  readonly conditions?: Conditions
  readonly size?: number
  /** When the object was written, to the second. */
  readonly uploadedMs?: number
}

/** A key to delete, or a key with conditions. */
export type ToDelete = string | { readonly key: string; readonly onlyIf: DeleteConditions }

export const keyToDelete = (entry: ToDelete): string => (typeof entry === 'string' ? entry : entry.key)

export interface Deleted {
  readonly key: string
  /** Why the key could not be deleted. */
  readonly failure?: Extract<Outcome<never>, { ok: false }>
}

/** A step of a move of all objects of one storage class to another. */
export interface MoveObjects {
  readonly from: StorageClass
  readonly to: StorageClass
  /** Start behind this key. */
  readonly after?: string
  /** Move only objects that were written at this time or before. */
  readonly writtenUntilMs: number
  /** How many objects the step looks at. */
  readonly limit: number
}

export interface MovedObjects {
  readonly moved: number
  /** The last key that the step looked at; absent when there is none behind it. */
  readonly last?: string
}

/** The calls of a Bucket. Each returns an {@link Outcome}. Every call but `create` may fail with `NoSuchBucket`. */
export interface BucketApi extends ConfigurationApi, MaintenanceApi, SippyApi {
  begin(begin: Begin): Promise<Outcome<Begun>>
  abandon(blob: Pick<Begin, 'blobId' | 'tier' | 'segments'>, begun: Begun): Promise<void>
  commitObject(commit: CommitObject): Promise<Outcome<Committed<ObjectHead>>>
  lookup(lookup: Lookup): Promise<Outcome<Looked>>
  moreSlices(rest: BodyRest): Promise<Outcome<BodySlices>>
  listObjects(query: ListQuery): Promise<Outcome<ListPage<ObjectHead>>>
  listSummaries(query: Omit<ListQuery, 'includeMetadata'>): Promise<Outcome<ListPage<ObjectSummary>>>
  deleteObjects(entries: readonly ToDelete[], only?: DeleteOnly): Promise<Outcome<Deleted[]>>
  renameObject(rename: RenameObject): Promise<Outcome<ObjectHead>>
  objectParts(query: PartsOf): Promise<Outcome<ObjectParts>>
  moveObjects(move: MoveObjects): Promise<Outcome<MovedObjects>>
  copyObject(copy: CopyObject): Promise<Outcome<Copied<CopiedObject>>>
  objectTags(object: { readonly key: string }): Promise<Outcome<TaggedObject>>
  putObjectTags(put: PutObjectTags): Promise<Outcome<TaggedObject>>

  createUpload(create: CreateUpload): Promise<Outcome<CreatedUpload>>
  commitPart(commit: CommitPart): Promise<Outcome<Committed<Part>>>
  copyPart(copy: CopyPart): Promise<Outcome<Copied<Part>>>
  completeUpload(complete: CompleteUpload): Promise<Outcome<ObjectHead>>
  abortUpload(upload: UploadRef): Promise<Outcome<void>>
  listParts(query: ListPartsQuery): Promise<Outcome<PartsPage>>
  listUploads(query: ListUploadsQuery): Promise<Outcome<ListPage<UploadHead>>>
}
