import type * as z from 'zod'
import { isLive, mayGrant, type Policy } from '../../../auth/policies.ts'
import { mintSession, SESSION_LEVELS } from '../../../auth/session-token.ts'
import { invalidArgument, StoreError } from '../../../core/errors.ts'
import type { Answer, Call } from '../call.ts'
import type { TemporaryCredentials, TemporaryCredentialsBody } from './schemas.ts'

type Minting = Call<{ body: TemporaryCredentialsBody }>

/**
 * Signs credentials with the secret of their parent. Neither the parent nor whoever asks can pass on what it does not hold, and
 * nobody makes credentials of credentials.
 */
export async function createTemporaryCredentials(call: Minting): Promise<Answer<z.input<typeof TemporaryCredentials>>> {
  const { body, identity, tokens, control, secrets, nowMs, url } = call
  const { bucket, parentAccessKeyId, permission, ttlSeconds, prefixes, objects, jurisdiction } = body
  if (identity.session) throw new StoreError('AuthenticationError')
  const parent = await tokens.find(control, parentAccessKeyId, nowMs)
  if (parent === null || !isLive(parent.token, nowMs)) throw invalidArgument('There is no parent access key with this id')
  const asked: Policy = { level: SESSION_LEVELS[permission], buckets: [{ jurisdiction: jurisdiction ?? 'default', name: bucket }] }
  if (![parent.token, identity.token].every((token) => mayGrant(token, asked))) {
    throw new StoreError('AccessDenied', { message: 'Temporary credentials cannot exceed what their parent, or who asks for them, holds' })
  }
  const iat = Math.floor(nowMs / 1000)
  const limited = (prefixes?.length ?? 0) + (objects?.length ?? 0) > 0
  const claims = {
    sub: secrets.accountId,
    iss: parentAccessKeyId,
    aud: url.host,
    iat,
    exp: iat + ttlSeconds,
    bucket,
    scope: permission,
    ...(limited ? { paths: { prefixPaths: prefixes ?? [], objectPaths: objects ?? [] } } : {}),
    jurisdiction: jurisdiction ?? 'default',
  }
  return { result: mintSession(claims, parent.secretAccessKey) }
}
