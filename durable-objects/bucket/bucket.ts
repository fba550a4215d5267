import { DurableObject } from 'cloudflare:workers'
import { findKeyring, queueBindings, readConfig } from '../../src/config.ts'
import { followStatements } from '../../src/control/buckets.ts'
import type { Actor } from '../../src/core/audit.ts'
import type { BucketInfo } from '../../src/core/bucket.ts'
import { StoreError } from '../../src/core/errors.ts'
import type { BucketRef } from '../../src/core/object.ts'
import { type Outcome, outcomeOf, outcomeOfAsync } from '../../src/core/outcome.ts'
import type { TagSet } from '../../src/core/tags.ts'
import { type Env, segmentBindings } from '../../src/env.ts'
import { createQueues } from '../../src/queues/queues.ts'
import { createTiers } from '../../src/segments/store.ts'
import type { Begin, Begun, BucketApi } from '../../src/store/bucket-api.ts'
import type { KnownBlobs, RecoverTo } from '../../src/store/maintenance/maintenance-api.ts'
import { AccountUpdates } from '../common/account-updates.ts'
import { AlarmClock } from '../common/alarm-clock.ts'
import { hasSchema, migrate, newerSchema } from '../common/schema.ts'
import { forgetSettings } from '../common/settings.ts'
import { storageFull } from '../common/storage-full.ts'
import { checkCanary, mustSeal, sealCanary } from '../keyspace/blobs/canary.ts'
import { abandon } from '../keyspace/blobs/garbage.ts'
import { noticeKeys } from '../keyspace/blobs/key-marker.ts'
import { knownBlobs } from '../keyspace/blobs/stored-blobs.ts'
import type { CallRow, Methods } from '../keyspace/calls.ts'
import { type Chore, nextDueMs, type Platform, runChores } from '../keyspace/chores/chore.ts'
import { KEYSPACE_CHORES } from '../keyspace/chores/chores.ts'
import { Delivery } from '../keyspace/events/delivery.ts'
import { BUCKET_SCHEMA } from '../keyspace/schema.ts'
import { resealSippy } from '../keyspace/sippy/reseal.ts'
import { findBucketInfo } from '../keyspace/state.ts'
import { BUCKET_CHANGES, BUCKET_READS, createBucket, removeBucket } from './calls.ts'
import type { BucketContext } from './context.ts'
import { prepareRecovery } from './recover.ts'
import { StoragePoints } from './storage-points.ts'

/** Time for the response to leave before the object restarts. */
const RECOVERY_DELAY_MS = 100
/** How long the alarm waits before it looks again at tables that a newer version made. */
const NEWER_SCHEMA_MS = 10 * 60_000

/**
 * One bucket: the only writer of its metadata. Each method is one transaction on SQLite and does no other I/O, so that a slow transfer
 * never blocks the bucket. Only configuration changes and the alarm call other services. Most methods are rows of {@link BUCKET_READS} and
 * {@link BUCKET_CHANGES}; the methods that are written out here do something that a transaction cannot do.
 */
export interface Bucket extends Methods<Omit<typeof BUCKET_READS, 'getSetting'>>, Methods<Omit<typeof BUCKET_CHANGES, 'putSetting'>> {
  readonly getSetting: BucketApi['getSetting']
  readonly putSetting: BucketApi['putSetting']
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the static block defines every method of the two tables.
export class Bucket extends DurableObject<Env> implements BucketApi {
  static {
    for (const [name, call] of Object.entries(BUCKET_READS)) {
      Bucket.#define(name, (bucket, args) => bucket.#read(call, args))
    }
    for (const [name, call] of Object.entries(BUCKET_CHANGES)) {
      Bucket.#define(name, (bucket, args) => bucket.#change(call, args))
    }
  }

  static #define(name: string, run: (bucket: Bucket, args: readonly unknown[]) => Promise<unknown>): void {
    function method(this: Bucket, ...args: unknown[]): Promise<unknown> {
      return run(this, args)
    }
    Object.defineProperty(Bucket.prototype, name, { value: method, writable: true, configurable: true })
  }

