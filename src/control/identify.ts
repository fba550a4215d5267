import { type Authenticated, authenticate, type Identity } from '../auth/authenticate.ts'
import { readBearer } from '../auth/bearer.ts'
import { isLive } from '../auth/policies.ts'
import type { Asker } from '../core/known-names.ts'
import type { TokenFinder } from './tokens.ts'

/** What it takes to find out who sends a request. */
export interface IdentifyPorts {
  readonly db: D1Database
  readonly finder: TokenFinder
  readonly accountId: string
  readonly strict: boolean
}

/** A request that was not identified yet: its look-ups of unknown names are counted for whoever sends it. */
export interface Visit {
  readonly request: Request
  readonly nowMs: number
  readonly asker: Asker
}

/**
 * The API token whose value a request bears; `null` when no valid token has it. The session token of temporary credentials is no such
 * value: it stands in every URL that is presigned with them, so that it proves nothing without their secret.
 * @throws StoreError for a request that bears nothing, TooManyRequests, ServiceUnavailable
 */
export async function identifyByBearer({ db, finder }: IdentifyPorts, { request, nowMs, asker }: Visit): Promise<Identity | null> {
  const secret = await finder.findByValue(db, readBearer(request.headers), nowMs, asker)
  if (secret === null || !isLive(secret.token, nowMs)) return null
  return { accessKeyId: secret.token.id, token: secret.token }
}

/**
 * The API token or session that signed a request, and how its body is signed.
 * @throws StoreError as {@link authenticate}, TooManyRequests, ServiceUnavailable
 */
export function identifyBySignature(ports: IdentifyPorts, { request, nowMs: now, asker }: Visit): Promise<Authenticated> {
  const { db, finder, accountId, strict } = ports
  return authenticate(request, {
    now,
    findSecret: (accessKeyId) => finder.find(db, accessKeyId, now, asker),
    strict,
    accountId,
    clientAcceptEncoding: (request.cf as IncomingRequestCfProperties | undefined)?.clientAcceptEncoding,
  })
}
