import type { ObjectRef } from '../core/object.ts'
import type { Looked } from './bucket-api.ts'
import { type GetOptions, getStored, headStored } from './objects/get-object.ts'
import type { Ports } from './ports.ts'
import { getFromSource, headFromSource } from './sippy/read-source.ts'

/**
 * Reads an object: from the bucket, or from the source of its Sippy.
 * @throws StoreError NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRange, InvalidPartNumber, AccessDenied, ServiceUnavailable
 */
export async function getObject(
  ports: Ports,
  at: ObjectRef,
  options: GetOptions,
): Promise<Looked<ReadableStream<Uint8Array> | Uint8Array>> {
  const got = await getStored(ports, at, options)
  return got.kind === 'elsewhere' ? getFromSource(ports, at, options, got.elsewhere) : got
}

/** Like {@link getObject}, without the bytes. */
export async function headObject(ports: Ports, at: ObjectRef, options: GetOptions): Promise<Looked<null>> {
  const got = await headStored(ports, at, options)
  return got.kind === 'elsewhere' ? headFromSource(ports, at, options, got.elsewhere) : got
}
