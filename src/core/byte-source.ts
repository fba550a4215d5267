import type { BindingHashes, ChecksumAlgorithm } from './object.ts'

/** A source of bytes that are read in order, such as the body of an upload. It hides the framing on the wire. */
export interface ByteSource {
  /**
   * Returns the next `size` bytes in a new array that the caller owns. It returns fewer only at the end, and none after the end.
   * @throws StoreError when the framing, a chunk signature or a trailer is wrong.
   */
  read(size: number): Promise<Uint8Array>
  /** Gives up the remaining bytes and releases the source. Never throws. */
  cancel(): Promise<void>
}

/** A client's claims about the bytes that it sends. Each claim is verified before anything is committed. */
export interface UploadClaims {
  /** From `Content-MD5`, base64. */
  readonly contentMd5?: string
  /** From `x-amz-content-sha256`, lowercase hex. */
  readonly payloadSha256?: string
  /** The S3 checksum to compute. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
  /** Returns its base64 value. Call it after the last byte, since the value may come in a trailer. */
  readonly checksumValue?: () => string | undefined
  /** Digests that a caller of the Workers binding gave, in lowercase hex. */
  readonly hashes?: BindingHashes
}

/** The bytes of one upload and what the client claims about them. */
export interface Upload {
  readonly source: ByteSource
  /** The announced length in bytes. A source that is shorter or longer is refused. */
  readonly size: number
  readonly claims: UploadClaims
  /**
   * For an upload whose length is known at its end only: the source adds zeros up to `size`. Returns the length without them; `undefined`
   * until the source has returned its last byte of data.
   */
  readonly actualSize?: () => number | undefined
  /** The memory for this upload was already claimed, together with the memory for the body that it is read from. */
  readonly isClaimed?: boolean
}
