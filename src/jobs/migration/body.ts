import type { ByteSource } from '../../core/byte-source.ts'
import type { SourceBody, SourceHead } from '../../sources/source.ts'
import { timedSource } from '../../sources/timed-source.ts'

/** The body of a source's answer. A read throws IncompleteBody if the bytes do not come, or come too slowly. */
export const bodyOf = ({ stream }: SourceBody): ByteSource => timedSource(stream)

/** Gives up a body that nobody reads. */
export const discard = async ({ stream }: SourceBody): Promise<void> => {
  await stream.cancel().catch(() => {})
}

/** The claims about a whole body that the source makes: its MD5, or else its CRC-32C. */
export function claimsOf({ md5, crc32c }: Pick<SourceHead, 'md5' | 'crc32c'>, decoded: boolean) {
  if (decoded) return {}
  if (md5 !== undefined) return { contentMd5: Uint8Array.fromHex(md5).toBase64() }
  return crc32c === undefined ? {} : { checksumAlgorithm: 'CRC32C' as const, checksumValue: () => crc32c }
}
