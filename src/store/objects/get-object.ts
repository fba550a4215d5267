import { checkKey } from '../../core/key.ts'
import type { Conditions, CustomerKey, Dialect, ObjectRef, RangeRequest } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Looked } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'
import { openFound } from './read-body.ts'

export interface GetOptions {
  readonly conditions?: Conditions
  /** The Workers binding gets `not-modified`, with the head, for any failed condition, and the head of an SSE-C object without its key. */
  readonly dialect?: Dialect
  readonly range?: RangeRequest
  /** Reads one part of a multipart object, instead of a range. */
  readonly partNumber?: number
  readonly customerKey?: CustomerKey
}

/**
 * Reads an object. When this resolves, the first bytes are read and authenticated, so that an early error still gets a proper error response.
 * @throws StoreError NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRange, InvalidPartNumber, AccessDenied, ServiceUnavailable
 */
export async function getObject(
  ports: Ports,
  at: ObjectRef,
  options: GetOptions,
): Promise<Looked<ReadableStream<Uint8Array> | Uint8Array>> {
  const looked = await look(ports, at, options, { body: true })
  if (looked.kind === 'not-modified') return looked
  return { ...looked, body: await openFound(ports, at.bucket, looked, { customerKey: options.customerKey }) }
}

/** Like {@link getObject}, without the bytes. */
export async function headObject(ports: Ports, at: ObjectRef, options: GetOptions): Promise<Looked<null>> {
  const looked = await look(ports, at, options, { body: false })
  return looked.kind === 'not-modified' ? looked : { ...looked, body: null }
}

async function look(ports: Ports, at: ObjectRef, options: GetOptions, { body }: { body: boolean }) {
  checkKey(at.key)
  const { customerKey, ...asked } = options
  return unwrap(await ports.bucket(at.bucket).lookup({ ...asked, key: at.key, ssecKeyMd5: customerKey?.keyMd5, body }))
}
