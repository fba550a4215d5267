import type { BlobPlan } from '../core/blob.ts'
import { StoreError } from '../core/errors.ts'
import { chunkCount, chunkLength, SEAL_BYTES } from '../core/read-plan.ts'
import { ChunkCipher } from './chunk-cipher.ts'

/** A database refused a blob. By then the client's bytes have been read, but the sealed ones are still in memory. */
export class NotPlaced extends StoreError {
  readonly sealed: readonly Uint8Array[]
  /** The plain bytes, which the code that has the key adds. */
  plain: Uint8Array | undefined

  constructor(cause: unknown, sealed: readonly Uint8Array[]) {
    super('ServiceUnavailable')
    this.cause = cause
    this.sealed = sealed
  }
}

/** Decrypts the segments of a blob that has just been sealed, so that the blob can be sealed again for another place. */
export async function unseal(key: CryptoKey, plan: BlobPlan, sealed: readonly Uint8Array[]): Promise<Uint8Array> {
  const cipher = new ChunkCipher(key, plan)
  const perSegment = plan.segmentBytes / plan.chunkBytes
  const whole = new Uint8Array(plan.size)
  for (let index = 0; index < chunkCount(plan); index++) {
    const at = (index % perSegment) * (plan.chunkBytes + SEAL_BYTES)
    const segment = sealed[Math.floor(index / perSegment)]!
    const chunk = segment.subarray(at, at + chunkLength(plan, index) + SEAL_BYTES)
    whole.set(await cipher.open(index, chunk), index * plan.chunkBytes)
  }
  return whole
}
