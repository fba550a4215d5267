import { StoreError } from '../core/errors.ts'

/** May be there without being in `SignedHeaders`. */
const EXEMPT = [
  // The signature covers these in its own way.
  ...['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'],
  // They tell how a body is framed, and whoever sends an unsigned body may send another one.
  ...['x-amz-decoded-content-length', 'x-amz-trailer'],
  // Clients and proxies add these after the signature was made, and no operation reads them.
  ...['x-amz-user-agent', 'x-amz-cf-id'],
]

/** R2's own headers on which operations act; Cloudflare adds others of that prefix to every request. */
const ACTED_ON = /^cf-(?:create-bucket-if-missing|copy-destination-if-.+|prefix|start-after|continuation-token|max-keys)$/

export interface SignedNames {
  readonly signedHeaders: readonly string[]
  /** Signed as parameters of a presigned URL: they win over headers of the same name. */
  readonly hoisted: readonly (readonly [name: string, value: string])[]
}

/**
 * Refuses headers that change what a request does and that its signer did not sign, as S3 does in both forms of a signature: whoever got
 * hold of a signature, or was given a presigned URL, may not make it mean a copy of another object, a new bucket, other metadata.
 * R2 acts on all of them; in strict mode the source of a copy alone is refused, since it would hand over any object.
 * @throws StoreError `AccessDenied`
 */
export function refuseUnsignedHeaders(headers: Headers, { signedHeaders, hoisted }: SignedNames, strict: boolean): void {
  const signed = new Set([...signedHeaders, ...hoisted.map(([name]) => name)])
  const unsigned = [...headers.keys()].filter((name) => !signed.has(name) && (strict ? name === 'x-amz-copy-source' : hasEffect(name)))
  if (unsigned.length === 0) return
  throw new StoreError('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  })
}

const hasEffect = (name: string): boolean => (name.startsWith('x-amz-') && !EXEMPT.includes(name)) || ACTED_ON.test(name)
