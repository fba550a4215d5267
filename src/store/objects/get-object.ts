import { checkKey } from '../../core/key.ts'
import type { Conditions, CustomerKey, Dialect, ObjectRef, RangeRequest } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { Elsewhere } from '../../core/sippy.ts'
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
  /** The request comes from a deployment that copies from this one: only the bucket itself is asked, so that two of them never ask in circles. */
  readonly forMigration?: boolean
}

/** The bucket does not have the object, but its Sippy may. */
export interface NotHere {
  readonly kind: 'elsewhere'
  readonly elsewhere: Elsewhere
}

/**
 * Reads an object from the bucket itself. When this resolves, the first bytes are read and authenticated, so that an early error still gets a
 * proper error response.
 * @throws StoreError NoSuchBucket, NoSuchKey, PreconditionFailed, InvalidRange, InvalidPartNumber, AccessDenied, ServiceUnavailable
 */
export async function getStored(
  ports: Ports,
  at: ObjectRef,
  options: GetOptions,
): Promise<Looked<ReadableStream<Uint8Array> | Uint8Array> | NotHere> {
  const looked = await look(ports, at, options, { body: true })
  if (looked.kind !== 'found') return looked
  return { ...looked, body: await openFound(ports, at.bucket, looked, { customerKey: options.customerKey }) }
}

/** Like {@link getStored}, without the bytes. */
export async function headStored(ports: Ports, at: ObjectRef, options: GetOptions): Promise<Looked<null> | NotHere> {
  const looked = await look(ports, at, options, { body: false })
  return looked.kind === 'found' ? { ...looked, body: null } : looked
}

/** Asks the bucket. The same answer that says that an object is missing says whether Sippy may have it, so a miss costs no second call. */
async function look(
  ports: Ports,
  at: ObjectRef,
  { customerKey, forMigration, ...asked }: GetOptions,
  { body }: { body: boolean },
): Promise<Looked | NotHere> {
  checkKey(at.key)
  const lookup = { ...asked, key: at.key, ssecKeyMd5: customerKey?.keyMd5, body, fromSource: !forMigration }
  const looked = await ports.bucket(at.bucket).lookup(lookup)
  if (!looked.ok && looked.detail.elsewhere) return { kind: 'elsewhere', elsewhere: looked.detail.elsewhere }
  return unwrap(looked)
}
