import { CairnBucket } from './bucket'
import type { BindingApi } from './wire'

/**
 * Makes an `R2Bucket` of a service binding to Cairn:
 *
 * ```ts
 * import { r2Bucket } from 'cairn/binding'
 * const bucket = r2Bucket(env.CAIRN)
 * ```
 *
 * It sends no request until the bucket is used, so you may call it for each request.
 */
export function r2Bucket(service: Pick<Fetcher, 'fetch'>): R2Bucket {
  if (!service) throw new TypeError('r2Bucket: the service binding to Cairn is missing. Is it in the configuration of this Worker?')
  return new CairnBucket(service as unknown as BindingApi)
}
