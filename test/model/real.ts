import { expect } from 'vitest'
import { StoreError } from '../../src/core/errors.ts'
import type { LifecycleRule } from '../../src/core/lifecycle.ts'
import type { LifecycleFilter } from '../../src/core/lifecycle-filter.ts'
import type { LockRule } from '../../src/core/locks.ts'
import type { Conditions, CustomerKey, ObjectHead } from '../../src/core/object.ts'
import type { TagSet } from '../../src/core/tags.ts'
import { brokenUpload, bytesOf, DAY_MS, HOUR_MS, randomBytes, TestBucket, uploadOf } from '../support/bucket.ts'
import {
  Model,
  type ModelCondition,
  type ModelLock,
  type ModelObject,
  type ModelPart,
  type ModelRule,
  type ModelUpload,
  md5,
  Refusal,
} from './model.ts'
import { KEYS, type Step, type StepOf } from './steps.ts'

/** Runs steps on the engine and on the model, and compares every answer. */
export class Pair {
  readonly buckets: readonly [TestBucket, TestBucket]
  readonly model: Model

  private constructor(buckets: readonly [TestBucket, TestBucket]) {
    this.buckets = buckets
    this.model = new Model(buckets[0].nowMs)
  }

  static async create(): Promise<Pair> {
    const buckets = [await TestBucket.create(), await TestBucket.create()] as const
    buckets[1].nowMs = buckets[0].nowMs
    return new Pair(buckets)
  }

  async run(step: Step): Promise<void> {
    const runs = this as unknown as Record<Step['do'], (step: Step) => Promise<void>>
    await runs[step.do](step)
  }

  /** Compares everything that is stored; each object is read whole. */
  async compareAll(): Promise<void> {
    for (const bucket of [0, 1] as const) {
      for (const key of KEYS) {
        const seal = this.model.find(bucket, key)?.seal
        await this.get({ do: 'get', bucket, key, seal, condition: undefined, range: undefined, part: undefined })
      }
      await this.list({ do: 'list', bucket, prefix: '', delimiter: undefined, after: undefined, limit: 1000 })
    }
  }

