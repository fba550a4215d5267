import { StoreError } from '../core/errors.ts'
import { headerList } from '../core/header-list.ts'

/** Headers that need not be in `SignedHeaders`. */
const EXEMPT = [
  // The signature covers these in another way.
  ...['x-amz-date', 'x-amz-content-sha256', 'x-amz-security-token'],
  // These describe the framing of a body. If the body is unsigned, its sender can replace it anyway.
  ...['x-amz-decoded-content-length', 'x-amz-trailer'],
  // Clients and proxies add these after signing, and no operation reads them.
  ...['x-amz-user-agent', 'x-amz-cf-id'],
]

/** R2's own headers that operations act on. Cloudflare adds other `cf-` headers to every request. */
const ACTED_ON = /^cf-(?:create-bucket-if-missing|copy-destination-if-.+|prefix|start-after|continuation-token|max-keys)$/

export interface SignedNames {
  readonly signedHeaders: readonly string[]
  /** Signed as parameters of a presigned URL. They override headers of the same name. */
  readonly hoisted: readonly (readonly [name: string, value: string])[]
}

/**
 * Refuses unsigned headers that change what a request does, as S3 does in both forms of a signature. Otherwise the holder of a presigned
 * URL or of a stolen signature could turn it into a copy of another object, a new bucket or other metadata. R2 acts on all such headers.
 * In strict mode only an unsigned copy source is refused, because it would give access to any object.
 * @throws StoreError `AccessDenied`
 */
export function refuseUnsignedHeaders(headers: Headers, { signedHeaders, hoisted }: SignedNames, strict: boolean): void {
  const acting = headerList(headers).filter(([name]) => (strict ? name === 'x-amz-copy-source' : hasEffect(name)))
  if (acting.length === 0) return
  const signed = new Set([...signedHeaders, ...hoisted.map(([name]) => name)])
  const unsigned = acting.flatMap(([name]) => (signed.has(name) ? [] : [name]))
  if (unsigned.length === 0) return
  throw new StoreError('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: unsigned.join(', ') },
  })
}

function hasEffect(name: string): boolean {
  if (name.startsWith('x-amz-')) return !EXEMPT.includes(name)
  return name.startsWith('cf-') && ACTED_ON.test(name)
}
