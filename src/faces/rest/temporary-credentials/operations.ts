import type * as z from 'zod'
import type { AccessKey } from '../../../auth/authenticate.ts'
import { readBearer } from '../../../auth/bearer.ts'
import { isLive, mayGrant, type Policy } from '../../../auth/policies.ts'
import { type MintedSession, mintSession, SESSION_LEVELS, type SessionClaims } from '../../../auth/session-token.ts'
import { secretAccessKeyOf } from '../../../control/tokens.ts'
import { auditEntry } from '../../../core/audit.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import { randomId } from '../../../core/ids.ts'
import type { Answer, RestCall } from '../call.ts'
import type { TemporaryCredentials, TemporaryCredentialsBody } from './schemas.ts'

type Minting = RestCall<{ body: TemporaryCredentialsBody }>

/**
 * Creates temporary credentials, signed with the secret of their parent token. The parent is the caller's token; only root may name
 * another token. The credentials cannot have more rights than their parent, and cannot outlive it.
 */
export async function createTemporaryCredentials(call: Minting): Promise<Answer<z.input<typeof TemporaryCredentials>>> {
  const { body, accountId, nowMs, url } = call
  const parent = await parentOf(call)
  const claims = sessionClaims(body, { accountId, host: url.host, nowMs })
  checkGrant(parent, body, claims)
  await call.control.admitMint(call.identity.token.id)
  const minted = mintSession(claims, parent.secretAccessKey)
  await log(call, parent, minted)
  return { result: minted.credentials }
}

/** @throws StoreError AccessDenied if the parent is not the caller, InvalidArgument if root names a token that does not exist */
async function parentOf({ body, identity, request, control, nowMs }: Minting): Promise<AccessKey> {
  const { token } = identity
  if (body.parentAccessKeyId === token.id) return { token, secretAccessKey: secretAccessKeyOf(readBearer(request.headers)) }
  if (!token.root) {
    throw new StoreError('AccessDenied', {
      message: 'parentAccessKeyId must be the id of the API token that asks: only root may name another',
    })
  }
  const parent = await control.findToken(body.parentAccessKeyId, nowMs)
  if (parent === null || !isLive(parent.token, nowMs)) throw invalidArgument('There is no parent access key with this id')
  return parent
}

/** Turns a body into the claims of a session token. A given list limits the session, even an empty list. */
export function sessionClaims(
  { bucket, parentAccessKeyId, permission, ttlSeconds, prefixes, objects, jurisdiction = 'default' }: TemporaryCredentialsBody,
  { accountId, host, nowMs }: { readonly accountId: string; readonly host: string; readonly nowMs: number },
): SessionClaims {
  const iat = Math.floor(nowMs / 1000)
  const limited = prefixes !== undefined || objects !== undefined
  return {
    sub: accountId,
    iss: parentAccessKeyId,
    aud: host,
    iat,
    exp: iat + ttlSeconds,
    jti: randomId(),
    bucket,
    scope: permission,
    ...(limited ? { paths: { prefixPaths: prefixes ?? [], objectPaths: objects ?? [] } } : {}),
    jurisdiction,
  }
}

/** @throws StoreError AccessDenied if the session would have more rights than its parent, or would outlive it */
function checkGrant(
  { token }: AccessKey,
  { permission, jurisdiction = 'default', bucket }: TemporaryCredentialsBody,
  { exp }: SessionClaims,
): void {
  const asked: Policy = { level: SESSION_LEVELS[permission], buckets: [{ jurisdiction, name: bucket }] }
  if (!mayGrant(token, asked)) {
    throw new StoreError('AccessDenied', { message: 'Temporary credentials cannot exceed what their parent holds' })
  }
  if (exp * 1000 > (token.expiresMs ?? Number.POSITIVE_INFINITY)) {
    throw new StoreError('AccessDenied', { message: 'Temporary credentials cannot outlast their parent: ask for fewer seconds' })
  }
}

/** @throws StoreError InvalidAccessToken when another request has changed or deleted the parent in the meantime */
async function log({ body, by, control, nowMs }: Minting, parent: AccessKey, { id }: MintedSession): Promise<void> {
  const entry = auditEntry({
    whenMs: nowMs,
    action: 'CreateTemporaryCredentials',
    by: by(),
    resource: { type: 'session', id, jurisdiction: body.jurisdiction },
    newValue: body,
  })
  if (!(await control.writeAudit([entry], parent))) throw new StoreError('InvalidAccessToken')
}
