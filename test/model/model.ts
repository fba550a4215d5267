import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { ErrorCode } from '../../src/core/errors.ts'

// R2 as plain maps: it says how each operation must end. It shares no code with the product, and has no blobs.

export interface ModelObject {
  readonly key: string
  readonly bytes: Uint8Array
  readonly etag: string
  readonly uploadedMs: number
  readonly note?: string
  /** The value of its only tag. */
  readonly tag?: string
  readonly seal?: number
  readonly infrequent: boolean
  /** Numbers and lengths of the parts of a multipart object. */
  readonly parts?: readonly { readonly number: number; readonly length: number }[]
  /** The upload and the list of parts that made it; a completion that is sent again is recognised by them. */
  readonly madeBy?: string
}

export interface ModelPart {
  readonly bytes: Uint8Array
  readonly etag: string
}

export interface ModelUpload {
  readonly id: string
  readonly bucket: number
  readonly key: string
  readonly createdMs: number
  readonly note?: string
  readonly tag?: string
  readonly seal?: number
  readonly infrequent: boolean
  /** `forgotten`: as if it had never existed. */
  state: 'open' | 'done' | 'forgotten'
  doneMs?: number
  readonly parts: Map<number, ModelPart>
}

/** A condition on one ETag, or on any ETag. */
export interface ModelCondition {
  readonly on: 'match' | 'none-match'
  readonly etag: string
}

/** Locks keys with a prefix: for a time after their upload, or until a date. */
export interface ModelLock {
  readonly prefix: string
  readonly lastsMs?: number
  readonly untilMs?: number
}

/** Deletes, moves or aborts keys with a prefix, at an age or on a date. */
export interface ModelRule {
  readonly prefix: string
  readonly becomes: 'deleted' | 'infrequent' | 'aborted'
  /** The objects that the rule selects: with this tag, and with a size between these bounds. */
  readonly tag?: string
  readonly above?: number
  readonly below?: number
  readonly afterMs?: number
  readonly onMs?: number
}

/** The error that the model expects instead of success. */
export class Refusal {
  readonly code: ErrorCode | 'not-modified'
  constructor(code: Refusal['code']) {
    this.code = code
  }
}
const refuse = (code: Refusal['code']): never => {
  throw new Refusal(code)
}

const DAY_MS = 86_400_000
export const UPLOAD_LIFE_MS = 7 * DAY_MS
/** The minimum for all parts except the last; the tests lower the real limit to this. */
export const PART_MIN_BYTES = 20

const same = (key: string): string => key.normalize('NFC')
export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

type Attributes = Pick<ModelObject, 'note' | 'tag' | 'seal' | 'infrequent'>

/** The rule that every bucket starts with. */
export const ABORT_RULE: ModelRule = { prefix: '', becomes: 'aborted', afterMs: UPLOAD_LIFE_MS }

export class Model {
  readonly buckets = [new Map<string, ModelObject>(), new Map<string, ModelObject>()] as const
  readonly uploads: ModelUpload[] = []
  readonly locks: [readonly ModelLock[], readonly ModelLock[]] = [[], []]
  readonly rules: [readonly ModelRule[], readonly ModelRule[]] = [[ABORT_RULE], [ABORT_RULE]]
  nowMs: number

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  find(bucket: number, key: string): ModelObject | undefined {
    return this.buckets[bucket]!.get(same(key))
  }

  /** Checks that the condition of a write to this key holds. */
  check(bucket: number, key: string, condition?: ModelCondition): void {
    if (!holds(condition, this.find(bucket, key))) refuse('PreconditionFailed')
  }

  /** Checks that no lock keeps the object of this key, if there is one. */
  checkFree(bucket: number, key: string): void {
    const object = this.find(bucket, key)
    if (object && this.#lockedUntil(bucket, object) > this.nowMs) refuse('ObjectLockedByBucketPolicy')
  }

  #lockedUntil(bucket: number, { key, uploadedMs }: ModelObject): number {
    const locks = this.locks[bucket]!.filter(({ prefix }) => same(key).startsWith(same(prefix)))
    return Math.max(...locks.map(({ untilMs, lastsMs }) => untilMs ?? uploadedMs + lastsMs!))
  }

