import { StoreError } from '../core/errors.ts'

/**
 * The token value of a REST request. Of several credentials, which the Cloudflare SDK may send together, the bearer token counts.
 * @throws StoreError MissingAuthentication, InvalidAuthorization; InvalidAccessToken for a global API key, which there is none of here.
 */
export function readBearer(headers: Headers): string {
  const authorization = headers.get('authorization')
  if (authorization === null) throw headers.has('x-auth-key') ? noGlobalKeys() : new StoreError('MissingAuthentication')
  const [, value] = /^Bearer +(\S+) *$/i.exec(authorization) ?? []
  if (value === undefined) throw new StoreError('InvalidAuthorization')
  return value
}

/** Not one of the codes on which wrangler asks who it is: it would ask with the same key. */
const noGlobalKeys = (): StoreError =>
  new StoreError('InvalidAccessToken', {
    message: 'X-Auth-Key is not supported: there are no global API keys. Send an API token as "Authorization: Bearer <token>".',
  })
