import { createHash } from 'node:crypto'

/** The ETag of a multipart object: MD5 of the parts' binary MD5s in part order, then the number of parts. */
export function multipartEtag(partMd5Hex: readonly string[]): string {
  const md5 = createHash('md5')
  for (const hex of partMd5Hex) md5.update(hex, 'hex')
  return `${md5.digest('hex')}-${partMd5Hex.length}`
}

/** An ETag as HTTP writes it: in quotes. */
export const httpEtag = (etag: string): string => `"${etag}"`
