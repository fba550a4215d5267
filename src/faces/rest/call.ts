import type { Identity } from '../../auth/authenticate.ts'
import { readBearer } from '../../auth/bearer.ts'
import type { Config } from '../../config.ts'
import type { Change, Control, Grant } from '../../control/control.ts'
import type { Actor } from '../../core/audit.ts'
import type { BucketRef, Jurisdiction } from '../../core/object.ts'
import type { DeploymentQueues } from '../../queues/queues.ts'
import type { Store } from '../../store/store.ts'

/** What the REST face works with. */
export interface RestPorts {
  readonly store: Store
  readonly config: Config
  readonly accountId: string
  readonly control: Control
  readonly queues: DeploymentQueues
  /** Refuses when the databases are another deployment's, unfinished or of a newer version. */
  readonly ready?: () => Promise<void>
}

/** What a row of the table says of its requests: the names in the path, and what the schemas make of the rest. */
export interface Shape {
  params?: string
  query?: unknown
  headers?: unknown
  body?: unknown
}

/** An authenticated, validated request on its way to an operation. */
export interface Call<S extends Shape = Shape> extends RestPorts {
  readonly request: Request
  readonly url: URL
  readonly identity: Identity
  readonly nowMs: number
  readonly params: Readonly<Record<NonNullable<S['params']>, string>>
  readonly query: S['query']
  readonly headers: S['headers']
  readonly body: S['body']
  /** Who sends the request, for the audit log. */
  readonly by: () => Actor
}

/** What an operation answers: a result for the envelope, or a response that has none. */
export type Answer<R> = { readonly result: R; readonly info?: unknown } | Response

/** The bucket that a request is about. */
export const bucketOf = (call: {
  readonly params: { readonly bucket_name: string }
  readonly headers: { readonly 'cf-r2-jurisdiction': Jurisdiction }
}): BucketRef => ({ jurisdiction: call.headers['cf-r2-jurisdiction'], name: call.params.bucket_name })

type Asking = Pick<Call, 'request' | 'identity' | 'nowMs' | 'by'>

/** Who asks for a change of the configuration. */
export const changeOf = ({ by, nowMs }: Asking): Change => ({ by: by(), nowMs })

/** Who asks to grant rights. */
export const grantOf = (call: Asking): Grant => ({
  ...changeOf(call),
  token: call.identity.token,
  bearer: readBearer(call.request.headers),
})
