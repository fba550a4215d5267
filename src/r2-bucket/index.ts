import { CairnBucket } from './bucket'
import type { BindingApi } from './wire'

/**
 * The bucket that a service binding to Cairn stands for, as an `R2Bucket`:
 *
 * ```ts
 * import { r2Bucket } from 'cairn/binding'
 * const bucket = r2Bucket(env.CAIRN)
 * ```
 *
 * Nothing is sent until the bucket is used, so it may be made for each request.
 */
export function r2Bucket(service: Pick<Fetcher, 'fetch'>): R2Bucket {
  if (!service) throw new TypeError('r2Bucket: the service binding to Cairn is missing. Is it in the configuration of this Worker?')
  return new CairnBucket(service as unknown as BindingApi)
}
