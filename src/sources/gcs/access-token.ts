import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import { failed, type Sourced, sourced } from '../source.ts'
import { ERROR_BYTES, readWhole, type Transport } from '../transport.ts'

/** A service account, as its key file names it. */
export interface ServiceAccount {
  readonly clientEmail: string
  /** PEM. */
  readonly privateKey: string
}

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_only'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const LIFE_SECONDS = 3600
/** A token is used no longer than this before its end. */
const MARGIN_MS = 60_000
/** How many tokens an isolate caches. */
const CACHED = 100

/**
 * The tokens of this isolate, as values. The name of each is a digest of the whole service account: somebody who only knows the address of
 * an account does not get the token of its owner.
 */
const tokens = new Map<string, { readonly token: string; readonly untilMs: number }>()

/** Returns an access token that can read objects: from the cache, or from the token endpoint for a signed claim. */
export async function accessToken(account: ServiceAccount, tokenUrl: string, transport: Transport): Promise<Sourced<string>> {
  const name = createHash('sha256')
    .update(JSON.stringify([account.clientEmail, account.privateKey, tokenUrl]))
    .digest('hex')
  const nowMs = Date.now()
  const known = tokens.get(name)
  if (known && known.untilMs > nowMs) return sourced(known.token)
  const fresh = await requestToken(account, { tokenUrl, transport, nowMs })
  if (!fresh.ok) return fresh
  tokens.delete(name)
  if (tokens.size >= CACHED) tokens.delete(tokens.keys().next().value!)
  tokens.set(name, { token: fresh.value.token, untilMs: nowMs + fresh.value.lifeMs - MARGIN_MS })
  return sourced(fresh.value.token)
}

interface TokenRequest {
  readonly tokenUrl: string
  readonly transport: Transport
  readonly nowMs: number
}

async function requestToken(account: ServiceAccount, { tokenUrl, transport, nowMs }: TokenRequest) {
  const assertion = await signedClaim(account, tokenUrl, nowMs).catch(() => undefined)
  if (assertion === undefined)
    return failed('denied', 'The private key of the service account cannot be read.', { code: 'InvalidPrivateKey' })
  const headers = new Headers({ 'Content-Type': 'application/x-www-form-urlencoded' })
  const body = new URLSearchParams({ grant_type: GRANT, assertion }).toString()
  const sent = await transport.send({ method: 'POST', url: tokenUrl, headers, body })
  if (!sent.ok) return sent
  const answer = sent.value
  const document = parse(await readWhole(answer, ERROR_BYTES))
  const { access_token: token, expires_in: seconds } = document
  if (answer.ok && typeof token === 'string') return sourced({ token, lifeMs: 1000 * (Number(seconds) || 0) })
  if (answer.status === 429 || answer.status >= 500 || answer.ok) {
    return failed('unreachable', `The token endpoint answered ${answer.status} without a token.`)
  }
  const reason = transport.clean(`${String(document.error ?? '')} ${String(document.error_description ?? '')}`)
  return failed('denied', `The token endpoint answered ${answer.status}: ${reason}`, { code: 'InvalidGrant' })
}

/** A JWT with the claim of a service account. https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests */
async function signedClaim({ clientEmail, privateKey }: ServiceAccount, tokenUrl: string, nowMs: number): Promise<string> {
  const issued = Math.floor(nowMs / 1000)
  const claim = { iss: clientEmail, scope: SCOPE, aud: tokenUrl, iat: issued, exp: issued + LIFE_SECONDS }
  const text = [{ alg: 'RS256', typ: 'JWT' }, claim].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('pkcs8', derOf(privateKey), algorithm, false, ['sign'])
  const signature = await crypto.subtle.sign(algorithm, key, Buffer.from(text))
  return `${text}.${Buffer.from(signature).toString('base64url')}`
}

/** The bytes of a PEM. Some clients send its line ends as the two characters `\n`. */
function derOf(pem: string): Uint8Array {
  const base64 = pem.replaceAll('\\n', '\n').replace(/-----(BEGIN|END) PRIVATE KEY-----/g, '')
  return Uint8Array.fromBase64(base64.replace(/\s/g, ''))
}

function parse(body: Uint8Array | undefined): Record<string, unknown> {
  try {
    const value = JSON.parse(new TextDecoder().decode(body)) as unknown
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
