import { DurableObject } from 'cloudflare:workers'
import { readConfig, readKeyring } from '../../src/config.ts'
import { forgetJobStatement, jobStatement } from '../../src/control/job-index.ts'
import type { Actor, AuditAction } from '../../src/core/audit.ts'
import { StoreError } from '../../src/core/errors.ts'
import { ENDED, hasEnded, type JobInfo, type JobLogEntry, type JobRequest, stateAfter } from '../../src/core/job.ts'
import { type Outcome, outcomeOf } from '../../src/core/outcome.ts'
import { createEngine } from '../../src/engine.ts'
import type { Env } from '../../src/env.ts'
import type { JobApi, JobLogQuery, NewJob, Resealed } from '../../src/jobs/job-api.ts'
import type { JobPorts } from '../../src/jobs/job-kind.ts'
import { findKind, kindOf, shownParams } from '../../src/jobs/kinds.ts'
import { openSource } from '../../src/sources/open-source.ts'
import { AccountUpdates, hasUpdates } from '../common/account-updates.ts'
import { AlarmClock } from '../common/alarm-clock.ts'
import { admit, type ChangeRate } from '../common/change-rate.ts'
import { hasSchema, migrate, newerSchema } from '../common/schema.ts'
import { forgetSettings } from '../common/settings.ts'
import { storageFull } from '../common/storage-full.ts'
import { readLog, writeLog } from './job-log.ts'
import {
  advance,
  forgetFailures,
  isRemoved,
  jobOf,
  nextStepMs,
  noteFailure,
  noteRemoval,
  pastOf,
  RETENTION_MS,
  readCursor,
  readHidden,
  readJob,
  writeHidden,
  writeJob,
} from './progress.ts'
import { JOB_SCHEMA } from './schema.ts'

/**
 * How much one alarm does: fewer calls than the thousand that the platform allows one invocation, and only for a short time, so that other
 * calls of this job need not wait long.
 */
const CALLS_PER_ALARM = 500
const ALARM_MS = 20_000
/** How long the alarm waits before it looks again at tables that a newer version made. */
const NEWER_SCHEMA_MS = 10 * 60_000
/** How long the alarm waits before it tries again to delete a job whose row in the list could not be deleted. */
const FORGET_RETRY_MS = 10 * 60_000

/** How many requests of its users a job takes: the audit log keeps each for a long time. */
const REQUESTS: ChangeRate = { setting: 'requests', burst: 20, oneEachMs: 30_000, message: 'Reduce your rate of requests for this job.' }

const AUDITED: Readonly<Record<JobRequest, AuditAction>> = { pause: 'PauseJob', resume: 'ResumeJob', cancel: 'CancelJob' }

/**
 * One job: its state, and the alarm that runs its steps. A step does its work first; then one transaction records the result. If the object
 * is lost in between, the step runs again. The work itself is in the job's kind: `src/jobs/kinds`.
 */