  async put(step: StepOf<'put'>): Promise<void> {
    const body = randomBytes(step.bytes)
    const conditions = this.#conditions(step)
    const head = this.#store(step).putObject(this.#at(step), uploadOf(body), {
      ...attributesOf(step),
      conditions,
      customerKey: sealOf(step.seal),
    })
    const { key, note, tag, seal, infrequent } = step
    await this.#compare(head, () =>
      this.model.put(step.bucket, { key, note, tag, seal, infrequent, bytes: body, etag: md5(body) }, this.#condition(step)),
    )
  }

  async broken(step: StepOf<'broken'>): Promise<void> {
    const upload = brokenUpload(randomBytes(step.bytes), step.bytes + 1)
    await expect(this.#store(step).putObject(this.#at(step), upload, attributesOf({}))).rejects.toMatchObject({ code: 'IncompleteBody' })
  }

  async get(step: StepOf<'get'>): Promise<void> {
    const { range, part, seal } = step
    const asked = range ? { range } : { partNumber: part }
    const got = this.#store(step).getObject(this.#at(step), { ...asked, conditions: this.#conditions(step), customerKey: sealOf(seal) })
    const expected = this.#expected(() => {
      const object = this.model.read(step.bucket, step.key, seal, this.#condition(step))
      return { object, span: range ? spanOf(object, range) : partOf(object, part) }
    })
    const found = await outcomeOf(got)
    const answer = 'kind' in found && found.kind === 'not-modified' ? new Refusal('not-modified') : found
    if (expected instanceof Refusal || answer instanceof Refusal) return expect(answer).toEqual(expected)
    const { object, span } = expected
    expect({ span: answer.span, bytes: await bytesOf(answer.body) }).toEqual({
      span: { offset: span.from, length: span.to - span.from },
      bytes: object.bytes.slice(span.from, span.to),
    })
    compareHead(answer.head, object)
    expect(answer.head.expiration?.dueMs).toBe(this.model.expirationMs(step.bucket, object))
  }

  async copy(step: StepOf<'copy'>): Promise<void> {
    const { from, directive, tagging, seal, note, tag, infrequent } = step
    const source = { at: this.#at(from), customerKey: sealOf(from.seal) }
    const given = { directive, taggingDirective: tagging, conditions: this.#conditions(step), customerKey: sealOf(seal) }
    const options = { ...attributesOf(step), ...given }
    const condition = this.#condition(step)
    const head = this.#store(step).copyObject(this.#at(step), source, options)
    await this.#compare(head, () => this.model.copy(from, step, { directive, tagging, seal, note, tag, infrequent, condition }))
  }

  async tag({ bucket, key, tag }: StepOf<'tag'>): Promise<void> {
    const tagged = await outcomeOf(this.#store({ bucket }).putObjectTags(this.#at({ bucket, key }), tagsOf(tag)))
    const refused = this.#expected(() => this.model.tag(bucket, key, tag))
    if (tagged instanceof Refusal || refused instanceof Refusal) return expect(tagged).toEqual(refused)
    expect((await this.#store({ bucket }).getObjectTags(this.#at({ bucket, key }))).tags).toEqual(tagsOf(tag))
  }

  async delete(step: StepOf<'delete'>): Promise<void> {
    const at = (key: string) => ({ ...step, key })
    const entries = step.keys.map((key) => {
      const conditions = this.#conditions(at(key))
      return conditions ? { key, onlyIf: { conditions } } : key
    })
    const conditions = step.keys.map((key) => this.#condition(at(key)))
    const deleted = await this.#store(step).deleteObjects(this.buckets[step.bucket]!.ref, entries)
    const remove = (key: string, i: number) => this.#expected(() => this.model.delete(step.bucket, key, conditions[i]))
    const expected = step.keys.map((key, i) => ({ key, refused: remove(key, i) }))
    expect(deleted.map(({ key, failure }) => ({ key, refused: failure && new Refusal(failure.code) }))).toEqual(expected)
  }

  async rename(step: StepOf<'rename'>): Promise<void> {
    const { bucket } = step
    const from = { ...step.from, bucket }
    const [source, destination] = [this.#condition(from), this.#condition(step)]
    const head = this.#store(step).renameObject(
      this.#at(step),
      { key: from.key, conditions: this.#conditions(from) },
      { conditions: this.#conditions(step) },
    )
    const keys = [
      { key: from.key, condition: source },
      { key: step.key, condition: destination },
    ] as const
    await this.#compare(head, () => this.model.rename(bucket, ...keys))
  }

  async lock({ bucket, rules }: StepOf<'lock'>): Promise<void> {
    const locks = rules.map(({ prefix, lasts }) => ({ prefix, ...this.#term(lasts) }))
    const real = locks.map(({ prefix, lastsMs, untilMs }, n): LockRule => {
      const condition = lastsMs === undefined ? dateOf(untilMs!) : ({ type: 'Age', maxAgeSeconds: lastsMs / 1000 } as const)
      return { id: `${n}`, enabled: true, prefix, condition }
    })
    await this.#store({ bucket }).putSetting(this.buckets[bucket]!.ref, 'locks', real)
    this.model.locks[bucket as 0 | 1] = locks
  }

  async rule({ bucket, rules }: StepOf<'rule'>): Promise<void> {
    await this.setRules(
      bucket,
      rules.map(({ prefix, becomes, selects, when }) => ({
        prefix,
        becomes,
        ...(becomes !== 'aborted' && SELECTIONS[selects]),
        ...this.#when(when, becomes),
      })),
    )
  }

  async setRules(bucket: number, rules: readonly ModelRule[]): Promise<void> {
    await this.#store({ bucket }).putSetting(this.buckets[bucket]!.ref, 'lifecycle', rules.map(ruleOf))
    this.model.rules[bucket as 0 | 1] = rules
  }

  /** Rules abort uploads at an age, never on a date. */
  #when(when: StepOf<'rule'>['rules'][number]['when'], becomes: ModelRule['becomes']): Pick<ModelRule, 'afterMs' | 'onMs'> {
    const onMs = when === 'tomorrow' ? this.model.nowMs + DAY_MS : when === 'yesterday' ? this.model.nowMs - DAY_MS : undefined
    if (onMs !== undefined && becomes !== 'aborted') return { onMs }
    return { afterMs: { 'after an hour': HOUR_MS, 'after a day': DAY_MS, 'after three days': 3 * DAY_MS }[when as string] ?? 0 }
  }

  #term(lasts: StepOf<'lock'>['rules'][number]['lasts']): Omit<ModelLock, 'prefix'> {
    if (lasts === 'for good') return { untilMs: Number.POSITIVE_INFINITY }
    if (lasts === 'until tomorrow' || lasts === 'until yesterday')
      return { untilMs: this.model.nowMs + (lasts === 'until tomorrow' ? DAY_MS : -DAY_MS) }
    return { lastsMs: { 'a second': 1000, 'an hour': HOUR_MS, 'three days': 3 * DAY_MS }[lasts] }
  }

  async list(step: StepOf<'list'>): Promise<void> {
    const { prefix, delimiter, after: key, limit } = step
    const listed: string[] = []
    for (let after = key === undefined ? undefined : ({ key } as { key: string } | { prefix: string }); ; ) {
      const page = await this.#store(step).listObjects(this.buckets[step.bucket]!.ref, { prefix, delimiter, after, limit })
      for (const head of page.items)
        compareHead({ ...head, customMetadata: {} }, { ...this.model.find(step.bucket, head.key)!, note: undefined, tag: undefined })
      const entries = [...page.items.map((head) => head.key), ...page.delimitedPrefixes.map((folded) => `${folded}*`)]
      expect(entries.length).toBeLessThanOrEqual(limit)
      listed.push(...entries)
      if (!page.truncated) break
      expect(entries.length).toBe(limit)
      after = page.last
    }
    const expected = this.model.list(step.bucket, step)
    // A page lists its keys and its prefixes apart, without their common order.
    expect(listed.toSorted()).toEqual(expected.toSorted())
    if (!delimiter) expect(listed).toEqual(expected)
  }

  async create(step: StepOf<'create'>): Promise<void> {
    const options = { ...attributesOf(step), conditions: this.#conditions(step), customerKey: sealOf(step.seal) }
    const created = await outcomeOf(this.#store(step).createMultipartUpload(this.#at(step), options))
    const refused = this.#expected(() => this.model.check(step.bucket, step.key, this.#condition(step)))
    if (created instanceof Refusal || refused instanceof Refusal) return expect(created).toEqual(refused)
    const { bucket, key, note, tag, seal, infrequent } = step
    this.model.create({ id: created.uploadId, bucket, key, note, tag, seal, infrequent })
  }

  async part(step: StepOf<'part'>): Promise<void> {
    const upload = this.#upload(step)
    if (!upload) return
    const seal = step.seal === 'own' ? upload.seal : step.seal
    const body = randomBytes(step.bytes)
    const ref = { at: this.#at(upload), uploadId: upload.id, partNumber: step.partNumber }
    const stored = await outcomeOf(this.#store(upload).uploadPart(ref, uploadOf(body), sealOf(seal)))
    const refused = this.#expected(() => this.model.openFor(upload, seal))
    if (stored instanceof Refusal || refused instanceof Refusal) return expect(stored).toEqual(refused)
    expect(stored).toMatchObject({ etag: md5(body), size: body.length, uploadedMs: this.model.nowMs })
    upload.parts.set(step.partNumber, { bytes: body, etag: md5(body) })
  }

  /** Copies a piece of an object into a part. The object is read with its own key, and the part gets the key of its upload. */
  async copiedPart(step: StepOf<'copiedPart'>): Promise<void> {
    const upload = this.#upload(step)
    if (!upload) return
    const { from } = step
    const seal = this.model.find(from.bucket, from.key)?.seal
    const size = this.model.find(from.bucket, from.key)?.bytes.length ?? 10
    const offset = Math.floor(step.start * size)
    const length = Math.max(1, Math.floor(step.share * (size - offset)))
    const ref = { at: this.#at(upload), uploadId: upload.id, partNumber: step.partNumber }
    const source = { at: this.#at(from), customerKey: sealOf(seal) }
    const options = { range: { offset, length }, customerKey: sealOf(upload.seal) }
    const stored = await outcomeOf(this.#store(upload).uploadPartCopy(ref, source, options))
    const expected = this.#expected(() => {
      const { bytes } = this.model.read(from.bucket, from.key, seal)
      if (offset >= bytes.length) throw new Refusal('InvalidRange')
      this.model.open(upload)
      return bytes.slice(offset, offset + length)
    })
    if (stored instanceof Refusal || expected instanceof Refusal) return expect(stored).toEqual(expected)
    expect(stored.size).toBe(expected.length)
    upload.parts.set(step.partNumber, { bytes: expected, etag: stored.etag })
  }

  async complete(step: StepOf<'complete'>): Promise<void> {
    const upload = this.#upload(step)
    if (!upload) return
    const numbers = step.listed === 'all' ? [...upload.parts.keys()] : step.listed
    if (numbers.length === 0) return
    const etagOf = (part: ModelPart | undefined) => (part && !step.stale ? part.etag : md5(new Uint8Array(7)))
    const listed = numbers.map((number) => ({ number, etag: etagOf(upload.parts.get(number)) }))
    const parts = listed.map(({ number, etag }) => ({ partNumber: number, etag }))
    const at = { bucket: upload.bucket, key: upload.key, condition: step.condition }
    const condition = this.#condition(at)
    const head = this.#store(upload).completeMultipartUpload(this.#at(upload), {
      uploadId: upload.id,
      parts,
      conditions: this.#conditions(at),
      isRepeatable: true,
    })
    await this.#compare(head, () => this.model.complete(upload, listed, condition))
  }

  async multipart(step: StepOf<'multipart'>): Promise<void> {
    const before = this.model.uploads.length
    await this.create({ ...step, do: 'create' })
    if (this.model.uploads.length === before) return
    for (const [i, bytes] of step.parts.entries()) await this.part({ do: 'part', upload: 0, partNumber: i + 1, bytes, seal: 'own' })
    await this.complete({ do: 'complete', upload: 0, listed: 'all', stale: false, condition: step.condition })
  }

  async abort(step: StepOf<'abort'>): Promise<void> {
    const upload = this.#upload(step)
    if (!upload) return
    const aborted = await outcomeOf(this.#store(upload).abortMultipartUpload(this.#at(upload), upload.id))
    expect(aborted).toEqual(this.#expected(() => this.model.abort(upload)))
  }

  /** Compares every open upload with its parts, page by page. */
  async uploads(step: StepOf<'uploads'>): Promise<void> {
    const { bucket, limit } = step
    const listed: string[] = []
    for (let after: { key: string; id: string } | undefined; ; ) {
      const query = { prefix: '', limit, after: after && { key: after.key }, afterUploadId: after?.id }
      const page = await this.#store(step).listMultipartUploads(this.buckets[bucket]!.ref, query)
      listed.push(...page.items.map(({ uploadId }) => uploadId))
      const last = page.items.at(-1)
      if (!page.truncated || !last) break
      after = { key: last.key, id: last.uploadId }
    }
    const open = this.model.openUploads(bucket)
    expect(listed.toSorted()).toEqual(open.map(({ id }) => id).sort())
    for (const upload of open) {
      const { parts } = await this.#store(step).listParts(this.#at(upload), { uploadId: upload.id, after: 0, limit: 1000 })
      const expected = [...upload.parts].sort(([a], [b]) => a - b)
      expect(parts.map(({ partNumber, etag, size }) => [partNumber, etag, size])).toEqual(
        expected.map(([number, { etag, bytes }]) => [number, etag, bytes.length]),
      )
    }
  }

  async pass({ ms }: StepOf<'pass'>): Promise<void> {
    this.model.pass(ms)
    for (const bucket of this.buckets) await bucket.pass(ms)
  }

  #at({ bucket, key }: { bucket: number; key: string }) {
    return this.buckets[bucket]!.at(key)
  }

  #store({ bucket }: { bucket: number }) {
    return this.buckets[bucket]!.store
  }

  /** One of the last uploads; undefined at first, when there is none. */
  #upload({ upload }: { upload: number }): ModelUpload | undefined {
    return this.model.uploads.at(-1 - upload)
  }

  #condition(step: { bucket: number; key: string; condition?: StepOf<'put'>['condition'] }): ModelCondition | undefined {
    if (!step.condition) return undefined
    const { on, tag } = step.condition
    const current = this.model.find(step.bucket, step.key)?.etag ?? md5(new Uint8Array(1))
    return { on, etag: tag === 'any' ? '*' : tag === 'current' ? current : md5(new Uint8Array(2)) }
  }

  #conditions(step: { bucket: number; key: string; condition?: StepOf<'put'>['condition'] }): Conditions | undefined {
    const condition = this.#condition(step)
    if (!condition) return undefined
    const list = condition.etag === '*' ? ('*' as const) : [{ etag: condition.etag, weak: false }]
    return condition.on === 'match' ? { ifMatch: list } : { ifNoneMatch: list }
  }

  #expected<T>(work: () => T): T | Refusal {
    try {
      return work()
    } catch (error) {
      if (error instanceof Refusal) return error
      throw error
    }
  }

  async #compare(real: Promise<ObjectHead>, model: () => ModelObject): Promise<void> {
    const head = await outcomeOf(real)
    const expected = this.#expected(model)
    if (head instanceof Refusal || expected instanceof Refusal) return expect(head).toEqual(expected)
    compareHead(head, expected)
  }
}

function compareHead(head: ObjectHead, object: ModelObject): void {
  const { key, size, etag, uploadedMs, storageClass, customMetadata, tags = [], ssecKeyMd5, partsCount } = head
  expect({ key, size, etag, uploadedMs, storageClass, customMetadata, tags, ssecKeyMd5, partsCount }).toEqual({
    key: object.key,
    size: object.bytes.length,
    etag: object.etag,
    uploadedMs: object.uploadedMs,
    storageClass: object.infrequent ? 'InfrequentAccess' : 'Standard',
    customMetadata: object.note === undefined ? {} : { note: object.note },
    tags: tagsOf(object.tag),
    ssecKeyMd5: sealOf(object.seal)?.keyMd5,
    partsCount: object.parts?.length,
  })
}

function ruleOf({ prefix, becomes, afterMs, onMs, tag, above, below }: ModelRule, n: number): LifecycleRule {
  const condition = onMs === undefined ? { ageSeconds: afterMs! / 1000 } : { dateMs: onMs }
  const action =
    becomes === 'deleted'
      ? { expiration: condition }
      : becomes === 'infrequent'
        ? { transitions: [condition] }
        : { abortAfterSeconds: afterMs! / 1000 }
  const filter: LifecycleFilter = {
    ...(tag !== undefined && { tags: tagsOf(tag) }),
    ...(above !== undefined && { sizeGreaterThan: above }),
    ...(below !== undefined && { sizeLessThan: below }),
  }
  return { id: `${n}`, enabled: true, prefix, ...(Object.keys(filter).length > 0 && { filter }), ...action }
}

/** An error of the product with a code; any other error is a bug. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | Refusal> {
  try {
    return await work
  } catch (error) {
    if (error instanceof StoreError) return new Refusal(error.code)
    throw error
  }
}

/** The objects that a rule selects, beyond its prefix. */
const SELECTIONS: Readonly<Record<string, Pick<ModelRule, 'tag' | 'above' | 'below'>>> = {
  red: { tag: 'red' },
  large: { above: 64 },
  'small and red': { tag: 'red', below: 65 },
}

const tagsOf = (tag: string | undefined): TagSet => (tag === undefined ? [] : [{ key: 'colour', value: tag }])

const attributesOf = ({ note, tag, infrequent = false }: { note?: string; tag?: string; infrequent?: boolean }) => ({
  httpMetadata: {},
  customMetadata: (note === undefined ? {} : { note }) as Record<string, string>,
  tags: tagsOf(tag),
  storageClass: infrequent ? ('InfrequentAccess' as const) : ('Standard' as const),
})

const dateOf = (ms: number): LockRule['condition'] =>
  ms === Number.POSITIVE_INFINITY ? { type: 'Indefinite' } : { type: 'Date', date: new Date(ms).toISOString() }

const sealOf = (seal: number | undefined): CustomerKey | undefined =>
  seal === undefined ? undefined : { key: new Uint8Array(32).fill(seal), keyMd5: `md5-of-${seal}` }

interface Span {
  readonly from: number
  readonly to: number
}

function spanOf({ bytes }: ModelObject, range: { offset: number; length?: number } | { suffix: number }): Span {
  const from = 'suffix' in range ? Math.max(0, bytes.length - range.suffix) : range.offset
  const to = 'suffix' in range ? bytes.length : Math.min(bytes.length, range.offset + (range.length ?? bytes.length))
  if (from >= to) throw new Refusal('InvalidRange')
  return { from, to }
}

function partOf({ bytes, parts }: ModelObject, part: number | undefined): Span {
  const whole = { from: 0, to: bytes.length }
  if (part === undefined) return whole
  const all = parts ?? [{ number: 1, length: bytes.length }]
  const index = all.findIndex(({ number }) => number === part)
  if (index < 0) throw new Refusal('InvalidPartNumber')
  const from = all.slice(0, index).reduce((sum, { length }) => sum + length, 0)
  return { from, to: from + all[index]!.length }
}
