import { createHash } from 'node:crypto'
import { crc32, crc32c, crc64nvme } from './crc/crc.ts'
import { Xxhash } from './xxhash/xxhash.ts'

export const DIGEST_NAMES = [
  'md5',
  'sha1',
  'sha256',
  'sha384',
  'sha512',
  'crc32',
  'crc32c',
  'crc64nvme',
  'xxhash64',
  'xxhash3',
  'xxhash128',
] as const
export type DigestName = (typeof DIGEST_NAMES)[number]

/** Computed digests; CRCs and xxHash values are big-endian. */
export type DigestValues = Readonly<Partial<Record<DigestName, Uint8Array>>>

/** Length of each digest in bytes. */
export const DIGEST_BYTES: Readonly<Record<DigestName, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  xxhash64: 8,
  xxhash3: 8,
  xxhash128: 16,
}

interface Hasher {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
}

/** Computes several digests of one byte string while its bytes pass through. */
export class Digests {
  readonly #hashers: ReadonlyMap<DigestName, Hasher>

  constructor(wanted: readonly DigestName[]) {
    this.#hashers = new Map(wanted.map((name) => [name, hasherFor(name)]))
  }

  update(bytes: Uint8Array): void {
    for (const hasher of this.#hashers.values()) hasher.update(bytes)
  }

  /** Returns the wanted digests. Call it once, after the last byte. */
  finish(): DigestValues {
    const values: Partial<Record<DigestName, Uint8Array>> = {}
    for (const [name, hasher] of this.#hashers) values[name] = hasher.digest()
    return values
  }
}

/** One digest of bytes in memory. */
export function digestOf(name: DigestName, bytes: Uint8Array): Uint8Array {
  const hasher = hasherFor(name)
  hasher.update(bytes)
  return hasher.digest()
}

/** A CRC as its big-endian bytes. */
export function crcBytes(crc: bigint, length: number): Uint8Array {
  return Uint8Array.fromHex(crc.toString(16).padStart(2 * length, '0'))
}

function hasherFor(name: DigestName): Hasher {
  switch (name) {
    case 'crc32':
      return crc32Hasher(crc32)
    case 'crc32c':
      return crc32Hasher(crc32c)
    case 'crc64nvme':
      return crc64Hasher()
    case 'xxhash64':
    case 'xxhash3':
    case 'xxhash128':
      return new Xxhash(name)
    default:
      return createHash(name)
  }
}

function crc32Hasher(step: (bytes: Uint8Array, previous: number) => number): Hasher {
  let crc = 0
  return {
    update: (bytes) => {
      crc = step(bytes, crc)
    },
    digest: () => crcBytes(BigInt(crc), 4),
  }
}

function crc64Hasher(): Hasher {
  let crc = 0n
  return {
    update: (bytes) => {
      crc = crc64nvme(bytes, crc)
    },
    digest: () => crcBytes(crc, 8),
  }
}
