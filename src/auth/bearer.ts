import { StoreError } from '../core/errors.ts'

/**
 * Reads the token value of a REST request. The Cloudflare SDK may send several credentials together: then the bearer token counts.
 * @throws StoreError MissingAuthentication, InvalidAuthorization; InvalidAccessToken for a global API key, because Cairn has none.
 */
export function readBearer(headers: Headers): string {
  const authorization = headers.get('authorization')
  if (authorization === null) throw headers.has('x-auth-key') ? noGlobalKeys() : new StoreError('MissingAuthentication')
  const [, value] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
  if (value === undefined) throw new StoreError('InvalidAuthorization')
  return value
}

/** The error must have none of the codes on which wrangler asks for its identity: it would send the same key again. */
const noGlobalKeys = (): StoreError =>
  new StoreError('InvalidAccessToken', {
    message: 'X-Auth-Key is not supported: there are no global API keys. Send an API token as "Authorization: Bearer <token>".',
  })
