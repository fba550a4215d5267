import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import type { Job } from '../../durable-objects/job/job.ts'
import type { JobInfo } from '../../src/core/job.ts'
import type { BucketRef } from '../../src/core/object.ts'
import { unwrap } from '../../src/core/outcome.ts'
import type { JobApi } from '../../src/jobs/job-api.ts'
import { newJobId } from '../../src/jobs/job-id.ts'
import type { JobPorts } from '../../src/jobs/job-kind.ts'
import { createJobs, type Jobs, type StartJob } from '../../src/jobs/jobs.ts'
import { openSource } from '../../src/sources/open-source.ts'
import { createStore, type Store } from '../../src/store/store.ts'
import { DAY_MS, env, portsWith, secrets } from './bucket.ts'
import type { Gate } from './faults.ts'

export const jobStub = (id: string): DurableObjectStub<Job> => env.JOBS.get(env.JOBS.idFromName(id)) as DurableObjectStub<Job>

export const store = createStore(portsWith())

/** The account's jobs on the real bindings. */
export const jobs: Jobs = createJobs({ store, control: env.CONTROL, job: (id) => jobStub(id) as unknown as JobApi })

/** The interfaces of a step, with this engine. */
export const portsOf = (engine: Store): JobPorts => ({
  store: engine,
  now: Date.now,
  keyring: () => secrets.keyring,
  openSource: (config, credentials) => openSource(config, credentials, { local: true, accountId: secrets.accountId }),
  stopped: () => false,
})

/** The engine with every call of an operation behind a gate. */
export const gatedStore = (gate: Gate): Store =>
  new Proxy(store, {
    get: (target, name) => {
      const operation = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>
      return (...args: unknown[]) => gate.pass(String(name), () => operation(...args))
    },
  })

/** A job under test. Its clock is the test's, and its alarms ring when the test says so. */
export class TestJob {
  readonly id: string
  nowMs: number

  private constructor(id: string, nowMs: number) {
    this.id = id
    this.nowMs = nowMs
  }

  /** Makes a job that deletes below a prefix. Its clock is a day ahead, so that the platform rings no alarm by itself. */
  static deletePrefix(bucket: BucketRef, prefix: string, nowMs?: number): Promise<TestJob> {
    return TestJob.start({ kind: 'delete-prefix', bucket, params: { prefix } }, nowMs)
  }

  /** Makes a job of any kind. Hidden parameters are made with its id. */
  static async start({ hidden, ...made }: StartJob, nowMs = Date.now() + DAY_MS): Promise<TestJob> {
    const job = new TestJob(newJobId(made.bucket.jurisdiction), nowMs)
    await job.setClock()
    unwrap(await (job.stub as unknown as JobApi).create({ id: job.id, ...made, hidden: await hidden?.(job.id) }))
    return job
  }

  get stub(): DurableObjectStub<Job> {
    return jobStub(this.id)
  }

  run<R>(work: (job: Job, state: DurableObjectState) => R | Promise<R>): Promise<R> {
    return runInDurableObject(this.stub as never, work as never) as Promise<R>
  }

  /** Changes the instance. The change is lost with the instance, for example after an eviction. */
  use(change: (job: Job) => void): Promise<void> {
    return this.run((instance) => change(instance))
  }

  info(): Promise<JobInfo> {
    return jobs.get(this.id)
  }

  /** Rings the alarm once, whether it is due or not. */
  async ring(): Promise<void> {
    await runDurableObjectAlarm(this.stub)
  }

  alarmMs(): Promise<number | null> {
    return this.run((_, { storage }) => storage.getAlarm())
  }

  /** Ends the instance in the middle of its work, as a crash does. */
  async restart(): Promise<void> {
    await this.run((_, state) => state.abort('A crash')).catch(() => {})
    await this.setClock()
  }

  setClock(): Promise<void> {
    return this.use((instance) => {
      instance.clock = () => this.nowMs
    })
  }

  /** Moves the clock to each alarm that is set and rings it, until the job no longer runs. Returns how often it rang. */
  async finish(most = 100): Promise<number> {
    for (let rings = 0; rings < most; rings++) {
      if ((await this.info()).state !== 'running') return rings
      this.nowMs = Math.max(this.nowMs, (await this.alarmMs()) ?? this.nowMs)
      await this.ring()
    }
    throw new Error(`The job still runs after ${most} alarms.`)
  }
}
