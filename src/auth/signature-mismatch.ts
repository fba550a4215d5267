import { Buffer } from 'node:buffer'
import { StoreError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { type CanonicalParts, canonicalText } from './canonical-request.ts'

const SIGNATURE_LENGTH = 64

/**
 * Makes the error that shows what was signed. It never shows the correct signature. Anyone who knows an access key id can cause this
 * error, so a long canonical request is cut and its bytes are left out. R2 returns all of it.
 * @param text the string to sign.
 */
export function signatureMismatch(text: string, parts: CanonicalParts, signature: string): StoreError {
  return new StoreError('SignatureDoesNotMatch', {
    fields: {
      StringToSign: text,
      StringToSignBytes: hexBytes(text),
      ...canonicalFields(parts),
      SignatureProvided: signature.slice(0, SIGNATURE_LENGTH),
    },
  })
}

function canonicalFields(parts: CanonicalParts): Record<string, string> {
  const canonical = canonicalText(parts, LIMITS.canonicalEcho)
  const bytes = canonical.length < LIMITS.canonicalEcho ? hexBytes(canonical) : ''
  // Each byte takes two digits and a space.
  const fits = canonical.length + bytes.length <= LIMITS.canonicalEcho && bytes !== ''
  return fits ? { CanonicalRequest: canonical, CanonicalRequestBytes: bytes } : { CanonicalRequest: canonical }
}

const hexBytes = (text: string): string => Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
