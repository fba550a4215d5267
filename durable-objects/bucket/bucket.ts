import { DurableObject } from 'cloudflare:workers'
import { queueBindings, readConfig, readKeyring } from '../../src/config.ts'
import { auditStatements } from '../../src/control/audit.ts'
import { indexStatements, unindexStatements } from '../../src/control/buckets.ts'
import type { Actor } from '../../src/core/audit.ts'
import type { BucketInfo, Usage } from '../../src/core/bucket.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { ListPage, ListQuery, ListUploadsQuery } from '../../src/core/listing.ts'
import type { CreatedUpload, ListPartsQuery, Part, PartsPage, UploadHead, UploadRef } from '../../src/core/multipart.ts'
import { addRules, type NewNotificationRule, type QueueNotifications, type QueueRef, removeRules } from '../../src/core/notifications.ts'
import type { BucketRef, ObjectHead, ObjectSummary, StorageClass } from '../../src/core/object.ts'
import { type Outcome, outcomeOf, outcomeOfAsync } from '../../src/core/outcome.ts'
import type { BucketSettings } from '../../src/core/settings.ts'
import { type Env, segmentBindings } from '../../src/env.ts'
import { createQueues } from '../../src/queues/queues.ts'
import type { Keyring } from '../../src/segments/keyring.ts'
import type { RewrappedBlobKey } from '../../src/segments/rewrap.ts'
import { createTiers } from '../../src/segments/store.ts'
import type {
  Begin,
  Begun,
  BodyRest,
  BodySlices,
  BucketApi,
  CommitObject,
  CommitPart,
  Committed,
  CompleteUpload,
  Copied,
  CopiedObject,
  CopyObject,
  CopyPart,
  CreateUpload,
  Deleted,
  Looked,
  Lookup,
} from '../../src/store/bucket-api.ts'
import type {
  BlobsPage,
  BlobsQuery,
  CheckPage,
  CheckStep,
  ExportCursor,
  ExportPage,
  Imported,
  KeysPage,
  KeysQuery,
  KnownBlobs,
  RecoverTo,
} from '../../src/store/maintenance/maintenance-api.ts'
import { compositeSlices } from '../keyspace/blobs/blobs.ts'
import { checkCanary, mustSeal, sealCanary, writeCanary } from '../keyspace/blobs/canary.ts'
import { abandon, journal } from '../keyspace/blobs/garbage.ts'
import { needsRotation, noticeKeys } from '../keyspace/blobs/key-marker.ts'
import { rotateStep } from '../keyspace/blobs/key-rotation.ts'
import { keysOf, knownBlobs, listBlobs, rewrapKeys } from '../keyspace/blobs/stored-blobs.ts'
import { checkStep } from '../keyspace/check/check.ts'
import { closeCheck, forgetStaleCheck } from '../keyspace/check/check-tables.ts'
import { expire, nextWake, sweep } from '../keyspace/chores/alarm.ts'
import type { Context } from '../keyspace/context.ts'
import { exportPage } from '../keyspace/dump/export.ts'
import { importLines } from '../keyspace/dump/import.ts'
import { Delivery } from '../keyspace/events/delivery.ts'
import { copyObject, copyPart } from '../keyspace/objects/copy.ts'
import { listObjects, listSummaries } from '../keyspace/objects/listing.ts'
import { checkOverwrite, commitObject, deleteObjects, findObject, lookup } from '../keyspace/objects/objects.ts'
import { followSetting, isWalking } from '../keyspace/rules/lifecycle-walk.ts'
import { hasSchema, migrate, newerSchema } from '../keyspace/schema.ts'
import { forgetSettings, readSetting, writeSetting } from '../keyspace/settings.ts'
import {
  abortUpload,
  checkUploadKey,
  commitPart,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  openUpload,
} from '../keyspace/uploads/uploads.ts'
import { forgetFlows, readUsage } from '../keyspace/usage.ts'
import { type Change, dropEntries, noteChange, pendingEntries } from './audit-outbox.ts'
import { prepareRecovery } from './recover.ts'

