import { StoreError } from '../../core/errors.ts'
import { checkKey } from '../../core/key.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ObjectRef } from '../../core/object.ts'
import { type Measure, measureObject } from '../../core/operations.ts'
import type { BindingApi, WireGetOptions, WireGot, WireListed, WireListOptions, WireObject, WirePart } from '../../r2-bucket/wire.ts'
import { laterPosition, readToken, writeToken } from '../../store/objects/list-position.ts'
import type { Store } from '../../store/store.ts'
import type { CreateUploadOptions } from '../../store/uploads/create-multipart-upload.ts'
import type { Grant } from './props.ts'
import { readCreateOptions, readOnlyIf, readSsecKey, readWireRange, toWire } from './values.ts'

/** The context of an operation. */
export interface BindingCall {
  readonly store: Store
  readonly grant: Grant
  readonly measure: Measure
}

type Operation = Exclude<keyof BindingApi, 'fetch'>
type Answer<Name extends Operation> = Extract<Awaited<ReturnType<BindingApi[Name]>>, { ok: true }>['value']

/** As on R2, a page of a listing with metadata is shorter. */
const LIST_MAX_WITH_METADATA = 100

/** The calls of the binding, under the names that R2's messages use. */
export const BINDING_OPERATIONS: {
  [Name in Operation]: (call: BindingCall, ...args: Parameters<BindingApi[Name]>) => Promise<Answer<Name>>
} = {
  async head({ store, grant, measure }, key) {
    const got = await orNull(store.headObject(at(grant, key), { dialect: 'binding' }))
    if (got) measureObject(measure, got.head)
    return got && { ...toWire(got.head), range: { offset: 0, length: got.head.size } }
  },

  get: (call, key, options) => getObject(call, at(call.grant, key), options),

  /** An invalid key refuses the whole call. A locked object stays: then the call fails, after it has deleted the others. */
  async delete({ store, grant }, keys) {
    for (const key of keys) checkKey(key)
    for (const { failure } of await store.deleteObjects(grant.bucket, keys)) {
      if (failure) throw new StoreError(failure.code, failure.detail)
    }
    return null
  },

  list: ({ store, grant }, options) => listObjects(store, grant, options),

  async createMultipartUpload({ store, grant }, key, options) {
    const { dialect: _, ...create } = readCreateOptions(options)
    const { uploadId } = await store.createMultipartUpload(at(grant, key), create satisfies CreateUploadOptions)
    return { uploadId }
  },

  completeMultipartUpload: (call, key, uploadId, parts) => completeUpload(call, at(call.grant, key), uploadId, parts),

  async abortMultipartUpload({ store, grant }, key, uploadId) {
    await store.abortMultipartUpload(at(grant, key), uploadId)
    return null
  },
}

/** The operations that the permission `read` allows. */
export const READS: readonly string[] = ['head', 'get', 'list'] satisfies Operation[]

/**
 * Returns the object of a call. R2 checks the key before anything else, even when the upload never existed.
 * @throws StoreError InvalidObjectName
 */
export function at(grant: Grant, key: string): ObjectRef {
  checkKey(key)
  return { bucket: grant.bucket, key }
}

/** Returns null for a missing object, which the binding does not treat as an error. */
async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof StoreError && error.code === 'NoSuchKey') return null
    throw error
  }
}

async function getObject({ store, measure }: BindingCall, ref: ObjectRef, options: WireGetOptions): Promise<WireGot | null> {
  const asked = { conditions: readOnlyIf(options.onlyIf), range: readWireRange(options.range), customerKey: readSsecKey(options.ssecKey) }
  const got = await orNull(store.getObject(ref, { ...asked, dialect: 'binding' }))
  if (got === null) return null
  measureObject(measure, got.head)
  const object = toWire(got.head)
  if (got.kind === 'not-modified') return { object: { ...object, range: { offset: 0, length: object.size } } }
  measure.responseBytes = got.span.length
  return { object: { ...object, range: got.span }, body: got.body }
}

async function listObjects(store: Store, { bucket }: Grant, options: WireListOptions): Promise<WireListed> {
  const { limit: asked = LIMITS.listMax, include = [] } = options
  if (!(asked >= 1 && asked <= LIMITS.listMax)) throw new StoreError('InvalidMaxKeys')
  const limit = include.length > 0 ? Math.min(asked, LIST_MAX_WITH_METADATA) : asked
  const started = options.startAfter === undefined ? undefined : { key: options.startAfter }
  const after = laterPosition(started, options.cursor === undefined ? undefined : readToken(options.cursor))
  const { prefix = '', delimiter } = options
  const page = await store.listObjects(bucket, {
    prefix,
    delimiter: delimiter || undefined,
    after,
    limit,
    includeMetadata: include.length > 0,
  })
  return {
    objects: page.items.map((head) => onlyIncluded(toWire(head), include)),
    delimitedPrefixes: page.delimitedPrefixes,
    cursor: page.last && writeToken(page.last),
  }
}

function onlyIncluded(object: WireObject, include: readonly string[]): WireObject {
  const { httpMetadata, customMetadata, ...rest } = object
  return {
    ...rest,
    ...(include.includes('httpMetadata') && { httpMetadata }),
    ...(include.includes('customMetadata') && { customMetadata }),
  }
}

async function completeUpload(
  { store, measure }: BindingCall,
  ref: ObjectRef,
  uploadId: string,
  parts: readonly WirePart[],
): Promise<WireObject> {
  const distinct = new Set(parts.map(({ partNumber }) => partNumber))
  // As on R2: its binding answers with an internal error when a part is listed twice.
  if (distinct.size < parts.length) throw new StoreError('InternalError')
  const head = await store.completeMultipartUpload(ref, { uploadId, parts })
  measureObject(measure, head)
  return toWire(head)
}
