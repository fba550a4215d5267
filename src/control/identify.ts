import { admitsAddress } from '../auth/addresses.ts'
import { type Authenticated, authenticate, type Identity } from '../auth/authenticate.ts'
import { authenticateForm } from '../auth/authenticate-form.ts'
import { readBearer } from '../auth/bearer.ts'
import { type ApiToken, isLive } from '../auth/policies.ts'
import { StoreError } from '../core/errors.ts'
import type { FormFields } from '../core/form-fields.ts'
import type { Asker } from '../core/known-names.ts'
import { clientAddress } from '../http/client-network.ts'
import type { TokenFinder } from './tokens.ts'

/** The dependencies of identifying a sender. */
export interface IdentifyPorts {
  readonly db: D1Database
  readonly finder: TokenFinder
  readonly accountId: string
  readonly strict: boolean
}

/** A request that is not identified yet. Look-ups of unknown names count against `asker`, its sender. */
export interface Visit {
  readonly request: Request
  readonly nowMs: number
  readonly asker: Asker
}

/**
 * Identifies the API token whose value is the request's bearer; `null` if no valid token has it. The session token of temporary
 * credentials is not accepted here: every URL that is presigned with them contains it, so it proves nothing without their secret.
 * @throws StoreError for a request without a bearer, InvalidAccessToken from an address that the token is not for, TooManyRequests,
 * ServiceUnavailable
 */
export async function identifyByBearer({ db, finder }: IdentifyPorts, { request, nowMs, asker }: Visit): Promise<Identity | null> {
  const secret = await finder.findByValue(db, readBearer(request.headers), nowMs, asker)
  if (secret === null || !isLive(secret.token, nowMs)) return null
  checkAddress(secret.token, request, (message) => new StoreError('InvalidAccessToken', { status: 403, message }))
  return { accessKeyId: secret.token.id, token: secret.token }
}

/**
 * Identifies the API token or session that signed a request, and how the signature covers its body. The limit of a token to addresses holds
 * for its temporary credentials and presigned URLs, too. It is checked last, so that it reveals nothing to strangers.
 * @throws StoreError as {@link authenticate}, AccessDenied from an address that the token is not for, TooManyRequests, ServiceUnavailable
 */
export async function identifyBySignature(ports: IdentifyPorts, { request, nowMs: now, asker }: Visit): Promise<Authenticated> {
  const { db, finder, accountId, strict } = ports
  const authenticated = await authenticate(request, {
    now,
    findSecret: (accessKeyId) => finder.find(db, accessKeyId, now, asker),
    strict,
    accountId,
    clientAcceptEncoding: () => (request.cf as IncomingRequestCfProperties | undefined)?.clientAcceptEncoding,
  })
  checkAddress(authenticated.identity.token, request, (message) => new StoreError('AccessDenied', { message }))
  return authenticated
}

/** The address is read only for a token that is limited to some. */
function checkAddress(token: ApiToken, request: Request, refusal: (message: string) => StoreError): void {
  if (token.addresses === undefined) return
  const address = clientAddress(request)
  if (!admitsAddress(token, address)) throw refusal(`Cannot use the access token from location: ${address ?? 'unknown'}`)
}

/** An upload form that is not identified yet. */
export interface FormVisit extends Visit {
  readonly fields: FormFields
}

/**
 * Identifies the API token or session that signed the policy of an upload form.
 * @throws StoreError as {@link authenticateForm}, AccessDenied, TooManyRequests, ServiceUnavailable
 */
export async function identifyByForm({ db, finder, accountId, strict }: IdentifyPorts, visit: FormVisit): Promise<Identity> {
  const { request, fields, nowMs: now, asker } = visit
  const findSecret = (accessKeyId: string) => finder.find(db, accessKeyId, now, asker)
  const identity = await authenticateForm(fields, { now, findSecret, strict, accountId })
  checkAddress(identity.token, request, (message) => new StoreError('AccessDenied', { message }))
  return identity
}
