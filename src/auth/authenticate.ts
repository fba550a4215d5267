import { invalidArgument, StoreError } from '../core/errors.ts'
import { canonicalHash, canonicalPaths, canonicalQuery } from './canonical-request.ts'
import { pathBeforeResolving } from './dot-segments.ts'
import { headerReadings } from './header-readings.ts'
import { hoistedHeaders } from './hoisted-headers.ts'
import { type ApiToken, isLive } from './policies.ts'
import type { SessionScope } from './session-scope.ts'
import { openSession } from './session-token.ts'
import { sameText, sign, signingKey, stringToSign } from './signature.ts'
import { signatureMismatch } from './signature-mismatch.ts'
import { type SignedBody, signedBody } from './signed-body.ts'
import { checkLife, parseSignedRequest, type SignedRequest } from './signed-request.ts'
import { refuseUnsignedHeaders } from './unsigned-headers.ts'

/** The signer of a request. */
export interface Identity {
  readonly accessKeyId: string
  readonly token: ApiToken
  /** The limits of temporary credentials. `token` is their parent. */
  readonly session?: SessionScope
  /** The id of temporary credentials in the audit log. */
  readonly sessionId?: string
}

/** The secret of an access key id, and its token. */
export interface AccessKey {
  readonly secretAccessKey: string
  readonly token: ApiToken
}

export interface AuthenticateOptions {
  /** Server time in milliseconds. */
  readonly now: number
  /** Looks an access key id up; null if it does not exist. Called at most once, with 32 characters that the client chose. */
  readonly findSecret: (accessKeyId: string) => Promise<AccessKey | null>
  /** Refuse all that R2 refuses: signed streaming bodies, and paths whose signature covers another encoding than the one sent. */
  readonly strict: boolean
  /** The account that session tokens must belong to. */
  readonly accountId?: string
  /** Returns `request.cf.clientAcceptEncoding`: the edge rewrites the header itself. Called only if `Accept-Encoding` is signed. */
  readonly clientAcceptEncoding?: () => string | undefined
}

/** A request with a verified signature. The caller must still check the permissions, and the store the body. */
export interface Authenticated {
  readonly identity: Identity
  readonly payload: SignedBody
  readonly presigned: boolean
  /** Query parameters of a presigned URL that count as headers. Empty for other requests. */
  readonly hoistedHeaders: readonly (readonly [name: string, value: string])[]
}

/**
 * Verifies the AWS Signature Version 4 of a request, in its header or presigned form.
 * @throws StoreError of the first check that fails, in R2's order.
 */
export async function authenticate(request: Request, options: AuthenticateOptions): Promise<Authenticated> {
  const url = new URL(request.url)
  const signed = parseSignedRequest(request.headers, url, options)
  const { accessKeyId } = signed.credential
  const secret = await options.findSecret(accessKeyId)
  if (secret === null || !isLive(secret.token, options.now)) throw new StoreError('Unauthorized')
  if (signed.presigned) checkLife(signed, options)
  if (!signed.signedHeaders.includes('host')) throw new StoreError('Unauthorized')
  const sessionToken = readSessionToken(request.headers, url, signed.presigned)
  const session = sessionToken === undefined ? undefined : openSession(sessionToken, secret, options)
  // With a forged session token, the signature is checked against the parent's own secret: R2 checks it first, and reports the token
  // afterwards.
  const key = signingKey((session ?? secret).secretAccessKey, signed.credential)
  verifySignature({ request, url, query: canonicalQuery(url.search, signed.presigned), signed, key }, options)
  const hoisted = signed.presigned ? hoistedHeaders(url) : []
  if (session !== undefined && !session?.scope) throw invalidArgument('X-Amz-Security-Token')
  refuseUnsignedHeaders(request.headers, { signedHeaders: signed.signedHeaders, hoisted }, options.strict)
  const contentSha256 = request.headers.get('x-amz-content-sha256')
  return {
    identity: { accessKeyId, token: secret.token, session: session?.scope, sessionId: session?.id },
    payload: signedBody({ signed, contentSha256, signingKey: key, strict: options.strict }),
    presigned: signed.presigned,
    hoistedHeaders: hoisted,
  }
}

/**
 * Reads the token from the header, or from the query of a presigned URL, where the signature covers it. Some clients always send the
 * header.
 */
function readSessionToken(headers: Headers, { searchParams }: URL, presigned: boolean): string | undefined {
  const inQuery = presigned ? searchParams.get('X-Amz-Security-Token') || searchParams.get('x-amz-security-token') : null
  return headers.get('x-amz-security-token') || inQuery || undefined
}

interface Verification {
  readonly request: Request
  readonly url: URL
  /** The output of {@link canonicalQuery}. */
  readonly query: string
  readonly signed: SignedRequest
  readonly key: Uint8Array
}

/**
 * @throws StoreError SignatureDoesNotMatch; InvalidObjectName when the signature matches a path with dot segments, which no URL can keep.
 */
function verifySignature(verification: Verification, options: AuthenticateOptions): void {
  const { request, url } = verification
  let mismatch: StoreError | undefined
  for (const path of canonicalPaths(url.pathname, options.strict)) {
    const difference = compareSignature(verification, path, options)
    if (difference === undefined) return
    mismatch ??= difference
  }
  const asSent = options.strict ? undefined : pathBeforeResolving(request.url)
  if (asSent !== undefined && compareSignature(verification, asSent, options) === undefined) throw unreachableKey()
  throw mismatch ?? new StoreError('SignatureDoesNotMatch')
}

/** Returns undefined when the signature matches the path with any reading of the headers, else the error to report. */
function compareSignature(
  { request, url, query, signed, key }: Verification,
  path: string,
  options: AuthenticateOptions,
): StoreError | undefined {
  const { amzDate, credential, signedHeaders, signature, payloadHash } = signed
  const { headers, method, body } = request
  const bodiless = method === 'GET' || method === 'HEAD' || body === null
  let mismatch: StoreError | undefined
  for (const values of headerReadings({ headers, url, signedHeaders, bodiless, clientAcceptEncoding: options.clientAcceptEncoding })) {
    const parts = { method, path, query, signedHeaders, values, payloadHash }
    const text = stringToSign({ amzDate, scope: credential.scope, canonicalHash: canonicalHash(parts) })
    if (sameText(sign(key, text), signature)) return undefined
    // The error shows the request as it arrived, which is the first reading.
    mismatch ??= signatureMismatch(text, parts, signature)
  }
  return mismatch
}

const unreachableKey = (): StoreError =>
  new StoreError('InvalidObjectName', {
    message:
      'The specified object name is not valid: the segments "." and ".." of a path are resolved before they reach the server, so a key with them cannot be used over HTTP.',
  })
