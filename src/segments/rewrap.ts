import { StoreError } from '../core/errors.ts'
import type { BucketRef } from '../core/object.ts'
import type { Keyring, WrappedBlobKey } from './keyring.ts'

/** A data key that was wrapped again. The key itself never changes. */
export interface RewrappedBlobKey {
  readonly blobId: string
  readonly oldKeyId: string
  readonly wrappedKey: Uint8Array
  readonly keyId: string
}

export interface Rewrapping<Blob> {
  readonly keys: readonly RewrappedBlobKey[]
  /** Blobs whose data key opens with none of the configured master keys. */
  readonly lost: readonly Blob[]
}

/** Wraps the data keys of some blobs with the present master key. It skips keys that already are, and keys under a customer's key. */
export async function rewrapDataKeys<Blob extends WrappedBlobKey>(
  keyring: Keyring,
  bucket: BucketRef,
  blobs: readonly Blob[],
): Promise<Rewrapping<Blob>> {
  const keys: RewrappedBlobKey[] = []
  const lost: Blob[] = []
  for (const blob of blobs) {
    try {
      const key = await keyring.rewrapDataKey(bucket, blob)
      if (key) keys.push({ ...key, blobId: blob.id, oldKeyId: blob.keyId })
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      lost.push(blob)
    }
  }
  return { keys, lost }
}
