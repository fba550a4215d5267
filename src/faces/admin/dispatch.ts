import { readBearer } from '../../auth/bearer.ts'
import { allows, isLive } from '../../auth/policies.ts'
import type { Config, Secrets } from '../../config.ts'
import { auditStatements } from '../../control/audit.ts'
import type { Strangers } from '../../control/strangers.ts'
import type { TokenFinder } from '../../control/tokens.ts'
import { type Actor, auditEntry } from '../../core/audit.ts'
import { StoreError } from '../../core/errors.ts'
import { actorOf } from '../../http/actor.ts'
import { clientNetwork } from '../../http/client-network.ts'
import type { Store } from '../../store/store.ts'
import { type AdminChange, OPERATIONS, type Operation } from './operations.ts'
import { readJson } from './read-json.ts'

/** The dependencies of the admin face. */
export interface AdminPorts {
  readonly store: Store
  readonly tokens: TokenFinder
  readonly strangers: Strangers
  readonly control: D1Database
  readonly secrets: Pick<Secrets, 'keyring'>
  readonly config: Pick<Config, 'auditMs'>
}

/**
 * Answers `POST /_cairn/<operation>`: the operators' tools, in JSON both ways. Work of any length is done in bounded steps (`Step` of
 * the core): `next` in an answer is the `cursor` of the next call. Needs a token of the level Admin Read & Write without a limit to
 * buckets and without denials, such as the root token.
 */
export async function dispatchAdmin(request: Request, ports: AdminPorts): Promise<Response> {
  try {
    const token = await authorize(request.headers, ports)
    const operation = operationOf(request)
    const { answer, change } = await operation(ports, await readJson(request))
    if (change) await log(ports, change, actorOf(request, { token }, 'API'))
    return Response.json(answer)
  } catch (error) {
    return failure(error)
  }
}

/** @throws StoreError InvalidAccessToken, AuthenticationError */
async function authorize(headers: Headers, { tokens, control, strangers }: AdminPorts): Promise<{ id: string; name: string }> {
  const nowMs = Date.now()
  const secret = await tokens.findByValue(control, readBearer(headers), nowMs, strangers.from(clientNetwork(headers), nowMs))
  if (secret === null || !isLive(secret.token, nowMs)) throw new StoreError('InvalidAccessToken')
  if (!allows(secret.token, 'account:write')) throw new StoreError('AccessDenied')
  return secret.token
}

/** Writes the audit entry after the step. If this fails, the step stays done, and the operator gets the error. */
async function log({ control, config }: AdminPorts, { action, bucket, newValue }: AdminChange, by: Actor): Promise<void> {
  const resource = { type: 'r2.bucket', id: bucket.name, jurisdiction: bucket.jurisdiction } as const
  await control.batch(auditStatements(control, [auditEntry({ whenMs: Date.now(), action, by, resource, newValue })], config.auditMs))
}

function operationOf({ method, url }: Request): Operation {
  const [, , name = '', ...rest] = new URL(url).pathname.split('/')
  if (method !== 'POST' || rest.length > 0 || !Object.hasOwn(OPERATIONS, name)) throw new StoreError('RouteNotFound')
  return OPERATIONS[name]!
}

/** Renders a failure. Anything but a StoreError is a bug or an outage: it is logged, and the client gets no details. */
export function failure(error: unknown): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  if (known.status >= 500 && known.code !== 'NotImplemented') console.error('An operation of the admin face failed:', error)
  const headers = new Headers()
  if (known.status === 429 || known.status === 503) headers.set('Retry-After', '1')
  return Response.json({ error: { code: known.code, message: known.message } }, { status: known.status, headers })
}
