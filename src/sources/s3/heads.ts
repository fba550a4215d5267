import type { HttpMetadata } from '../../core/object.ts'
import { parseHttpDate } from '../../http/conditions.ts'
import { readCustomMetadata, readHttpMetadata } from '../../http/metadata.ts'
import type { SourceHead } from '../source.ts'

/** The head that the headers of an answer describe. */
export function headOf(key: string, headers: Headers, total: number | undefined): SourceHead {
  const etag = unquoted(headers.get('etag') ?? '')
  const storageClass = headers.get('x-amz-storage-class') ?? undefined
  return {
    key,
    size: total,
    etag,
    modifiedMs: parseHttpDate(headers.get('last-modified')) ?? 0,
    storageClass: storageClass === 'STANDARD' ? undefined : storageClass,
    httpMetadata: httpMetadataOf(headers),
    customMetadata: readCustomMetadata(headers),
    md5: isMd5(etag, headers) ? etag : undefined,
  }
}

/** `identity` is an answer to our own parameter and says nothing about the object. */
function httpMetadataOf(headers: Headers): HttpMetadata {
  const { contentEncoding, ...others } = readHttpMetadata(headers)
  return contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity' ? others : { ...others, contentEncoding }
}

/** The ETag of an object that was stored in one piece is the MD5 of its bytes, unless a key of KMS or of the customer protects them. */
function isMd5(etag: string, headers: Headers): boolean {
  const encryption = headers.get('x-amz-server-side-encryption') ?? 'AES256'
  const isPlain = encryption === 'AES256' && !headers.has('x-amz-server-side-encryption-customer-algorithm')
  return isPlain && /^[0-9a-f]{32}$/.test(etag)
}

export const unquoted = (etag: string): string =>
  etag
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1')