/** When the alarm tries again to bring the account's index up to date. */
const REGISTRY_RETRY_MS = 10_000
/** When an alarm that met tables of a newer version rings again. */
const NEWER_SCHEMA_MS = 10 * 60_000
/** Long enough for an answer to leave. */
const RECOVERY_DELAY_MS = 100
/** Alarms cannot be set to every date that a rule can name: before a later one the alarm rings once and looks again. */
const FARTHEST_ALARM_MS = 365 * 86_400_000

/** Without its secrets a deployment answers 503 before it comes to a Bucket; what still rings here needs no key. */
function keyringOf(env: Env): Keyring | undefined {
  try {
    return readKeyring(env)
  } catch {
    return undefined
  }
}

/** What the audit log calls a change of a setting. */
const SETTING_ACTIONS = {
  cors: { put: 'PutBucketCors', delete: 'DeleteBucketCors' },
  lifecycle: { put: 'PutBucketLifecycleConfiguration', delete: 'DeleteBucketLifecycleConfiguration' },
  locks: { put: 'PutBucketLockConfiguration', delete: 'DeleteBucketLockConfiguration' },
  notifications: { put: 'PutBucketNotificationConfiguration', delete: 'DeleteBucketNotificationConfiguration' },
} as const

/**
 * One bucket: the only writer of its metadata. Every method is one transaction and does no I/O but SQLite, so that a bucket
 * is never held up by slow bytes; only changes of the configuration and the alarm talk to other services.
 */
