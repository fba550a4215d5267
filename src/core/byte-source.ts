import type { BindingHashes, ChecksumAlgorithm } from './object.ts'

/** Bytes to pull, in order: the body of an upload, whatever its framing on the wire. */
export interface ByteSource {
  /**
   * Reads the next `size` bytes into a fresh array that the caller owns; fewer only at the end, where it is empty.
   * @throws StoreError when the framing, a chunk signature or a trailer is wrong.
   */
  read(size: number): Promise<Uint8Array>
  /** Lets go of the rest. Never throws. */
  cancel(): Promise<void>
}

/** What a client says about the bytes it sends; each claim is compared before anything is committed. */
export interface UploadClaims {
  /** From `Content-MD5`, base64. */
  readonly contentMd5?: string
  /** From `x-amz-content-sha256`, lowercase hex. */
  readonly payloadSha256?: string
  /** The S3 checksum to compute. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
  /** Its base64 value; asked for after the last byte, since it may come in a trailer. */
  readonly checksumValue?: () => string | undefined
  /** Digests that the Workers binding was given, in lowercase hex. */
  readonly hashes?: BindingHashes
}

/** The bytes of one upload and what the client claims about them. */
export interface Upload {
  readonly source: ByteSource
  /** Announced length in bytes; a source that ends early or goes on is refused. */
  readonly size: number
  readonly claims: UploadClaims
}