  /**
   * Moves the clock on and applies the rules that are due. A locked object is not deleted, and an object is not moved in the last day
   * before its deletion.
   */
  pass(ms: number): void {
    this.nowMs += ms
    for (const upload of this.uploads) {
      const abortMs = this.#dueMs(upload.bucket, upload.key, 'aborted', upload.createdMs)
      const endMs = upload.state === 'open' ? abortMs : upload.doneMs! + UPLOAD_LIFE_MS
      if (upload.state !== 'forgotten' && endMs <= this.nowMs) upload.state = 'forgotten'
    }
    for (const [bucket, objects] of this.buckets.entries()) {
      for (const [key, object] of objects) {
        const lockMs = this.#lockedUntil(bucket, object)
        const dueMs = this.#dueMs(bucket, key, 'deleted', object.uploadedMs, object)
        const deletionMs = lockMs > this.nowMs ? Math.max(dueMs, lockMs) : dueMs
        const transitionMs = this.#dueMs(bucket, key, 'infrequent', object.uploadedMs, object)
        if (deletionMs <= this.nowMs) objects.delete(key)
        else if (transitionMs <= this.nowMs && transitionMs < deletionMs - DAY_MS) objects.set(key, { ...object, infrequent: true })
      }
    }
  }

  /** When a rule applies to something that was stored at `sinceMs`; `Infinity` for never. */
  #dueMs(bucket: number, key: string, wanted: ModelRule['becomes'], sinceMs: number, object?: ModelObject): number {
    const applies = (rule: ModelRule) => rule.becomes === wanted && same(key).startsWith(same(rule.prefix)) && selects(rule, object)
    const rules = this.rules[bucket]!.filter(applies)
    return Math.min(...rules.map(({ onMs, afterMs }) => onMs ?? comesOfAge(wanted, sinceMs + afterMs!, afterMs!)))
  }

  /** The expiration as a head reports it. */
  expirationMs(bucket: number, object: ModelObject): number | undefined {
    const dueMs = this.#dueMs(bucket, object.key, 'deleted', object.uploadedMs, object)
    return dueMs === Number.POSITIVE_INFINITY ? undefined : dueMs
  }

  put(bucket: number, object: Omit<ModelObject, 'uploadedMs'>, condition?: ModelCondition): ModelObject {
    this.checkFree(bucket, object.key)
    this.check(bucket, object.key, condition)
    const stored = { ...object, uploadedMs: this.nowMs }
    this.buckets[bucket]!.set(same(object.key), stored)
    return stored
  }

  /** The object that a read with this customer key returns. */
  read(bucket: number, key: string, seal?: number, condition?: ModelCondition): ModelObject {
    const object = this.find(bucket, key) ?? refuse('NoSuchKey')
    if (!holds(condition, object)) refuse(condition!.on === 'match' ? 'PreconditionFailed' : 'not-modified')
    if (object.seal === seal) return object
    return refuse(object.seal === undefined || seal === undefined ? 'InvalidRequest' : 'AccessDenied')
  }

  copy(
    from: { bucket: number; key: string; seal?: number },
    to: { bucket: number; key: string },
    {
      directive,
      tagging,
      condition,
      ...own
    }: Attributes & { directive: 'COPY' | 'REPLACE' | 'MERGE'; tagging: 'COPY' | 'REPLACE'; condition?: ModelCondition },
  ): ModelObject {
    const source = this.read(from.bucket, from.key, from.seal)
    const byReference = from.bucket === to.bucket && source.seal === own.seal
    const note = directive === 'COPY' ? source.note : directive === 'REPLACE' ? own.note : (own.note ?? source.note)
    const body = byReference ? { etag: source.etag, parts: source.parts } : { etag: md5(source.bytes), parts: undefined }
    const tag = tagging === 'COPY' ? source.tag : own.tag
    return this.put(to.bucket, { key: to.key, bytes: source.bytes, ...body, ...own, note, tag }, condition)
  }

  /** Replaces the tag of an object; everything else stays. */
  tag(bucket: number, key: string, tag: string | undefined): void {
    const object = this.find(bucket, key) ?? refuse('NoSuchKey')
    this.buckets[bucket]!.set(same(key), { ...object, tag })
  }

  delete(bucket: number, key: string, condition?: ModelCondition): void {
    const object = this.find(bucket, key)
    if (!object && condition?.on === 'match') refuse('NoSuchKey')
    if (!object) return
    this.checkFree(bucket, key)
    this.check(bucket, key, condition)
    this.buckets[bucket]!.delete(same(key))
  }

  /** Gives an object another key. It keeps everything, its date included. */
  rename(bucket: number, from: { key: string; condition?: ModelCondition }, to: { key: string; condition?: ModelCondition }): ModelObject {
    const source = this.find(bucket, from.key) ?? refuse('NoSuchKey')
    this.check(bucket, from.key, from.condition)
    this.checkFree(bucket, from.key)
    this.checkFree(bucket, to.key)
    this.check(bucket, to.key, to.condition)
    const renamed = { ...source, key: to.key, madeBy: undefined }
    this.buckets[bucket]!.delete(same(from.key))
    this.buckets[bucket]!.set(same(to.key), renamed)
    return renamed
  }

  create(upload: Omit<ModelUpload, 'createdMs' | 'state' | 'doneMs' | 'parts'>): void {
    this.uploads.push({ ...upload, createdMs: this.nowMs, state: 'open', parts: new Map() })
  }

  open(upload: ModelUpload): ModelUpload {
    return upload.state === 'open' ? upload : refuse('NoSuchUpload')
  }

  /** The open upload, for a write with this customer key. */
  openFor(upload: ModelUpload, seal: number | undefined): ModelUpload {
    this.open(upload)
    return upload.seal === seal ? upload : refuse('InvalidRequest')
  }

  complete(upload: ModelUpload, listed: readonly { number: number; etag: string }[], condition?: ModelCondition): ModelObject {
    const wanted = listed.toSorted((a, b) => a.number - b.number)
    const madeBy = JSON.stringify([upload.id, wanted])
    const made = upload.state === 'done' ? this.find(upload.bucket, upload.key) : undefined
    if (made?.madeBy === madeBy) return made
    this.open(upload)
    const twice = new Set(wanted.map(({ number }) => number)).size < wanted.length
    const parts = wanted.map(({ number, etag }) => {
      const part = upload.parts.get(number)
      return part && part.etag === etag && !twice ? part : refuse('InvalidPart')
    })
    if (parts.slice(0, -1).some(({ bytes }) => bytes.length < PART_MIN_BYTES)) refuse('EntityTooSmall')
    this.checkFree(upload.bucket, upload.key)
    this.#finish(upload) // As on R2, a failed condition also ends the upload.
    const digests = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag, 'hex')))
    const { bucket, key, note, tag, seal, infrequent } = upload
    const bytes = new Uint8Array(Buffer.concat(parts.map((part) => part.bytes)))
    const etag = `${md5(digests)}-${parts.length}`
    const numbered = parts.map((part, i) => ({ number: wanted[i]!.number, length: part.bytes.length }))
    return this.put(bucket, { key, bytes, etag, note, tag, seal, infrequent, parts: numbered, madeBy }, condition)
  }

  abort(upload: ModelUpload): void {
    if (upload.state === 'forgotten') refuse('NoSuchUpload')
    if (upload.state === 'open') this.#finish(upload)
  }

  #finish(upload: ModelUpload): void {
    upload.state = 'done'
    upload.doneMs = this.nowMs
  }

  openUploads(bucket: number): ModelUpload[] {
    return this.uploads.filter((upload) => upload.bucket === bucket && upload.state === 'open')
  }

  /** The whole listing behind `after`: keys in their last spelling, and prefixes with a `*` at their end. */
  list(bucket: number, { prefix, delimiter, after }: { prefix: string; delimiter?: string; after?: string }): string[] {
    const listed: string[] = []
    const behind = after === undefined ? undefined : same(after)
    for (const key of [...this.buckets[bucket]!.keys()].sort(byBytes)) {
      if (!key.startsWith(same(prefix)) || (behind !== undefined && byBytes(key, behind) <= 0)) continue
      const at = delimiter ? key.indexOf(delimiter, same(prefix).length) : -1
      const entry = at < 0 ? this.find(bucket, key)!.key : `${key.slice(0, at + delimiter!.length)}*`
      if (listed.at(-1) !== entry) listed.push(entry)
    }
    return listed
  }
}

function holds(condition: ModelCondition | undefined, object: ModelObject | undefined): boolean {
  if (!condition) return true
  const matches = object !== undefined && (condition.etag === '*' || condition.etag === object.etag)
  return condition.on === 'match' ? matches : !matches
}

/** An open upload is no object yet, and has no size: a rule that aborts uploads selects all of them. */
function selects({ tag, above, below }: ModelRule, object: ModelObject | undefined): boolean {
  if (object === undefined) return true
  const size = object.bytes.length
  return (tag === undefined || object.tag === tag) && (above === undefined || size > above) && (below === undefined || size < below)
}

/** Ages of objects in whole days end at midnight (UTC), as on S3. Other ages, and those of uploads, are exact to the second. */
function comesOfAge(becomes: ModelRule['becomes'], ms: number, ageMs: number): number {
  return becomes !== 'aborted' && ageMs % DAY_MS === 0 ? Math.ceil(ms / DAY_MS) * DAY_MS : ms
}