export class Bucket extends DurableObject<Env> implements BucketApi {
  /** Milliseconds since the epoch; tests set it. */
  clock: () => number = Date.now
  #exists = false
  /** Why nothing may be done with the tables. */
  #refusal: StoreError | undefined
  #alarmMs: number | null = null
  /** When the alarm was to tell the account of what it had not heard of. */
  #newsMs: number | null = null
  #wakeMs: number | null = null
  #registrySync: Promise<void> = Promise.resolve()
  /** Queues that the running transaction wrote messages for. */
  readonly #announced = new Set<string>()
  readonly #context: Context
  readonly #delivery: Delivery

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    this.#context = {
      sql: state.storage.sql,
      config: readConfig(env),
      keyring: keyringOf(env),
      now: () => this.clock(),
      wakeAt: (dueMs) => {
        this.#wakeMs = Math.min(this.#wakeMs ?? dueMs, dueMs)
      },
      announce: (queueId) => this.#announced.add(queueId),
    }
    this.#delivery = new Delivery({
      context: this.#context,
      queues: () => createQueues(queueBindings(this.env)),
      sync: () => state.storage.sync(),
      transaction: (work) => this.#transaction(work),
    })
    state.blockConcurrencyWhile(async () => {
      if (!hasSchema(state.storage.sql)) return
      this.#refusal = newerSchema(state.storage.sql)
      if (this.#refusal) return
      migrate(state.storage)
      this.#exists = readSetting(state.storage.sql, 'info') !== null
      this.#alarmMs = await state.storage.getAlarm()
      if (this.#exists) noticeKeys(this.#context)
      await checkCanary(this.#context)
      if (this.#alarmMs === null) this.#rearm()
      else {
        // A migration may have left the alarm something to do.
        if (isWalking(state.storage.sql)) this.#context.wakeAt(this.clock())
        this.#arm()
      }
    })
  }

  /** Creates the bucket. Its row in the account's index is written before the answer, or by the alarm if that fails. */
  async create(info: Omit<BucketInfo, 'createdMs'>, by?: Actor): Promise<Outcome<BucketInfo>> {
    const { storage } = this.ctx
    const { keyring } = this.#context
    const canary = keyring && (await sealCanary(keyring, info))
    const created = outcomeOf(() => {
      if (this.#refusal) throw this.#refusal
      if (this.#exists) throw new StoreError('BucketAlreadyOwnedByYou')
      migrate(storage)
      const bucket: BucketInfo = { ...info, createdMs: this.clock() }
      this.#transaction(({ sql }) => {
        writeSetting(sql, 'info', bucket)
        writeCanary(sql, canary)
        this.#staleRegistry(bucket)
        this.#note({ action: 'CreateBucket', bucket, by, newValue: bucket })
      })
      this.#exists = true
      return bucket
    })
    if (created.ok) await this.#syncRegistry()
    return created
  }

  async info(): Promise<Outcome<BucketInfo>> {
    return this.#read(({ sql }) => readSetting<BucketInfo>(sql, 'info') as BucketInfo)
  }

  /** Changes the default storage class; objects that are there keep theirs. */
  async putStorageClass(storageClass: StorageClass, by?: Actor): Promise<Outcome<BucketInfo>> {
    const changed = this.#change(({ sql }) => {
      const old = readSetting<BucketInfo>(sql, 'info') as BucketInfo
      const info: BucketInfo = { ...old, storageClass }
      writeSetting(sql, 'info', info)
      this.#staleRegistry(info)
      const [oldValue, newValue] = [old, info].map((value) => ({ storageClass: value.storageClass }))
      this.#note({ action: 'PutBucketStorageClass', bucket: info, by, oldValue, newValue })
      return info
    })
    if (changed.ok) await this.#syncRegistry()
    return changed
  }

  /** Removes an empty bucket. What is left of its bytes is swept by the alarm, and then the object is empty. */
  async remove(by?: Actor): Promise<Outcome<void>> {
    const removed = this.#change(({ sql }) => {
      const rows = sql.exec("SELECT 1 FROM objects UNION ALL SELECT 1 FROM uploads WHERE state = 'open' LIMIT 1").toArray()
      if (rows.length > 0) throw new StoreError('BucketNotEmpty')
      if (readSetting(sql, 'notifications') !== null) {
        throw new StoreError('BucketNotEmpty', { message: 'The bucket you tried to delete has event notification rules.' })
      }
      const bucket = readSetting<BucketInfo>(sql, 'info') as BucketInfo
      this.#staleRegistry(bucket)
      this.#note({ action: 'DeleteBucket', bucket, by, oldValue: bucket })
      sql.exec('DELETE FROM uploads')
      forgetFlows(sql)
      sql.exec('DELETE FROM lifecycle_walk')
      closeCheck(sql)
      sql.exec("DELETE FROM config WHERE name NOT IN ('schema', 'compatible_from', 'registry')")
      forgetSettings(sql)
    })
    if (removed.ok) {
      this.#exists = false
      await this.#syncRegistry()
    }
    return removed
  }

  async usage(): Promise<Outcome<Record<StorageClass, Usage>>> {
    return this.#read(({ sql }) => readUsage(sql))
  }

  async getSetting<K extends keyof BucketSettings>(name: K): Promise<Outcome<BucketSettings[K] | null>> {
    return this.#read(({ sql }) => readSetting<BucketSettings[K]>(sql, name))
  }

  async putSetting<K extends keyof BucketSettings>(name: K, value: BucketSettings[K] | null, by?: Actor): Promise<Outcome<void>> {
    return this.#changeSetting(name, () => value, by)
  }

  async addNotificationRules(queue: QueueRef, rules: readonly NewNotificationRule[], by?: Actor): Promise<Outcome<void>> {
    const own = { nowMs: this.clock(), newId: () => crypto.randomUUID() }
    return this.#changeSetting('notifications', (old) => addRules(old ?? [], { queue, rules, ...own }), by)
  }

  async removeNotificationRules(queueId: string, ruleIds?: readonly string[], by?: Actor): Promise<Outcome<void>> {
    const remove = (old: readonly QueueNotifications[] | null) => {
      const left = removeRules(old ?? [], queueId, ruleIds)
      return left.length === 0 ? null : left
    }
    return this.#changeSetting('notifications', remove, by)
  }

  /** Checks what can already be known to fail, and journals the blob so that its bytes cannot be forgotten. */
  async begin({ blobId, tier, segments, size, target }: Begin): Promise<Outcome<Begun>> {
    return this.#seal((context) => {
      if (!('uploadId' in target)) {
        checkOverwrite(context, findObject(context.sql, target.key), target.conditions)
        return journal(context, { id: blobId, tier, segments }, size)
      }
      const upload = openUpload(context.sql, target)
      checkUploadKey(upload, target.ssecKeyMd5)
      return { ...journal(context, { id: blobId, tier, segments }, size), checksumAlgorithm: upload.checksum_algorithm ?? undefined }
    })
  }

  async abandon({ blobId: id, tier, segments }: Pick<Begin, 'blobId' | 'tier' | 'segments'>, begun: Begun): Promise<void> {
    if (this.#isOurs()) this.#transaction((context) => abandon(context, { id, tier, segments }, begun))
  }

  async commitObject(commit: CommitObject): Promise<Outcome<Committed<ObjectHead>>> {
    return this.#seal((context) => commitObject(context, commit))
  }

  async lookup(query: Lookup): Promise<Outcome<Looked>> {
    return this.#read((context) => lookup(context, query))
  }

  async moreSlices(rest: BodyRest): Promise<Outcome<BodySlices>> {
    return this.#read(({ sql }) => compositeSlices(sql, rest))
  }

  async listObjects(query: ListQuery): Promise<Outcome<ListPage<ObjectHead>>> {
    return this.#read(({ sql }) => listObjects(sql, query))
  }

  async listSummaries(query: Omit<ListQuery, 'includeMetadata'>): Promise<Outcome<ListPage<ObjectSummary>>> {
    return this.#read(({ sql }) => listSummaries(sql, query))
  }

  async deleteObjects(keys: readonly string[]): Promise<Outcome<Deleted[]>> {
    return this.#change((context) => deleteObjects(context, keys))
  }

  async copyObject(copy: CopyObject): Promise<Outcome<Copied<CopiedObject>>> {
    return this.#change((context) => copyObject(context, copy))
  }

  async createUpload(create: CreateUpload): Promise<Outcome<CreatedUpload>> {
    return this.#seal((context) => createUpload(context, create))
  }

  async commitPart(commit: CommitPart): Promise<Outcome<Committed<Part>>> {
    return this.#seal((context) => commitPart(context, commit))
  }

  async copyPart(copy: CopyPart): Promise<Outcome<Copied<Part>>> {
    return this.#change((context) => copyPart(context, copy))
  }

  async completeUpload(complete: CompleteUpload): Promise<Outcome<ObjectHead>> {
    const completion = this.#change((context) => completeUpload(context, complete))
    if (!completion.ok) return completion
    if (completion.value.kind === 'object') return { ok: true, value: completion.value.head }
    // Not thrown in the transaction: the upload is gone all the same, as on R2.
    return { ok: false, code: 'PreconditionFailed', detail: {} }
  }

  async abortUpload(upload: UploadRef): Promise<Outcome<void>> {
    return this.#change((context) => abortUpload(context, upload))
  }

  async listParts(query: ListPartsQuery): Promise<Outcome<PartsPage>> {
    return this.#read((context) => listParts(context, query))
  }

  async listUploads(query: ListUploadsQuery): Promise<Outcome<ListPage<UploadHead>>> {
    return this.#read(({ sql }) => listUploads(sql, query))
  }

  async check(step: CheckStep): Promise<Outcome<CheckPage>> {
    return this.#change((context) => checkStep(context, step))
  }

  async listBlobs(query: BlobsQuery): Promise<Outcome<BlobsPage>> {
    return this.#read(({ sql }) => listBlobs(sql, query))
  }

  async knownBlobs(blobIds: readonly string[]): Promise<KnownBlobs> {
    // Tables of a newer version may know more than this one can read.
    if (this.#refusal) throw this.#refusal
    return hasSchema(this.ctx.storage.sql) ? knownBlobs(this.#context, blobIds) : { segments: {}, exists: false, nowMs: this.clock() }
  }

  async keysOf(query: KeysQuery): Promise<Outcome<KeysPage>> {
    return this.#read(({ sql }) => keysOf(sql, query))
  }

  async exportPage(cursor?: ExportCursor): Promise<Outcome<ExportPage>> {
    return this.#read((context) => exportPage(context, cursor))
  }

  async importLines(text: string): Promise<Outcome<Imported>> {
    const imported = this.#change((context) => importLines(context, text))
    if (imported.ok && imported.value.done) await this.reindex()
    return imported
  }

  async rewrapKeys(keys: readonly RewrappedBlobKey[]): Promise<Outcome<number>> {
    return this.#change(({ sql }) => rewrapKeys(sql, keys))
  }

  async recover(to: RecoverTo): Promise<Outcome<string>> {
    const undo = await outcomeOfAsync(() => prepareRecovery(this.ctx.storage, to))
    // The recovery happens when the object starts; the answer leaves first.
    if (undo.ok) this.ctx.waitUntil(scheduler.wait(RECOVERY_DELAY_MS).then(() => this.ctx.abort('The bucket is recovered.')))
    return undo
  }

  async reindex(): Promise<Outcome<BucketInfo>> {
    const info = this.#change(({ sql }) => {
      const bucket = readSetting<BucketInfo>(sql, 'info') as BucketInfo
      this.#staleRegistry(bucket)
      return bucket
    })
    if (info.ok) await this.#syncRegistry()
    return info
  }

  /** Deletes what is due, in bounded steps, and sets the next alarm. Safe to repeat. */
  override async alarm(): Promise<void> {
    this.#alarmMs = null
    if (this.#refusal) return this.ctx.storage.setAlarm(this.clock() + NEWER_SCHEMA_MS)
    await this.#syncRegistry()
    if (!hasSchema(this.ctx.storage.sql)) return
    this.#delivery.startAll()
    this.#transaction(expire)
    this.#transaction(forgetStaleCheck)
    await sweep(this.#context, this.ctx.storage, createTiers(segmentBindings(this.env)))
    await rotateStep(this.#context, this.ctx.storage)
    await this.#delivery.all()
    const next = nextWake(this.#context)
    if (next !== null) this.#context.wakeAt(next)
    else if (!this.#exists && !this.#hasNews()) await this.ctx.storage.deleteAll()
    this.#arm()
  }

  /** @throws never a StoreError: `NoSuchBucket` and the failures of `work` are outcomes. */
  #read<T>(work: (context: Context) => T): Outcome<T> {
    return outcomeOf(() => {
      if (this.#refusal) throw this.#refusal
      if (!this.#exists) throw new StoreError('NoSuchBucket')
      return work(this.#context)
    })
  }

  /** Whether there are tables that this version may touch. */
  #isOurs(): boolean {
    return !this.#refusal && hasSchema(this.ctx.storage.sql)
  }

  /** A change that brings, or leads to, bytes sealed with the master key. */
  #seal<T>(work: (context: Context) => T): Outcome<T> {
    return this.#change((context) => {
      mustSeal(context.sql)
      return work(context)
    })
  }

  #change<T>(work: (context: Context) => T): Outcome<T> {
    return this.#read(() => this.#transaction(work))
  }

  #transaction<T>(work: (context: Context) => T): T {
    try {
      return this.ctx.storage.transactionSync(() => work(this.#context))
    } catch (error) {
      forgetSettings(this.ctx.storage.sql)
      throw error
    } finally {
      this.#arm()
      for (const queueId of this.#announced) this.#delivery.start(queueId)
      this.#announced.clear()
    }
  }

  /** Replaces a setting by what `update` makes of it; `null` removes it. The change is in the audit log. */
  async #changeSetting<K extends keyof BucketSettings>(
    name: K,
    update: (old: BucketSettings[K] | null) => BucketSettings[K] | null,
    by?: Actor,
  ): Promise<Outcome<void>> {
    const changed = this.#change((context) => {
      const { sql } = context
      const oldValue = readSetting<BucketSettings[K]>(sql, name)
      const newValue = update(oldValue)
      const isGone = newValue === null || newValue.length === 0
      if (isGone && JSON.stringify(oldValue) === JSON.stringify(newValue)) return
      writeSetting(sql, name, newValue)
      followSetting(context, name, oldValue, newValue)
      const bucket = readSetting<BucketInfo>(sql, 'info') as BucketInfo
      this.#note({ action: SETTING_ACTIONS[name][isGone ? 'delete' : 'put'], bucket, by, oldValue, newValue })
    })
    if (changed.ok) await this.#syncRegistry()
    return changed
  }

  /** Sets the alarm if something wants it earlier than it is set. Outside transactions, which may roll back. */
  #arm(): void {
    if (this.#wakeMs === null) return
    const wakeMs = Math.min(this.#wakeMs, this.clock() + FARTHEST_ALARM_MS)
    this.#wakeMs = null
    if (this.#alarmMs !== null && this.#alarmMs <= wakeMs) return
    this.#alarmMs = wakeMs
    void this.ctx.storage.setAlarm(wakeMs)
  }

  /** Sets an alarm that is missing. The platform gives up one that failed too often, so a Bucket that starts looks for itself. */
  #rearm(): void {
    const next = this.#hasNews() ? this.clock() + REGISTRY_RETRY_MS : nextWake(this.#context)
    if (next !== null) this.#context.wakeAt(next)
    this.#arm()
  }

  /** If this instance is lost before the account has heard of a change, the alarm tells it. */
  #wakeForNews(): void {
    this.#newsMs = this.clock() + REGISTRY_RETRY_MS
    this.#context.wakeAt(this.#newsMs)
  }

  /** Takes back an alarm that was set for the account alone, which knows everything now. A removed bucket needs it to end. */
  #disarm(): void {
    if (!this.#exists || this.#alarmMs === null || this.#alarmMs !== this.#newsMs || needsRotation(this.#context)) return
    this.#alarmMs = null
    const next = nextWake(this.#context)
    if (next === null) void this.ctx.storage.deleteAlarm()
    else this.#context.wakeAt(next)
  }

  /** Notes, with the change itself, that the account's index has to follow. */
  #staleRegistry({ jurisdiction, name }: BucketRef): void {
    writeSetting(this.ctx.storage.sql, 'registry', { jurisdiction, name } satisfies BucketRef)
    this.#wakeForNews()
  }

  /** Notes a change for the audit log, with the change itself. */
  #note(change: Change): void {
    noteChange(this.#context, change)
    this.#wakeForNews()
  }

  /** Whether the account has not heard of everything yet. */
  #hasNews(): boolean {
    const { sql } = this.ctx.storage
    return readSetting(sql, 'registry') !== null || pendingEntries(sql).length > 0
  }

  /** Makes the row in the account's index and the audit log follow what this object knows, one write after the other. */
  #syncRegistry(): Promise<void> {
    this.#registrySync = this.#registrySync.then(() => this.#writeRegistry())
    return this.#registrySync
  }

  /** Never throws: what fails is tried again by the alarm. */
  async #writeRegistry(): Promise<void> {
    const { sql } = this.ctx.storage
    if (!this.#isOurs() || !this.#hasNews()) return
    const stale = readSetting<BucketRef>(sql, 'registry')
    const info = readSetting<BucketInfo>(sql, 'info')
    const entries = pendingEntries(sql)
    const { CONTROL } = this.env
    try {
      const index = stale === null ? [] : info ? indexStatements(CONTROL, info) : unindexStatements(CONTROL, stale)
      await CONTROL.batch([...index, ...auditStatements(CONTROL, entries, this.#context.config.auditMs)])
      dropEntries(sql, entries)
      // Unless the bucket changed meanwhile: then the next write in line brings that about.
      if (JSON.stringify(readSetting<BucketInfo>(sql, 'info')) === JSON.stringify(info)) writeSetting(sql, 'registry', null)
      if (this.#hasNews()) this.#wakeForNews()
      else this.#disarm()
    } catch (error) {
      console.warn('The index of buckets could not be updated, trying again later:', error)
      this.#wakeForNews()
    }
    this.#arm()
  }
}
