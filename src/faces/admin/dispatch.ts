import type { Identity } from '../../auth/authenticate.ts'
import { allows } from '../../auth/policies.ts'
import type { Control } from '../../control/control.ts'
import { type Actor, auditEntry } from '../../core/audit.ts'
import { isRetriable, StoreError } from '../../core/errors.ts'
import { actorOf } from '../../http/actor.ts'
import type { Jobs } from '../../jobs/jobs.ts'
import type { Store } from '../../store/store.ts'
import { ADMIN_OPERATIONS, type AdminChange, type Operation } from './operations.ts'
import { readJson } from './read-json.ts'

/** The dependencies of the admin face. */
export interface AdminPorts {
  readonly store: Store
  readonly control: Control
  readonly jobs: Pick<Jobs, 'reseal'>
}

/**
 * Answers `POST /_cairn/<operation>`: the operators' tools, in JSON both ways. Long work runs in bounded steps (`Step` in the core): the
 * `next` of one response is the `cursor` of the next call. Needs a token of the level Admin Read & Write without a limit to buckets and
 * without denials, such as the root token.
 */
export async function dispatchAdmin(request: Request, ports: AdminPorts): Promise<Response> {
  try {
    const identity = await authorize(request, ports)
    const operation = operationOf(request)
    const { answer, change } = await operation(ports, await readJson(request))
    if (change) await log(ports, change, actorOf(request, identity, 'API'))
    return Response.json(answer)
  } catch (error) {
    return failure(error)
  }
}

/** @throws StoreError InvalidAccessToken, AccessDenied */
async function authorize(request: Request, { control }: AdminPorts): Promise<Identity> {
  const nowMs = Date.now()
  const identity = await control.identifyByBearer({ request, nowMs, asker: control.visitor(request, nowMs) })
  if (identity === null) throw new StoreError('InvalidAccessToken')
  if (!allows(identity.token, 'account:write')) throw new StoreError('AccessDenied')
  return identity
}

/** Writes the audit entry after the step. If this fails, the step stays done, and the operator gets the error. */
async function log({ control }: AdminPorts, { action, bucket, newValue }: AdminChange, by: Actor): Promise<void> {
  const resource = { type: 'r2.bucket', id: bucket.name, jurisdiction: bucket.jurisdiction } as const
  await control.writeAudit([auditEntry({ whenMs: Date.now(), action, by, resource, newValue })])
}

function operationOf({ method, url }: Request): Operation {
  const [, , name = '', ...rest] = new URL(url).pathname.split('/')
  if (method !== 'POST' || rest.length > 0 || !Object.hasOwn(ADMIN_OPERATIONS, name)) throw new StoreError('RouteNotFound')
  return ADMIN_OPERATIONS[name]!
}

/** Renders a failure. Anything but a StoreError is a bug or an outage: it is logged, and the client gets no details. */
export function failure(error: unknown): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  if (known.status >= 500 && known.code !== 'NotImplemented') console.error('An operation of the admin face failed:', error)
  const headers = new Headers()
  if (isRetriable(known.status)) headers.set('Retry-After', '1')
  return Response.json({ error: { code: known.code, message: known.message } }, { status: known.status, headers })
}
