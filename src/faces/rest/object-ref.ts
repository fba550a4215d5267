import { StoreError } from '../../core/errors.ts'
import { checkKey } from '../../core/key.ts'
import type { Jurisdiction, ObjectRef } from '../../core/object.ts'
import { bucketOf } from './call.ts'

/**
 * Returns the object that a request names.
 * @throws StoreError InvalidObjectName, also for the empty key: only the Workers binding allows it
 */
export function objectOf(call: {
  readonly params: { readonly bucket_name: string; readonly object_key: string }
  readonly headers: { readonly 'cf-r2-jurisdiction': Jurisdiction }
}): ObjectRef {
  const key = call.params.object_key
  if (key === '') throw new StoreError('InvalidObjectName')
  checkKey(key)
  return { bucket: bucketOf(call), key }
}
