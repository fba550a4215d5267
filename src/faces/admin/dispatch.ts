import { readBearer } from '../../auth/bearer.ts'
import { allows, isLive } from '../../auth/policies.ts'
import type { TokenFinder } from '../../control/tokens.ts'
import { StoreError } from '../../core/errors.ts'
import type { Secrets } from '../../env.ts'
import type { Store } from '../../store/store.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { readJson } from './read-json.ts'

/** What the admin face works with. */
export interface AdminPorts {
  readonly store: Store
  readonly tokens: TokenFinder
  readonly control: D1Database
  readonly secrets: Pick<Secrets, 'keyring'>
}

/**
 * Answers `POST /_cairn/<operation>`: the operators' tools, in JSON both ways. Each call is one bounded step; what is left to do
 * comes back as a cursor. For tokens of the level Admin Read & Write that are not limited to buckets, such as the root token.
 */
export async function dispatchAdmin(request: Request, ports: AdminPorts): Promise<Response> {
  try {
    await authorize(request.headers, ports)
    const operation = operationOf(request)
    return Response.json(await operation(ports, await readJson(request)))
  } catch (error) {
    return failure(error)
  }
}

/** @throws StoreError InvalidAccessToken, AuthenticationError */
async function authorize(headers: Headers, { tokens, control }: AdminPorts): Promise<void> {
  const nowMs = Date.now()
  const secret = await tokens.findByValue(control, readBearer(headers), nowMs)
  if (secret === null || !isLive(secret.token, nowMs)) throw new StoreError('InvalidAccessToken')
  if (!allows(secret.token, 'bucket:write')) throw new StoreError('AccessDenied')
}

function operationOf({ method, url }: Request): Operation {
  const [, , name = '', ...rest] = new URL(url).pathname.split('/')
  if (method !== 'POST' || rest.length > 0 || !Object.hasOwn(OPERATIONS, name)) throw new StoreError('RouteNotFound')
  return OPERATIONS[name]!
}

/** What is no StoreError is a bug or an outage, for the log; the client learns nothing of it. */
function failure(error: unknown): Response {
  const known = error instanceof StoreError ? error : new StoreError('InternalError')
  if (known.status >= 500 && known.code !== 'NotImplemented') console.error('An operation of the admin face failed:', error)
  return Response.json({ error: { code: known.code, message: known.message } }, { status: known.status })
}
