import { StoreError } from '../../src/core/errors.ts'
import type { ListPartsQuery, UploadRef } from '../../src/core/multipart.ts'
import type { ObjectHead } from '../../src/core/object.ts'
import type { Outcome } from '../../src/core/outcome.ts'
import type { CopyRef, WantedCopy } from '../../src/core/sippy.ts'
import {
  type Begin,
  type BodyRest,
  type CommitObject,
  type CommitPart,
  type CompleteUpload,
  type CopyObject,
  type CopyPart,
  type CreateUpload,
  type DeleteOnly,
  keyToDelete,
  type Lookup,
  type PartsOf,
  type PutObjectTags,
  type RenameObject,
  type ToDelete,
} from '../../src/store/bucket-api.ts'
import { begin } from './begin.ts'
import { compositeSlices } from './blobs/blobs.ts'
import { keysOf, listBlobs, rewrapKeys } from './blobs/stored-blobs.ts'
import { checkStep } from './check/check.ts'
import type { Context } from './context.ts'
import { exportPage } from './dump/export.ts'
import { copyObject } from './objects/copy.ts'
import { listObjects, listSummaries } from './objects/listing.ts'
import { moveObjects } from './objects/move-objects.ts'
import { objectParts } from './objects/object-parts.ts'
import { commitObject, deleteObjects, lookup } from './objects/objects.ts'
import { renameObject } from './objects/rename.ts'
import { objectTags, putObjectTags } from './objects/tags.ts'
import { dropCopy, isCopying, nextCopy, takeCopy } from './sippy/copies.ts'
import { copyPart } from './uploads/copy-part.ts'
import { listUploads } from './uploads/list-uploads.ts'
import { abortUpload, type Completion, commitPart, completeUpload, createUpload, listParts } from './uploads/uploads.ts'
import { readUsage } from './usage.ts'

/**
 * One call of a Durable Object, as a row of a table. The row says everything that the gate, which runs each call, needs to know. The
 * methods that are made of the rows keep their types.
 */
export interface CallRow<C extends Context = Context> {
  /** The keys that the call names, so that the owner of some of the keys can check that they are its own. Absent: the call names none. */
  // biome-ignore lint/suspicious/noExplicitAny: each row has arguments of its own.
  readonly keys?: (...args: any[]) => readonly string[]
  /** The call stores bytes that are sealed with the master key, or leads to such a call: it is refused when the master key is wrong. */
  readonly seals?: true
  /** Runs in a transaction if the call changes something. */
  // biome-ignore lint/suspicious/noExplicitAny: each row has arguments of its own.
  readonly run: (context: C, ...args: any[]) => unknown
  /** Makes the answer from the committed value. An error that it throws does not roll back the transaction. */
  // biome-ignore lint/suspicious/noExplicitAny: it takes what `run` returned.
  readonly answer?: (value: any) => unknown
}

const keyOf = ({ key }: { readonly key: string }): readonly string[] => [key]
const keysOfCopy = ({ key, source }: CopyObject | CopyPart | RenameObject): readonly string[] => [key, source.key]

/** Calls that read. Some of them also add to a counter. */
export const READS = {
  lookup: { keys: keyOf as (query: Lookup) => readonly string[], run: lookup },
  objectTags: { keys: keyOf as (object: { readonly key: string }) => readonly string[], run: objectTags },
  objectParts: { keys: keyOf as (query: PartsOf) => readonly string[], run: objectParts },
  moreSlices: { run: ({ sql }: Context, rest: BodyRest) => compositeSlices(sql, rest) },
  listObjects: { run: ({ sql }: Context, ...query: Rest<typeof listObjects>) => listObjects(sql, ...query) },
  listSummaries: { run: ({ sql }: Context, ...query: Rest<typeof listSummaries>) => listSummaries(sql, ...query) },
  listParts: { keys: keyOf as (query: ListPartsQuery) => readonly string[], run: listParts },
  listUploads: { run: ({ sql }: Context, ...query: Rest<typeof listUploads>) => listUploads(sql, ...query) },
  usage: { run: ({ sql }: Context) => readUsage(sql) },
  isCopying: { keys: keyOf as (copy: CopyRef) => readonly string[], run: isCopying },
  listBlobs: { run: ({ sql }: Context, ...query: Rest<typeof listBlobs>) => listBlobs(sql, ...query) },
  keysOf: { run: ({ sql }: Context, ...query: Rest<typeof keysOf>) => keysOf(sql, ...query) },
  exportPage: { run: exportPage },
} satisfies Record<string, CallRow>

/** Calls that change something: each is one transaction. */
export const CHANGES = {
  begin: { keys: ({ target }: Begin) => [target.key], seals: true, run: begin },
  commitObject: { keys: keyOf as (commit: CommitObject) => readonly string[], seals: true, run: commitObject },
  moveObjects: { run: moveObjects },
  deleteObjects: { keys: (entries: readonly ToDelete[], _only?: DeleteOnly) => entries.map(keyToDelete), run: deleteObjects },
  renameObject: { keys: keysOfCopy as (rename: RenameObject) => readonly string[], run: renameObject },
  copyObject: { keys: keysOfCopy as (copy: CopyObject) => readonly string[], run: copyObject },
  putObjectTags: { keys: keyOf as (put: PutObjectTags) => readonly string[], run: putObjectTags },
  createUpload: { keys: keyOf as (create: CreateUpload) => readonly string[], seals: true, run: createUpload },
  commitPart: { keys: keyOf as (commit: CommitPart) => readonly string[], seals: true, run: commitPart },
  copyPart: { keys: keysOfCopy as (copy: CopyPart) => readonly string[], run: copyPart },
  completeUpload: { keys: keyOf as (complete: CompleteUpload) => readonly string[], run: completeUpload, answer: headOfCompletion },
  abortUpload: { keys: keyOf as (upload: UploadRef) => readonly string[], run: abortUpload },
  takeCopy: { keys: keyOf as (copy: WantedCopy) => readonly string[], run: takeCopy },
  nextCopy: { run: nextCopy },
  dropCopy: { keys: keyOf as (copy: CopyRef) => readonly string[], run: dropCopy },
  check: { run: checkStep },
  rewrapKeys: { run: ({ sql }: Context, ...keys: Rest<typeof rewrapKeys>) => rewrapKeys(sql, ...keys) },
} satisfies Record<string, CallRow>

/** A failed condition also ends the upload, as on R2. So this error is thrown after the transaction has committed. */
function headOfCompletion(completion: Completion): ObjectHead {
  if (completion.kind === 'condition-failed') throw new StoreError('PreconditionFailed')
  return completion.head
}

type Rest<F> = F extends (first: never, ...rest: infer Args) => unknown ? Args : never

/** The methods that a Durable Object gets from a table of calls. */
export type Methods<Table> = { [Name in keyof Table]: Method<Table[Name]> }

// biome-ignore lint/suspicious/noExplicitAny: inferred from any row.
type Method<Row> = Row extends { run: (context: any, ...args: infer Args) => infer Value }
  ? (...args: Args) => Promise<Outcome<Row extends { answer: (value: never) => infer Answer } ? Answer : Value>>
  : never
