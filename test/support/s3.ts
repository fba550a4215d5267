import { AwsV4Signer } from 'aws4fetch'
import { secretAccessKeyOf } from '../../src/control/tokens.ts'
import { env } from './bucket.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** The credentials that are derived from the test deployment's root token. */
export const ROOT: Credentials = { accessKeyId: env.ROOT_TOKEN_ID!, secretAccessKey: secretAccessKeyOf(env.ROOT_TOKEN!) }

export interface SignedOptions {
  readonly credentials?: Credentials
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly origin?: string
}

/** A request as an S3 client sends it, signed by a library that shares no code with ours. */
export async function signedRequest(method: string, path: string, options: SignedOptions = {}): Promise<Request> {
  const { credentials = ROOT, body, origin = 'http://localhost' } = options
  const signer = new AwsV4Signer({
    ...credentials,
    url: `${origin}${path}`,
    method,
    headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...options.headers },
    service: 's3',
    region: 'auto',
  })
  const signed = await signer.sign()
  const headers = new Headers(signed.headers)
  // A client's runtime adds this header to a request that it sends to a server; a request that stays in the isolate does not get it.
  if (body !== undefined)
    headers.set('content-length', String(typeof body === 'string' ? new TextEncoder().encode(body).length : body.length))
  return new Request(signed.url, { method, headers, body })
}
