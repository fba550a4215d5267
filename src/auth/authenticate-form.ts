import { StoreError } from '../core/errors.ts'
import { type FormFields, fieldValue } from '../core/form-fields.ts'
import { LIMITS } from '../core/limits.ts'
import { parseAmzDate } from './amz-date.ts'
import type { AuthenticateOptions, Identity } from './authenticate.ts'
import { parseCredential } from './credential.ts'
import { isLive } from './policies.ts'
import { openSession } from './session-token.ts'
import { sameText, sign, signingKey } from './signature.ts'
import { ALGORITHM, noVersion2 } from './signed-request.ts'

/** The fields of a signature. A form that has one of them must have all. */
const SIGNATURE_FIELDS = ['Policy', 'X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature']

/**
 * Verifies the signature of an upload form, which signs the text of its policy. The caller must check the form against the policy.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html
 * @throws StoreError AccessDenied for a form without a signature, InvalidArgument, InvalidRegionName, Unauthorized, SignatureDoesNotMatch
 */
export async function authenticateForm(fields: FormFields, options: AuthenticateOptions): Promise<Identity> {
  checkFields(fields)
  const value = (name: string): string => fieldValue(fields, name) ?? ''
  if (value('x-amz-algorithm') !== ALGORITHM) throw wrongField('X-Amz-Algorithm', `Only ${ALGORITHM} is supported`)
  if (parseAmzDate(value('x-amz-date')) === undefined) {
    throw wrongField('X-Amz-Date', 'X-Amz-Date must be formated via ISO8601 Long format')
  }
  const credential = parseCredential(value('x-amz-credential'), value('x-amz-date'))
  const secret = await options.findSecret(credential.accessKeyId)
  if (secret === null || !isLive(secret.token, options.now)) throw new StoreError('Unauthorized')
  const sessionToken = fieldValue(fields, 'x-amz-security-token') || undefined
  const session = sessionToken === undefined ? undefined : openSession(sessionToken, secret, options)
  // As for requests: with a forged session token, the signature is checked against the parent's own secret.
  const key = signingKey((session ?? secret).secretAccessKey, credential)
  if (!sameText(sign(key, value('policy')), value('x-amz-signature'))) throw mismatch(value('policy'), value('x-amz-signature'))
  if (session !== undefined && !session?.scope) throw wrongField('X-Amz-Security-Token', 'X-Amz-Security-Token')
  return { accessKeyId: credential.accessKeyId, token: secret.token, session: session?.scope, sessionId: session?.id }
}

function checkFields(fields: FormFields): void {
  if (!fieldValue(fields, 'key')) throw missing('key')
  if (fields.has('awsaccesskeyid') && fields.has('signature')) throw noVersion2()
  const absent = SIGNATURE_FIELDS.filter((name) => !fields.has(name.toLowerCase()))
  if (absent.length === SIGNATURE_FIELDS.length) throw new StoreError('AccessDenied')
  if (absent[0] !== undefined) throw missing(absent[0])
}

const missing = (name: string): StoreError =>
  wrongField(name, `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`)

const wrongField = (name: string, message: string): StoreError =>
  new StoreError('InvalidArgument', { message, fields: { ArgumentName: name } })

const mismatch = (policy: string, signature: string): StoreError =>
  new StoreError('SignatureDoesNotMatch', {
    fields: { StringToSign: policy.slice(0, LIMITS.canonicalEcho), SignatureProvided: signature.slice(0, 64) },
  })
