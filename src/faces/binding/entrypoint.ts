import { WorkerEntrypoint } from 'cloudflare:workers'
import type { Analytics } from '../../analytics/analytics.ts'
import { type ErrorCode, StoreError } from '../../core/errors.ts'
import { type BucketRef, bucketPath } from '../../core/object.ts'
import { type Measure, newMeasure } from '../../core/operations.ts'
import type { Env } from '../../env.ts'
import type { BindingApi, WireCreateOptions, WireGetOptions, WireListOptions, WireOutcome, WirePart } from '../../r2-bucket/wire.ts'
import type { Store } from '../../store/store.ts'
import { type Allows, failureOf } from './failure.ts'
import { BINDING_OPERATIONS, type BindingCall, READS } from './operations.ts'
import { type BindingProps, readProps } from './props.ts'
import { readUploadHeader, storeUpload } from './upload.ts'

/** A deployment, or the reason why there is none. */
type Deployment =
  | { readonly ok: true; readonly ports: { readonly store: Store; readonly config: Allows; readonly analytics: Pick<Analytics, 'count'> } }
  | { readonly ok: false; readonly reason: string }

type Operations = typeof BINDING_OPERATIONS
type Rest<F> = F extends (call: BindingCall, ...args: infer Args) => unknown ? Args : never
type Result<F> = F extends (...args: never[]) => Promise<infer Value> ? Value : never

/** The names of the calls in R2's metrics. */
const ACTIONS: Readonly<Record<string, string>> = {
  head: 'HeadObject',
  get: 'GetObject',
  put: 'PutObject',
  delete: 'DeleteObjects',
  list: 'ListObjects',
  uploadPart: 'UploadPart',
  createMultipartUpload: 'CreateMultipartUpload',
  completeMultipartUpload: 'CompleteMultipartUpload',
  abortMultipartUpload: 'AbortMultipartUpload',
}

/** The statuses that `null` stands for: an object that is not there, a condition that failed. */
const NULLS: Readonly<Record<string, number>> = { head: 404, get: 404, put: 412 }

/** The buckets that this isolate has already ensured. Without this cache each call would cost a second one. */
const ensured = new Set<string>()

async function ensureOnce(store: Store, bucket: BucketRef): Promise<void> {
  const name = bucketPath(bucket)
  if (ensured.has(name)) return
  await store.ensureBucket(bucket)
  ensured.add(name)
}

interface Ended {
  readonly name: string
  readonly status: number
  readonly measure: Measure
  readonly code?: ErrorCode
}

/** Counts a call for the figures of the account. */
function countCall(deployment: Deployment, props: BindingProps, { name, status, measure, code }: Ended): void {
  if (!deployment.ok) return
  const { bucket } = readProps(props)
  deployment.ports.analytics.count({ op: ACTIONS[name] ?? name, bucket, status, code, measure, nowMs: Date.now() })
}

/**
 * Makes the entrypoint class that other Workers bind to, through `cairn/binding`. It returns failures as values, because a thrown error
 * would lose its class between Workers. Bucket and permission come from the binding's `props`, which the code of the calling Worker
 * cannot change.
 */
export function bindingEntrypoint(deploymentOf: (env: Env) => Deployment) {
  return class extends WorkerEntrypoint<Env, BindingProps> implements BindingApi {
    head(key: string) {
      return this.#run('head', key)
    }

    get(key: string, options: WireGetOptions) {
      return this.#run('get', key, options)
    }

    delete(keys: readonly string[]) {
      return this.#run('delete', keys)
    }

    list(options: WireListOptions) {
      return this.#run('list', options)
    }

    createMultipartUpload(key: string, options: WireCreateOptions) {
      return this.#run('createMultipartUpload', key, options)
    }

    completeMultipartUpload(key: string, uploadId: string, parts: readonly WirePart[]) {
      return this.#run('completeMultipartUpload', key, uploadId, parts)
    }

    abortMultipartUpload(key: string, uploadId: string) {
      return this.#run('abortMultipartUpload', key, uploadId)
    }

    /** Stores an object or a part: see `UPLOAD_HEADER`. */
    override async fetch(request: Request): Promise<Response> {
      const wanted = readUploadHeader(request)
      return Response.json(await this.#answer(wanted.op, (call) => storeUpload(call, wanted, request)))
    }

    #run<Name extends keyof Operations>(name: Name, ...args: Rest<Operations[Name]>): Promise<WireOutcome<Result<Operations[Name]>>> {
      const operation = BINDING_OPERATIONS[name] as (call: BindingCall, ...args: unknown[]) => Promise<Result<Operations[Name]>>
      return this.#answer(name, (call) => operation(call, ...args))
    }

    async #answer<T>(name: string, work: (call: BindingCall) => Promise<T>): Promise<WireOutcome<T>> {
      const measure = newMeasure()
      const deployment = deploymentOf(this.env)
      try {
        const grant = readProps(this.ctx.props)
        if (!deployment.ok) throw new StoreError('ServiceUnavailable', { message: deployment.reason })
        if (!grant.mayWrite && !READS.includes(name)) throw new StoreError('AccessDenied')
        const { store } = deployment.ports
        if (grant.createIfMissing) await ensureOnce(store, grant.bucket)
        const value = await work({ store, grant, measure })
        countCall(deployment, this.ctx.props, { name, status: value === null ? (NULLS[name] ?? 200) : 200, measure })
        return { ok: true, value }
      } catch (error) {
        if (error instanceof StoreError) countCall(deployment, this.ctx.props, { name, status: error.status, measure, code: error.code })
        return failureOf(error, deployment.ok ? deployment.ports.config : undefined)
      }
    }
  }
}
