import { invalidArgument, notImplemented } from '../../core/errors.ts'
import { decodeKey } from '../../core/key.ts'
import { readConditions } from '../../http/conditions.ts'
import { readCustomerKey } from '../../http/ssec.ts'
import type { CopySource } from '../../store/copy-object.ts'
import type { Call } from './call.ts'

/**
 * Reads `x-amz-copy-source`, `bucket/key` or `/bucket/key`, percent-decoded once, with its conditions and customer key.
 * The source is in the jurisdiction that the request came to.
 * @throws StoreError InvalidArgument, InvalidObjectName, NotImplemented
 */
export function readCopySource({ headers, jurisdiction }: Pick<Call, 'headers' | 'jurisdiction'>): CopySource {
  const [path = '', version] = (headers.get('x-amz-copy-source') ?? '').split('?', 2)
  if (version?.startsWith('versionId=')) throw notImplemented('versionId')
  const [, bucket, encodedKey] = /^\/?([^/]+)\/(.+)$/s.exec(path) ?? []
  if (!bucket || !encodedKey) throw invalidArgument('copy source bucket name')
  return {
    at: { bucket: { jurisdiction, name: decodeKey(bucket) }, key: decodeKey(encodedKey) },
    conditions: readConditions(headers, 'x-amz-copy-source-'),
    customerKey: readCustomerKey(headers, 'copy-source-'),
  }
}