export class Job extends DurableObject<Env> implements JobApi {
  /** Returns the time in milliseconds since the epoch; tests replace it. */
  clock: () => number = Date.now
  /** Makes the ports that a step uses; tests replace it. */
  portsOf: () => JobPorts = () => ({
    store: createEngine(this.env, { keepAlive: (work) => this.ctx.waitUntil(work) }),
    now: () => this.clock(),
    keyring: () => readKeyring(this.env),
    openSource: (config, secrets) => openSource(config, secrets, readConfig(this.env).sources),
    stopped: () => readJob(this.ctx.storage.sql)?.state !== 'running',
  })
  /** The reason why this code must not use the tables; undefined when it may. */
  #refusal: StoreError | undefined
  readonly #alarm: AlarmClock
  readonly #account: AccountUpdates

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    const { sql } = state.storage
    this.#alarm = new AlarmClock(state.storage, () => this.clock())
    this.#account = new AccountUpdates({
      sql,
      now: () => this.clock(),
      wakeAt: (dueMs) => this.#alarm.wakeAt(dueMs),
      arm: () => this.#alarm.arm(),
      control: () => this.env.CONTROL,
      auditMs: readConfig(env).auditMs,
      indexed: () => readJob(sql)?.state ?? null,
      indexStatements: (db) => {
        const job = readJob(sql)!
        return [isRemoved(sql) ? forgetJobStatement(db, job.id) : jobStatement(db, job)]
      },
    })
    state.blockConcurrencyWhile(() => this.#open())
  }

  async #open(): Promise<void> {
    const { storage } = this.ctx
    if (!hasSchema(storage.sql)) return
    this.#refusal = newerSchema(storage.sql, JOB_SCHEMA)
    if (this.#refusal) return
    migrate(storage, JOB_SCHEMA)
    await this.#alarm.load()
    if (this.#alarm.setMs === null) this.#wake()
    this.#alarm.arm()
  }

  async create({ id, kind, bucket, params, hidden, createdMs }: NewJob, by?: Actor): Promise<Outcome<JobInfo>> {
    const { storage } = this.ctx
    const created = outcomeOf(() => {
      kindOf(kind)
      migrate(storage, JOB_SCHEMA)
      const nowMs = this.clock()
      return this.#transaction((sql) => {
        const old = readJob(sql)
        if (old) return shown(old)
        const job: JobInfo = { id, kind, bucket, params, state: 'running', counts: {}, createdMs: createdMs ?? nowMs, updatedMs: nowMs }
        writeJob(sql, job)
        writeHidden(sql, hidden ?? null)
        writeLog(sql, nowMs, [{ level: 'info', type: 'start', message: 'Started.' }])
        this.#account.indexChanged(true)
        this.#account.audit({ action: 'StartJob', bucket, by, newValue: { id, kind, params: shown(job).params } })
        this.#alarm.wakeAt(nowMs)
        return shown(job)
      })
    })
    if (this.#account.takeNoted()) await this.#account.sync()
    return created
  }

  async info(): Promise<Outcome<JobInfo>> {
    return this.#outcome((sql) => shown(jobOf(sql)))
  }

  async log(query: JobLogQuery): Promise<Outcome<JobLogEntry[]>> {
    return this.#outcome((sql) => {
      jobOf(sql)
      return readLog(sql, query)
    })
  }

  async request(request: JobRequest, by?: Actor): Promise<Outcome<JobInfo>> {
    const changed = this.#outcome((sql) => {
      const job = jobOf(sql)
      const state = stateAfter(request, job)
      if (state === job.state) return shown(job)
      admit({ sql, now: () => this.clock() }, REQUESTS)
      const nowMs = this.clock()
      const next: JobInfo = { ...job, state, updatedMs: nowMs, ...(ENDED.includes(state) && { endedMs: nowMs }) }
      writeJob(sql, next)
      forgetFailures(sql)
      writeLog(sql, nowMs, [{ level: 'info', type: request, message: `Asked to ${request}.` }], findKind(job.kind)?.logLines)
      this.#account.indexChanged(true)
      this.#account.audit({ action: AUDITED[request], bucket: job.bucket, by, newValue: { id: job.id, kind: job.kind } })
      this.#alarm.wakeAt(state === 'running' ? nowMs : nowMs + RETENTION_MS)
      return shown(next)
    })
    if (this.#account.takeNoted()) await this.#account.sync()
    return changed
  }

  async reseal(): Promise<Outcome<Resealed>> {
    const found = this.#outcome((sql) => ({ job: jobOf(sql), hidden: readHidden(sql) }))
    if (!found.ok) return found
    const { job, hidden } = found.value
    const { reseal } = kindOf(job.kind)
    if (hidden === null || reseal === undefined) return { ok: true, value: 'none' }
    try {
      const sealed = await reseal(readKeyring(this.env), hidden, job)
      if (sealed === null) return { ok: true, value: 'current' }
      // The job may have ended meanwhile.
      return this.#outcome((sql) => {
        if (readHidden(sql) !== null) writeHidden(sql, sealed)
        return 'resealed'
      })
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      return { ok: true, value: 'lost' }
    }
  }

  async remove(by?: Actor): Promise<Outcome<JobInfo>> {
    const removed = this.#outcome((sql) => {
      const job = jobOf(sql)
      if (!hasEnded(job))
        throw new StoreError('InvalidRequest', { message: `The job is ${job.state}: only a job that has ended is deleted.` })
      noteRemoval(sql)
      this.#account.audit({ action: 'DeleteJob', bucket: job.bucket, by, newValue: { id: job.id, kind: job.kind } })
      return job
    })
    if (removed.ok) await this.#forget()
    return removed
  }

  /** Updates the account, runs steps while the budget lasts, and sets the next alarm. Safe to repeat. */
  override async alarm(): Promise<void> {
    this.#alarm.rang()
    if (this.#refusal) return this.ctx.storage.setAlarm(this.clock() + NEWER_SCHEMA_MS)
    if (!hasSchema(this.ctx.storage.sql)) return
    await this.#account.sync()
    await this.#runSteps()
    if (this.#isPast()) return this.#forget()
    if (this.#account.takeNoted()) await this.#account.sync()
    this.#wake()
    this.#alarm.arm()
  }

  async #runSteps(): Promise<void> {
    const { sql } = this.ctx.storage
    const untilMs = this.clock() + ALARM_MS
    for (let calls = 0; calls < CALLS_PER_ALARM && this.clock() < untilMs; ) {
      const dueMs = nextStepMs(sql, this.clock())
      if (dueMs === null || dueMs > this.clock()) return
      calls += await this.#runStep(jobOf(sql))
    }
  }

  /** Runs one step. Returns how many calls it may have made. */
  async #runStep(job: JobInfo): Promise<number> {
    const { sql } = this.ctx.storage
    try {
      const kind = kindOf(job.kind)
      const done = await kind.step(this.portsOf(), { ...job, hidden: readHidden(sql) }, readCursor(sql))
      this.#note(() => advance(sql, this.clock(), done, kind))
      return Math.max(done.report.calls ?? kind.callsPerStep, 1)
    } catch (error) {
      if (!(error instanceof StoreError)) console.warn(`A step of the job ${job.id} failed:`, error)
      this.#note(() => noteFailure(sql, this.clock(), error, findKind(job.kind)))
      return CALLS_PER_ALARM
    }
  }

  /** Records a step in one transaction. If the step changes the state, the list of jobs is updated afterwards. */
  #note(work: () => JobInfo): JobInfo {
    return this.#transaction((sql) => {
      const before = jobOf(sql).state
      const job = work()
      if (job.state !== before) this.#account.indexChanged(true)
      return job
    })
  }

  /** Whether somebody removed the job, or it ended, or failed, so long ago that it is deleted. */
  #isPast(): boolean {
    const { sql } = this.ctx.storage
    const pastMs = pastOf(sql)
    return isRemoved(sql) || (pastMs !== null && pastMs <= this.clock())
  }

  /** Deletes the job and its row in the list. If the list's database does not answer, the alarm tries again later. */
  async #forget(): Promise<void> {
    const { storage } = this.ctx
    const { id } = readJob(storage.sql)!
    try {
      await this.#account.sync()
      if (hasUpdates(storage.sql)) throw new Error('The audit log does not answer')
      await this.env.CONTROL.batch([forgetJobStatement(this.env.CONTROL, id)])
      await storage.deleteAll()
    } catch (error) {
      console.warn(`The job ${id} could not be deleted, trying again later:`, error)
      this.#alarm.wakeAt(this.clock() + FORGET_RETRY_MS)
      this.#alarm.arm()
    }
  }

  #wake(): void {
    const { sql } = this.ctx.storage
    const times = [this.#account.nextMs(), nextStepMs(sql, this.clock()), pastOf(sql)]
    for (const time of times) if (time !== null) this.#alarm.wakeAt(time)
  }

  /** Runs `work` in a transaction. `NoSuchJob` and the failures of `work` become outcomes. */
  #outcome<T>(work: (sql: SqlStorage) => T): Outcome<T> {
    return outcomeOf(() => {
      if (this.#refusal) throw this.#refusal
      if (!hasSchema(this.ctx.storage.sql)) throw new StoreError('NoSuchJob')
      return this.#transaction(work)
    })
  }

  #transaction<T>(work: (sql: SqlStorage) => T): T {
    const { storage } = this.ctx
    try {
      return storage.transactionSync(() => work(storage.sql))
    } catch (error) {
      forgetSettings(storage.sql)
      throw storageFull(error) ?? error
    } finally {
      this.#alarm.arm()
    }
  }
}

/** The job as it leaves this object: only a step sees secrets among the parameters. */
const shown = (job: JobInfo): JobInfo => ({ ...job, params: shownParams(job.kind, job.params) })
