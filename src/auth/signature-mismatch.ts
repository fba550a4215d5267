import { Buffer } from 'node:buffer'
import { StoreError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { type CanonicalParts, canonicalText } from './canonical-request.ts'

const SIGNATURE_LENGTH = 64

/**
 * Shows what was signed, never the signature that would have been right. Whoever knows an access key id may ask for this, so a long
 * canonical request is cut, and then not told byte by byte, too: R2 tells all of it.
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
  // Two digits and a space each.
  const fits = canonical.length + bytes.length <= LIMITS.canonicalEcho && bytes !== ''
  return fits ? { CanonicalRequest: canonical, CanonicalRequestBytes: bytes } : { CanonicalRequest: canonical }
}

const hexBytes = (text: string): string => Array.from(Buffer.from(text), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