  /** Returns the time in milliseconds since the epoch; tests replace it. */
  clock: () => number = Date.now
  #exists = false
  /** The reason why this code must not use the tables; undefined when it may. */
  #refusal: StoreError | undefined
  /** Queues that the running transaction wrote messages for. */
  readonly #announced = new Set<string>()
  readonly #context: BucketContext
  readonly #account: AccountUpdates
  readonly #alarm: AlarmClock
  readonly #points: StoragePoints
  readonly #platform: Platform
  readonly #chores: readonly Chore[]

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    const { storage } = state
    this.#alarm = new AlarmClock(storage, () => this.clock())
    const context = {
      sql: storage.sql,
      config: readConfig(env),
      keyring: findKeyring(env),
      now: () => this.clock(),
      wakeAt: (dueMs: number) => this.#alarm.wakeAt(dueMs),
      announce: (queueId: string) => this.#announced.add(queueId),
    }
    this.#account = new AccountUpdates({
      ...context,
      arm: () => this.#alarm.arm(),
      control: () => this.env.CONTROL,
      auditMs: context.config.auditMs,
      indexed: () => findBucketInfo(storage.sql),
      indexStatements: (db, bucket) => followStatements(db, findBucketInfo(storage.sql), bucket as BucketRef),
      upToDate: (retryMs) => this.#disarm(retryMs),
    })
    this.#context = { ...context, account: this.#account }
    const transaction: Platform['transaction'] = (work) => this.#transaction(work)
    const delivery = new Delivery({ context, queues: () => createQueues(queueBindings(this.env)), sync: () => storage.sync(), transaction })
    this.#platform = { storage, tiers: () => createTiers(segmentBindings(this.env)), delivery, transaction }
    const tellAccount: Chore = { name: 'tell-account', dueMs: () => this.#account.nextMs(), run: () => this.#account.sync() }
    this.#points = new StoragePoints(this.#context, () => this.env.CONTROL)
    this.#chores = [tellAccount, ...KEYSPACE_CHORES, this.#points.chore]
    state.blockConcurrencyWhile(() => this.#open())
  }

  async #open(): Promise<void> {
    const { storage } = this.ctx
    if (!hasSchema(storage.sql)) return
    this.#refusal = newerSchema(storage.sql, BUCKET_SCHEMA)
    if (this.#refusal) return
    const isMigrated = migrate(storage, BUCKET_SCHEMA)
    this.#exists = findBucketInfo(storage.sql) !== null
    await this.#alarm.load()
    if (this.#exists) noticeKeys(this.#context)
    if (this.#exists && this.#points.isNew()) this.#wakeForChores()
    await checkCanary(this.#context)
    await resealSippy(this.#context)
    // The platform drops an alarm that failed too often, and a migration may leave work for the alarm.
    if (this.#alarm.setMs === null || isMigrated) this.#wakeForChores()
    this.#alarm.arm()
  }

  /** Creates the bucket. Writes its row into the account's index before it returns; if that fails, the alarm writes it later. */
  async create(info: Omit<BucketInfo, 'createdMs'>, by?: Actor, tags?: TagSet): Promise<Outcome<BucketInfo>> {
    const { keyring } = this.#context
    const canary = keyring && (await sealCanary(keyring, info))
    const created = outcomeOf(() => {
      if (this.#refusal) throw this.#refusal
      if (this.#exists) throw new StoreError('BucketAlreadyOwnedByYou')
      migrate(this.ctx.storage, BUCKET_SCHEMA)
      const bucket = this.#transaction(() => createBucket(this.#context, { info, canary, by, tags }))
      this.#exists = true
      return bucket
    })
    if (this.#account.takeNoted()) await this.#account.sync()
    return created
  }

  /** Removes an empty bucket. The alarm deletes the remaining bytes, and then everything that this Durable Object stores. */
  async remove(by?: Actor): Promise<Outcome<void>> {
    const removed = await this.#change({ run: removeBucket }, [by], () => {
      this.#exists = false
    })
    return removed as Outcome<void>
  }

  async abandon({ blobId: id, tier: kind, segments }: Pick<Begin, 'blobId' | 'tier' | 'segments'>, begun: Begun): Promise<void> {
    if (this.#isOurs()) this.#transaction((context) => abandon(context, { id, kind, segments }, begun))
  }

  async knownBlobs(blobIds: readonly string[]): Promise<KnownBlobs> {
    // A newer version may record blobs in tables that this version does not read.
    if (this.#refusal) throw this.#refusal
    return hasSchema(this.ctx.storage.sql) ? knownBlobs(this.#context, blobIds) : { segments: {}, exists: false, nowMs: this.clock() }
  }

  async recover(to: RecoverTo): Promise<Outcome<string>> {
    const undo = await outcomeOfAsync(() => prepareRecovery(this.ctx.storage, to))
    // The platform restores the database when the object starts again; the response must leave before that.
    if (undo.ok) this.ctx.waitUntil(scheduler.wait(RECOVERY_DELAY_MS).then(() => this.ctx.abort('The bucket is recovered.')))
    return undo
  }

  /** Runs the chores that are due, in bounded steps, and sets the next alarm. Safe to repeat. */
  override async alarm(): Promise<void> {
    this.#alarm.rang()
    if (this.#refusal) return this.ctx.storage.setAlarm(this.clock() + NEWER_SCHEMA_MS)
    if (!hasSchema(this.ctx.storage.sql)) return
    // Start to send messages now: they leave while the other chores run.
    this.#platform.delivery.startAll()
    const failed = await runChores(this.#context, this.#platform, this.#chores)
    if (!this.#wakeForChores(failed) && !this.#exists) await this.ctx.storage.deleteAll()
    this.#alarm.arm()
  }

  /** @throws StoreError when the bucket does not exist, or when this version may not use its tables */
  #mustExist(): void {
    if (this.#refusal) throw this.#refusal
    if (!this.#exists) throw new StoreError('NoSuchBucket')
  }

  /** Whether the tables exist and this version may use them. */
  #isOurs(): boolean {
    return !this.#refusal && hasSchema(this.ctx.storage.sql)
  }

  async #read({ run, answer }: CallRow<BucketContext>, args: readonly unknown[]): Promise<Outcome<unknown>> {
    return outcomeOf(() => {
      this.#mustExist()
      const value = run(this.#context, ...args)
      // Reads of Infrequent Access are counted.
      this.#points.notice()
      this.#alarm.arm()
      return answer ? answer(value) : value
    })
  }

  /**
   * The gate of every change: checks that the bucket exists and runs the change in one transaction. If the change recorded something for
   * the account, it then updates the account.
   */
  async #change(
    { run, answer, seals }: CallRow<BucketContext>,
    args: readonly unknown[],
    committed?: () => void,
  ): Promise<Outcome<unknown>> {
    const changed = outcomeOf(() => {
      this.#mustExist()
      const value = this.#transaction((context) => {
        if (seals) mustSeal(context.sql)
        return run(context, ...args)
      })
      committed?.()
      return answer ? answer(value) : value
    })
    if (this.#account.takeNoted()) await this.#account.sync()
    return changed
  }

  #transaction<T>(work: (context: BucketContext) => T): T {
    try {
      return this.ctx.storage.transactionSync(() => work(this.#context))
    } catch (error) {
      forgetSettings(this.ctx.storage.sql)
      throw storageFull(error) ?? error
    } finally {
      this.#points.notice()
      this.#alarm.arm()
      for (const queueId of this.#announced) this.#platform.delivery.start(queueId)
      this.#announced.clear()
    }
  }

  /** Requests an alarm for the time when the next chore is due. Returns whether any chore waits. */
  #wakeForChores(failed?: readonly Chore[]): boolean {
    const next = nextDueMs(this.#context, this.#chores, failed)
    if (next !== null) this.#alarm.wakeAt(next)
    return next !== null
  }

  /**
   * Moves an alarm that was set only to update the account, which is up to date now, to the next chore. A removed bucket keeps the alarm:
   * it deletes the object's storage.
   */
  #disarm(retryMs: number | null): void {
    const { setMs } = this.#alarm
    if (this.#exists && setMs !== null && setMs === retryMs) this.#alarm.moveTo(nextDueMs(this.#context, this.#chores))
  }
}
