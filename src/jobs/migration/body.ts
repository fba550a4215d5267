import type { ByteSource } from '../../core/byte-source.ts'
import { byteSource } from '../../core/byte-sources.ts'
import { STORE_TIMEOUT_MS, within } from '../../core/timeout.ts'
import type { SourceBody, SourceHead } from '../../sources/source.ts'

/** The body of a source's answer. A read throws TooLate if the next bytes do not come for half a minute. */
export function bodyOf({ stream }: SourceBody): ByteSource {
  const source = byteSource(stream)
  return {
    read: (size) => within(STORE_TIMEOUT_MS, source.read(size)),
    cancel: () => source.cancel(),
  }
}

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
