import { invalidArgument, StoreError } from '../core/errors.ts'
import { canonicalPaths, canonicalQuery, canonicalRequest } from './canonical-request.ts'
import { headerReadings } from './header-readings.ts'
import { hoistedHeaders } from './hoisted-headers.ts'
import { type ApiToken, isLive } from './policies.ts'
import { sameText, sign, signingKey, stringToSign } from './signature.ts'
import { type SignedBody, signedBody } from './signed-body.ts'
import { checkExpiry, parseSignedRequest, type SignedRequest } from './signed-request.ts'

/** Who signed a request. */
export interface Identity {
  readonly accessKeyId: string
  readonly token: ApiToken
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
  const key = signingKey(secret.secretAccessKey, signed.credential)
  verifySignature({ request, url, signed, key }, options)
  const hoisted = signed.presigned ? hoistedHeaders(url) : []
  refuseSessionToken(request.headers, url, signed.presigned)
  if (signed.presigned) refuseUnsignedCopySource(request.headers, signed.signedHeaders)
  const contentSha256 = request.headers.get('x-amz-content-sha256')
  return {
    identity: { accessKeyId, token: secret.token },
    payload: signedBody({ signed, contentSha256, signingKey: key, strict: options.strict }),
    presigned: signed.presigned,
    hoistedHeaders: hoisted,
  }
}

/** Temporary credentials belong here: a valid token would have replaced the secret before the signature was checked. */
function refuseSessionToken(headers: Headers, url: URL, presigned: boolean): void {
  const inQuery = url.searchParams.has('X-Amz-Security-Token') || url.searchParams.has('x-amz-security-token')
  if (headers.has('x-amz-security-token') || (presigned && inQuery)) throw invalidArgument('X-Amz-Security-Token')
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
      const canonical = canonicalRequest({ method, path, query, signedHeaders, values, payloadHash })
      const text = stringToSign({ amzDate, scope: credential.scope, canonical })
      if (sameText(sign(key, text), signature)) return
      // The client is shown the request as it arrived, which is the first reading.
      mismatch ??= signatureMismatch(text, canonical, signature)
    }
  }
  throw mismatch ?? new StoreError('SignatureDoesNotMatch')
}

/** Shows what was signed, never the signature that would have been right. */
function signatureMismatch(text: string, canonical: string, signature: string): StoreError {
  return new StoreError('SignatureDoesNotMatch', {
    fields: {
      StringToSign: text,
      StringToSignBytes: hexBytes(text),
      CanonicalRequest: canonical,
      CanonicalRequestBytes: hexBytes(canonical),
      SignatureProvided: signature,
    },
  })
}

const hexBytes = (text: string): string => Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
