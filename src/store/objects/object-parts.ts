import { checkKey } from '../../core/key.ts'
import type { CustomerKey, ObjectRef } from '../../core/object.ts'
import { unwrap } from '../../core/outcome.ts'
import type { ObjectParts, PartsOf } from '../bucket-api.ts'
import type { Ports } from '../ports.ts'

/**
 * Returns the head of an object, and a page of the parts that it was made of.
 * @throws StoreError NoSuchBucket, NoSuchKey, InvalidRequest, AccessDenied
 */
export async function objectParts(
  ports: Ports,
  { bucket, key }: ObjectRef,
  { customerKey, page }: { readonly customerKey?: CustomerKey } & Pick<PartsOf, 'page'>,
): Promise<ObjectParts> {
  checkKey(key)
  return unwrap(await ports.bucket(bucket).objectParts({ key, page, ssecKeyMd5: customerKey?.keyMd5 }))
}
