import { SIPPY_ACTIONS } from './analytics/datasets.ts'
import { addStatements } from './analytics/operation-tables.ts'
import { type Config, queueBindings, readConfig, readKeyring } from './config.ts'
import { bucketLabel } from './core/bucket-label.ts'
import { isBucketName } from './core/bucket-name.ts'
import { StoreError } from './core/errors.ts'
import { type BucketRef, bucketPath, type Jurisdiction, type Location } from './core/object.ts'
import { unwrap } from './core/outcome.ts'
import { type Env, segmentBindings } from './env.ts'
import type { JobApi } from './jobs/job-api.ts'
import { jurisdictionOfJob, newJobId } from './jobs/job-id.ts'
import { createQueues } from './queues/queues.ts'
import type { Keyring } from './segments/keyring.ts'
import { createSegments } from './segments/store.ts'
import { createSources } from './sources/sources.ts'
import type { BucketApi } from './store/bucket-api.ts'
import type { SippyPorts } from './store/ports.ts'
import { createStore, type Store } from './store/store.ts'

interface EngineOptions {
  /** Keeps the invocation alive until work behind the response is done. */
  readonly keepAlive: (work: Promise<unknown>) => void
  readonly config?: Config
  readonly keyring?: Keyring
  /** Counts what Sippy does. Default: writes each count at once, behind the work. */
  readonly noteSippy?: SippyPorts['note']
  /** Throws when nothing may be written. Default: writes are not checked. */
  readonly ready?: () => Promise<void>
}

/**
 * Builds the engine on the bindings of a deployment, for the gateway and for jobs.
 * @throws Error with one clear sentence when a setting or the master key is missing or malformed
 */
export function createEngine(
  env: Env,
  { keepAlive, config = readConfig(env), keyring = readKeyring(env), noteSippy, ready = async () => {} }: EngineOptions,
): Store {
  const { segments, accountId, databaseBytes, kvOperations } = config
  return createStore({
    bucket: (ref, location) => bucketStub(env.BUCKETS, ref, location),
    segments: createSegments(segmentBindings(env), keyring, {
      config: segments,
      deployment: accountId,
      keepAlive,
      databaseBytes,
      kvOperations,
    }),
    control: env.CONTROL,
    queues: createQueues(queueBindings(env)),
    sippy: {
      sources: createSources(keyring, config.sources),
      ready,
      note: noteSippy ?? writeSippy(env.CONTROL, config, keepAlive),
      keepsHttpMetadata: config.allows('sourceMetadata'),
      keepAlive,
      newJobId: ({ jurisdiction }) => newJobId(jurisdiction),
      startJob: (bucket, id) => startSippyJob(env.JOBS, bucket, id),
    },
  })
}

/** Counts what Sippy does where no analytics run: in a job, which copies few and large objects. */
const writeSippy =
  (db: D1Database, { analyticsMs }: Config, keepAlive: EngineOptions['keepAlive']): SippyPorts['note'] =>
  (bucket, what, bytes) => {
    if (analyticsMs === 0) return
    const minute = Math.floor(Date.now() / 60_000)
    const counted = { minute, bucket: bucketLabel(bucket), action: SIPPY_ACTIONS[what], status: 200, isInfrequent: false }
    const statements = addStatements(db, [{ ...counted, requests: 1, responseBytes: 0, objectBytes: bytes }], '')
    keepAlive(db.batch(statements).catch((error) => console.warn('A copy of Sippy could not be counted:', error)))
  }

/** Creates the job that copies large objects for a bucket's Sippy, unless it exists. Returns whether it has work ahead. */
async function startSippyJob(namespace: Env['JOBS'], bucket: BucketRef, id: string): Promise<boolean> {
  const { state } = unwrap(await jobStub(namespace, id).create({ id, kind: 'sippy', bucket, params: {} }))
  return state === 'running' || state === 'paused'
}

/**
 * Returns the stub of a bucket's Durable Object. Each jurisdiction has its own namespace; where the platform supports it, this is also a
 * place.
 * @throws StoreError NoSuchBucket for an invalid name, so that no Durable Object starts for it.
 */
function bucketStub(namespace: Env['BUCKETS'], { jurisdiction, name }: BucketRef, location?: Location): BucketApi {
  if (!isBucketName(name)) throw new StoreError('NoSuchBucket')
  const within = withinJurisdiction(namespace, jurisdiction)
  const stub = within.get(within.idFromName(bucketPath({ jurisdiction, name })), location && { locationHint: location })
  return stub as unknown as BucketApi
}

/**
 * Returns the stub of a job's Durable Object, in the jurisdiction of its bucket.
 * @throws StoreError NoSuchJob for an id that no job can have
 */
export function jobStub(namespace: Env['JOBS'], id: string): JobApi {
  const within = withinJurisdiction(namespace, jurisdictionOfJob(id))
  return within.get(within.idFromName(id)) as unknown as JobApi
}

/**
 * Local servers do not implement jurisdictions: the object's name keeps the buckets apart there. Any other error is thrown, because data
 * must not land outside its jurisdiction.
 */
function withinJurisdiction<Namespace extends DurableObjectNamespace>(namespace: Namespace, jurisdiction: Jurisdiction) {
  if (jurisdiction === 'default') return namespace
  try {
    return namespace.jurisdiction(jurisdiction)
  } catch (error) {
    if (!/not implemented/i.test((error as Error).message)) throw error
    return namespace
  }
}
