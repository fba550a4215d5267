import { invalidArgument, StoreError } from '../core/errors.ts'
import { canonicalHash, canonicalPaths, canonicalQuery } from './canonical-request.ts'
import { headerReadings } from './header-readings.ts'
import { hoistedHeaders } from './hoisted-headers.ts'
import { type ApiToken, isLive } from './policies.ts'
import type { SessionScope } from './session-scope.ts'
import { openSession } from './session-token.ts'
import { sameText, sign, signingKey, stringToSign } from './signature.ts'
import { signatureMismatch } from './signature-mismatch.ts'
import { type SignedBody, signedBody } from './signed-body.ts'
import { checkExpiry, parseSignedRequest, type SignedRequest } from './signed-request.ts'

/** Who signed a request. */
export interface Identity {
  readonly accessKeyId: string
  readonly token: ApiToken
  /** With temporary credentials: what they are limited to. `token` is their parent. */
  readonly session?: SessionScope
}

/** What is kept for an access key id. */
export interface Secret {
  readonly secretAccessKey: string
  readonly token: ApiToken
}

export interface AuthenticateOptions {
  /** Server time in milliseconds. */
  readonly now: number
  /** Looks an access key id up; null where there is none. Called at most once, with 32 characters of the client's choice. */
  readonly findSecret: (accessKeyId: string) => Promise<Secret | null>
  /** Refuse what R2 refuses: signed streaming bodies, and paths that were signed in another encoding than they were sent in. */
  readonly strict: boolean
  /** The account that session tokens must be of. */
  readonly accountId?: string
  /** `request.cf.clientAcceptEncoding`, since the edge rewrites the header. */
  readonly clientAcceptEncoding?: string
}

/** A request whose signature is verified. Its permissions are the caller's to check, its body the store's. */
export interface Authenticated {
  readonly identity: Identity
  readonly payload: SignedBody
  readonly presigned: boolean
  /** Query parameters of a presigned URL to be treated as headers; empty for other requests. */
  readonly hoistedHeaders: readonly (readonly [name: string, value: string])[]
}

/**
 * Verifies the AWS Signature Version 4 of a request, in its header or presigned form.
 * @throws StoreError the first check that fails, in R2's order.
 */
export async function authenticate(request: Request, options: AuthenticateOptions): Promise<Authenticated> {
  const url = new URL(request.url)
  const signed = parseSignedRequest(request.headers, url, options.now)
  const { accessKeyId } = signed.credential
  const secret = await options.findSecret(accessKeyId)
  if (secret === null || !isLive(secret.token, options.now)) throw new StoreError('Unauthorized')
  if (signed.presigned) checkExpiry(signed, options.now)
  if (!signed.signedHeaders.includes('host')) throw new StoreError('Unauthorized')
  const sessionToken = readSessionToken(request.headers, url, signed.presigned)
  const session = sessionToken === undefined ? undefined : openSession(sessionToken, secret, options)
  // A token that was forged leaves the parent's own secret: R2 checks the signature first and speaks of the token then.
  const key = signingKey((session ?? secret).secretAccessKey, signed.credential)
  verifySignature({ request, url, signed, key }, options)
  const hoisted = signed.presigned ? hoistedHeaders(url) : []
  if (session !== undefined && !session?.scope) throw invalidArgument('X-Amz-Security-Token')
  if (signed.presigned) refuseUnsignedCopySource(request.headers, signed.signedHeaders)
  const contentSha256 = request.headers.get('x-amz-content-sha256')
  return {
    identity: { accessKeyId, token: secret.token, session: session?.scope },
    payload: signedBody({ signed, contentSha256, signingKey: key, strict: options.strict }),
    presigned: signed.presigned,
    hoistedHeaders: hoisted,
  }
}

/** In a header, or in the query of a presigned URL, where it is signed like any other parameter. */
function readSessionToken(headers: Headers, { searchParams }: URL, presigned: boolean): string | undefined {
  const inQuery = presigned ? (searchParams.get('X-Amz-Security-Token') ?? searchParams.get('x-amz-security-token')) : null
  return headers.get('x-amz-security-token') ?? inQuery ?? undefined
}

/**
 * Other headers need not be signed, as on R2. This one would turn a URL for storing an object into one for reading any other
 * that its signer may read, so it is refused as AWS refuses it.
 */
function refuseUnsignedCopySource(headers: Headers, signedHeaders: readonly string[]): void {
  if (!headers.has('x-amz-copy-source') || signedHeaders.includes('x-amz-copy-source')) return
  throw new StoreError('AccessDenied', { message: 'There were headers present in the request which were not signed' })
}

interface Verification {
  readonly request: Request
  readonly url: URL
  readonly signed: SignedRequest
  readonly key: Uint8Array
}

function verifySignature({ request, url, signed, key }: Verification, options: AuthenticateOptions): void {
  const { amzDate, credential, signedHeaders, signature, payloadHash } = signed
  const { headers, method } = request
  const query = canonicalQuery(url.search, signed.presigned)
  let mismatch: StoreError | undefined
  for (const path of canonicalPaths(url.pathname, options.strict)) {
    for (const values of headerReadings({ headers, url, signedHeaders, clientAcceptEncoding: options.clientAcceptEncoding })) {
      const parts = { method, path, query, signedHeaders, values, payloadHash }
      const text = stringToSign({ amzDate, scope: credential.scope, canonicalHash: canonicalHash(parts) })
      if (sameText(sign(key, text), signature)) return
      // The client is shown the request as it arrived, which is the first reading.
      mismatch ??= signatureMismatch(text, parts, signature)
    }
  }
  throw mismatch ?? new StoreError('SignatureDoesNotMatch')
}
